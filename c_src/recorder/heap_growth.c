#include "recorder/heap_growth.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/intern.h"

struct reading {
    uint32_t pid[2]; /* low and high half */
    uint64_t bytes;  /* at the last reading */
};

struct heap_growth {
    struct intern rows; /* struct reading */
};

static void forget(struct heap_growth *g)
{
    intern_deinit(&g->rows);
    intern_init(&g->rows, sizeof(struct reading),
                offsetof(struct reading, bytes));
}

int heap_growth_open(struct heap_growth **out)
{
    struct heap_growth *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    forget(g);
    *out = g;
    return 0;
}

void heap_growth_close(struct heap_growth *g)
{
    if (g)
        intern_deinit(&g->rows);
    free(g);
}

int heap_growth_read(struct heap_growth *g, uint64_t pid, uint64_t bytes,
                     uint64_t *grown, uint64_t *shrunk)
{
    const struct reading now = {{(uint32_t)pid, (uint32_t)(pid >> 32)}, bytes};
    *grown = *shrunk = 0;
    if (g->rows.len >= HEAP_GROWTH_MOST &&
        intern_find(&g->rows, &now) == INDEX_NONE)
        forget(g);
    int64_t id = intern_row(&g->rows, &now);
    if (id < 0)
        return (int)id;
    struct reading *last = (struct reading *)g->rows.rows + id;
    if (bytes > last->bytes)
        *grown = bytes - last->bytes;
    else
        *shrunk = last->bytes - bytes;
    last->bytes = bytes;
    return 0;
}
