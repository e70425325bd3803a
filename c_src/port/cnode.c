#include "port/cnode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "port/cnode_answers.h"
#include "port/cnode_link.h"

enum {
    BATCH = 200,       /* processes in a question */
    ANSWER_MS = 1000,  /* for an answer about a batch */
    CHILDREN_MS = 200, /* for one of a supervisor */
    GROUPS = 128,      /* group leaders, or parents */
    NONE = GROUPS,
};

/* A process of the profile. */
struct candidate {
    uint32_t row;
    uint64_t weight;
    struct cnode_pid pid;
};

/* One that is asked about. */
struct person {
    uint32_t row;
    struct cnode_pid pid;
    bool alive;
    unsigned leader, parent; /* places in the lists, or NONE */
    char label[CNODE_TEXT], child[CNODE_TEXT];
};

/* Different processes to which many belong. */
struct group_list {
    struct cnode_pid pids[GROUPS];
    size_t count;
};

struct asker {
    const struct cnode_options *how;
    struct profile *profile;
    struct cnode_link *link;
    struct cnode_node node;
    struct person *people; /* by pid */
    size_t count;
    struct group_list leaders, parents;
    char applications[GROUPS][CNODE_TEXT];
    struct cnode_facts facts[BATCH];
};

static int ask(struct asker *a, struct cnode_question q, unsigned ms,
               struct reader *answer)
{
    return cnode_link_ask(a->link, &q, ms, answer);
}

/* --- who is asked about --------------------------------------------------- */

/* "<0.NUMBER.SERIAL>" */
static bool parse_pid(const char *text, struct cnode_pid *out)
{
    char end = '\0';
    int length = 0;
    return sscanf(text, "<0.%u.%u%c%n", &out->number, &out->serial, &end,
                  &length) == 3 &&
           end == '>' && text[length] == '\0';
}

static int by_weight(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->weight != y->weight ? (x->weight < y->weight ? 1 : -1)
                                  : (x->row > y->row) - (x->row < y->row);
}

static uint64_t number_of(struct cnode_pid pid)
{
    return (uint64_t)pid.serial << 32 | pid.number;
}

static int by_pid(const void *a, const void *b)
{
    uint64_t x = number_of(((const struct person *)a)->pid);
    uint64_t y = number_of(((const struct person *)b)->pid);
    return (x > y) - (x < y);
}

/* The samples of all events. */
static void weigh(const struct profile *p, struct candidate *all)
{
    for (; p; p = profile_next(p))
        for (size_t i = 0; i < profile_sample_count(p); i++) {
            uint32_t row = profile_sample_at(p, i)->process;
            if (row != PROFILE_NONE)
                add_capped(&all[row].weight, profile_weight(p, i));
        }
}

/* A row without a pid stands for many processes. */
static size_t keep_pids(const struct profile *p, struct candidate *all)
{
    size_t kept = 0;
    for (size_t i = 0; i < profile_process_count(p); i++) {
        uint32_t pid = profile_process_at(p, all[i].row)->pid;
        if (parse_pid(profile_text(p, pid), &all[i].pid))
            all[kept++] = all[i];
    }
    return kept;
}

static int begin(struct asker *a, const struct candidate *all, size_t count,
                 struct cnode_result *out)
{
    a->count = count < CNODE_PROCESSES ? count : CNODE_PROCESSES;
    out->left_out = count - a->count;
    a->people = calloc(a->count + 1, sizeof(*a->people));
    if (!a->people)
        return -ENOMEM;
    for (size_t i = 0; i < a->count; i++)
        a->people[i] = (struct person){.row = all[i].row, .pid = all[i].pid};
    qsort(a->people, a->count, sizeof(*a->people), by_pid);
    return 0;
}

