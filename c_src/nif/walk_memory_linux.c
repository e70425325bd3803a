#include "nif/walk_memory.h"

#include <stddef.h>
#include <sys/mman.h>

#include "nif/walk_clock.h"

/* A page uses memory only after it was first written. */
static bool make(struct walk_memory *m, uint32_t limit)
{
    size_t rows = limit;
    void *both =
        mmap(NULL, 2 * rows * sizeof(*m->before), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (both == MAP_FAILED)
        return false;
    m->before = both;
    m->next = m->before + rows;
    m->limit = limit;
    m->began_ns = walk_clock_ns();
    return true;
}

bool walk_memory_take(struct walk_memory *m, uint32_t limit)
{
    if (atomic_exchange(&m->taken, true))
        return false;
    if (m->before ? m->limit == limit : make(m, limit))
        return true;
    walk_memory_give_back(m);
    return false;
}

void walk_memory_give_back(struct walk_memory *m)
{
    atomic_store(&m->taken, false);
}

void walk_memory_keep(struct walk_memory *m, uint32_t count)
{
    struct walk_memory_row *written = m->next;
    m->next = m->before;
    m->before = written;
    m->count = count;
}

void walk_memory_free(struct walk_memory *m)
{
    if (m->before)
        munmap(m->before < m->next ? m->before : m->next,
               2 * (size_t)m->limit * sizeof(*m->before));
    m->before = m->next = NULL;
    m->count = 0;
}
