#include "unwind/unwind_erlang.h"

#include <string.h>

#include "target/page.h"

enum {
    CPMASK = 3, /* erts/emulator/beam/erl_term.h */
};

/* The most that is read of one stack. */
static const uint64_t MAX_BYTES = (uint64_t)64 << 20;
/* If more than this is left when the leaf end of the list is full, the middle
 * is left out, */
static const uint64_t MAX_MIDDLE = (uint64_t)128 << 10;
/* and this much of the root end is read. */
static const uint64_t ROOT_BYTES = (uint64_t)32 << 10;

static bool is_return_address(struct unwind_walk *w, uint64_t word, bool top)
{
    if ((word & CPMASK) && !(top && w->top_any))
        return false;
    if (!unwind_code_has(w->code, word))
        return false;
    return unwind_code_site(w->code, word, w->time_ns)->after_call;
}

/* A light BIF is called a few instructions after the entry address that the
 * caller passes. */
static bool is_entrys_return(const struct unwind_walk *w, uint64_t ret)
{
    return ret > w->entry && ret - w->entry <= SEAM_ENTRY_MAX;
}

/* Adds the first return address. If the sample shows where a light BIF was
 * called, this address must fit it. If it is another call site in the same
 * function, the function has continued since the sample, and the call site in
 * the sample is right. If it is in another function, the stack is from another
 * time. */
static void add_first(struct unwind_walk *w, uint64_t ret)
{
    bool exact = !w->entry || is_entrys_return(w, ret);
    w->stale = !exact &&
               !unwind_code_same_function(w->code, ret, w->entry, w->time_ns);
    if (w->stale)
        return;
    w->first = ret;
    unwind_list_add(w->list, exact ? ret - 1 : w->entry, ADDRESS_ERLANG);
}

static bool ended(const struct unwind_walk *w)
{
    return w->exit_slot || w->stale;
}

void unwind_erlang_words(struct unwind_walk *w, uint64_t addr,
                         const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + 8 <= len && !ended(w); i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        bool top = w->top_any;
        if (word == w->normal_exit) {
            w->exit_slot = addr + i;
        } else if (is_return_address(w, word, top)) {
            if (w->found == 0)
                add_first(w, word);
            else
                unwind_list_add(w->list, word - 1, ADDRESS_ERLANG);
            w->found += !w->stale;
        }
        w->top_any = false;
    }
}

/* Reads up to `want` bytes; fewer if a page is not mapped. */
static size_t read_pages(const struct memory *m, uint64_t addr, size_t want,
                         uint8_t *scratch)
{
    struct memory_span spans[UNWIND_SCRATCH / PAGE + 1];
    size_t n = 0, len = 0;
    while (len < want) {
        size_t piece = PAGE_REST(addr + len);
        if (piece > want - len)
            piece = want - len;
        spans[n++] = (struct memory_span){
            .addr = addr + len, .to = scratch + len, .len = piece};
        len += piece;
    }
    if (memory_read_many(m, spans, n) < 0)
        return 0;
    size_t got = 0;
    for (size_t i = 0; i < n && spans[i].ok; i++)
        got += spans[i].len;
    return got;
}

static size_t read_some(const struct memory *m, uint64_t addr, size_t want,
                        uint8_t *scratch)
{
    if (memory_read(m, addr, scratch, want) == 0)
        return want;
    return read_pages(m, addr, want, scratch);
}

static size_t next_size(uint64_t addr, uint64_t hend)
{
    if (hend && hend - addr < UNWIND_SCRATCH)
        return hend - addr;
    return UNWIND_SCRATCH;
}

/* Is the leaf end of the list full, and the root end far away? */
static bool skips_middle(const struct unwind_walk *w, uint64_t addr,
                         uint64_t hend)
{
    return hend && hend - addr > MAX_MIDDLE &&
           unwind_list_top_room(w->list) == 0;
}

int unwind_erlang_memory(struct unwind_walk *w, const struct memory *m,
                         uint64_t addr, uint64_t hend, uint8_t *scratch)
{
    uint64_t read = 0;
    if (addr % 8 || (hend && hend < addr))
        return -E_TORN;
    while (!ended(w) && read < MAX_BYTES && (!hend || addr < hend)) {
        if (skips_middle(w, addr, hend)) {
            unwind_list_skip(w->list, ADDRESS_ELIDED);
            addr = (hend - ROOT_BYTES) & ~(uint64_t)7;
        }
        size_t want = next_size(addr, hend);
        size_t got = read_some(m, addr, want, scratch);
        if (got == 0)
            return read ? 0 : -E_NO_ACCESS;
        unwind_erlang_words(w, addr, scratch, got);
        addr += got;
        read += got;
        if (got < want)
            break;
    }
    return 0;
}
