/**
 * @file unwind_erlang.h
 * The walk over an Erlang stack. The stack grows down and holds only tagged
 * terms and return addresses: a word whose low two bits are 00 and that points
 * into code is a return address (erts/emulator/beam/erl_term.h: _CPMASK; the VM
 * makes its own stack traces in this way, beam_common.c). With frame pointers
 * (+JPperf) it also holds saved frame pointers, which never point into code.
 *
 *   E -> [ret][y..][ret][y..] ... [ret][normal_exit] <- hend
 */
#ifndef CPROF_UNWIND_UNWIND_ERLANG_H
#define CPROF_UNWIND_UNWIND_ERLANG_H

#include "target/memory.h"
#include "unwind/unwind_code.h"
#include "unwind/unwind_list.h"

struct unwind_walk { /* set by the caller: */
    struct unwind_list *list;
    struct unwind_code *code;
    uint64_t time_ns;
    uint64_t normal_exit;
    bool top_any;   /**< the first word may be an unaligned return address:
                         the leaf is a shared fragment */
    uint64_t entry; /**< call site of a light BIF, to which the first return
                         address must belong; 0: none */
    /* results: */
    uint64_t exit_slot; /**< address of the normal_exit word; 0: not reached */
    uint64_t found;     /**< return addresses added */
    uint64_t first;     /**< the first of them, 0: none */
    bool stale;         /**< the first return address contradicts `entry` */
};

/** Walks the words of [addr, addr + len), addr a multiple of 8; ends at
 *  normal_exit or when `stale` is set. */
void unwind_erlang_words(struct unwind_walk *w, uint64_t addr,
                         const uint8_t *bytes, size_t len);

/**
 * Walks the node's memory from addr up to hend, or if hend is 0, until nothing
 * more can be read. The middle of a very deep stack is not read.
 * @param scratch  UNWIND_SCRATCH bytes
 * @return 0; -E_TORN when addr is not a multiple of 8, or is above hend;
 *         -E_NO_ACCESS when nothing could be read
 */
enum { UNWIND_SCRATCH = 65536 };
MUST_USE int unwind_erlang_memory(struct unwind_walk *w, const struct memory *m,
                                  uint64_t addr, uint64_t hend,
                                  uint8_t *scratch);

#endif
