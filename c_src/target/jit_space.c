/*
 * From an address to the newest module there. The address space is cut at every
 * start and end of a module; each range between two cuts belongs to the module
 * that was loaded over it last.
 *
 *   modules      0 [--------)     1 [-----)      2    [----)
 *   points       |0   |2  |2 |none    |1   |none ...
 */
#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "target/jit_parts.h"

/* Index of the last point that starts at or before addr, or -1. */
static ptrdiff_t place_of(const struct jit_space *s, uint64_t addr)
{
    return (ptrdiff_t)SORTED_UPTO(s->points, s->count, start, addr) - 1;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The old points and the new cuts, each once. A cut inside a range inherits the
 * owner of the range. */
static void merge(const struct jit_space *s, const uint64_t *cuts, size_t n,
                  struct jit_space *out)
{
    uint32_t owner = INDEX_NONE;
    for (size_t i = 0, k = 0; i < s->count || k < n;) {
        uint64_t start;
        if (i < s->count && (k == n || s->points[i].start <= cuts[k])) {
            start = s->points[i].start;
            owner = s->points[i++].module;
        } else {
            start = cuts[k];
        }
        while (k < n && cuts[k] == start)
            k++;
        out->points[out->count++] = (struct jit_point){start, owner};
    }
}

static void own(struct jit_space *s, const struct jit_module *m)
{
    ptrdiff_t at = place_of(s, m->base);
    for (size_t i = (size_t)at;
         at >= 0 && i < s->count && s->points[i].start < m->base + m->size; i++)
        s->points[i].module = m->id;
}

int jit_space_add(struct jit_space *s, struct jit_module *const *modules,
                  size_t from, size_t count)
{
    size_t n = 0;
    uint64_t *cuts = calloc((count - from) * 2 + 1, sizeof(*cuts));
    struct jit_space now = {.points = calloc(s->count + (count - from) * 2 + 1,
                                             sizeof(*now.points))};
    if (!cuts || !now.points) {
        free(cuts);
        free(now.points);
        return -ENOMEM;
    }
    for (size_t i = from; i < count; i++) {
        cuts[n++] = modules[i]->base;
        cuts[n++] = modules[i]->base + modules[i]->size;
    }
    qsort(cuts, n, sizeof(*cuts), by_value);
    merge(s, cuts, n, &now);
    free(cuts);
    for (size_t i = from; i < count; i++)
        own(&now, modules[i]);
    jit_space_deinit(s);
    *s = now;
    return 0;
}

void jit_space_deinit(struct jit_space *s)
{
    free(s->points);
    *s = (struct jit_space){0};
}

uint32_t jit_space_newest(const struct jit_space *s, uint64_t addr)
{
    ptrdiff_t at = place_of(s, addr);
    return at < 0 ? INDEX_NONE : s->points[at].module;
}
