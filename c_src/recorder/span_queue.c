#include "recorder/span_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* So far from the end an element may still be put into the list. */
enum { NEAR = 64 };

void span_queue_init(struct span_queue *q, size_t size)
{
    *q = (struct span_queue){.size = size};
}

void span_queue_deinit(struct span_queue *q)
{
    free(q->list);
    free(q->heap);
    *q = (struct span_queue){.size = q->size};
}

size_t span_queue_count(const struct span_queue *q)
{
    return q->end - q->head + q->heap_count;
}

static bool is_before(const void *a, const void *b)
{
    const struct span_order *x = a, *y = b;
    return x->time_ns != y->time_ns ? x->time_ns < y->time_ns
                                    : x->number < y->number;
}

static uint8_t *in_list(const struct span_queue *q, size_t i)
{
    return q->list + i * q->size;
}

static uint8_t *in_heap(const struct span_queue *q, size_t i)
{
    return q->heap + i * q->size;
}

static int make_room(uint8_t **list, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    uint8_t *moved = array_grow(*list, cap, need, size);
    if (!moved)
        return need > ARRAY_MAX ? -E_LIMIT : -ENOMEM;
    *list = moved;
    return 0;
}

/* --- the list ------------------------------------------------------------- */

/* Moves the list to the start of its memory when that is half empty. */
static void pack(struct span_queue *q)
{
    if (q->head < q->end - q->head)
        return;
    memmove(q->list, in_list(q, q->head), (q->end - q->head) * q->size);
    q->end -= q->head;
    q->head = 0;
}

/* Where the element belongs; SIZE_MAX: too far from the end. */
static size_t place_of(const struct span_queue *q, const void *element)
{
    size_t at = q->end;
    while (at > q->head && is_before(element, in_list(q, at - 1)))
        if (q->end - --at > NEAR)
            return SIZE_MAX;
    return at;
}

static int put_in_list(struct span_queue *q, const void *element, size_t at)
{
    int err = make_room(&q->list, &q->list_cap, q->end + 1, q->size);
    if (err)
        return err;
    memmove(in_list(q, at + 1), in_list(q, at), (q->end - at) * q->size);
    memcpy(in_list(q, at), element, q->size);
    q->end++;
    return 0;
}

/* --- the heap ------------------------------------------------------------- */

static void swap(struct span_queue *q, size_t i, size_t j)
{
    uint8_t kept[SPAN_QUEUE_SIZE];
    memcpy(kept, in_heap(q, i), q->size);
    memcpy(in_heap(q, i), in_heap(q, j), q->size);
    memcpy(in_heap(q, j), kept, q->size);
}

static int put_in_heap(struct span_queue *q, const void *element)
{
    int err = make_room(&q->heap, &q->heap_cap, q->heap_count + 1, q->size);
    if (err)
        return err;
    size_t at = q->heap_count++;
    memcpy(in_heap(q, at), element, q->size);
    for (; at && is_before(in_heap(q, at), in_heap(q, (at - 1) / 2));
         at = (at - 1) / 2)
        swap(q, at, (at - 1) / 2);
    return 0;
}

static void drop_from_heap(struct span_queue *q)
{
    size_t n = --q->heap_count, at = 0;
    if (n)
        memcpy(in_heap(q, 0), in_heap(q, n), q->size);
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n &&
            is_before(in_heap(q, child + 1), in_heap(q, child)))
            child++;
        if (!is_before(in_heap(q, child), in_heap(q, at)))
            return;
        swap(q, at, child);
        at = child;
    }
}

/* --- both ----------------------------------------------------------------- */

int span_queue_put(struct span_queue *q, struct span_order *element)
{
    element->number = q->numbers++;
    if (q->head)
        pack(q);
    size_t at = place_of(q, element);
    return at == SIZE_MAX ? put_in_heap(q, element)
                          : put_in_list(q, element, at);
}

static bool heap_is_first(const struct span_queue *q)
{
    return q->heap_count &&
           (q->head == q->end || is_before(q->heap, in_list(q, q->head)));
}

const struct span_order *span_queue_first(const struct span_queue *q)
{
    if (heap_is_first(q))
        return (const struct span_order *)q->heap;
    return q->head < q->end ? (const struct span_order *)in_list(q, q->head)
                            : NULL;
}

void span_queue_drop(struct span_queue *q)
{
    if (heap_is_first(q))
        drop_from_heap(q);
    else
        q->head++;
}
