#include "recorder/span_stacks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "profile/span_name.h"
#include "recorder/span_stacks_parts.h"

#define NONE SPAN_WORKERS_NONE

struct span_stacks_counts span_stacks_counts(const struct span_stacks *s)
{
    return s->counts;
}

size_t span_stacks_count(const struct span_stacks *s)
{
    return s->workers.used;
}

/* --- processes ------------------------------------------------------------ */

static void forget_if_nothing_is_known(struct span_stacks *s,
                                       struct span_worker *w)
{
    if (w->innermost == NONE && !w->works_for && !w->asked && !w->over &&
        !w->expected)
        span_workers_remove(&s->workers, w);
}

/* The open span that a process is in: its own, or one of whom it works for. */
static uint32_t current(const struct span_stacks *s, uint32_t worker)
{
    for (int i = 0; worker != NONE && i < SPAN_STACKS_KIN; i++) {
        const struct span_worker *w = &s->workers.list[worker];
        if (w->innermost != NONE)
            return w->innermost;
        worker =
            w->works_for ? span_workers_find(&s->workers, w->works_for) : NONE;
    }
    return NONE;
}

bool span_stacks_knows(const struct span_stacks *s, uint64_t pid)
{
    return span_workers_find(&s->workers, pid) != NONE;
}

struct span_place span_stacks_at(const struct span_stacks *s, uint64_t pid)
{
    uint32_t worker = span_workers_find(&s->workers, pid),
             at = current(s, worker);
    if (at == NONE)
        return (struct span_place){
            .since_ns = worker == NONE ? 0 : s->workers.list[worker].since_ns};
    return (struct span_place){s->spans[at].span,
                               s->workers.list[worker].since_ns,
                               s->spans[at].verdict};
}

/* --- open spans ----------------------------------------------------------- */

static int new_span(struct span_stacks *s, uint32_t *at)
{
    *at = s->free_span;
    if (*at != NONE) {
        s->free_span = s->spans[*at].outer;
        return 0;
    }
    int err = ARRAY_RESERVE(s->spans, s->span_cap, s->span_count + 1);
    if (!err)
        *at = s->span_count++;
    return err;
}

/* What leads to that open span: `innermost` of its process, or `outer` of the
 * span within it. */
static uint32_t *link_to(struct span_stacks *s, struct span_worker *w,
                         uint32_t upto)
{
    uint32_t *link = &w->innermost;
    while (*link != upto)
        link = &s->spans[*link].outer;
    return link;
}

int span_stacks_close_span(struct span_stacks *s, struct span_worker *w,
                           uint32_t at, uint64_t end_ns, span_stacks_on_end *to,
                           void *ctx)
{
    struct open_span *o = &s->spans[at];
    const struct span_end end = {.pid = w->pid,
                                 .start_ns = o->start_ns,
                                 .end_ns = end_ns,
                                 .span = o->span,
                                 .assumed = o->assumed,
                                 .verdict = o->verdict};
    *link_to(s, w, at) = o->outer;
    w->depth--;
    int err = to ? to(ctx, &end) : 0;
    if (!err && o->decides)
        err = span_held_end(s->config.held, o->verdict, end_ns);
    if (s->config.held)
        span_held_release(s->config.held, o->verdict);
    o->verdict = NULL;
    o->outer = s->free_span;
    s->free_span = at;
    return err;
}

/* The span's node in the trie of the profile. At the deepest level it is that
 * of the span around it. */
static int64_t node_of(struct span_stacks *s, uint32_t around, uint32_t name)
{
    struct profile *p = s->config.profile;
    uint32_t parent = around == NONE ? 0 : s->spans[around].span;
    int64_t id = profile_span(p, parent, profile_text(p, name));
    if (id != -E_LIMIT)
        return id;
    s->counts.merged++;
    return parent;
}

static int judge(struct span_stacks *s, uint32_t around, struct open_span *o)
{
    const struct span_stacks_config *c = &s->config;
    struct span_verdict *v = around == NONE ? NULL : s->spans[around].verdict;
    if (!c->held)
        return 0;
    o->verdict = span_held_share(v);
    if (v ||
        (c->slow_count && !span_name_is_any(profile_text(c->profile, o->name),
                                            c->slow, c->slow_count)))
        return 0;
    o->verdict = span_held_begin(o->start_ns);
    o->decides = o->verdict != NULL;
    return o->decides ? 0 : -ENOMEM;
}

