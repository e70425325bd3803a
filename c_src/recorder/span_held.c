#include "recorder/span_held.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

/* 12 MB and more: a busy machine with 64 CPUs, at 99 Hz, for 10 s. */
enum { HELD_MAX = 1 << 16 };
#define NONE UINT32_MAX

enum decision { OPEN, SLOW, FAST };

struct span_verdict {
    uint64_t start_ns;
    enum decision is;
    uint32_t users;
    uint32_t first; /* of the places that it holds */
};

struct place {
    struct span_item item;
    uint32_t next; /* of the same verdict, or free */
};

struct span_held {
    uint64_t slower_than_ns;
    span_held_keep *keep;
    void *ctx;
    struct place *places;
    uint32_t count, cap, free;
    uint64_t left_out[EVENT_COUNT + 1], dropped[EVENT_COUNT + 1];
};

int span_held_open(uint64_t slower_than_ns, span_held_keep *keep, void *ctx,
                   struct span_held **out)
{
    struct span_held *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->slower_than_ns = slower_than_ns;
    h->keep = keep;
    h->ctx = ctx;
    h->free = NONE;
    *out = h;
    return 0;
}

void span_held_close(struct span_held *h)
{
    if (h)
        free(h->places);
    free(h);
}

struct span_verdict *span_held_begin(uint64_t start_ns)
{
    struct span_verdict *v = calloc(1, sizeof(*v));
    if (v)
        *v = (struct span_verdict){
            .start_ns = start_ns, .users = 1, .first = NONE};
    return v;
}

struct span_verdict *span_held_share(struct span_verdict *v)
{
    if (v)
        v->users++;
    return v;
}

uint64_t span_held_left_out(const struct span_held *h, enum event event)
{
    return h->left_out[event];
}

uint64_t span_held_dropped(const struct span_held *h, enum event event)
{
    return h->dropped[event];
}

/* --- places --------------------------------------------------------------- */

/* NONE: there is no room, or (*err) no memory. */
static uint32_t take_place(struct span_held *h, int *err)
{
    uint32_t at = h->free;
    *err = 0;
    if (at != NONE) {
        h->free = h->places[at].next;
        return at;
    }
    if (h->count == HELD_MAX)
        return NONE;
    *err = ARRAY_RESERVE(h->places, h->cap, h->count + 1);
    return *err ? NONE : h->count++;
}

static int hold(struct span_held *h, struct span_verdict *v,
                const struct span_item *item)
{
    int err;
    uint32_t at = take_place(h, &err);
    if (at == NONE) {
        h->dropped[item->event]++;
        return err;
    }
    h->places[at] = (struct place){*item, v->first};
    v->first = at;
    return 0;
}

static int settle(struct span_held *h, const struct span_verdict *v,
                  const struct span_item *item)
{
    if (v && v->is == SLOW)
        return h->keep(h->ctx, item);
    h->left_out[item->event]++;
    return 0;
}

static int decide(struct span_held *h, struct span_verdict *v,
                  enum decision decision)
{
    int err = 0;
    v->is = decision;
    while (v->first != NONE) {
        uint32_t at = v->first;
        struct place *p = &h->places[at];
        int result = settle(h, v, &p->item);
        err = err ? err : result;
        v->first = p->next;
        p->next = h->free;
        h->free = at;
    }
    return err;
}

/* --- decisions ------------------------------------------------------------ */

static bool is_long(const struct span_held *h, const struct span_verdict *v,
                    uint64_t now_ns)
{
    return now_ns > v->start_ns && now_ns - v->start_ns >= h->slower_than_ns;
}

int span_held_add(struct span_held *h, struct span_verdict *v,
                  const struct span_item *item)
{
    int err = 0;
    if (v && v->is == OPEN && is_long(h, v, item->order.time_ns))
        err = decide(h, v, SLOW);
    if (err || !v || v->is != OPEN)
        return err ? err : settle(h, v, item);
    return hold(h, v, item);
}

int span_held_end(struct span_held *h, struct span_verdict *v, uint64_t end_ns)
{
    return v->is != OPEN ? 0
                         : decide(h, v, is_long(h, v, end_ns) ? SLOW : FAST);
}

void span_held_release(struct span_held *h, struct span_verdict *v)
{
    if (!v || --v->users)
        return;
    /* The span that it is about was forgotten. */
    (void)!decide(h, v, FAST);
    free(v);
}
