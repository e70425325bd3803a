#include "profile/process_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/alias.h"
#include "base/intern.h"

/* How many samples of a process have stacks with this first function. */
struct vote {
    uint32_t process, function;
    uint64_t weight;
};

struct naming {
    const struct profile *p;
    struct process_names out;
    uint32_t *root_of; /* by stack: first function that is not a behaviour's, or
                          PROFILE_NONE */
    uint32_t *elected; /* by process: its largest vote, or PROFILE_NONE */
    struct intern votes;
};

static bool is_one_of(const char *text, const char *const *list)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

/* --- from what is known about it ------------------------------------------ */

static bool says_nothing(const char *initial_call)
{
    static const char *const shared[] = {"",
                                         "proc_lib:init_p/3",
                                         "proc_lib:init_p/5",
                                         "erlang:apply/2",
                                         "erlang:apply/3",
                                         NULL};
    return is_one_of(initial_call, shared);
}

/* A parent without a name is given by its pid, such as <0.90.0>. */
static bool is_name(const char *parent)
{
    return *parent && *parent != '<';
}

bool process_names_need_stack(const struct profile *p, uint32_t process)
{
    const struct profile_process *q = profile_process_at(p, process);
    return !*profile_text(p, q->name) && !*profile_text(p, q->label) &&
           says_nothing(profile_text(p, q->initial_call)) &&
           !is_name(profile_text(p, q->parent));
}

static int64_t keep(struct naming *n, const char *text)
{
    return texts_intern(&n->out.texts, text, strlen(text));
}

/* The id of the name; -E_NOT_FOUND: only the process's stacks can tell. */
static int64_t by_texts(struct naming *n, const struct profile_process *q)
{
    const char *name = profile_text(n->p, q->name);
    const char *initial_call = profile_text(n->p, q->initial_call);
    const char *label = profile_text(n->p, q->label);
    const char *parent = profile_text(n->p, q->parent);
    const char *id = profile_text(n->p, q->child);
    char child[600];
    if (*name)
        return keep(n, name + alias_prefix(name, strlen(name)));
    if (!says_nothing(initial_call))
        return keep(n, initial_call);
    if (*label)
        return keep(n, label);
    if (!is_name(parent))
        return -E_NOT_FOUND;
    snprintf(child, sizeof(child), "child %s%sof %s", id, *id ? " " : "",
             parent + alias_prefix(parent, strlen(parent)));
    return keep(n, child);
}

/* --- from what it does ---------------------------------------------------- */

/* Modules that run the code of others. Processes are distinguished by the code
 * that these call. */
static bool is_behaviour(const char *module)
{
    static const char *const modules[] = {"proc_lib",
                                          "gen",
                                          "gen_server",
                                          "gen_statem",
                                          "gen_event",
                                          "gen_fsm",
                                          "gen_server2",
                                          "supervisor",
                                          "supervisor2",
                                          "erl_eval",
                                          "supervisor_bridge",
                                          "shell",
                                          "erlang",
                                          "Elixir.Task",
                                          "Elixir.GenServer",
                                          "Elixir.Agent",
                                          "timer",
                                          "lists",
                                          "Elixir.Task.Supervised",
                                          "Elixir.Agent.Server",
                                          "Elixir.DynamicSupervisor",
                                          NULL};
    return is_one_of(module, modules);
}

static bool tells(const struct profile *p, uint32_t function)
{
    const struct profile_function *f = profile_function_at(p, function);
    return (f->kind == FRAME_ERLANG || f->kind == FRAME_ELIXIR) &&
           !is_behaviour(profile_text(p, f->module));
}

uint32_t process_names_root(const struct profile *p, uint32_t stack)
{
    uint32_t root = PROFILE_NONE;
    for (uint32_t at = stack; at != PROFILE_NONE;
         at = profile_stack_at(p, at)->parent)
        if (tells(p, profile_stack_function(p, at)))
            root = at;
    return root;
}

