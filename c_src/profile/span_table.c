#include "profile/span_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/intern.h"
#include "profile/span_times.h"

#define NO_ROW UINT32_MAX

/* Time that was spent in a span, with the same leaf frame. */
struct wait {
    uint32_t row, function;
    uint64_t ns;
};

struct work {
    const struct profile *p;
    struct span_table *t;
    uint32_t *row_of; /* by span; NO_ROW: a span around it has its name, and so
                         counts for it */
    struct intern waits;             /* struct wait */
    struct span_duration *durations; /* their `span` is a row */
};

/* --- rows ----------------------------------------------------------------- */

static bool is_within_its_like(const struct profile *p, uint32_t span)
{
    uint32_t name = profile_span_at(p, span)->name;
    while ((span = profile_span_at(p, span)->parent))
        if (profile_span_at(p, span)->name == name)
            return true;
    return false;
}

/* @param by_name  by string: row + 1; 0: none */
static uint32_t row_of_name(struct span_table *t, uint32_t *by_name,
                            uint32_t name)
{
    if (!by_name[name]) {
        t->rows[t->count] = (struct span_row){.name = name};
        by_name[name] = (uint32_t)++t->count;
    }
    return by_name[name] - 1;
}

static int make_rows(struct work *w)
{
    const struct profile *p = w->p;
    size_t n = profile_span_count(p);
    uint32_t *by_name = calloc(profile_string_count(p), sizeof(*by_name));
    w->row_of = calloc(n, sizeof(*w->row_of));
    w->t->rows = calloc(n, sizeof(*w->t->rows));
    if (!by_name || !w->row_of || !w->t->rows) {
        free(by_name);
        return -ENOMEM;
    }
    w->row_of[0] = NO_ROW;
    for (uint32_t i = 1; i < n; i++)
        w->row_of[i] =
            is_within_its_like(p, i)
                ? NO_ROW
                : row_of_name(w->t, by_name, profile_span_at(p, i)->name);
    free(by_name);
    return 0;
}

/* --- durations ------------------------------------------------------------ */

/* The n durations are those of one row, the shortest first. */
static uint64_t quantile(const struct span_duration *d, size_t n, double part)
{
    uint64_t all = 0, upto = 0;
    for (size_t i = 0; i < n; i++)
        add_capped(&all, d[i].count);
    for (size_t i = 0; i < n; i++) {
        add_capped(&upto, d[i].count);
        if ((double)upto >= part * (double)all)
            return span_times_middle(d[i].bucket);
    }
    return 0;
}

static void set_quantiles(const struct work *w, size_t n)
{
    for (size_t from = 0, to; from < n; from = to) {
        const struct span_duration *d = &w->durations[from];
        struct span_row *row = &w->t->rows[d->span];
        for (to = from; to < n && w->durations[to].span == d->span; to++)
            ;
        row->p50_ns = quantile(d, to - from, 0.5);
        row->p95_ns = quantile(d, to - from, 0.95);
        row->p99_ns = quantile(d, to - from, 0.99);
    }
}

static int add_times(struct work *w)
{
    const struct span_times *times = profile_span_times(w->p);
    const struct span_total *totals = times->totals.rows;
    const struct span_duration *all = times->durations.rows;
    size_t n = 0;
    w->durations = malloc((times->durations.len + 1) * sizeof(*w->durations));
    if (!w->durations)
        return -ENOMEM;
    for (uint32_t i = 0; i < times->totals.len; i++) {
        uint32_t at = w->row_of[totals[i].span];
        if (at == NO_ROW)
            continue;
        add_capped(&w->t->rows[at].ended, totals[i].ended);
        add_capped(&w->t->rows[at].took_ns, totals[i].ns);
        add_capped(&w->t->rows[at].cut, totals[i].cut);
    }
    for (uint32_t i = 0; i < times->durations.len; i++)
        if (w->row_of[all[i].span] != NO_ROW)
            w->durations[n++] = (struct span_duration){
                w->row_of[all[i].span], all[i].bucket, all[i].count};
    qsort(w->durations, n, sizeof(*w->durations), span_times_compare);
    set_quantiles(w, n);
    return 0;
}

/* --- samples -------------------------------------------------------------- */

static void add_cpu(const struct work *w, const struct profile *p, size_t i)
{
    uint64_t ns = profile_value(p, i, profile_find_value(p, VALUE_CPU));
    uint32_t innermost = profile_sample_at(p, i)->span, span = innermost;
    add_capped(&w->t->cpu_ns, ns);
    if (!span)
        return;
    add_capped(&w->t->cpu_in_spans_ns, ns);
    for (; span; span = profile_span_at(p, span)->parent)
        if (w->row_of[span] != NO_ROW)
            add_capped(&w->t->rows[w->row_of[span]].cpu_ns, ns);
    /* The outermost of its name, if it is within one of them. */
    uint32_t name = profile_span_at(p, innermost)->name;
    for (span = innermost; span; span = profile_span_at(p, span)->parent)
        if (profile_span_at(p, span)->name == name && w->row_of[span] != NO_ROW)
            add_capped(&w->t->rows[w->row_of[span]].own_cpu_ns, ns);
}

