#include "unwind/unwind_list.h"

#include <string.h>

struct unwind_list unwind_list_of(struct unwound *out)
{
    /* The list is large and need not be cleared: count says how much of it is
       valid. */
    memset((char *)out + offsetof(struct unwound, count), 0,
           sizeof(*out) - offsetof(struct unwound, count));
    return (struct unwind_list){.out = out};
}

/* When the list is full: from then on, the last UNWIND_BOTTOM addresses are
 * kept in a ring. */
static void begin_ring(struct unwind_list *l)
{
    struct unwound *out = l->out;
    if (out->count < UNWIND_MAX)
        return;
    memmove(&out->list[UNWIND_TOP + 1], &out->list[out->count - UNWIND_BOTTOM],
            UNWIND_BOTTOM * sizeof(out->list[0]));
    l->full = true;
    l->ring_at = 0;
    out->count = UNWIND_TOP + 1 + UNWIND_BOTTOM;
}

struct address *unwind_list_add(struct unwind_list *l, uint64_t at,
                                enum address_kind kind)
{
    struct unwound *out = l->out;
    struct address *slot;
    l->total++;
    if (!l->full)
        begin_ring(l);
    if (!l->full) {
        slot = &out->list[out->count++];
    } else {
        slot = &out->list[UNWIND_TOP + 1 + l->ring_at];
        l->ring_at = (l->ring_at + 1) % UNWIND_BOTTOM;
    }
    *slot = (struct address){.at = at, .kind = kind};
    return slot;
}

void unwind_list_skip(struct unwind_list *l, enum address_kind kind)
{
    struct unwound *out = l->out;
    l->skip_unknown = true;
    if (!l->full && out->count < UNWIND_MAX)
        out->list[out->count++] = (struct address){.kind = kind};
}

void unwind_list_back(struct unwind_list *l, const struct unwind_list *then,
                      size_t count)
{
    *l = *then;
    l->out->count = count;
}

size_t unwind_list_top_room(const struct unwind_list *l)
{
    return l->out->count < UNWIND_TOP ? UNWIND_TOP - l->out->count : 0;
}

static void reverse(struct address *a, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct address swap = a[i];
        a[i] = a[n - 1 - i];
        a[n - 1 - i] = swap;
    }
}

void unwind_list_finish(struct unwind_list *l)
{
    if (!l->full)
        return;
    struct address *ring = &l->out->list[UNWIND_TOP + 1];
    reverse(ring, l->ring_at);
    reverse(ring + l->ring_at, UNWIND_BOTTOM - l->ring_at);
    reverse(ring, UNWIND_BOTTOM);
    uint64_t elided = l->total - UNWIND_TOP - UNWIND_BOTTOM;
    l->out->list[UNWIND_TOP] = (struct address){
        .at = l->skip_unknown ? 0 : elided, .kind = ADDRESS_ELIDED};
}
