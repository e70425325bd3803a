/**
 * @file term_heap.h
 * Terms in the node's memory (erts/emulator/beam/erl_term.h). Every pointer is
 * checked before it is followed, and every step has a limit: the collector
 * moves terms while they are read, and what lies at an address then may be
 * anything. Nothing here notices that by itself; whoever reads a whole
 * compares its root before and after.
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
    TERM_IS_BOXED, /**< a tuple, a binary and all else that has a header */
    TERM_IS_OTHER, /**< a port, or no term at all */
};

enum term_kind term_kind(uint64_t term);
/** What a TERM_IS_LIST or TERM_IS_BOXED points to. */
uint64_t term_address(uint64_t term);
/** The value of a TERM_IS_SMALL. */
int64_t term_small(uint64_t term);

/** Reads the cell of a TERM_IS_LIST: 0, -E_TORN, or a memory error. */
MUST_USE int term_cell(const struct memory *m, uint64_t term, uint64_t cell[2]);
/** Reads a tuple of that many elements: 0; -E_NOT_FOUND: it is another term;
 *  -E_TORN: it has no header, for it was moved; or a memory error. */
MUST_USE int term_tuple(const struct memory *m, uint64_t term, size_t arity,
                        uint64_t *elements);

/** Reads the values of a small map (erl_map.h, flatmap_t; a map of up to 32
 *  keys is small), in the order of its keys. 0; -E_NOT_FOUND: it is another
 *  term, or has more than `most` keys; -E_TORN; or a memory error. */
MUST_USE int term_map_values(const struct memory *m, uint64_t term, size_t most,
                             uint64_t *values, size_t *count);

/** Whose terms they are. */
struct term_node {
    const struct memory *memory;
    struct atoms *atoms;
    int release;         /**< 0: not known */
    uint64_t table_size; /**< as for erlproc_pid_text */
};

/**
 * A term as people read it: text as it is, any other term as Erlang writes it.
 * A part that is too long, too deep or of another kind is "..."; a whole that
 * is, is "".
 * @return 0, -E_TORN, or a memory error
 */
MUST_USE int term_text(const struct term_node *n, uint64_t term, char *text,
                       size_t size);

#endif