static int choose(struct asker *a, struct cnode_result *out)
{
    const struct profile *p = a->profile;
    size_t count = profile_process_count(p);
    struct candidate *all = calloc(count + 1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        all[i].row = (uint32_t)i;
    weigh(p, all);
    count = keep_pids(p, all);
    qsort(all, count, sizeof(*all), by_weight);
    int err = begin(a, all, count, out);
    free(all);
    return err;
}

/* --- which node it is ----------------------------------------------------- */

static int identify(struct asker *a)
{
    struct reader answer;
    uint64_t pid;
    int err = ask(a, cnode_ask_os_pid(), ANSWER_MS, &answer);
    if (!err)
        err = cnode_read_os_pid(answer, &pid);
    if (!err && pid != (uint64_t)a->how->pid)
        err = -E_OTHER_NODE;
    if (!err)
        err = ask(a, cnode_ask_self(), ANSWER_MS, &answer);
    return err ? err : cnode_read_self(answer, &a->node);
}

/* --- what process_info tells ---------------------------------------------- */

static unsigned place_in(struct group_list *list, bool has,
                         struct cnode_pid pid)
{
    unsigned i = 0;
    if (!has)
        return NONE;
    while (i < list->count && number_of(list->pids[i]) != number_of(pid))
        i++;
    if (i == list->count && i < GROUPS)
        list->pids[list->count++] = pid;
    return i;
}

static void take_facts(struct asker *a, struct person *one,
                       const struct cnode_facts *f)
{
    one->alive = f->alive;
    one->leader = place_in(&a->leaders, f->has_leader, f->leader);
    one->parent = place_in(&a->parents, f->has_parent, f->parent);
    memcpy(one->label, f->label, sizeof(one->label));
}

static int ask_facts(struct asker *a, const struct cnode_pid *pids, size_t n,
                     enum cnode_facts_of what)
{
    struct reader answer;
    int err =
        ask(a, cnode_ask_facts(&a->node, pids, n, what), ANSWER_MS, &answer);
    return err ? err : cnode_read_facts(answer, &a->node, n, a->facts);
}

/* A process that is busy in C code does not answer before it is done, and so
 * delays the answer about its batch; then the next batch is asked about. */
static int ask_people(struct asker *a)
{
    enum cnode_facts_of what =
        a->how->labels ? CNODE_OF_LABELLED : CNODE_OF_WORKER;
    int silent = 0;
    for (size_t at = 0; at < a->count; at += BATCH) {
        struct cnode_pid pids[BATCH];
        size_t n = a->count - at < BATCH ? a->count - at : BATCH;
        for (size_t i = 0; i < n; i++)
            pids[i] = a->people[at + i].pid;
        int err = ask_facts(a, pids, n, what);
        if (err == -E_SILENT)
            silent = err;
        else if (err)
            return err;
        for (size_t i = 0; i < n && !err; i++)
            take_facts(a, &a->people[at + i], &a->facts[i]);
    }
    return silent;
}

/* --- applications --------------------------------------------------------- */

/* The group leader of an application's processes is its master, which leads
 * itself. Others, like that of a shell, may belong to some application; their
 * processes do not. */
static int ask_applications(struct asker *a)
{
    struct group_list *leaders = &a->leaders;
    struct reader answer;
    int err = ask_facts(a, leaders->pids, leaders->count, CNODE_OF_LEADER);
    if (!err)
        err = ask(
            a, cnode_ask_applications(&a->node, leaders->pids, leaders->count),
            ANSWER_MS, &answer);
    if (!err)
        err = cnode_read_applications(answer, leaders->count, a->applications);
    for (size_t i = 0; i < leaders->count; i++)
        if (err || !a->facts[i].has_leader ||
            number_of(a->facts[i].leader) != number_of(leaders->pids[i]))
            a->applications[i][0] = '\0';
    return err;
}

/* --- supervisors ---------------------------------------------------------- */

static void take_child(void *asker, struct cnode_pid pid, const char *id)
{
    struct asker *a = asker;
    const struct person key = {.pid = pid};
    struct person *one =
        bsearch(&key, a->people, a->count, sizeof(*a->people), by_pid);
    if (one)
        snprintf(one->child, sizeof(one->child), "%s", id);
}

/* A supervisor that starts a child answers nobody else meanwhile, and one with
 * many children would have to send them all. */
static bool may_be_asked(const struct cnode_facts *f)
{
    return f->alive && f->in_loop && f->messages == 0 &&
           f->heap_words <= CNODE_SUPERVISOR_WORDS;
}

/* Keeps those of the parents that are supervisors and at rest. */
static int find_supervisors(struct asker *a, struct group_list *out)
{
    const struct group_list *parents = &a->parents;
    struct group_list calm = {.count = 0};
    struct reader answer;
    bool is_supervisor[GROUPS];
    int err = ask_facts(a, parents->pids, parents->count, CNODE_OF_SUPERVISOR);
    for (size_t i = 0; i < parents->count && !err; i++)
        if (may_be_asked(&a->facts[i]))
            calm.pids[calm.count++] = parents->pids[i];
    if (!err)
        err = ask(a, cnode_ask_beginnings(&a->node, calm.pids, calm.count),
                  ANSWER_MS, &answer);
    if (!err)
        err = cnode_read_supervisors(answer, calm.count, is_supervisor);
    for (size_t i = 0; i < calm.count && !err; i++)
        if (is_supervisor[i])
            out->pids[out->count++] = calm.pids[i];
    return err;
}

/* If one does not answer in time, the node answers with an error, which names
 * no children. */
static int ask_supervisors(struct asker *a)
{
    struct group_list supervisors = {.count = 0};
    int err = find_supervisors(a, &supervisors);
    for (size_t i = 0; i < supervisors.count && i < CNODE_SUPERVISORS && !err;
         i++) {
        struct reader answer;
        err = ask(
            a, cnode_ask_children(&a->node, supervisors.pids[i], CHILDREN_MS),
            2 * CHILDREN_MS, &answer);
        if (!err)
            (void)!cnode_read_children(answer, &a->node, take_child, a);
    }
    return err;
}

/* --- all of it ------------------------------------------------------------ */

static int describe_one(struct asker *a, const struct person *one)
{
    struct profile *p = a->profile;
    const struct profile_process *of = profile_process_at(p, one->row);
    const struct process_texts texts = {
        .pid = profile_text(p, of->pid),
        .label = of->label ? NULL : one->label,
        .application = one->leader < NONE ? a->applications[one->leader] : NULL,
        .child = one->child};
    return profile_describe_process(p, &texts);
}

static int describe(struct asker *a, struct cnode_result *out)
{
    int err = 0;
    for (size_t i = 0; i < a->count && !err; i++) {
        if (!a->people[i].alive)
            continue;
        err = describe_one(a, &a->people[i]);
        out->processes += err == 0;
    }
    return err;
}

static int converse(struct asker *a)
{
    int err = identify(a), later;
    if (err)
        return err;
    err = ask_people(a);
    if (err && err != -E_SILENT)
        return err;
    later = ask_applications(a);
    if (!later)
        later = ask_supervisors(a);
    return err ? err : later;
}

/* What was learned before an error is kept. */
static int connect_and_ask(struct asker *a, struct cnode_result *out)
{
    const struct cnode_options *o = a->how;
    const struct cnode_peer peer = {.alive = o->alive,
                                    .host = o->host,
                                    .cookie = o->cookie,
                                    .epmd = o->epmd};
    const struct deadline until = deadline_in(CNODE_MS, NULL);
    int err = cnode_link_open(&peer, &until, &a->link);
    if (err)
        return err;
    err = converse(a);
    cnode_link_close(a->link);
    int failed = describe(a, out);
    return failed ? failed : err;
}

int cnode_describe(const struct cnode_options *o, struct profile *p,
                   struct cnode_result *out)
{
    struct asker *a = calloc(1, sizeof(*a));
    *out = (struct cnode_result){0};
    if (!a)
        return -ENOMEM;
    a->how = o;
    a->profile = p;
    int err = choose(a, out);
    if (!err && a->count > 0)
        err = connect_and_ask(a, out);
    free(a->people);
    free(a);
    return err;
}
