/**
 * @file term_heap.h
 * Terms in the node's memory (erts/emulator/beam/erl_term.h). The garbage
 * collector moves terms while they are read, and their old addresses may then
 * hold anything. So every pointer is checked before it is followed, and every
 * step has a limit. These functions cannot notice every move; the caller must
 * compare the root of what it read before and after.
 */
#ifndef CPROF_TARGET_TERM_HEAP_H
#define CPROF_TARGET_TERM_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/atoms.h"
#include "target/memory.h"

enum term_kind {
    TERM_IS_ATOM,
    TERM_IS_SMALL, /**< an integer of up to 60 bits */
    TERM_IS_PID,   /**< of this node */
    TERM_IS_NIL,
    TERM_IS_LIST,  /**< a cell {head, tail} */
    TERM_IS_BOXED, /**< a tuple, a binary, or another term with a header */
    TERM_IS_OTHER, /**< a port, or not a term at all */
};

enum term_kind term_kind(uint64_t term);
/** What a TERM_IS_LIST or TERM_IS_BOXED points to. */
uint64_t term_address(uint64_t term);
/** The value of a TERM_IS_SMALL. */
int64_t term_small(uint64_t term);

/** Reads the cell of a TERM_IS_LIST: 0, -E_TORN, or a memory error. */
MUST_USE int term_cell(const struct memory *m, uint64_t term, uint64_t cell[2]);
/** Reads a tuple of `arity` elements: 0; -E_NOT_FOUND: it is another term;
 *  -E_TORN: it was moved and has no header any more; or a memory error. */
MUST_USE int term_tuple(const struct memory *m, uint64_t term, size_t arity,
                        uint64_t *elements);

/** Reads the values of a small map (erl_map.h, flatmap_t; a map of up to 32
 *  keys is small), in the order of its keys. 0; -E_NOT_FOUND: it is another
 *  term, or has more than `most` keys; -E_TORN; or a memory error. */
MUST_USE int term_map_values(const struct memory *m, uint64_t term, size_t most,
                             uint64_t *values, size_t *count);

/** The node that the terms belong to. */
struct term_node {
    const struct memory *memory;
    struct atoms *atoms;
    int release;         /**< 0: not known */
    uint64_t table_size; /**< as for erlproc_pid_text */
};

/**
 * A term for people to read: text as it is, any other term as Erlang writes it.
 * A part that is too long, too deeply nested or of another kind is written as
 * "...". If that is the whole term, the text is "".
 * @return 0, -E_TORN, or a memory error; the text is "" after an error
 */
MUST_USE int term_text(const struct term_node *n, uint64_t term, char *text,
                       size_t size);

#endif
