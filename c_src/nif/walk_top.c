#include "nif/walk_top.h"

static void swap(struct walk_top_row *a, struct walk_top_row *b)
{
    struct walk_top_row was = *a;
    *a = *b;
    *b = was;
}

/* Moves the row at i down until no child of it is smaller. */
static void sink(struct walk_top_row *rows, uint32_t count, uint32_t i)
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

static void rise(struct walk_top_row *rows, uint32_t i)
{
    while (i > 0 && rows[i].key < rows[(i - 1) / 2].key) {
        swap(&rows[i], &rows[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

void walk_top_init(struct walk_top *t, uint32_t room)
{
    t->count = 0;
    t->room = room < WALK_TOP_ROOM ? room : WALK_TOP_ROOM;
}

void walk_top_add(struct walk_top *t, const struct walk_top_row *row)
{
    if (!walk_top_wants(t, row->key))
        return;
    if (t->count < t->room) {
        t->rows[t->count] = *row;
        rise(t->rows, t->count++);
    } else {
        t->rows[0] = *row;
        sink(t->rows, t->count, 0);
    }
}

void walk_top_sort(struct walk_top *t)
{
    for (uint32_t left = t->count; left > 1; left--) {
        swap(&t->rows[0], &t->rows[left - 1]);
        sink(t->rows, left - 1, 0);
    }
    t->room = 0;
}
