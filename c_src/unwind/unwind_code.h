/**
 * @file unwind_code.h
 * The node's JIT code as the unwinder sees it: which addresses are code that
 * Erlang stacks may return to, and what the code around a return address shows.
 * The code is read from the node by pages, which are kept until modules are
 * loaded or removed. Code that is patched meanwhile (breakpoints) keeps its
 * length and its calls.
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
    enum seam_resume resume; /**< how Erlang code gets its stack back there */
    enum seam_entry entry;   /**< set in global::call_light_bif_shared */
    int32_t entry_disp;
    uint64_t function_start, function_end; /**< both 0: not known */
    bool scheduling;                       /**< in global::process_main */
    bool emulator;   /**< in the VM's shared code, not in a module's */
    bool after_call; /**< follows a call instruction, or is shared code */
    uint64_t callee; /**< address called; 0: indirect call, or not known */
};

/** The arguments are borrowed until unwind_code_close. */
MUST_USE int unwind_code_open(const struct memory *m, const struct jit *jit,
                              struct unwind_code **out);
void unwind_code_close(struct unwind_code *c);
/** To be called for each sample: drops what was read if modules were loaded or
 *  removed since the last call. stop: offset of Process.stop, 0: not known. */
void unwind_code_sync(struct unwind_code *c, uint32_t stop);
/** Sets the present mappings. maps is borrowed only for the call. */
void unwind_code_set_maps(struct unwind_code *c, const struct maps *maps);

/** Is addr in JIT code, of a known module or of one that is being loaded? */
bool unwind_code_has(const struct unwind_code *c, uint64_t addr);
/** Facts about a return address in JIT code at a time; valid until the next
 *  call of this function or of unwind_code_sync. */
const struct unwind_site *unwind_code_site(struct unwind_code *c, uint64_t addr,
                                           uint64_t time_ns);
/**
 * Does the function around return address `ret` call the shared fragment around
 * `fragment`, directly or through its module's jump to it?
 */
bool unwind_code_calls(struct unwind_code *c, uint64_t ret, uint64_t fragment,
                       uint64_t time_ns);
/** Are both addresses in one function? */
bool unwind_code_same_function(struct unwind_code *c, uint64_t ret,
                               uint64_t inside, uint64_t time_ns);
/** The facts about the ip of a sample, without those about calls. */
void unwind_code_leaf(struct unwind_code *c, uint64_t ip, uint64_t time_ns,
                      struct unwind_site *out);
/** Adds leaf->resume, for an ip whose code runs on the runtime stack. */
void unwind_code_leaf_resume(struct unwind_code *c, struct unwind_site *leaf);

#endif