/* Parents have lower ids than their children, so they come first. */
static void find_roots(struct naming *n)
{
    for (uint32_t i = 0; i < profile_stack_count(n->p); i++) {
        const struct profile_stack *s = profile_stack_at(n->p, i);
        uint32_t function = profile_frame_at(n->p, s->frame)->function;
        uint32_t above =
            s->parent == PROFILE_NONE ? PROFILE_NONE : n->root_of[s->parent];
        n->root_of[i] = above != PROFILE_NONE   ? above
                        : tells(n->p, function) ? function
                                                : PROFILE_NONE;
    }
}

static uint64_t weight_of(const struct naming *n, uint32_t vote)
{
    return vote == PROFILE_NONE
               ? 0
               : ((const struct vote *)n->votes.rows)[vote].weight;
}

static int count_vote(struct naming *n, size_t sample)
{
    const struct profile_sample *s = profile_sample_at(n->p, sample);
    if (s->process == PROFILE_NONE || s->stack == PROFILE_NONE ||
        n->root_of[s->stack] == PROFILE_NONE)
        return 0;
    const struct vote vote = {s->process, n->root_of[s->stack], 0};
    int64_t id = intern_row(&n->votes, &vote);
    if (id < 0)
        return (int)id;
    struct vote *sum = (struct vote *)n->votes.rows + id;
    /* What does not count, or has no weight, decides only if nothing else does.
     */
    uint64_t weight =
        profile_counts(n->p, s->state) ? profile_weight(n->p, sample) : 0;
    add_capped(&sum->weight, weight ? weight : 1);
    uint32_t *elected = &n->elected[s->process];
    if (sum->weight > weight_of(n, *elected))
        *elected = (uint32_t)id;
    return 0;
}

static int elect(struct naming *n)
{
    int err = 0;
    find_roots(n);
    for (size_t i = 0; i < profile_sample_count(n->p) && !err; i++)
        err = count_vote(n, i);
    return err;
}

static int64_t by_stacks(struct naming *n, uint32_t process)
{
    uint32_t vote = n->elected[process];
    if (vote == PROFILE_NONE)
        return keep(
            n, profile_text(n->p,
                            profile_process_at(n->p, process)->initial_call));
    uint32_t function = ((const struct vote *)n->votes.rows)[vote].function;
    return keep(n,
                profile_text(n->p, profile_function_at(n->p, function)->name));
}

/* --- all of them ---------------------------------------------------------- */

static uint32_t *none_of(size_t n)
{
    uint32_t *ids = malloc((n + 1) * sizeof(*ids));
    if (ids)
        memset(ids, 0xff, (n + 1) * sizeof(*ids));
    return ids;
}

static int name_all(struct naming *n)
{
    for (uint32_t i = 0; i < profile_process_count(n->p); i++) {
        int64_t id = by_texts(n, profile_process_at(n->p, i));
        if (id == -E_NOT_FOUND)
            id = by_stacks(n, i);
        if (id < 0)
            return (int)id;
        n->out.of[i] = (uint32_t)id;
    }
    return 0;
}

int process_names_compute(const struct profile *p, struct process_names *out)
{
    struct naming n = {
        .p = p,
        .root_of = none_of(profile_stack_count(p)),
        .elected = none_of(profile_process_count(p)),
        .out.of = none_of(profile_process_count(p)),
    };
    texts_init(&n.out.texts);
    intern_init(&n.votes, sizeof(struct vote), 2 * sizeof(uint32_t));
    int err = n.root_of && n.elected && n.out.of ? elect(&n) : -ENOMEM;
    if (!err)
        err = name_all(&n);
    free(n.root_of);
    free(n.elected);
    intern_deinit(&n.votes);
    if (err)
        process_names_deinit(&n.out);
    else
        *out = n.out;
    return err;
}

void process_names_deinit(struct process_names *n)
{
    texts_deinit(&n->texts);
    free(n->of);
    *n = (struct process_names){0};
}

const char *process_names_of(const struct process_names *n, uint32_t process)
{
    return n->texts.rows[n->of[process]].at;
}
