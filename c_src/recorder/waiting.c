#include "recorder/waiting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "profile/waits.h"
#include "recorder/asks.h"
#include "recorder/at_rest.h"
#include "recorder/main_loop.h"
#include "recorder/most_waiting.h"
#include "recorder/own_pids.h"
#include "recorder/port_waits.h"
#include "recorder/sleeps.h"
#include "target/erlproc.h"

/* The pids that were met most often (the algorithm Space-Saving: one that has
 * no place takes that of the rarest, with its count). */
struct watched {
    uint64_t pids[PROCTABLE_PICKED];
    uint64_t counts[PROCTABLE_PICKED];
    size_t count;
};

struct waiting {
    struct target_state *target;
    struct frames *frames;
    struct census *census;
    struct profile *profile;
    struct asks_code asks;
    size_t modules; /* loaded when `asks` was found; 0: never */
    uint64_t since; /* of the code list then */
    struct watched watched;
    struct most_waiting most;
    size_t pid_frames;
    struct own_pids own;
    struct port_waits *ports;
    bool left_out; /* the process of this sample waits for one of `own` */
};

/* Processes that have a frame of their own because others waited for them.
 * Tasks, for example, may be created without end. */
enum { PID_FRAMES = 20000 };

int waiting_open(struct target_state *target, struct frames *frames,
                 struct census *census, struct profile *profile,
                 struct waiting **out)
{
    struct waiting *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    *w = (struct waiting){.target = target,
                          .frames = frames,
                          .census = census,
                          .profile = profile};
    int err = port_waits_open(target, profile, &w->ports);
    if (err) {
        waiting_close(w);
        return err;
    }
    *out = w;
    return 0;
}

void waiting_close(struct waiting *w)
{
    if (w) {
        asks_code_deinit(&w->asks);
        most_waiting_deinit(&w->most);
        port_waits_close(w->ports);
    }
    free(w);
}

int waiting_leave_out(struct waiting *w, const char *const *pids, size_t count)
{
    return own_pids_set(&w->own, pids, count);
}

/* --- whose answer --------------------------------------------------------- */

/* Modules may be loaded or replaced while the recording runs. */
static int follow_code(struct waiting *w)
{
    const struct jit *jit = w->target->jit;
    if (w->modules == jit_module_count(jit) && w->since == jit_since(jit))
        return 0;
    w->modules = jit_module_count(jit);
    w->since = jit_since(jit);
    asks_code_deinit(&w->asks);
    return asks_code_find(&w->asks, jit);
}

static void watch(struct watched *w, uint64_t pid)
{
    size_t rarest = 0, i = 0;
    while (i < w->count && w->pids[i] != pid) {
        if (w->counts[i] < w->counts[rarest])
            rarest = i;
        i++;
    }
    if (i == PROCTABLE_PICKED)
        i = rarest;
    w->count += i == w->count;
    w->pids[i] = pid;
    w->counts[i]++;
}

size_t waiting_watched(const struct waiting *w, const uint64_t **pids)
{
    *pids = w->watched.pids;
    return w->watched.count;
}

/* A process that is one of many of its kind has no row of its own, but its pid
 * is known. */
static int64_t pid_frame(struct waiting *w, int64_t stack, uint64_t pid)
{
    const struct layout *l = &w->target->layout;
    char text[WAITS_TEXT], own[ERLPROC_TEXT];
    int64_t row = census_owner(w->census, EVENT_WALL, pid);
    if (row < 0)
        return row;
    const struct profile_process *who =
        profile_process_at(w->profile, (uint32_t)row);
    const char *label = profile_text(w->profile, who->label);
    erlproc_pid_text(pid, l->release, l->table_size, own);
    waits_text(profile_text(w->profile, who->name), own,
               *label ? label : profile_text(w->profile, who->initial_call),
               text);
    size_t before = profile_function_count(w->profile);
    stack = at_rest_push(w->profile, stack,
                         w->pid_frames < PID_FRAMES ? text : WAITS_MANY);
    w->pid_frames += profile_function_count(w->profile) - before;
    return stack;
}

static int64_t name_frame(struct waiting *w, int64_t stack, uint64_t atom)
{
    char name[WAITS_TEXT], text[WAITS_TEXT];
    if (atoms_text(w->target->atoms, atom, name, sizeof(name)) != 0)
        return at_rest_push(w->profile, stack, WAITS_UNKNOWN);
    waits_text(name, "", "", text);
    return at_rest_push(w->profile, stack, text);
}

static int64_t whom_frame(struct waiting *w, int64_t stack,
                          const struct sample *s, const struct asks_said *said)
{
    const struct target_state *t = w->target;
    uint64_t word = said->count ? said->words[0] : 0;
    if (said->awaits)
        word = asks_task(&t->layout, &t->memory, s->process.id, s->process.stop,
                         s->process.hend, said->words, said->count);
    if (term_is_pid(word)) {
        w->left_out = own_pids_has(&w->own, &t->layout, word);
        if (w->left_out)
            return stack;
        watch(&w->watched, word);
        return pid_frame(w, stack, word);
    }
    if (word && term_is_atom(word))
        return name_frame(w, stack, word);
    return at_rest_push(w->profile, stack, WAITS_UNKNOWN);
}

