#include "recorder/live_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/largest.h"
#include "base/random.h"
#include "recorder/own_canary.h"
#include "target/mailbox.h"
#include "target/tablecount.h"

enum {
    READ_MS = 1000, /* for one reading */
    READINGS = 8,   /* of a process that are kept for its rates */
    LARGEST = 8,    /* processes of each column that are read again */
    ASKED = 16,     /* the same of those that others wait for */
};

static const struct pace read_pace = {
    .burst_ns = 50 * NS_PER_MS, .share = 79, .of_cpu = true};

/* The figures of a process at one time. */
struct reading {
    uint64_t at_ns, queue, reductions;
};

struct row {
    struct moment_process shown;
    struct reading readings[READINGS]; /* the oldest first */
    unsigned count;
};

struct live_table {
    struct target_state *target;
    struct pipeline *pipeline;
    struct proctable *table;
    struct own_canary canary; /* left out */
    bool has_canary;          /* in this reading */
    uint64_t span_ns, random;
    struct pace pace;
    bool forgotten;            /* the ids in `rows` are of a former profile */
    struct row *rows, *former; /* of the last two readings, by term */
    size_t count, cap, former_count, former_cap;
    uint64_t read_ns, in_table;
    bool is_part;
};

int live_table_open(struct target_state *target, struct pipeline *pipeline,
                    uint64_t span_ns, struct live_table **out)
{
    struct live_table *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    *t = (struct live_table){.target = target,
                             .canary = {.target = target},
                             .pipeline = pipeline,
                             .span_ns = span_ns,
                             .random =
                                 clock_now_ns() ^ ((uint64_t)getpid() << 32),
                             .pace = read_pace};
    target->until = deadline_in(TARGET_ATTACH_MS, NULL);
    int err = target_state_processes(target, &t->table);
    if (err) {
        live_table_close(t);
        return err;
    }
    *out = t;
    return 0;
}

void live_table_close(struct live_table *t)
{
    if (!t)
        return;
    proctable_close(t->table);
    free(t->rows);
    free(t->former);
    free(t);
}

void live_table_forget(struct live_table *t)
{
    t->forgotten = true;
}

/* --- one process ---------------------------------------------------------- */

static int by_term(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return (x->shown.term > y->shown.term) - (x->shown.term < y->shown.term);
}

static const struct row *former_row(const struct live_table *t, uint64_t term)
{
    const struct row key = {.shown.term = term};
    return t->former_count ? bsearch(&key, t->former, t->former_count,
                                     sizeof(t->former[0]), by_term)
                           : NULL;
}

/* A quarter longer than the span, so that the reading of that time is still
 * there if it was made a little earlier. */
static bool is_old(const struct live_table *t, const struct reading *r,
                   uint64_t now_ns)
{
    return now_ns - r->at_ns > t->span_ns + t->span_ns / 4;
}

static void take_readings(const struct live_table *t, const struct row *former,
                          uint64_t now_ns, struct row *row)
{
    for (unsigned i = 0; i < former->count; i++)
        if (!is_old(t, &former->readings[i], now_ns))
            row->readings[row->count++] = former->readings[i];
}

/* Readings that follow each other quickly are not all kept. */
static void keep_reading(const struct live_table *t, struct row *row,
                         const struct reading *now)
{
    uint64_t last_ns = row->count ? row->readings[row->count - 1].at_ns : 0;
    if (row->count < READINGS && now->at_ns - last_ns >= t->span_ns / 6)
        row->readings[row->count++] = *now;
}

static double rate(uint64_t from, uint64_t to, uint64_t ns)
{
    if (from == FIGURE_UNKNOWN || to == FIGURE_UNKNOWN || ns == 0)
        return NAN;
    return ((double)to - (double)from) * (double)NS_PER_S / (double)ns;
}

