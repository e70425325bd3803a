#include "recorder/census.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/index.h"
#include "recorder/crowd_rows.h"
#include "recorder/initial_call.h"
#include "target/procdict.h"

struct member {
    uint64_t term; /* pid */
    uint64_t address;
    uint32_t id;   /* of the profile */
    uint32_t seen; /* samples */
    bool read;     /* its dictionary was read */
};

/* Reading dictionaries may take a tenth of the time, apart from a short burst
 * at the start. */
static const struct pace read_pace = {.burst_ns = 50 * NS_PER_MS, .share = 9};

struct census {
    struct target_state *target;
    struct profile *profile; /* the first one of the recording */
    struct member *list;
    size_t count, cap;
    struct index by_term;
    struct crowd_rows crowds[EVENT_COUNT];
    struct term_node node;
    struct procdict_reader *dictionaries;
    struct pace pace;
    bool settling;
};

static uint64_t slots_of(const struct target_state *t)
{
    return t->layout.table_size ? t->layout.table_size
                                : t->process.process_table_size;
}

/* Of a kind: samples of processes are of all processes of the node, which often
 * have the same initial call (erlang:apply/2) and nothing else in common. */
enum { AT_REST_ALONE = 4096 };

static int open_crowds(struct census *c)
{
    int err = 0;
    for (int i = 0; i < EVENT_COUNT && !err; i++) {
        c->crowds[i].profile = c->profile;
        err = crowd_rows_open(&c->crowds[i]);
    }
    for (struct profile *p = c->profile; p; p = profile_next_edit(p))
        if (profile_event(p) != EVENT_COUNT)
            c->crowds[profile_event(p)].profile = p;
    if (!err)
        crowd_allow(c->crowds[EVENT_WALL].crowd, AT_REST_ALONE);
    return err;
}

int census_open(struct target_state *target, struct profile *profile,
                struct census **out)
{
    struct census *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->target = target;
    c->profile = profile;
    c->pace = read_pace;
    c->node =
        (struct term_node){.memory = &target->memory, .atoms = target->atoms};
    index_init(&c->by_term);
    int err = open_crowds(c);
    if (!err)
        err = procdict_open(&target->layout, &c->node, &c->dictionaries);
    if (err) {
        census_close(c);
        return err;
    }
    *out = c;
    return 0;
}

void census_close(struct census *c)
{
    if (!c)
        return;
    index_deinit(&c->by_term);
    for (int i = 0; i < EVENT_COUNT; i++)
        crowd_rows_close(&c->crowds[i]);
    procdict_close(c->dictionaries);
    free(c->list);
    free(c);
}

/* --- what a process is ---------------------------------------------------- */

/* What is known about a process, from the sample and from what is read now. */
struct person {
    struct erlproc proc;
    struct procdict says;
    bool read; /* its dictionary */
};

/* From its dictionary, or otherwise from the VM's struct. */
static const uint64_t *initial_of(const struct person *who)
{
    return who->says.initial[0] ? who->says.initial : who->proc.initial;
}

/* Reads its dictionary. Facts that do not check out are left unchanged. */
static void read_person(struct census *c, struct person *who)
{
    const struct target_state *t = c->target;
    struct erlproc now;
    if (!t->layout.known[LAYOUT_DICTIONARY]) {
        who->read = true; /* the missing layout is reported elsewhere */
        return;
    }
    if (!who->proc.address || !(c->settling || pace_begin(&c->pace)))
        return;
    c->node.release = t->layout.release;
    c->node.table_size = slots_of(t);
    if (erlproc_read(&t->layout, &t->memory, who->proc.address, &now) == 0 &&
        now.id == who->proc.id &&
        procdict_read(c->dictionaries, &now, &who->says) == 0) {
        who->read = true;
        who->proc.name = now.name ? now.name : who->proc.name;
    }
    if (!c->settling)
        pace_end(&c->pace);
}

struct person_texts {
    char pid[ERLPROC_TEXT], name[ERLPROC_TEXT], initial[INITIAL_CALL_TEXT];
    char parent[ERLPROC_TEXT];
};

static void pid_text(const struct census *c, uint64_t pid,
                     char text[ERLPROC_TEXT])
{
    const struct target_state *t = c->target;
    erlproc_pid_text(pid, t->layout.release, slots_of(t), text);
}