/* The leaf keeps the largest number of those that wait for it. */
static int64_t count_waiting(struct waiting *w, int64_t stack,
                             const struct sample *s)
{
    uint32_t leaf = profile_stack_function(w->profile, (uint32_t)stack);
    int64_t now = most_waiting_add(&w->most, leaf, s->at_rest.tick);
    if (now < 0)
        return now;
    if (now <= profile_function_at(w->profile, leaf)->most)
        return stack;
    int64_t frame = at_rest_frame(
        w->profile,
        profile_text(w->profile, profile_function_at(w->profile, leaf)->name),
        (uint32_t)now);
    return frame < 0 ? frame : stack;
}

/* --- one process ---------------------------------------------------------- */

/* It ran, was garbage collected or exits, or its stack changed while it was
 * read: what is in memory is no valid stack. */
static int64_t on_the_move(struct waiting *w, const struct sample *s,
                           enum sample_state *state)
{
    static const struct {
        enum sample_state state;
        const char *frame;
    } of[PROCSTATE_COUNT] = {
        [PROCSTATE_RUNNING] = {STATE_RUNNING, "[running]"},
        [PROCSTATE_RUNNABLE] = {STATE_RUNNABLE, "[runnable]"},
        [PROCSTATE_WAITING] = {STATE_WAITING, "[changed while it was read]"},
        [PROCSTATE_GC] = {STATE_GC, "[gc]"},
        [PROCSTATE_SUSPENDED] = {STATE_SUSPENDED, "[suspended]"},
        [PROCSTATE_EXITING] = {STATE_EXITING, "[exiting]"},
    };
    *state = s->process.id ? of[s->at_rest.state].state : STATE_ENDED;
    return at_rest_push(w->profile, PROFILE_NONE,
                        s->process.id ? of[s->at_rest.state].frame
                                      : "[not there when it was read]");
}

/* One that waits for an answer. */
static int64_t blocked(struct waiting *w, int64_t stack, const struct sample *s,
                       const struct asks_said *said)
{
    stack = whom_frame(w, stack, s, said);
    return stack < 0 || w->left_out ? stack : count_waiting(w, stack, s);
}

/* One that waits for a port or a socket gets a leaf which says so. */
static int64_t at_port(struct waiting *w, int64_t stack, const struct sample *s,
                       const struct unwound *u, enum sample_state *state)
{
    stack = port_waits_name(w->ports, s, u, (uint32_t)stack, state);
    return stack >= 0 && *state == STATE_BLOCKED ? count_waiting(w, stack, s)
                                                 : stack;
}

static int64_t at_receive(struct waiting *w, int64_t stack,
                          const struct sample *s, const struct unwound *u,
                          enum sample_state *state)
{
    const struct asks_said said = asks_look(&w->asks, s, u);
    if (said.asks && !port_waits_is_socket(w->profile, (uint32_t)stack)) {
        *state = STATE_BLOCKED;
        return blocked(w, stack, s, &said);
    }
    bool asleep = sleeps(&w->target->memory, s);
    *state = main_loop_has(w->profile, (uint32_t)stack, asleep) ? STATE_IDLE
                                                                : STATE_WAITING;
    return asleep ? at_rest_push(w->profile, stack, WAITS_SLEEPS)
                  : at_port(w, stack, s, u, state);
}

/* It may have been suspended because a port was busy. */
static int64_t suspended(struct waiting *w, int64_t stack,
                         const struct sample *s, const struct unwound *u,
                         enum sample_state *state)
{
    *state = STATE_SUSPENDED;
    stack = at_port(w, stack, s, u, state);
    return stack < 0 || *state != STATE_SUSPENDED
               ? stack
               : at_rest_push(w->profile, stack, "[suspended]");
}

static int64_t at_rest(struct waiting *w, const struct sample *s,
                       const struct unwound *u, enum sample_state *state)
{
    const struct at_rest to = {w->frames, w->profile, s->time_ns};
    int64_t stack = at_rest_stack(&to, s->at_rest.state, u->list, u->count);
    if (stack < 0)
        return stack;
    switch (s->at_rest.state) {
    case PROCSTATE_WAITING:
        return at_receive(w, stack, s, u, state);
    case PROCSTATE_RUNNABLE:
        *state = STATE_RUNNABLE;
        return at_rest_push(w->profile, stack, "[runnable]");
    case PROCSTATE_SUSPENDED:
        return suspended(w, stack, s, u, state);
    default: /* on a dirty scheduler */
        *state = STATE_RUNNING;
        return stack;
    }
}

int waiting_name(struct waiting *w, const struct sample *s,
                 const struct unwound *u, struct named *out)
{
    w->left_out = own_pids_has(&w->own, &w->target->layout, s->process.id);
    if (w->left_out)
        return 1;
    int err = follow_code(w);
    if (err)
        return err;
    *out = (struct named){.owner = PROFILE_NONE};
    int64_t stack = s->erlang.len ? at_rest(w, s, u, &out->state)
                                  : on_the_move(w, s, &out->state);
    if (stack < 0)
        return (int)stack;
    out->stack = (uint32_t)stack;
    return w->left_out;
}
