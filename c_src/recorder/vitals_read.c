#include "recorder/vitals_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/figure.h"
#include "recorder/own_canary.h"
#include "recorder/resident.h"
#include "target/tablecount.h"

enum { READ_MS = 1000 };

/* One reading that follows another sooner does not say how fast they grow. */
#define LEAST_NS (NS_PER_S / 4)

/* Reading takes at most an eightieth of a CPU's time. A node with few processes
 * is read every time, as that takes less. */
static const struct pace read_pace = {
    .burst_ns = 50 * NS_PER_MS, .share = 79, .of_cpu = true};

/* A process with messages in its mailbox. */
struct mailbox_row {
    uint64_t id, queue, read_ns;
};

/* What one reading of the processes found. */
struct census_now {
    struct mailbox_row *rows; /* by id */
    size_t count, cap;
    uint64_t seen, runnable, binary_words;
    bool whole; /* all processes were read */
    uint64_t at_ns, processes;
};

struct vitals_reader {
    struct target_state *target;
    struct proctable *table; /* NULL: `lacks` says why */
    int lacks;
    struct own_canary canary; /* left out */
    uint64_t random;
    struct pace pace;
    struct census_now now, former;
    struct vitals last; /* the figures of the processes, and all growths */
    uint64_t memory, memory_ns; /* at the last reading */
};

static bool any_of_processes(unsigned figures)
{
    for (int i = 0; i < VITALS; i++)
        if (figures & VITAL_SET(i) &&
            vital_kinds[i].source == VITAL_OF_PROCESSES)
            return true;
    return false;
}

/* 0, -ENOMEM; `lacks` says why there is no table. */
static int open_table(struct vitals_reader *r)
{
    r->target->until = deadline_in(TARGET_ATTACH_MS, NULL);
    r->lacks = target_state_processes(r->target, &r->table);
    return r->lacks == -ENOMEM ? -ENOMEM : 0;
}

int vitals_reader_open(struct target_state *target, unsigned figures,
                       struct vitals_reader **out)
{
    struct vitals_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->target = target;
    r->canary.target = target;
    r->random = clock_now_ns() ^ ((uint64_t)getpid() << 32);
    r->pace = read_pace;
    r->memory = FIGURE_UNKNOWN;
    vitals_unknown(&r->last);
    int err = any_of_processes(figures) ? open_table(r) : 0;
    if (err)
        vitals_reader_close(r);
    else
        *out = r;
    return err;
}

void vitals_reader_close(struct vitals_reader *r)
{
    if (!r)
        return;
    proctable_close(r->table);
    free(r->now.rows);
    free(r->former.rows);
    free(r);
}

int vitals_reader_lacks(const struct vitals_reader *r)
{
    return r->lacks;
}

/* --- one reading of the processes ----------------------------------------- */

/* Only processes with messages can be the canary, which has some. */
static int see(void *reader, const struct proctable_process *p)
{
    struct vitals_reader *r = reader;
    struct census_now *n = &r->now;
    const struct procfigures *f = &p->figures;
    bool has_queue = f->queue != FIGURE_UNKNOWN && f->queue > 0;
    if (has_queue && own_canary_is(&r->canary, p))
        return 0;
    n->seen++;
    n->runnable += p->state == PROCSTATE_RUNNABLE;
    n->binary_words += f->vheap_words == FIGURE_UNKNOWN ? 0 : f->vheap_words;
    if (!has_queue)
        return 0;
    int err = ARRAY_RESERVE(n->rows, n->cap, n->count + 1);
    if (!err)
        n->rows[n->count++] = (struct mailbox_row){p->id, f->queue, p->read_ns};
    return err;
}

