#include "target/term_heap.h"

enum {
    PRIMARY = 3,
    PRIMARY_HEADER = 0,
    PRIMARY_LIST = 1,
    PRIMARY_BOXED = 2,
    IMMEDIATE = 15,
    PID = 3,
    SMALL = 15,
    SMALL_BITS = 4,
    ATOM = 0x0b,
    ATOM_MASK = 0x3f,
    NIL = 0x3b,
    POINTER_TAGS =
        7, /* bit 2 marks a literal, on releases that mark literals */
    SUBTAG = 0x3c,
    MAP_SUBTAG = 0x2c, /* since OTP 27; no other term's before that */
    OLD_MAP_SUBTAG = 0x3c,
    MAP_KIND = 0xc0, /* 0: a flatmap */
    ARITY_SHIFT = 6,
    MAX_ELEMENTS = 16,
};

static bool is_heap_address(uint64_t address)
{
    return address >= 0x10000 && address < (uint64_t)1 << 47;
}

uint64_t term_address(uint64_t term)
{
    return term & ~(uint64_t)POINTER_TAGS;
}

int64_t term_small(uint64_t term)
{
    return (int64_t)term >> SMALL_BITS;
}

static enum term_kind immediate(uint64_t term)
{
    if ((term & IMMEDIATE) == PID)
        return TERM_IS_PID;
    if ((term & IMMEDIATE) == SMALL)
        return TERM_IS_SMALL;
    if (term == NIL)
        return TERM_IS_NIL;
    return (term & ATOM_MASK) == ATOM ? TERM_IS_ATOM : TERM_IS_OTHER;
}

enum term_kind term_kind(uint64_t term)
{
    switch (term & PRIMARY) {
    case PRIMARY_LIST:
        return is_heap_address(term_address(term)) ? TERM_IS_LIST
                                                   : TERM_IS_OTHER;
    case PRIMARY_BOXED:
        return is_heap_address(term_address(term)) ? TERM_IS_BOXED
                                                   : TERM_IS_OTHER;
    case PRIMARY_HEADER:
        return TERM_IS_OTHER;
    default:
        return immediate(term);
    }
}

/* The collector marks a cell that it moved by THE_NON_VALUE (0) as its head. */
int term_cell(const struct memory *m, uint64_t term, uint64_t cell[2])
{
    if (term_kind(term) != TERM_IS_LIST)
        return -E_TORN;
    int err = memory_read(m, term_address(term), cell, 2 * sizeof(*cell));
    if (err)
        return err;
    return (cell[0] & PRIMARY) == PRIMARY_HEADER ? -E_TORN : 0;
}

/* The collector replaces the header of a tuple that it moved by a pointer to
 * the new place. */
int term_tuple(const struct memory *m, uint64_t term, size_t arity,
               uint64_t *elements)
{
    uint64_t header;
    if (term_kind(term) != TERM_IS_BOXED || arity > MAX_ELEMENTS)
        return -E_NOT_FOUND;
    int err = memory_read_u64(m, term_address(term), &header);
    if (err)
        return err;
    if ((header & PRIMARY) != PRIMARY_HEADER)
        return -E_TORN;
    if ((header & SUBTAG) != 0 || header >> ARITY_SHIFT != arity)
        return -E_NOT_FOUND;
    return arity == 0 ? 0
                      : memory_read(m, term_address(term) + sizeof(header),
                                    elements, arity * sizeof(*elements));
}

/* The keys are a tuple, which all maps with these keys share. */
static int count_keys(const struct memory *m, uint64_t keys, size_t *count)
{
    uint64_t header;
    if (term_kind(keys) != TERM_IS_BOXED)
        return -E_NOT_FOUND;
    int err = memory_read_u64(m, term_address(keys), &header);
    if (err)
        return err;
    *count = header >> ARITY_SHIFT;
    return (header & (PRIMARY | SUBTAG)) == 0 ? 0 : -E_TORN;
}

static bool is_flatmap(uint64_t header)
{
    uint64_t subtag = header & SUBTAG;
    return (subtag == MAP_SUBTAG || subtag == OLD_MAP_SUBTAG) &&
           (header & MAP_KIND) == 0;
}

/* {header, number of keys, keys, values...}. The number is a word, not a term;
 * the tuple of keys says the same. */
int term_map_values(const struct memory *m, uint64_t term, size_t most,
                    uint64_t *values, size_t *count)
{
    uint64_t head[3];
    if (term_kind(term) != TERM_IS_BOXED)
        return -E_NOT_FOUND;
    int err = memory_read(m, term_address(term), head, sizeof(head));
    if (err)
        return err;
    if ((head[0] & PRIMARY) != PRIMARY_HEADER)
        return -E_TORN;
    if (!is_flatmap(head[0]) || head[1] > most)
        return -E_NOT_FOUND;
    err = count_keys(m, head[2], count);
    if (err)
        return err;
    if (*count != head[1])
        return -E_TORN;
    return *count ? memory_read(m, term_address(term) + sizeof(head), values,
                                *count * sizeof(*values))
                  : 0;
}
