/* What is open: of processes that end, at the end of the recording, and when it
 * goes on with another profile. */
#include "recorder/span_stacks_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "profile/span_copy.h"

#define NONE SPAN_WORKERS_NONE

enum { LOOK_AT = 2048, LOOK_LEAST = 64 };

/* Forgets some of the processes of which it is only known whether they work for
 * another one: that can be asked again. */
static bool make_room(struct span_stacks *s)
{
    bool any = false;
    for (int i = 0; i < LOOK_LEAST; i++) {
        s->room_cursor = (s->room_cursor + 1) % s->workers.count;
        struct span_worker *w = &s->workers.list[s->room_cursor];
        if (!w->pid || w->innermost != NONE || w->over || w->expected)
            continue;
        span_workers_remove(&s->workers, w);
        any = true;
    }
    return any;
}

int span_stacks_worker(struct span_stacks *s, uint64_t pid,
                       struct span_worker **out)
{
    int err = span_workers_get(&s->workers, pid, out);
    if (err || *out || !make_room(s))
        return err;
    return span_workers_get(&s->workers, pid, out);
}

static int close_all(struct span_stacks *s, struct span_worker *w,
                     uint64_t end_ns, span_stacks_on_end *to, void *ctx)
{
    int err = 0;
    while (w->innermost != NONE && !err)
        err = span_stacks_close_span(s, w, w->innermost, end_ns, to, ctx);
    return err;
}

static int bury(struct span_stacks *s, struct span_worker *w)
{
    s->counts.died += w->depth + w->over;
    int err = close_all(s, w, w->gone_ns, NULL, NULL);
    span_workers_remove(&s->workers, w);
    return err;
}

/* Chooses a part of the table at each look, so that all of it has had its turn
 * within a few seconds. Processes whose time is over are removed. */
static size_t choose(struct span_stacks *s, uint64_t known_ns,
                     uint64_t pids[LOOK_AT], int *err)
{
    size_t n = 0, most = LOOK_LEAST + s->workers.count / 32;
    *err = 0;
    for (size_t i = 0; i < most && n < LOOK_AT && i < s->workers.count && !*err;
         i++) {
        s->cursor = (s->cursor + 1) % s->workers.count;
        struct span_worker *w = &s->workers.list[s->cursor];
        if (w->pid && w->gone_ns && w->gone_ns <= known_ns)
            *err = bury(s, w);
        else if (w->pid && !w->gone_ns)
            pids[n++] = w->pid;
    }
    return n;
}

int span_stacks_look(struct span_stacks *s, uint64_t now_ns, uint64_t known_ns,
                     span_stacks_lives *lives, void *ctx)
{
    uint64_t pids[LOOK_AT] = {0};
    bool alive[LOOK_AT];
    int err;
    size_t n = choose(s, known_ns, pids, &err);
    lives(ctx, pids, n, alive);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = span_workers_find(&s->workers, pids[i]);
        if (!alive[i] && at != NONE)
            s->workers.list[at].gone_ns = now_ns;
    }
    return err;
}

int span_stacks_finish(struct span_stacks *s, uint64_t end_ns,
                       span_stacks_on_end *cut, void *ctx)
{
    int err = 0;
    for (uint32_t i = 0; i < s->workers.count && !err; i++) {
        struct span_worker *w = &s->workers.list[i];
        if (!w->pid)
            continue;
        if (w->gone_ns)
            err = bury(s, w);
        else
            err = close_all(s, w, end_ns, cut, ctx);
        w->over = 0; /* no end of these will be marked either */
    }
    return err;
}

/* Calls `each` for each span that is open. */
static int walk(const struct span_stacks *s,
                int (*each)(void *ctx, uint64_t pid, struct open_span *o),
                void *ctx)
{
    int err = 0;
    for (uint32_t i = 0; i < s->workers.count && !err; i++) {
        const struct span_worker *w = &s->workers.list[i];
        uint32_t at = w->pid ? w->innermost : NONE;
        for (; at != NONE && !err; at = s->spans[at].outer)
            err = each(ctx, w->pid, &s->spans[at]);
    }
    return err;
}

struct telling {
    uint64_t now_ns;
    span_stacks_on_end *to;
    void *ctx;
};

static int tell(void *ctx, uint64_t pid, struct open_span *o)
{
    const struct telling *t = ctx;
    const struct span_end end = {.pid = pid,
                                 .start_ns = o->start_ns,
                                 .end_ns = t->now_ns,
                                 .span = o->span,
                                 .assumed = o->assumed,
                                 .verdict = o->verdict};
    return t->to(t->ctx, &end);
}

int span_stacks_each(const struct span_stacks *s, uint64_t now_ns,
                     span_stacks_on_end *each, void *ctx)
{
    struct telling t = {now_ns, each, ctx};
    return walk(s, tell, &t);
}

struct renewal {
    const struct profile *from;
    struct profile *to;
    bool *kept;
    uint32_t *ids;
};

/* With the spans around it, also those of other processes. */
static int keep(void *ctx, uint64_t pid, struct open_span *o)
{
    const struct renewal *r = ctx;
    (void)pid;
    for (uint32_t i = o->span; i != 0; i = profile_span_at(r->from, i)->parent)
        r->kept[i] = true;
    return 0;
}

static int rename_span(void *ctx, uint64_t pid, struct open_span *o)
{
    const struct renewal *r = ctx;
    (void)pid;
    int64_t name = profile_string(r->to, profile_text(r->from, o->name));
    if (name < 0)
        return (int)name;
    o->name = (uint32_t)name;
    o->span = r->ids[o->span];
    return 0;
}

int span_stacks_renew(struct span_stacks *s, struct profile *fresh)
{
    struct renewal r = {.from = s->config.profile, .to = fresh};
    size_t spans = profile_span_count(r.from);
    r.kept = calloc(spans, sizeof(*r.kept));
    r.ids = calloc(spans, sizeof(*r.ids));
    int err = r.kept && r.ids ? walk(s, keep, &r) : -ENOMEM;
    if (!err)
        err = span_copy(r.from, fresh, r.kept, r.ids);
    if (!err)
        err = walk(s, rename_span, &r);
    free(r.kept);
    free(r.ids);
    s->config.profile = fresh;
    return err;
}

int span_stacks_open(const struct span_stacks_config *config,
                     struct span_stacks **out)
{
    struct span_stacks *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->config = *config;
    s->free_span = NONE;
    span_workers_init(&s->workers);
    *out = s;
    return 0;
}

void span_stacks_close(struct span_stacks *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->workers.count && s->config.held; i++) {
        const struct span_worker *w = &s->workers.list[i];
        uint32_t at = w->pid ? w->innermost : NONE;
        for (; at != NONE; at = s->spans[at].outer)
            span_held_release(s->config.held, s->spans[at].verdict);
    }
    span_workers_deinit(&s->workers);
    span_ahead_deinit(&s->ahead);
    free(s->spans);
    free(s);
}
