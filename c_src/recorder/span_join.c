#include "recorder/span_join.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "profile/filter.h"
#include "profile/span_times.h"
#include "recorder/span_kin.h"
#include "recorder/span_marks.h"
#include "recorder/span_queue.h"
#include "recorder/span_stacks.h"
#include "recorder/span_workers.h"

enum {
    MOST_MARKS = 1 << 17,   /* that wait: 6 MB */
    MOST_SAMPLES = 1 << 16, /* 12 MB */
    ADDS = 64,              /* samples, until the clock is looked at */
    KIN = 4,                /* steps from a process to whom it works for */
};

/* The page holds 0.6 s of the most marks that are likely. */
#define READ_PAUSE_NS (20 * NS_PER_MS)
#define LOOK_PAUSE_NS (200 * NS_PER_MS)

struct span_join {
    struct span_join_config config;
    struct span_stacks *stacks;
    struct span_held *held; /* NULL: all spans count */
    struct span_kin *kin;
    struct span_marks marks;
    struct span_queue samples;
    uint64_t started_ns;
    uint64_t read_ns, looked_ns; /* when that was last done */
    uint64_t known_ns;           /* times up to this one have left the queues */
    uint64_t late[EVENT_COUNT];
    /* What was counted in marks that were made before the recording began. */
    struct span_stacks_counts before;
    unsigned adds;
    bool is_used; /* the node has a page */
};

/* --- what is known in the end --------------------------------------------- */

/* How much of a span was recorded. The duration is not known of one that is
 * NOT_WHOLE. */
enum { WHOLE, BEGAN_BEFORE, NOT_WHOLE };

static int count_span(struct span_join *j, const struct span_item *item)
{
    struct span_times *t = profile_span_times_edit(j->config.profile);
    const struct span_total cut = {.span = item->row.span, .cut = 1};
    int err = 0;
    if (item->values[1] != NOT_WHOLE)
        err = span_times_ended(t, item->row.span, item->values[0]);
    return err || item->values[1] == WHOLE ? err : span_times_add(t, &cut);
}

static int keep(void *ctx, const struct span_item *item)
{
    struct span_join *j = ctx;
    return item->event == EVENT_COUNT ? count_span(j, item)
                                      : j->config.count(j->config.ctx, item);
}

static int settle(struct span_join *j, struct span_verdict *verdict,
                  const struct span_item *item)
{
    return j->held ? span_held_add(j->held, verdict, item) : keep(j, item);
}

static int settle_span(struct span_join *j, const struct span_end *end,
                       uint64_t how)
{
    const struct span_item item = {
        .order = {.time_ns = end->end_ns},
        .pid = end->pid,
        .event = EVENT_COUNT,
        .row = {.span = end->span},
        .values = {end->end_ns > end->start_ns ? end->end_ns - end->start_ns
                                               : 0,
                   how},
    };
    return settle(j, end->verdict, &item);
}

static int on_end(void *ctx, const struct span_end *end)
{
    struct span_join *j = ctx;
    if (j->config.ended)
        return j->config.ended(j->config.ended_ctx, end);
    if (end->end_ns < j->started_ns)
        return 0;
    return settle_span(j, end,
                       end->assumed                    ? NOT_WHOLE
                       : end->start_ns < j->started_ns ? BEGAN_BEFORE
                                                       : WHOLE);
}

static int on_cut(void *ctx, const struct span_end *end)
{
    struct span_join *j = ctx;
    struct span_end cut = *end;
    cut.assumed = true;
    return j->config.ended ? j->config.ended(j->config.ended_ctx, &cut)
                           : settle_span(j, &cut, NOT_WHOLE);
}

/* --- life ----------------------------------------------------------------- */

static struct span_change change_of(const struct span_marked *m)
{
    return (struct span_change){.pid = m->pid,
                                .time_ns = m->order.time_ns,
                                .order = m->order.number,
                                .name = m->name,
                                .number = m->number,
                                .what = (enum span_what)m->what,
                                .assumed = m->assumed};
}

static int expect(void *ctx, const struct span_marked *mark)
{
    struct span_join *j = ctx;
    const struct span_change change = change_of(mark);
    return span_stacks_expect(j->stacks, &change);
}