static void initial_text(const struct census *c, const struct person *who,
                         char text[INITIAL_CALL_TEXT])
{
    char vm_name[ERLPROC_TEXT];
    erlproc_initial_call(c->target->atoms, initial_of(who), vm_name);
    initial_call_spell(vm_name, text);
}

static void parent_text(const struct census *c, uint64_t ancestor,
                        char text[ERLPROC_TEXT])
{
    text[0] = '\0';
    if (term_kind(ancestor) == TERM_IS_PID)
        pid_text(c, ancestor, text);
    else if (ancestor &&
             atoms_text(c->target->atoms, ancestor, text, ERLPROC_TEXT) != 0)
        text[0] = '\0';
}

static struct process_texts write_texts(const struct census *c,
                                        const struct person *who,
                                        struct person_texts *t)
{
    pid_text(c, who->proc.id, t->pid);
    erlproc_name(c->target->atoms, &who->proc, t->name);
    initial_text(c, who, t->initial);
    parent_text(c, who->says.ancestor, t->parent);
    return (struct process_texts){.pid = t->pid,
                                  .name = t->name,
                                  .initial_call = t->initial,
                                  .label = who->says.label,
                                  .application = "",
                                  .parent = t->parent};
}

/* --- the row of a crowd --------------------------------------------------- */

static int64_t describe_crowd(struct census *c, const struct person *who)
{
    char initial[INITIAL_CALL_TEXT];
    initial_text(c, who, initial);
    return profile_process(c->profile, "", "", initial, "", "");
}

static int64_t crowd_row(struct census *c, struct crowd_rows *of,
                         const struct person *who, uint32_t crowd)
{
    int64_t id = crowd_rows_find(of, crowd);
    if (id == PROFILE_NONE)
        id = describe_crowd(c, who);
    if (id < 0)
        return id;
    int err = crowd_rows_set(of, crowd, (uint32_t)id);
    return err ? err : id;
}

/* --- a row of its own ----------------------------------------------------- */

/* Counts processes whose dictionary could not be read. All events have the same
 * processes. */
static void count_unread(const struct census *c, int more)
{
    for (struct profile *p = c->profile; p; p = profile_next_edit(p))
        profile_counters_edit(p)->dictionary_unread += (uint64_t)more;
}

static bool same_term(const void *things, uint32_t id, const void *key)
{
    return ((const struct member *)things)[id].term == *(const uint64_t *)key;
}

static int remember(struct census *c, const struct person *who, uint32_t id)
{
    int err = ARRAY_RESERVE(c->list, c->cap, c->count + 1);
    if (err)
        return err;
    c->list[c->count] = (struct member){.term = who->proc.id,
                                        .address = who->proc.address,
                                        .id = id,
                                        .seen = 1,
                                        .read = who->read};
    return index_add(&c->by_term, hash_u64(0, who->proc.id),
                     (uint32_t)c->count++);
}

static int64_t describe_alone(struct census *c, const struct person *who)
{
    struct person_texts t;
    const struct process_texts texts = write_texts(c, who, &t);
    int64_t id = profile_process_of(c->profile, &texts);
    int err = id < 0 ? (int)id : remember(c, who, (uint32_t)id);
    if (err)
        return err;
    count_unread(c, !who->read);
    return id;
}

/* A name distinguishes one process from all others of its kind. */
static int64_t learn(struct census *c, enum event event,
                     const struct erlproc *proc)
{
    struct person who = {.proc = *proc};
    struct crowd_rows *of = &c->crowds[event];
    read_person(c, &who);
    const uint64_t *initial = initial_of(&who);
    const struct crowd_kind kind = {{initial[0], initial[1], initial[2]}};
    int place = who.proc.name ? CROWD_ITS_OWN
                              : crowd_place(of->crowd, &kind, who.proc.id);
    if (place < 0)
        return place;
    return place == CROWD_ITS_OWN ? describe_alone(c, &who)
                                  : crowd_row(c, of, &who, (uint32_t)place);
}

/* Facts from earlier reads are kept; facts from the node itself (inquiry.h)
 * take precedence. */