static void set_rates(const struct live_table *t, uint64_t now_ns,
                      struct row *row)
{
    struct moment_process *p = &row->shown;
    const struct row *former = former_row(t, p->term);
    const struct reading now = {now_ns, p->queue, p->reductions};
    if (former)
        take_readings(t, former, now_ns, row);
    const struct reading *first = row->count ? &row->readings[0] : &now;
    p->rate_ns = now_ns - first->at_ns;
    p->growth = rate(first->queue, p->queue, p->rate_ns);
    p->speed = rate(first->reductions, p->reductions, p->rate_ns);
    keep_reading(t, row, &now);
}

static uint64_t bytes_of(uint64_t words)
{
    return words == FIGURE_UNKNOWN ? FIGURE_UNKNOWN : 8 * words;
}

static int see(void *table, const struct proctable_process *p)
{
    struct live_table *t = table;
    const struct sample s = proctable_sample(p);
    struct pipeline_doing doing;
    if (own_canary_is(&t->canary, p)) {
        t->has_canary = true;
        return 0;
    }
    int err = pipeline_name(t->pipeline, &s, &doing);
    if (err || doing.process == PROFILE_NONE)
        return err;
    err = ARRAY_RESERVE(t->rows, t->cap, t->count + 1);
    if (err)
        return err;
    struct row *row = &t->rows[t->count++];
    *row =
        (struct row){.shown = {.term = p->id,
                               .process = doing.process,
                               .stack = doing.stack,
                               .state = doing.state,
                               .queue = p->figures.queue,
                               .queue_at_least = p->figures.queue_at_least,
                               .reductions = p->figures.reductions,
                               .memory = bytes_of(p->figures.heap_words),
                               .binaries = bytes_of(p->figures.vheap_words)}};
    set_rates(t, p->read_ns, row);
    return 0;
}

/* --- what their messages take --------------------------------------------- */

/* A long mailbox is followed for a part only. */
static void add_mailbox(const struct live_table *t, uint64_t *left,
                        struct moment_process *p)
{
    enum { EACH = 2000 };
    const struct target_state *n = t->target;
    struct mailbox b = {.at_least = true};
    uint64_t most = *left < EACH ? *left : EACH;
    if (most == 0 ||
        mailbox_read(&n->layout, &n->memory, proctable_places(t->table),
                     p->term, most, &b) != 0)
        b = (struct mailbox){.at_least = true};
    *left -= b.messages;
    p->memory += mailbox_bytes(&b, p->queue);
    p->memory_at_least = b.at_least;
}

static void add_mailboxes(struct live_table *t)
{
    uint64_t left = 20000; /* messages; that takes about 10 ms */
    for (size_t i = 0; i < t->count; i++) {
        struct moment_process *p = &t->rows[i].shown;
        if (p->memory != FIGURE_UNKNOWN && p->queue != FIGURE_UNKNOWN &&
            p->queue > 0)
            add_mailbox(t, &left, p);
    }
}

/* --- those that matter ---------------------------------------------------- */

struct picks {
    uint64_t pids[PROCTABLE_PICKED];
    size_t count;
};

static void pick(struct picks *p, uint64_t pid)
{
    size_t i = 0;
    while (i < p->count && p->pids[i] != pid)
        i++;
    if (pid && i == p->count && i < PROCTABLE_PICKED)
        p->pids[p->count++] = pid;
}

/* 0: not worth reading again. Of a speed, less than 1 per second is not. */
static uint64_t weight(const struct moment_process *p,
                       enum moment_column column)
{
    uint64_t value = column == MOMENT_MAILBOX    ? p->queue
                     : column == MOMENT_MEMORY   ? p->memory
                     : column == MOMENT_BINARIES ? p->binaries
                                                 : 0;
    if (column == MOMENT_REDUCTIONS)
        return p->speed > 0 ? (uint64_t)p->speed : 0; /* it may be NAN */
    return value == FIGURE_UNKNOWN ? 0 : value;
}

