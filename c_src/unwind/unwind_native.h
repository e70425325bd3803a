/**
 * @file unwind_native.h
 * The C frames of a sample, found with the unwind tables of the node's files in
 * the sample's copy of the stack. The walk stops where Erlang code called the C
 * code, and returns the registers there.
 */
#ifndef CPROF_UNWIND_UNWIND_NATIVE_H
#define CPROF_UNWIND_UNWIND_NATIVE_H

#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/sample.h"
#include "unwind/unwind_code.h"

enum { NATIVE_FRAMES = 1024 };

enum native_end {
    NATIVE_FAILED,    /**< an ip without unwind table, or a broken stack */
    NATIVE_LIMIT,     /**< more than NATIVE_FRAMES, or more than an exact sample
                           has copied */
    NATIVE_OUTERMOST, /**< the thread's first function */
    NATIVE_ERLANG,    /**< the next frame is Erlang code: ip, sp and regs */
};

struct native_walk {
    enum native_end end;
    const uint64_t *frames; /**< the leaf's ip, then return addresses - 1, but
                                 the plain ip of code that a signal
                                 interrupted; valid until the next walk */
    size_t count;
    bool late;        /**< part of the stack was read after the sample */
    struct regs regs; /**< for NATIVE_ERLANG: ip, sp and the callee-saved
                           registers of the Erlang frame; no others */
    bool saved_known; /**< for NATIVE_ERLANG: are the registers known in which
                           the JIT keeps something? */
};

struct unwind_native;

MUST_USE int unwind_native_open(const struct process *p, const struct memory *m,
                                struct unwind_native **out);
void unwind_native_close(struct unwind_native *n);
/** Sets the present mappings. The unwind tables of files that are still mapped
 *  are kept. The maps are copied, not borrowed. */
MUST_USE int unwind_native_set_maps(struct unwind_native *n,
                                    const struct maps *maps);
/** Opens the tables of all mapped files now. */
void unwind_native_prepare(struct unwind_native *n);
/**
 * Unwinds from the sample's registers up to the first frame whose ip is in JIT
 * code.
 */
void unwind_native_frames(struct unwind_native *n, const struct sample *s,
                          const struct unwind_code *code,
                          struct native_walk *out);

#endif
