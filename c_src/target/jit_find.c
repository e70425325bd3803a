/* From an address and a time to the module whose code was there. */
#include <errno.h>
#include <stdlib.h>

#include "target/jit_parts.h"

enum { PAGE_SHIFT = 12 };

void jit_pages_init(struct jit_pages *pages)
{
    *pages = (struct jit_pages){0};
    index_init(&pages->by_number);
}

void jit_pages_deinit(struct jit_pages *pages)
{
    for (size_t i = 0; i < pages->count; i++)
        free(pages->list[i].modules);
    free(pages->list);
    index_deinit(&pages->by_number);
}

static bool same_number(const void *things, uint32_t id, const void *key)
{
    const struct jit_page *list = things;
    return list[id].number == *(const uint64_t *)key;
}

static const struct jit_page *find_page(const struct jit_pages *pages,
                                        uint64_t addr)
{
    uint64_t number = addr >> PAGE_SHIFT;
    uint32_t id = index_find(&pages->by_number, hash_u64(0, number),
                             same_number, pages->list, &number);
    return id == INDEX_NONE ? NULL : &pages->list[id];
}

static struct jit_page *new_page(struct jit_pages *pages, uint64_t number)
{
    if (pages->count == pages->cap) {
        size_t cap = pages->cap ? pages->cap * 2 : 256;
        void *bigger = realloc(pages->list, cap * sizeof(*pages->list));
        if (!bigger)
            return NULL;
        pages->list = bigger;
        pages->cap = cap;
    }
    if (index_add(&pages->by_number, hash_u64(0, number),
                  (uint32_t)pages->count))
        return NULL;
    struct jit_page *page = &pages->list[pages->count++];
    *page = (struct jit_page){.number = number};
    return page;
}

static int add_to_page(struct jit_page *page, uint32_t module)
{
    if (page->count == page->cap) {
        uint32_t cap = page->cap ? page->cap * 2 : 4;
        void *bigger = realloc(page->modules, cap * sizeof(*page->modules));
        if (!bigger)
            return -ENOMEM;
        page->modules = bigger;
        page->cap = cap;
    }
    page->modules[page->count++] = module;
    return 0;
}

int jit_pages_add(struct jit_pages *pages, const struct jit_module *module)
{
    if (module->size == 0)
        return 0;
    uint64_t last = (module->base + module->size - 1) >> PAGE_SHIFT;
    for (uint64_t n = module->base >> PAGE_SHIFT; n <= last; n++) {
        struct jit_page *page =
            (struct jit_page *)find_page(pages, n << PAGE_SHIFT);
        if (!page)
            page = new_page(pages, n);
        int err = page ? add_to_page(page, module->id) : -ENOMEM;
        if (err)
            return err;
    }
    return 0;
}

static bool covers(const struct jit_module *m, uint64_t addr)
{
    return addr >= m->base && addr - m->base < m->size;
}

/*
 * Newest first, because loading code at an address replaces what was there:
 * the first module that was certainly loaded by time_ns ends the search. One
 * that may have been loaded by then (absent_at < time_ns < seen_from) leaves
 * two answers possible, unless there is no other.
 */
int jit_find(const struct jit *jit, uint64_t addr, uint64_t time_ns,
             const struct jit_module **module)
{
    const struct jit_page *page = find_page(&jit->pages, addr);
    const struct jit_module *found = NULL;
    for (uint32_t i = page ? page->count : 0; i-- > 0;) {
        const struct jit_module *m = jit->modules[page->modules[i]];
        if (!covers(m, addr) || time_ns <= m->absent_at || time_ns > m->gone_at)
            continue;
        if (found)
            return -E_AMBIGUOUS;
        found = m;
        if (time_ns >= m->seen_from)
            break;
    }
    if (!found)
        return -E_UNRESOLVED;
    *module = found;
    return 0;
}

bool jit_contains(const struct jit *jit, uint64_t addr)
{
    const struct jit_page *page = find_page(&jit->pages, addr);
    for (uint32_t i = page ? page->count : 0; i-- > 0;)
        if (covers(jit->modules[page->modules[i]], addr))
            return true;
    return false;
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
    const struct jit_line *best = NULL;
    for (uint32_t i = 0; i < f->line_count; i++) {
        const struct jit_line *line = &module->lines[f->first_line + i];
        if (line->start <= addr && (!best || line->start >= best->start))
            best = line;
    }
    return best;
}
