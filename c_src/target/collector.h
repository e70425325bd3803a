/**
 * @file collector.h
 * The garbage collector of the VM: the function through which every collection
 * of a heap begins, and the fields of a process that say what it has allocated
 * since the last one.
 *
 * The function is `garbage_collect` in erts/emulator/beam/erl_gc.c. It is
 * static, and stripped executables have no symbol for it. But the JIT's shared
 * fragment global::garbage_collect calls erts_garbage_collect_nobump(), and
 * that calls it with the constant ERTS_INVALID_HFRAG_PTR as second argument:
 *
 *   48 c7 c6 f8 ff ff ff   mov rsi, -8
 *   e8 d32                 call garbage_collect
 *
 * The collections after BIFs, and those that BIFs start, call the same
 * function. Only hibernation has a collector of its own.
 *
 * At its end, the function counts the collection and its words for the normal
 * scheduler on which it ran (gc_info of ErtsSchedulerData, in erl_process.h):
 *
 *   esdp->gc_info.garbage_cols++;
 *   esdp->gc_info.reclaimed += reclaimed_now;
 *
 * The compiler adds to each of the two words, which are neighbours, or to both
 * at once:
 *
 *   add qword [reg + D + 8], 1        movdqu xmm, [reg + D]
 *   add [reg + D], reg                paddq xmm, ...
 *                                     movups [reg + D], xmm
 *
 * On a dirty scheduler it adds to dirty_gc.info in the same way, which is no
 * field but a variable: the operands are then [rip + D].
 */
#ifndef CPROF_TARGET_COLLECTOR_H
#define CPROF_TARGET_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/jit.h"
#include "target/layout.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"

/** Byte offsets in struct Process. */
struct collector_fields {
    uint32_t heap;       /**< where the young heap begins */
    uint32_t high_water; /**< up to here it was full after the last collection
                          */
    uint32_t old_heap, old_hend; /**< the old heap */
    uint32_t fragments;          /**< words in heap fragments (mbuf_sz) */
    uint32_t newest_fragment; /**< that which BIFs made last (mbuf), if any */
    uint32_t off_heap; /**< the list of what lies outside the heap, newest
                            first; behind it the words of its binaries */
};

struct collector {
    uint64_t entry;   /**< address of the function in the node */
    uint32_t counter; /**< in ErtsSchedulerData: how many collections have ended
                           on that normal scheduler; 0: not recognised */
    uint64_t dirty;   /**< address in the node of the same count of all dirty
                           schedulers, behind that of the words that they have
                           freed; 0: not recognised */
    struct collector_fields at;
};

/**
 * Finds the function and the fields. The function must start where the unwind
 * table has a start, and the node must have the same bytes there as the file.
 * @return 0; -E_COLLECTOR: the function, or one of the fields, was not
 *         recognised; or an error of reading
 */
MUST_USE int collector_find(const struct process *p, const struct maps *maps,
                            const struct memory *m, const struct jit *jit,
                            const struct layout *l, struct collector *out);

/** The C function that global::garbage_collect calls, if the module contains
 *  that fragment; else 0. */
uint64_t collector_door(const struct jit_module *module,
                        const struct memory *m);

/* --- collector_code_x86_64.c; pure ---------------------------------------- */

/**
 * The first call out of a fragment. *target is the address called, or if *slot
 * is set, the address of the 8 bytes that contain it.
 * @return false when there is no call
 */
bool collector_code_call(const uint8_t *code, size_t len, uint64_t at,
                         uint64_t *target, bool *slot);
/**
 * The targets of calls that pass ERTS_INVALID_HFRAG_PTR as second argument, at
 * most max; returns their number. This is not a disassembler: the caller must
 * check that a target is the start of a function.
 */
size_t collector_code_inner(const uint8_t *code, size_t len, uint64_t at,
                            uint64_t *targets, size_t max);
/** The byte offset of gc_info.garbage_cols in ErtsSchedulerData, by the code of
 *  the collector; 0: no place, or more than one, looks like it. */
uint32_t collector_code_counter(const uint8_t *code, size_t len);
/** The address of dirty_gc.info.garbage_cols, likewise.
 *  @param at  of the code */
uint64_t collector_code_dirty(const uint8_t *code, size_t len, uint64_t at);

#endif