static uint64_t *time_in(struct span_row *row, enum sample_state state)
{
    switch (state) {
    case STATE_RUNNING:
    case STATE_GC:
    case STATE_DIRTY_CPU:
    case STATE_DIRTY_IO:
        return &row->running_ns;
    case STATE_RUNNABLE:
        return &row->runnable_ns;
    case STATE_BLOCKED:
    case STATE_WAITING:
        return &row->waiting_ns;
    default:
        return &row->rest_ns;
    }
}

static int add_wait(struct work *w, uint32_t row, uint32_t function,
                    uint64_t ns)
{
    int64_t id = intern_row(&w->waits, &(struct wait){row, function, 0});
    if (id < 0)
        return (int)id;
    add_capped(&((struct wait *)w->waits.rows)[id].ns, ns);
    return 0;
}

static int add_wall(struct work *w, const struct profile *p, size_t i)
{
    const struct profile_sample *s = profile_sample_at(p, i);
    bool waits = s->state == STATE_BLOCKED || s->state == STATE_WAITING;
    uint64_t ns = profile_weight(p, i);
    int err = 0;
    for (uint32_t span = s->span; span && !err;
         span = profile_span_at(p, span)->parent) {
        uint32_t at = w->row_of[span];
        if (at == NO_ROW)
            continue;
        add_capped(time_in(&w->t->rows[at], s->state), ns);
        if (waits && s->stack != PROFILE_NONE)
            err = add_wait(w, at, profile_stack_function(p, s->stack), ns);
    }
    return err;
}

/* The weight of a sample, to a figure of the rows of its spans.
 * @param at  offset of the figure in struct span_row */
static void add_weight(const struct work *w, const struct profile *p, size_t i,
                       size_t at)
{
    uint32_t span = profile_sample_at(p, i)->span;
    for (; span; span = profile_span_at(p, span)->parent)
        if (w->row_of[span] != NO_ROW)
            add_capped((uint64_t *)((char *)&w->t->rows[w->row_of[span]] + at),
                       profile_weight(p, i));
}

static int add_samples(struct work *w, const struct profile *p)
{
    int err = 0;
    for (size_t i = 0; i < profile_sample_count(p) && !err; i++) {
        if (!profile_counts(p, profile_sample_at(p, i)->state))
            continue;
        switch (profile_event(p)) {
        case EVENT_CPU:
            add_cpu(w, p, i);
            break;
        case EVENT_WALL:
            err = add_wall(w, p, i);
            break;
        case EVENT_BLOCK:
            add_weight(w, p, i, offsetof(struct span_row, blocked_ns));
            break;
        case EVENT_ALLOC:
            add_weight(w, p, i, offsetof(struct span_row, allocated));
            break;
        case EVENT_COUNT:
            break;
        }
    }
    return err;
}

static void keep_waits(const struct work *w)
{
    const struct wait *all = w->waits.rows;
    for (uint32_t i = 0; i < w->waits.len; i++) {
        struct span_row *row = &w->t->rows[all[i].row];
        longest_keep(row->waits, &row->wait_count, SPAN_WAITS, all[i].function,
                     all[i].ns);
    }
}

/* --- the order ------------------------------------------------------------ */

static uint64_t process_ns(const struct span_row *row)
{
    uint64_t sum = row->running_ns;
    add_capped(&sum, row->runnable_ns);
    add_capped(&sum, row->waiting_ns);
    add_capped(&sum, row->rest_ns);
    return sum;
}

static int by_size(const void *a, const void *b, void *profile)
{
    const struct span_row *x = a, *y = b;
    const uint64_t of[][2] = {{x->cpu_ns, y->cpu_ns},
                              {process_ns(x), process_ns(y)},
                              {x->blocked_ns, y->blocked_ns},
                              {x->allocated, y->allocated},
                              {x->took_ns, y->took_ns}};
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
        if (of[i][0] != of[i][1])
            return of[i][0] > of[i][1] ? -1 : 1;
    return strcmp(profile_text(profile, x->name),
                  profile_text(profile, y->name));
}

/* Spans that were over when the recording began have nothing but a name. */
static bool is_empty(const struct span_row *row)
{
    return !row->ended && !row->cut && !row->cpu_ns && !process_ns(row) &&
           !row->blocked_ns && !row->allocated;
}

static void sort_rows(struct span_table *t, const struct profile *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (!is_empty(&t->rows[i]))
            t->rows[kept++] = t->rows[i];
    t->count = kept;
    qsort_r(t->rows, kept, sizeof(*t->rows), by_size, (void *)p);
}

int span_table_compute(const struct profile *p, struct span_table *out)
{
    struct span_table t = {.events = profile_events(p)};
    struct work w = {.p = p, .t = &t};
    intern_init(&w.waits, sizeof(struct wait), offsetof(struct wait, ns));
    int err = make_rows(&w);
    if (!err)
        err = add_times(&w);
    for (const struct profile *at = p; at && !err; at = profile_next(at))
        err = add_samples(&w, at);
    if (!err) {
        keep_waits(&w);
        sort_rows(&t, p);
        *out = t;
    } else {
        span_table_deinit(&t);
    }
    intern_deinit(&w.waits);
    free(w.row_of);
    free(w.durations);
    return err;
}

void span_table_deinit(struct span_table *t)
{
    free(t->rows);
    *t = (struct span_table){.rows = NULL};
}