static void pick_largest(const struct live_table *t, enum moment_column column,
                         struct picks *picks)
{
    struct largest list;
    largest_init(&list, LARGEST);
    for (size_t i = 0; i < t->count; i++) {
        const struct moment_process *p = &t->rows[i].shown;
        largest_add(&list, &(struct largest_row){.key = weight(p, column),
                                                 .id = p->term});
    }
    largest_sort(&list);
    for (uint32_t i = 0; i < list.count; i++)
        pick(picks, list.rows[i].id);
}

static void pick_all(const struct live_table *t, const uint64_t *pids,
                     size_t count, struct picks *picks)
{
    static const enum moment_column columns[] = {
        MOMENT_MAILBOX, MOMENT_MEMORY, MOMENT_BINARIES, MOMENT_REDUCTIONS};
    const uint64_t *asked;
    size_t asked_count = pipeline_watched(t->pipeline, &asked);
    for (size_t i = 0; i < count && i < LARGEST + ASKED; i++)
        pick(picks, pids[i]);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        pick_largest(t, columns[i], picks);
    for (size_t i = 0; i < asked_count && i < ASKED; i++)
        pick(picks, asked[i]);
}

/* --- one reading ---------------------------------------------------------- */

static void swap_rows(struct live_table *t)
{
    struct row *rows = t->former;
    size_t cap = t->former_cap;
    t->former = t->rows;
    t->former_count = t->count;
    t->former_cap = t->cap;
    t->rows = rows;
    t->count = 0;
    t->cap = cap;
}

/* By the VM's counter; if that is not known, the slots that are in use. */
static uint64_t in_table(const struct live_table *t, uint64_t slots)
{
    const struct target_state *n = t->target;
    struct tablecount now;
    uint64_t count = tablecount_read(&n->layout, &n->memory, &now) == 0
                         ? now.processes
                         : slots;
    return count - (count > 0 && t->has_canary);
}

static int read_chosen(struct live_table *t, const struct picks *picks)
{
    const struct proctable_choice choice = {.most = LIVE_TABLE_MOST,
                                            .random = &t->random,
                                            .pids = picks->pids,
                                            .pid_count = picks->count};
    struct proctable_counts counts;
    struct proctable_part part;
    t->target->until = deadline_in(READ_MS, NULL);
    swap_rows(t);
    t->has_canary = false;
    int err = proctable_read_part(t->table, &choice, see, t, &counts, &part);
    t->in_table = in_table(t, part.others + part.picked);
    t->is_part = part.others > part.chosen || part.chosen < part.wanted;
    t->read_ns = clock_now_ns();
    t->forgotten = false;
    add_mailboxes(t);
    qsort(t->rows, t->count, sizeof(t->rows[0]), by_term);
    return err;
}

int live_table_read(struct live_table *t, const uint64_t *pids, size_t count)
{
    struct picks picks = {.count = 0};
    bool is_time = pace_begin(&t->pace);
    if (!is_time && !t->forgotten)
        return 0;
    pick_all(t, pids, count, &picks);
    int err = read_chosen(t, &picks);
    if (is_time)
        pace_end(&t->pace);
    return err == -E_TIME || err == -EINTR ? 0 : err;
}

int live_table_put(const struct live_table *t, struct moment *m)
{
    size_t count = t->forgotten ? 0 : t->count;
    m->processes = malloc((count + 1) * sizeof(*m->processes));
    if (!m->processes)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct moment_process *p = &t->rows[i].shown;
        m->processes[m->process_count++] = *p;
        m->has_queues |= p->queue != FIGURE_UNKNOWN;
        m->queue_sum += p->queue == FIGURE_UNKNOWN ? 0 : p->queue;
    }
    m->in_table = t->in_table;
    m->is_part = t->is_part;
    m->age_ns = t->read_ns ? clock_now_ns() - t->read_ns : 0;
    return 0;
}