static int open_parts(struct span_join *j)
{
    const struct span_join_config *c = &j->config;
    int err = span_marks_open(&j->marks, c->target, c->profile);
    j->marks.seen = expect;
    j->marks.ctx = j;
    if (!err)
        err = span_kin_open(c->target, &j->kin);
    if (!err && c->choice.slower_than_ns)
        err = span_held_open(c->choice.slower_than_ns, keep, j, &j->held);
    if (err)
        return err;
    const struct span_stacks_config stacks = {
        .profile = c->profile,
        .held = j->held,
        .slow = c->choice.spans,
        .slow_count = c->choice.span_count,
        .on_end = on_end,
        .ctx = j,
    };
    return span_stacks_open(&stacks, &j->stacks);
}

static int look_for_page(struct span_join *j)
{
    int there = span_marks_look(&j->marks);
    j->is_used = there > 0;
    return there < 0 ? there : 0;
}

int span_join_open(const struct span_join_config *config,
                   struct span_join **out)
{
    struct span_join *j = calloc(1, sizeof(*j));
    if (!j)
        return -ENOMEM;
    j->config = *config;
    span_queue_init(&j->samples, sizeof(struct span_item));
    int err = open_parts(j);
    if (!err)
        err = look_for_page(j);
    if (err)
        span_join_close(j);
    else
        *out = j;
    return err;
}

void span_join_close(struct span_join *j)
{
    if (!j)
        return;
    span_stacks_close(j->stacks);
    span_held_close(j->held);
    span_kin_close(j->kin);
    span_marks_close(&j->marks);
    span_queue_deinit(&j->samples);
    free(j);
}

void span_join_begin(struct span_join *j, uint64_t started_ns)
{
    j->started_ns = started_ns;
}

/* --- the order of times --------------------------------------------------- */

static int apply(struct span_join *j, const struct span_marked *m)
{
    const struct span_change change = change_of(m);
    switch (m->what) {
    case SPAN_MARKS_GAP:
        span_stacks_gap(j->stacks);
        return 0;
    case SPAN_MARKS_ANEW:
        return span_stacks_finish(j->stacks, m->order.time_ns, on_cut, j);
    case SPAN_START:
        return span_stacks_start(j->stacks, &change);
    case SPAN_STOP:
    case SPAN_EXCEPTION:
        return span_stacks_stop(j->stacks, &change);
    case SPAN_CHILD:
        return span_stacks_child(j->stacks, m->pid, m->other);
    }
    return 0;
}

/* A sample may come after marks of a later time. Then it is in the span where
 * its process is now, if the process has been there since the sample's time. */
static int join(struct span_join *j, const struct span_item *sample)
{
    struct span_item item = *sample;
    struct span_place at = {.span = 0};
    if (item.pid)
        at = span_stacks_at(j->stacks, item.pid);
    if (item.order.time_ns < j->known_ns && at.since_ns > item.order.time_ns) {
        at = (struct span_place){.span = 0};
        j->late[item.event]++;
    }
    item.row.span = at.span;
    return settle(j, at.verdict, &item);
}

/* Takes the first of both queues, a mark before a sample of the same time. */
static int leave(struct span_join *j, const struct span_order *mark,
                 const struct span_order *sample)
{
    bool is_mark = mark && (!sample || mark->time_ns <= sample->time_ns);
    uint64_t time_ns = is_mark ? mark->time_ns : sample->time_ns;
    int err = is_mark ? apply(j, (const struct span_marked *)mark)
                      : join(j, (const struct span_item *)sample);
    span_queue_drop(is_mark ? &j->marks.queue : &j->samples);
    if (time_ns > j->known_ns)
        j->known_ns = time_ns;
    if (j->known_ns < j->started_ns)
        j->before = span_stacks_counts(j->stacks);
    return err;
}

static bool is_full(const struct span_join *j)
{
    return span_queue_count(&j->marks.queue) > MOST_MARKS ||
           span_queue_count(&j->samples) > MOST_SAMPLES;
}

static int sweep(struct span_join *j, uint64_t until_ns)
{
    int err = 0;
    while (!err) {
        const struct span_order *mark = span_queue_first(&j->marks.queue);
        const struct span_order *sample = span_queue_first(&j->samples);
        bool due = (mark && mark->time_ns <= until_ns) ||
                   (sample && sample->time_ns <= until_ns);
        if (!due && !((mark || sample) && is_full(j)))
            return 0;
        err = leave(j, mark, sample);
    }
    return err;
}

/* --- steps ---------------------------------------------------------------- */

