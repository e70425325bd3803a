/* From an address and a time to the module, function and line. */
#include "target/jit_parts.h"

#include "base/sorted.h"

static bool covers(const struct jit_module *m, uint64_t addr)
{
    return addr >= m->base && addr - m->base < m->size;
}

/* If more time than this passed between the last read without the module and
 * the one that found it, other code may have been loaded at its place and
 * purged before it was loaded. */
enum { LONG_NS = 100 * 1000 * 1000 };

static bool came_late(const struct jit_module *m)
{
    return m->absent_at && m->seen_from - m->absent_at > LONG_NS;
}

/* If code was both loaded and removed between two reads, other code that
 * neither of them saw may have been at the module's place. */
static bool is_doubtful(const struct jit_module *m, uint64_t time_ns)
{
    return ((m->load_raced || came_late(m)) && time_ns < m->seen_from) ||
           (m->removal_raced && time_ns > m->seen_until);
}

/*
 * From the newest to the oldest, because loading code at an address replaces
 * what was there. The first module that was certainly loaded by time_ns ends
 * the search, even if it is gone. At times when it was perhaps not loaded yet,
 * the one before it may still have been there.
 */
static int find_among(const struct jit *jit, uint64_t addr, uint64_t time_ns,
                      uint32_t newest, const struct jit_module **module)
{
    const struct jit_module *found = NULL;
    for (size_t id = (size_t)newest + 1; id-- > 0;) {
        const struct jit_module *m = jit->modules[id];
        if (!covers(m, addr) || time_ns <= m->absent_at)
            continue;
        if (time_ns <= m->gone_at) {
            if (found || is_doubtful(m, time_ns))
                return -E_AMBIGUOUS;
            found = m;
        }
        if (time_ns >= m->seen_from)
            break;
    }
    if (!found)
        return -E_UNRESOLVED;
    *module = found;
    return 0;
}

int jit_find(const struct jit *jit, uint64_t addr, uint64_t time_ns,
             const struct jit_module **module)
{
    uint32_t newest = jit_space_newest(&jit->space, addr);
    if (newest == INDEX_NONE)
        return -E_UNRESOLVED;
    return find_among(jit, addr, time_ns, newest, module);
}

bool jit_contains(const struct jit *jit, uint64_t addr)
{
    return jit_space_newest(&jit->space, addr) != INDEX_NONE;
}

const struct jit_function *jit_function_at(const struct jit_module *module,
                                           uint64_t addr)
{
    uint32_t low = 0, high = module->function_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct jit_function *f = &module->functions[middle];
        if (addr < f->start)
            high = middle;
        else if (addr >= f->end)
            low = middle + 1;
        else
            return f;
    }
    return NULL;
}

const struct jit_line *jit_line_at(const struct jit_module *module,
                                   const struct jit_function *f, uint64_t addr)
{
    const struct jit_line *lines = module->lines + f->first_line;
    size_t before = SORTED_UPTO(lines, f->line_count, start, addr);
    return before ? &lines[before - 1] : NULL;
}
