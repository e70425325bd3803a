/**
 * @file unwind_code.h
 * The node's JIT code as the unwinder looks at it: which addresses are code
 * that Erlang stacks may return to, and what the code around a return address
 * says. Bytes are read from the node once a page and kept until modules come
 * or go; code patched in between (breakpoints) keeps its length and calls.
 */
#ifndef CPROF_UNWIND_UNWIND_CODE_H
#define CPROF_UNWIND_UNWIND_CODE_H

#include "target/jit.h"
#include "target/maps.h"
#include "target/memory.h"
#include "unwind/unwind_seam.h"

struct unwind_code;

/** What is known about one return address in JIT code. */
struct unwind_site {
    uint64_t addr;
    enum seam_resume resume; /**< how Erlang code goes on after it */
    enum seam_entry entry;   /**< set in global::call_light_bif_shared */
    int32_t entry_disp;
    uint64_t function_start, function_end; /**< 0s: not known */
    bool scheduling;                       /**< in global::process_main */
    bool emulator;   /**< in the VM's shared code, not in a module's */
    bool after_call; /**< follows a call instruction, or is shared code */
    uint64_t callee; /**< address called, 0: not direct or not known */
};

/** The arguments are borrowed until unwind_code_close. */
MUST_USE int unwind_code_open(const struct memory *m, const struct jit *jit,
                              struct unwind_code **out);
void unwind_code_close(struct unwind_code *c);
/** Drops what was read when modules came or went since the last call; once
 *  per sample. stop: offset of Process.stop, 0 when not known. */
void unwind_code_sync(struct unwind_code *c, uint32_t stop);
/** The mappings changed; notes the one that JIT code lives in. */
void unwind_code_set_maps(struct unwind_code *c, const struct maps *maps);

/** Is it in JIT code, of known modules or of one just being loaded? */
bool unwind_code_has(const struct unwind_code *c, uint64_t addr);
/** Facts about a return address in JIT code at a time; valid until the next
 *  call of this function or of _sync. */
const struct unwind_site *unwind_code_site(struct unwind_code *c, uint64_t addr,
                                           uint64_t time_ns);
/**
 * Does the function around return address `ret` have a call of the shared
 * fragment around `fragment`, directly or through its module's jump to it?
 */
bool unwind_code_calls(struct unwind_code *c, uint64_t ret, uint64_t fragment,
                       uint64_t time_ns);
/** Are both addresses in one function? */
bool unwind_code_same_function(struct unwind_code *c, uint64_t ret,
                               uint64_t inside, uint64_t time_ns);
/** The same about the ip of a sample: only what concerns its function. */
void unwind_code_leaf(struct unwind_code *c, uint64_t ip, uint64_t time_ns,
                      struct unwind_site *out);
/** And, in addition, how it will go on when it runs on the runtime stack. */
void unwind_code_leaf_resume(struct unwind_code *c, struct unwind_site *leaf);

#endif
