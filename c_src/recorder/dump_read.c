#include "recorder/dump_read.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "recorder/census.h"
#include "recorder/dump_gather.h"
#include "recorder/dump_name.h"
#include "recorder/frames.h"
#include "recorder/readers.h"
#include "recorder/session_meta.h"
#include "recorder/target_state.h"

enum { READ_MS = 60000 };

struct reading {
    struct target_state target;
    struct readers readers;
    struct frames *frames;
    struct census *census;
    struct proctable *table;
    struct dump_gather gather;
    struct dump *dump;
};

/* --- the reading ---------------------------------------------------------- */

/* A time for which the code list is known to be as it is now. */
static uint64_t code_now(struct reading *r)
{
    const struct sample now = {.time_ns = clock_now_ns()};
    return target_state_code_at(&r->target, &now);
}

static int open_readers(struct reading *r)
{
    struct target_state *t = &r->target;
    int err = target_state_processes(t, &r->table);
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
    struct proctable_counts c = {0};
    struct profile_meta *m = profile_meta_edit(r->dump->profile);
    int err = dump_gather_init(&r->gather, r->readers.unwinder, r->target.jit,
                               code_now(r));
    session_meta_started(r->dump->profile);
    uint64_t began_ns = clock_now_ns();
    if (err)
        return err;
    err = proctable_read(r->table, dump_gather_see, &r->gather, &c);
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
        const struct dump_naming naming = {.target = &r->target,
                                           .frames = r->frames,
                                           .census = r->census,
                                           .gather = &r->gather,
                                           .dump = r->dump,
                                           .time_ns = code_now(r)};
        err = dump_name_all(&naming);
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