static int look(struct span_join *j, uint64_t now_ns)
{
    if (now_ns - j->looked_ns < LOOK_PAUSE_NS)
        return 0;
    j->looked_ns = now_ns;
    int err = look_for_page(j);
    return err || !j->is_used ? err
                              : span_stacks_look(j->stacks, now_ns, j->known_ns,
                                                 span_kin_lives, j->kin);
}

int span_join_step(struct span_join *j)
{
    uint64_t now_ns = clock_now_ns();
    int err = look(j, now_ns);
    if (err || !j->is_used || now_ns - j->read_ns < READ_PAUSE_NS)
        return err;
    j->read_ns = now_ns;
    err = span_marks_read(&j->marks, now_ns);
    return err ? err
               : sweep(j, now_ns > SPAN_JOIN_HOLD_NS
                              ? now_ns - SPAN_JOIN_HOLD_NS
                              : 0);
}

/* Reads for whom a process works, if nothing is known of it, and for whom that
 * process works, and so on. */
static int meet(struct span_join *j, enum event event, uint64_t pid)
{
    int err = 0;
    for (int i = 0; i < KIN && pid && !err; i++) {
        uint64_t works_for;
        if (span_stacks_knows(j->stacks, pid) ||
            span_stacks_count(j->stacks) > SPAN_WORKERS_MAX / 4 * 3 ||
            !span_kin_of(j->kin, event, pid, &works_for))
            return 0;
        err = span_stacks_child(j->stacks, pid, works_for);
        pid = works_for;
    }
    return err;
}

int span_join_add(struct span_join *j, struct span_item *item)
{
    int err = 0;
    if (++j->adds % ADDS == 0)
        err = span_join_step(j);
    item->row.span = 0;
    if (err || !j->is_used || !item->pid)
        return err ? err : settle(j, NULL, item);
    if (span_page_counts(j->marks.reader).marks > 0 &&
        item->row.state != STATE_IDLE)
        err = meet(j, item->event, item->pid);
    return err ? err : span_queue_put(&j->samples, &item->order);
}

/* --- the end -------------------------------------------------------------- */

void span_join_tell(const struct span_join *j)
{
    const struct span_reader_counts page = span_page_counts(j->marks.reader);
    const struct span_stacks_counts stacks = span_stacks_counts(j->stacks);
    for (struct profile *p = j->config.profile; p; p = profile_next_edit(p)) {
        struct profile_counters *c = profile_counters_edit(p);
        enum event event = profile_event(p);
        c->span_marks = page.marks;
        c->span_marks_lost = page.lost;
        c->span_unmatched = stacks.unmatched - j->before.unmatched;
        c->span_merged = stacks.merged - j->before.merged + page.refused;
        c->span_died = stacks.died - j->before.died;
        c->span_late = j->late[event];
        if (!j->held)
            continue;
        c->span_late += span_held_dropped(j->held, event);
        c->span_left_out = span_held_left_out(j->held, event);
    }
}

/* Worded as the note of a filter, which says that a part is left out. */
static int note_choice(const struct span_join *j)
{
    char line[200];
    double ms = (double)j->config.choice.slower_than_ns / 1e6;
    int err = 0;
    for (struct profile *p = j->config.profile; p && !err && j->held;
         p = profile_next_edit(p)) {
        snprintf(line, sizeof(line),
                 FILTER_NOTE " --slower-than %gms; %" PRIu64
                             " other samples were left out%s",
                 ms, profile_counters(p)->span_left_out,
                 j->is_used ? ""
                            : "; the node marked no spans "
                              "(docs/spans.md)");
        err = profile_note(p, line);
    }
    return err;
}

int span_join_settle(struct span_join *j)
{
    int err = j->is_used ? span_marks_read(&j->marks, clock_now_ns()) : 0;
    return err ? err : sweep(j, UINT64_MAX);
}

int span_join_each(const struct span_join *j, span_stacks_on_end *each,
                   void *ctx)
{
    return span_stacks_each(j->stacks, clock_now_ns(), each, ctx);
}

int span_join_renew(struct span_join *j, struct profile *fresh)
{
    int err = span_stacks_renew(j->stacks, fresh);
    span_marks_renew(&j->marks, fresh);
    j->config.profile = fresh;
    return err;
}

int span_join_finish(struct span_join *j)
{
    int err = j->is_used ? span_marks_read_last(&j->marks, clock_now_ns()) : 0;
    if (!err)
        err = sweep(j, UINT64_MAX);
    if (!err)
        err = span_stacks_finish(j->stacks, clock_now_ns(), on_cut, j);
    span_join_tell(j);
    return err ? err : note_choice(j);
}