static int look_again(struct census *c, struct member *m,
                      const struct erlproc *proc)
{
    struct person who = {.proc = *proc};
    read_person(c, &who);
    if (!who.read)
        return 0;
    struct person_texts t;
    struct process_texts texts = write_texts(c, &who, &t);
    if (m->read && !who.says.initial[0])
        texts.initial_call = "";
    count_unread(c, -!m->read);
    m->read = true;
    if (profile_is_described(c->profile, m->id))
        return 0;
    return profile_update_process(c->profile, &texts);
}

/* A process that could not be read yet is tried again at each of its first
 * EAGER samples. */
enum { EAGER = 16 };

static bool is_due(const struct member *m)
{
    return (m->seen & (m->seen - 1)) == 0 || (!m->read && m->seen < EAGER);
}

static int64_t see_again(struct census *c, uint32_t place,
                         const struct erlproc *proc)
{
    struct member *m = &c->list[place];
    m->seen++;
    int err = is_due(m) ? look_again(c, m, proc) : 0;
    return err ? err : (int64_t)m->id;
}

/* --- by sample ------------------------------------------------------------ */

/* Uses the sample's own data if it is about that process, and otherwise what
 * the node's memory says now. */
static int identify(const struct census *c, uint64_t c_p,
                    const struct sample_process *at_sample,
                    struct erlproc *proc)
{
    const struct target_state *t = c->target;
    if (!c_p)
        return -E_NOT_FOUND;
    if (at_sample->c_p == c_p && at_sample->id)
        return erlproc_of_sample(at_sample, proc);
    return erlproc_read(&t->layout, &t->memory, c_p, proc);
}

static uint32_t place_of(const struct census *c, uint64_t term)
{
    return index_find(&c->by_term, hash_u64(0, term), same_term, c->list,
                      &term);
}

int64_t census_process(struct census *c, enum event event, uint64_t c_p,
                       const struct sample_process *at_sample)
{
    struct erlproc proc;
    if (identify(c, c_p, at_sample, &proc) != 0)
        return -E_NOT_FOUND;
    uint32_t place = place_of(c, proc.id);
    return place == INDEX_NONE ? learn(c, event, &proc)
                               : see_again(c, place, &proc);
}

uint64_t census_term(const struct census *c, uint64_t c_p,
                     const struct sample_process *at_sample)
{
    struct erlproc proc;
    return identify(c, c_p, at_sample, &proc) == 0 ? proc.id : 0;
}

/* The name is read now, and only if the address still has the same process. */
int64_t census_at_rest(struct census *c, const struct sample *s)
{
    const struct target_state *t = c->target;
    struct erlproc proc, now;
    if (erlproc_of_sample(&s->process, &proc) != 0)
        return -E_NOT_FOUND;
    if (s->at_rest.has_name &&
        erlproc_read(&t->layout, &t->memory, proc.address, &now) == 0 &&
        now.id == proc.id)
        proc.name = now.name;
    uint32_t place = place_of(c, proc.id);
    return place == INDEX_NONE ? learn(c, EVENT_WALL, &proc)
                               : see_again(c, place, &proc);
}

int64_t census_owner(struct census *c, enum event event, uint64_t pid)
{
    const struct target_state *t = c->target;
    struct erlproc proc;
    uint32_t place = place_of(c, pid);
    if (place != INDEX_NONE)
        return c->list[place].id;
    if (erlproc_find(&t->layout, &t->memory, pid, &proc) != 0)
        proc = (struct erlproc){.id = pid};
    return learn(c, event, &proc);
}

void census_all_alone(struct census *c)
{
    for (int i = 0; i < EVENT_COUNT; i++)
        crowd_allow(c->crowds[i].crowd, UINT32_MAX);
}

uint64_t census_pid(const struct census *c, uint32_t row)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].id == row)
            return c->list[i].term;
    return 0;
}

enum { SETTLE_MS = 300 };

int census_settle(struct census *c)
{
    const struct deadline until = deadline_in(SETTLE_MS, NULL);
    int err = 0;
    c->settling = true;
    for (size_t i = 0; i < c->count && !err && !deadline_check(&until); i++) {
        struct member *m = &c->list[i];
        const struct erlproc seen = {.address = m->address, .id = m->term};
        if (!m->read)
            err = look_again(c, m, &seen);
    }
    c->settling = false;
    return err;
}
