#include "base/largest.h"

static void swap(struct largest_row *a, struct largest_row *b)
{
    struct largest_row was = *a;
    *a = *b;
    *b = was;
}

/* Moves the row at i down until no child of it is smaller. */
static void sink(struct largest_row *rows, uint32_t count, uint32_t i)
{
    for (;;) {
        uint32_t least = i, child = 2 * i + 1;
        for (uint32_t c = child; c < child + 2 && c < count; c++)
            if (rows[c].key < rows[least].key)
                least = c;
        if (least == i)
            return;
        swap(&rows[i], &rows[least]);
        i = least;
    }
}

static void rise(struct largest_row *rows, uint32_t i)
{
    while (i > 0 && rows[i].key < rows[(i - 1) / 2].key) {
        swap(&rows[i], &rows[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

void largest_init(struct largest *t, uint32_t room)
{
    t->count = 0;
    t->room = room < LARGEST_ROOM ? room : LARGEST_ROOM;
}

void largest_add(struct largest *t, const struct largest_row *row)
{
    if (!largest_wants(t, row->key))
        return;
    if (t->count < t->room) {
        t->rows[t->count] = *row;
        rise(t->rows, t->count++);
    } else {
        t->rows[0] = *row;
        sink(t->rows, t->count, 0);
    }
}

void largest_sort(struct largest *t)
{
    for (uint32_t left = t->count; left > 1; left--) {
        swap(&t->rows[0], &t->rows[left - 1]);
        sink(t->rows, left - 1, 0);
    }
    t->room = 0;
}
