#include "recorder/dump_read.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "recorder/census.h"
#include "recorder/dump_gather.h"
#include "recorder/frames.h"
#include "recorder/readers.h"
#include "recorder/session_meta.h"
#include "recorder/target_state.h"
#include "target/erlproc.h"

enum { READ_MS = 60000 };

struct reading {
    struct target_state target;
    struct readers readers;
    struct frames *frames;
    struct census *census;
    struct proctable *table;
    struct dump_gather gather;
    struct dump *dump;
    uint64_t time_ns; /* at which code is named */
};

/* --- a stack's name ------------------------------------------------------- */

static int64_t push(struct reading *r, int64_t stack, int64_t frame)
{
    if (stack < 0 || frame < 0)
        return stack < 0 ? stack : frame;
    return profile_stack(r->dump->profile, (uint32_t)stack, (uint32_t)frame);
}

static int64_t push_text(struct reading *r, int64_t stack, const char *name)
{
    const struct frame frame = {.kind = FRAME_RUNTIME,
                                .name = name,
                                .module = "",
                                .function = name,
                                .arity = FRAME_NO_ARITY,
                                .file = ""};
    return push(r, stack, profile_frame(r->dump->profile, &frame));
}

static int64_t push_named(struct reading *r, int64_t stack,
                          enum symbol_space space, uint64_t at)
{
    const struct symbol_query query = {
        .at = at, .space = space, .time_ns = r->time_ns};
    const struct frames_named *named;
    int err = frames_name(r->frames, &query, &named);
    if (err)
        return err;
    for (size_t i = named->count; i-- > 0;)
        stack = push(r, stack, named->ids[i]);
    return stack;
}

/* A hibernated process, and one that has yet to begin, has an empty stack; it
 * goes on in the VM's own code, which calls its function. */
static const char *without_frames(enum procstate state)
{
    return state == PROCSTATE_WAITING ? "[hibernated]" : "[at its start]";
}

/* PROFILE_NONE, or an error. */
static int64_t name_stack(struct reading *r, const struct dump_gathered *g)
{
    const struct address *list = r->gather.addresses + g->from;
    int64_t stack = PROFILE_NONE;
    if (!g->has_stack)
        return stack;
    for (size_t i = g->length; i-- > 0 && stack >= 0;)
        stack = list[i].kind == ADDRESS_ERLANG
                    ? push_named(r, stack, SYMBOL_ERLANG, list[i].at)
                    : push_text(r, stack, "[elided]");
    /* On a dirty scheduler the BIF or NIF is called by the innermost frame. */
    if (g->state == PROCSTATE_RUNNING && g->length && stack >= 0)
        stack = push_named(r, stack, SYMBOL_CALLED, list[0].at);
    return stack == PROFILE_NONE ? push_text(r, stack, without_frames(g->state))
                                 : stack;
}

/* --- a group -------------------------------------------------------------- */

static int name_member(struct reading *r, uint64_t pid, struct dump_member *m)
{
    const struct layout *l = &r->target.layout;
    char text[ERLPROC_TEXT];
    erlproc_pid_text(pid, l->release, l->table_size, text);
    int64_t string = profile_string(r->dump->profile, text);
    int64_t row = string < 0 ? string : census_owner(r->census, pid);
    if (row < 0)
        return (int)row;
    *m = (struct dump_member){(uint32_t)string, (uint32_t)row};
    return 0;
}

static int add_group(struct reading *r, const struct dump_gathered *g)
{
    struct dump_group group = {.state = g->state,
                               .processes = g->processes,
                               .member_count = g->member_count};
    int64_t stack = name_stack(r, g);
    int err = stack < 0 ? (int)stack : 0;
    for (unsigned i = 0; i < g->member_count && !err; i++)
        err = name_member(r, g->members[i].pid, &group.members[i]);
    group.stack = (uint32_t)stack;
    return err ? err : dump_add(r->dump, &group);
}

static int name_all(struct reading *r)
{
    int err = 0;
    for (size_t i = 0; i < r->gather.count && !err; i++)
        err = add_group(r, &r->gather.list[i]);
    if (!err)
        err = census_settle(r->census);
    dump_sort(r->dump);
    return err;
}

/* --- the reading ---------------------------------------------------------- */

/* The time at which the code list is known to be as it is now. */
static uint64_t code_now(struct reading *r)
{
    const struct sample now = {.time_ns = clock_now_ns()};
    return target_state_code_at(&r->target, &now);
}

/* Where many processes come and go, too few of those that are looked at may
 * tell where something is: others are looked at then. */
static int open_table(struct reading *r)
{
    enum { TRIES = 10 };
    struct target_state *t = &r->target;
    uint64_t normal_exit = jit_normal_exit(t->jit);
    int err = proctable_open(&t->layout, &t->memory, normal_exit, &r->table);
    for (int i = 1; i < TRIES && err == -E_LAYOUT; i++) {
        err = layout_complete(&t->layout, &t->process, &t->maps, &t->memory,
                              &t->threads);
        if (!err)
            err =
                proctable_open(&t->layout, &t->memory, normal_exit, &r->table);
    }
    return err;
}

static int open_readers(struct reading *r)
{
    struct target_state *t = &r->target;
    int err = open_table(r);
    if (!err)
        err = readers_open(t, &r->readers);
    if (!err)
        err = frames_open(r->readers.symbols, r->dump->profile, &r->frames);
    if (!err)
        err = census_open(t, r->dump->profile, &r->census);
    return err;
}

static int read_table(struct reading *r)
{
    struct proctable_counts c;
    struct profile_meta *m = profile_meta_edit(r->dump->profile);
    dump_gather_init(&r->gather, r->readers.unwinder, code_now(r));
    session_meta_started(r->dump->profile);
    uint64_t began_ns = clock_now_ns();
    int err = proctable_read(r->table, dump_gather_see, &r->gather, &c);
    m->duration_ns = clock_now_ns() - began_ns;
    r->dump->counts = (struct dump_counts){.used = c.used,
                                           .seen = c.seen,
                                           .torn = c.torn,
                                           .unreadable = c.unreadable,
                                           .ended = c.ended,
                                           .being_made = c.being_made};
    return err;
}

static void see_whether_stopped(struct reading *r)
{
    struct process_stat stat;
    r->dump->stopped = process_stat_read(r->target.process.pid, &stat) == 0 &&
                       stat.state == 'T';
}

static int read_all(struct reading *r)
{
    int err = open_readers(r);
    if (!err)
        err = session_meta_node(r->dump->profile, &r->target, false);
    r->target.until = deadline_in(READ_MS, NULL);
    if (!err)
        err = read_table(r);
    if (!err) {
        see_whether_stopped(r);
        r->time_ns = code_now(r);
        err = name_all(r);
    }
    return err && !process_alive(&r->target.process) ? -E_GONE : err;
}

static void close_readers(struct reading *r)
{
    dump_gather_deinit(&r->gather);
    census_close(r->census);
    frames_close(r->frames);
    readers_close(&r->readers);
    proctable_close(r->table);
    target_state_close(&r->target);
}

int dump_read(pid_t pid, struct dump **out)
{
    struct reading *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    int err = target_state_open(&r->target, pid, NULL);
    if (err) {
        free(r);
        return readers_explain(err, pid);
    }
    err = dump_create(&r->dump);
    if (!err)
        err = read_all(r);
    close_readers(r);
    if (err)
        dump_destroy(r->dump);
    else
        *out = r->dump;
    free(r);
    return err ? readers_explain(err, pid) : 0;
}