/* What a span is in, if `outer` is the next one of the same process: else one
 * of whom the process works for. */
static uint32_t around_of(const struct span_stacks *s,
                          const struct span_worker *w, uint32_t outer)
{
    if (outer != NONE || !w->works_for)
        return outer;
    return current(s, span_workers_find(&s->workers, w->works_for));
}

static int push(struct span_stacks *s, struct span_worker *w,
                const struct span_change *c)
{
    uint32_t around = around_of(s, w, w->innermost), at;
    int64_t node = node_of(s, around, c->name);
    if (node < 0)
        return (int)node;
    int err = new_span(s, &at);
    if (err)
        return err;
    struct open_span o = {.start_ns = c->time_ns,
                          .order = c->order,
                          .outer = w->innermost,
                          .span = (uint32_t)node,
                          .name = c->name,
                          .number = c->number,
                          .gaps = s->gaps,
                          .assumed = c->assumed};
    err = judge(s, around, &o);
    s->spans[at] = o;
    w->innermost = at;
    w->depth++;
    w->since_ns = c->time_ns;
    return err;
}

/* --- marks ---------------------------------------------------------------- */

static int close_unmatched(struct span_stacks *s, struct span_worker *w,
                           uint32_t at, uint64_t time_ns)
{
    s->counts.unmatched++;
    return span_stacks_close_span(s, w, at, time_ns, NULL, NULL);
}

static uint32_t find_open(const struct span_stacks *s,
                          const struct span_worker *w,
                          const struct span_change *c)
{
    uint32_t at = w->innermost;
    while (at != NONE &&
           (s->spans[at].name != c->name || s->spans[at].number != c->number))
        at = s->spans[at].outer;
    return at;
}

static bool will_end(const struct span_stacks *s, const struct span_worker *w,
                     const struct open_span *o)
{
    const struct span_ahead_mark of = {
        .pid = w->pid, .name = o->name, .number = o->number};
    return span_ahead_ends(&s->ahead, &of);
}

/* Ends what began in a span. Unless it ends `all`, spans whose own end is still
 * to come stay open. A span that was marked before this one did not begin in
 * it, even if this one turned out to have begun earlier. */
static int close_inner(struct span_stacks *s, struct span_worker *w,
                       uint32_t around, uint64_t time_ns, bool all)
{
    int err = 0;
    for (uint32_t at = w->innermost, outer; at != around && !err; at = outer) {
        const struct open_span *o = &s->spans[at];
        outer = o->outer;
        if (o->order > s->spans[around].order && (all || !will_end(s, w, o)))
            err = close_unmatched(s, w, at, time_ns);
    }
    return err;
}

/* What is still open within a span that has ended is from now on in the span
 * around that one. */
static int move_out(struct span_stacks *s, struct span_worker *w, uint32_t upto)
{
    uint32_t inner[SPAN_STACKS_DEPTH], n = 0;
    for (uint32_t at = w->innermost; at != upto; at = s->spans[at].outer)
        inner[n++] = at;
    while (n > 0) {
        struct open_span *o = &s->spans[inner[--n]];
        int64_t node = node_of(s, around_of(s, w, o->outer), o->name);
        if (node < 0)
            return (int)node;
        o->span = (uint32_t)node;
    }
    return 0;
}

/* Is it an earlier span of this kind, whose end was not marked or was lost? */
static bool is_stale(const struct span_stacks *s, const struct open_span *o,
                     const struct span_change *c)
{
    return o->name == c->name &&
           ((!o->number && !c->number) || o->gaps != s->gaps);
}

static int close_stale(struct span_stacks *s, struct span_worker *w,
                       const struct span_change *c)
{
    uint32_t at = w->innermost;
    while (at != NONE && !is_stale(s, &s->spans[at], c))
        at = s->spans[at].outer;
    if (at == NONE)
        return 0;
    int err = close_inner(s, w, at, c->time_ns, true);
    return err ? err : close_unmatched(s, w, at, c->time_ns);
}