static int by_id(const void *a, const void *b)
{
    const struct mailbox_row *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_length(const void *a, const void *b)
{
    const struct mailbox_row *x = a, *y = b;
    return (x->queue < y->queue) - (x->queue > y->queue);
}

/* Those with the longest mailboxes are read again. Orders the rows. */
static size_t pick(struct census_now *n, uint64_t pids[PROCTABLE_PICKED])
{
    size_t picked = n->count < PROCTABLE_PICKED ? n->count : PROCTABLE_PICKED;
    if (n->whole || n->count == 0)
        return 0;
    qsort(n->rows, n->count, sizeof(n->rows[0]), by_length);
    for (size_t i = 0; i < picked; i++)
        pids[i] = n->rows[i].id;
    qsort(n->rows, n->count, sizeof(n->rows[0]), by_id);
    return picked;
}

static void keep_former(struct vitals_reader *r)
{
    struct census_now again = {.rows = r->former.rows, .cap = r->former.cap};
    r->former = r->now;
    r->now = again;
}

/* Each process is read only once: if those in motion were read again, there
 * would seem to be fewer that are runnable. */
static int read_processes(struct vitals_reader *r)
{
    uint64_t pids[PROCTABLE_PICKED];
    const struct proctable_choice choice = {.most = VITALS_PROCESSES,
                                            .random = &r->random,
                                            .pids = pids,
                                            .pid_count = pick(&r->now, pids)};
    struct proctable_counts counts;
    struct proctable_part part;
    struct tablecount count;
    const struct target_state *t = r->target;
    keep_former(r);
    r->target->until = deadline_in(READ_MS, NULL);
    r->now.at_ns = clock_now_ns();
    int err = proctable_read_part(r->table, &choice, see, r, &counts, &part);
    r->now.whole = !err && part.others <= part.chosen;
    r->now.processes = tablecount_read(&t->layout, &t->memory, &count) == 0
                           ? count.processes
                           : part.others + part.picked;
    if (r->now.count)
        qsort(r->now.rows, r->now.count, sizeof(r->now.rows[0]), by_id);
    return err;
}

/* --- figures -------------------------------------------------------------- */

static double per_second(double before, double now, uint64_t ns)
{
    return ns < LEAST_NS ? NAN : (now - before) * (double)NS_PER_S / (double)ns;
}

/* How fast one mailbox grows. A process that had no messages is in no row; if
 * not all were read, it is not known which those are. */
static double growth_of(const struct census_now *former,
                        const struct mailbox_row *row)
{
    const struct mailbox_row *was =
        former->count ? bsearch(row, former->rows, former->count,
                                sizeof(former->rows[0]), by_id)
                      : NULL;
    if (was)
        return per_second((double)was->queue, (double)row->queue,
                          row->read_ns - was->read_ns);
    return former->whole
               ? per_second(0, (double)row->queue, row->read_ns - former->at_ns)
               : NAN;
}

static void set(struct vitals *v, enum vital which, double value, uint64_t pid)
{
    v->value[which] = value;
    v->pid[which] = pid;
}

static void set_mailboxes(const struct vitals_reader *r, struct vitals *v)
{
    if (!proctable_has(r->table, PROCFIGURE_QUEUE))
        return;
    set(v, VITAL_MAILBOX, 0, 0);
    if (r->former.at_ns)
        set(v, VITAL_MAILBOX_GROWTH, 0, 0);
    for (size_t i = 0; i < r->now.count; i++) {
        const struct mailbox_row *row = &r->now.rows[i];
        double growth = growth_of(&r->former, row);
        if ((double)row->queue > v->value[VITAL_MAILBOX])
            set(v, VITAL_MAILBOX, (double)row->queue, row->id);
        if (growth > v->value[VITAL_MAILBOX_GROWTH]) /* not if it is NAN */
            set(v, VITAL_MAILBOX_GROWTH, growth, row->id);
    }
    v->at_least[VITAL_MAILBOX] = v->at_least[VITAL_MAILBOX_GROWTH] =
        !r->now.whole;
}

/* If not all were read: a bound that chance puts above the truth only in one of
 * forty readings (two standard deviations). */
static double run_queue(const struct census_now *n)
{
    double found = (double)n->runnable, least = found - 2 * sqrt(found);
    if (n->whole || n->seen == 0)
        return found;
    return least > 0 ? least * (double)n->processes / (double)n->seen : 0;
}

static void set_growth(struct vitals *v, enum vital of, enum vital growth,
                       const struct vitals *before)
{
    if (before->at_ns)
        v->value[growth] = per_second(before->value[of], v->value[of],
                                      v->at_ns - before->at_ns);
}

static void set_processes(struct vitals_reader *r, struct vitals *v)
{
    const struct census_now *n = &r->now;
    const struct vitals before = r->last;
    vitals_unknown(v);
    v->at_ns = n->at_ns;
    set(v, VITAL_RUN_QUEUE, run_queue(n), 0);
    v->at_least[VITAL_RUN_QUEUE] = !n->whole;
    set(v, VITAL_PROCESSES, (double)n->processes, 0);
    set_mailboxes(r, v);
    if (n->whole && proctable_has(r->table, PROCFIGURE_VHEAP))
        set(v, VITAL_BINARY, 8 * (double)n->binary_words, 0);
    set_growth(v, VITAL_PROCESSES, VITAL_PROCESSES_GROWTH, &before);
    set_growth(v, VITAL_BINARY, VITAL_BINARY_GROWTH, &before);
    r->last = *v;
}

static void set_memory(struct vitals_reader *r, struct vitals *v)
{
    uint64_t bytes = resident_bytes(r->target->process.pid);
    if (bytes != FIGURE_UNKNOWN) {
        set(v, VITAL_MEMORY, (double)bytes, 0);
        if (r->memory != FIGURE_UNKNOWN)
            set(v, VITAL_MEMORY_GROWTH,
                per_second((double)r->memory, (double)bytes,
                           v->at_ns - r->memory_ns),
                0);
    }
    r->memory = bytes;
    r->memory_ns = v->at_ns;
}

/* If there was too little time, or the table changed too fast, the next reading
 * will tell. */
static int look_at_processes(struct vitals_reader *r, struct vitals *v)
{
    int err = read_processes(r);
    if (!err)
        set_processes(r, v);
    else
        r->now.whole = false;
    bool hopeless = err == -ENOMEM || err == -E_GONE;
    return hopeless ? err : 0;
}

int vitals_read(struct vitals_reader *r, struct vitals *v)
{
    int err = 0;
    *v = r->last;
    if (r->table && pace_begin(&r->pace)) {
        vitals_unknown(v);
        err = look_at_processes(r, v);
        pace_end(&r->pace);
    }
    v->at_ns = clock_now_ns();
    set_memory(r, v);
    if (err && !process_alive(&r->target->process))
        err = -E_GONE;
    return err;
}
