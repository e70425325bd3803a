#include "nif/walk_memory.h"

#include <stddef.h>
#include <sys/mman.h>

#include "nif/walk_clock.h"

/* Pages of it exist from when they are first written. */
static bool make(struct walk_memory *m, uint32_t limit)
{
    void *rows = mmap(NULL, limit * sizeof(*m->rows), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (rows == MAP_FAILED)
        return false;
    m->rows = rows;
    m->limit = limit;
    m->began_ns = walk_clock_ns();
    return true;
}

bool walk_memory_take(struct walk_memory *m, uint32_t limit)
{
    if (atomic_exchange(&m->taken, true))
        return false;
    if (m->rows ? m->limit == limit : make(m, limit))
        return true;
    walk_memory_give_back(m);
    return false;
}

void walk_memory_give_back(struct walk_memory *m)
{
    atomic_store(&m->taken, false);
}

void walk_memory_free(struct walk_memory *m)
{
    if (m->rows)
        munmap(m->rows, m->limit * sizeof(*m->rows));
    m->rows = NULL;
}