/* How many open spans are too deep to be told apart. None after a gap, because
 * the marks of their ends may have been lost there. */
static uint32_t *over(const struct span_stacks *s, struct span_worker *w)
{
    if (w->over_gaps != s->gaps)
        w->over = 0;
    w->over_gaps = s->gaps;
    return &w->over;
}

static struct span_ahead_mark mark_of(const struct span_change *c)
{
    return (struct span_ahead_mark){
        .pid = c->pid, .name = c->name, .number = c->number, .what = c->what};
}

int span_stacks_expect(struct span_stacks *s, const struct span_change *c)
{
    const struct span_ahead_mark mark = mark_of(c);
    struct span_worker *w;
    int err = span_stacks_worker(s, c->pid, &w);
    if (err || !w)
        return err;
    err = span_ahead_put(&s->ahead, &mark);
    if (err)
        return err;
    w->expected++;
    if (c->what == SPAN_START)
        w->begun++;
    else if (c->what != SPAN_CHILD && w->begun == 0)
        return 1;
    else if (c->what != SPAN_CHILD)
        w->begun--;
    return 0;
}

/* The change of a mark came. w may be NULL. */
static void arrived(struct span_stacks *s, struct span_worker *w,
                    const struct span_change *c)
{
    const struct span_ahead_mark mark = mark_of(c);
    if (span_ahead_take(&s->ahead, &mark) && w)
        w->expected -= w->expected > 0;
}

int span_stacks_start(struct span_stacks *s, const struct span_change *c)
{
    struct span_worker *w;
    int err = span_stacks_worker(s, c->pid, &w);
    if (err)
        return err;
    if (!c->assumed) /* of an assumed start, no mark was read */
        arrived(s, w, c);
    err = w ? close_stale(s, w, c) : 0;
    if (err)
        return err;
    if (w && w->depth < SPAN_STACKS_DEPTH)
        return push(s, w, c);
    s->counts.merged++;
    if (w)
        ++*over(s, w);
    return 0;
}

/* What decides whether spans are slow ends with the outermost one that is still
 * open: it is `to` after `from` has ended. */
static void let_decide(struct span_stacks *s, uint32_t from, uint32_t to)
{
    struct open_span *o = &s->spans[from], *inner = &s->spans[to];
    if (o->decides && !s->config.slow_count && inner->verdict == o->verdict) {
        o->decides = false;
        inner->decides = true;
    }
}

static int end_span(struct span_stacks *s, struct span_worker *w, uint32_t at,
                    const struct span_change *c)
{
    uint32_t upto = s->spans[at].outer;
    w->since_ns = c->time_ns;
    int err = close_inner(s, w, at, c->time_ns, false);
    uint32_t within = w->innermost;
    while (within != at && s->spans[within].outer != at)
        within = s->spans[within].outer;
    if (within != at)
        let_decide(s, at, within);
    if (!err)
        err = span_stacks_close_span(s, w, at, c->time_ns, s->config.on_end,
                                     s->config.ctx);
    return err ? err : move_out(s, w, upto);
}

int span_stacks_stop(struct span_stacks *s, const struct span_change *c)
{
    uint32_t worker = span_workers_find(&s->workers, c->pid);
    struct span_worker *w = worker == NONE ? NULL : &s->workers.list[worker];
    arrived(s, w, c);
    uint32_t at = w ? find_open(s, w, c) : NONE;
    int err = 0;
    if (at != NONE)
        err = end_span(s, w, at, c);
    else if (w && *over(s, w)) /* it is one of those that are too deep */
        --*over(s, w);
    else
        s->counts.unmatched++;
    if (w)
        forget_if_nothing_is_known(s, w);
    return err;
}

void span_stacks_gap(struct span_stacks *s)
{
    s->gaps++;
}

int span_stacks_child(struct span_stacks *s, uint64_t pid, uint64_t other)
{
    struct span_worker *w;
    int err = span_stacks_worker(s, pid, &w);
    if (err || !w)
        return err;
    arrived(s, w, &(struct span_change){.pid = pid, .what = SPAN_CHILD});
    if (other && other != pid)
        w->works_for = other;
    w->asked = true;
    return 0;
}
