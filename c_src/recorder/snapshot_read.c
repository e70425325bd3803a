#include "recorder/snapshot_read.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "recorder/attached.h"
#include "recorder/dump_name.h"
#include "recorder/resident.h"
#include "recorder/session_meta.h"
#include "recorder/snapshot_gather.h"
#include "recorder/snapshot_name.h"
#include "recorder/snapshot_schedulers.h"
#include "target/tablecount.h"

enum { READ_MS = 60000 };
#define APART_NS NS_PER_S

struct reading {
    struct attached node;
    struct snapshot_gather gather;
    struct snapshot_clocks clocks;
    struct snapshot *result;
    uint64_t first_ns; /* when the first reading began */
    bool counted;
    struct tablecount count;
};

/* --- the first reading ---------------------------------------------------- */

static int read_first(struct reading *r)
{
    struct attached *n = &r->node;
    struct proctable_counts counts;
    r->first_ns = clock_now_ns();
    r->counted =
        tablecount_read(&n->target.layout, &n->target.memory, &r->count) == 0;
    int err = snapshot_clocks_start(&r->clocks, n->target.process.pid,
                                    &n->target.threads);
    return err ? err
               : proctable_read(n->table, snapshot_gather_before, &r->gather,
                                &counts);
}

static void wait_until(uint64_t ns)
{
    const struct timespec until = {(time_t)(ns / NS_PER_S),
                                   (long)(ns % NS_PER_S)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        ;
}

/* --- the second one ------------------------------------------------------- */

/* By the VM's own counters. If they are not known, the processes are counted
 * while they are read. */
static void count_processes(struct reading *r)
{
    const struct target_state *t = &r->node.target;
    struct snapshot *s = r->result;
    struct tablecount now;
    bool known = tablecount_read(&t->layout, &t->memory, &now) == 0;
    s->processes = known ? now.processes : 0;
    s->knows_created = r->counted && known;
    if (s->knows_created)
        s->created_per_s = (double)(now.created - r->count.created) * 1e6 /
                           (double)s->elapsed_us;
}

static int read_second(struct reading *r)
{
    struct attached *n = &r->node;
    struct snapshot *s = r->result;
    struct proctable_counts counts = {0};
    struct profile_meta *m = profile_meta_edit(n->dump->profile);
    int err = dump_gather_init(&r->gather.dump, n->readers.unwinder,
                               n->target.jit, attached_code_now(n));
    if (err)
        return err;
    session_meta_started(n->dump->profile);
    uint64_t began_ns = clock_now_ns();
    s->at_us = clock_ns_of(CLOCK_REALTIME) / 1000;
    s->elapsed_us = (began_ns - r->first_ns) / 1000;
    count_processes(r);
    s->resident = resident_bytes(n->target.process.pid);
    err = snapshot_clocks_stop(&r->clocks, s);
    if (!err)
        err =
            proctable_read(n->table, snapshot_gather_now, &r->gather, &counts);
    m->duration_ns = clock_now_ns() - began_ns;
    s->took_us = m->duration_ns / 1000;
    n->dump->counts = dump_gather_counts(&counts);
    if (s->processes == 0)
        s->processes = counts.used;
    return err;
}

/* --- the result ----------------------------------------------------------- */

static int name_all(struct reading *r)
{
    struct attached *n = &r->node;
    struct snapshot *s = r->result;
    procsums_sort(&r->gather.sums);
    int err = snapshot_name_rows(s, &r->gather, n);
    if (!err)
        err = dump_name_all(
            &(struct dump_naming){n, &r->gather.dump, attached_code_now(n)});
    return err ? err : snapshot_name_places(s, &r->gather, n);
}

static void begin(struct reading *r, unsigned top)
{
    struct snapshot *s = r->result;
    const struct proctable *t = r->node.table;
    s->top = top ? top : SNAPSHOT_TOP;
    s->limit = r->node.target.layout.table_size;
    s->knows = (struct snapshot_known){
        .mailboxes = proctable_has(t, PROCFIGURE_QUEUE),
        .reductions = proctable_has(t, PROCFIGURE_REDUCTIONS),
        .heaps = proctable_has(t, PROCFIGURE_HEAP),
        .binaries = proctable_has(t, PROCFIGURE_VHEAP)};
    snapshot_gather_init(&r->gather, t, &r->node.target, s->top);
}

static int read_all(struct reading *r, pid_t pid, unsigned top)
{
    struct attached *n = &r->node;
    int err = attached_open(pid, n);
    attached_limit(n, READ_MS);
    if (!err) {
        begin(r, top);
        err = read_first(r);
    }
    if (!err) {
        wait_until(r->first_ns + APART_NS);
        err = read_second(r);
    }
    if (!err) {
        n->dump->stopped = process_is_stopped(&n->target.process);
        err = name_all(r);
    }
    return attached_explain(n, pid, err);
}

int snapshot_read(pid_t pid, unsigned top, struct snapshot **out)
{
    struct reading *r = calloc(1, sizeof(*r));
    struct snapshot *s = snapshot_create();
    int err = -ENOMEM;
    if (r && s) {
        r->result = s;
        err = read_all(r, pid, top);
        snapshot_gather_deinit(&r->gather);
        snapshot_clocks_deinit(&r->clocks);
        attached_close(&r->node, err ? NULL : &s->dump);
    }
    free(r);
    if (err)
        snapshot_destroy(s);
    else
        *out = s;
    return err;
}
