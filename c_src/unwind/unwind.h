/**
 * @file unwind.h
 * From one sample to the addresses of its whole stack, leaf first: kernel,
 * C frames, the seam, Erlang frames down to the process's first function.
 *
 *   scheduler's C stack            Erlang stack of the process
 *   sp ->  frames of C functions       E -> Erlang frames ...
 *          ...                              ...
 *          return address @RS-8  ------>    normal_exit  @hend-8
 *   RS ->  scheduler registers
 *
 * It knows registers, stacks and return addresses, not names. The C part and
 * the Erlang part come from the sample's own copies where it has them; what
 * has to be read from the node afterwards is checked against the sample and
 * counted as unverified where the check cannot tell.
 */
#ifndef CPROF_UNWIND_UNWIND_H
#define CPROF_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/jit.h"
#include "target/layout.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/sample.h"
#include "target/threads.h"

enum address_kind {
    ADDRESS_KERNEL,
    ADDRESS_NATIVE,
    ADDRESS_ERLANG,
    ADDRESS_ELIDED, /**< frames left out here; at is their number, 0: unknown */
    ADDRESS_CUT,    /**< C frames beyond what was copied, or is followed */
    ADDRESS_UNREADABLE, /**< C frames that could not be read or followed */
};

struct address {
    uint64_t at; /**< the leaf's ip, else return address - 1: always inside
                      the instruction that is being executed */
    enum address_kind kind;
    bool seam; /**< native: one of the two outermost C frames, the ones that
                    Erlang code (or the emulator's helper) called */
};

/* The two ends of a very deep stack are kept, what is between is elided. */
enum { UNWIND_TOP = 1536, UNWIND_BOTTOM = 480, UNWIND_MAX = 2048 };

/** Why C frames are missing. */
enum unwind_gap {
    UNWIND_NO_GAP,
    UNWIND_CUT,        /**< longer than the copy, or than NATIVE_FRAMES */
    UNWIND_UNREADABLE, /**< no unwind table, or memory that was not there */
};

struct unwound {
    struct address list[UNWIND_MAX]; /**< leaf first */
    size_t count;
    bool erlang;     /**< the leaf was Erlang code (JIT), not C or kernel */
    bool complete;   /**< reached the process's (or C thread's) first frame */
    bool truncated;  /**< the stack copy or memory ended before that */
    bool unverified; /**< the Erlang part was read later and may be stale */
    bool copy_short; /**< the sample's stack copy ended before the stack did:
                          longer copies would make such stacks verified */
    enum unwind_gap c_gap;
    size_t base; /**< outermost C frames that are a dirty scheduler's own, and
                      in the list only where no process runs */
    bool scheduling; /**< in the scheduler: busy-wait or its own work; with
                          c_p and its stack when it has taken up a process */
    uint64_t c_p;    /**< struct Process it ran, 0: none or not known */
};

struct unwinder;

struct unwind_config { /* borrowed until unwinder_close */
    const struct process *process;
    const struct memory *memory;
    const struct jit *jit;
    struct layout *layout; /**< is also taught by samples in JIT code */
};

MUST_USE int unwinder_open(const struct unwind_config *config,
                           struct unwinder **out);
void unwinder_close(struct unwinder *u);
/** Tells that the process's mappings are now these; the unwinder keeps its
 *  tables of images that are still there. Borrowed until the next call. */
MUST_USE int unwinder_set_maps(struct unwinder *u, const struct maps *maps);
/** Opens the unwind tables of all mapped objects now, not when the first sample
 *  in each is unwound. */
void unwinder_prepare(struct unwinder *u);
/**
 * Unwinds one sample of a thread of that kind. Never fails as a whole: what
 * cannot be unwound is missing from the list and flagged in *out.
 */
void unwinder_unwind(struct unwinder *u, const struct sample *s,
                     enum thread_kind kind, struct unwound *out);
/**
 * The stack of a process that does not run, from a copy alone: of the sample
 * the time, `process` (c_p, stop, hend, continuation), `erlang` and
 * `erlang_root`. Its leaf is where it goes on.
 */
void unwinder_at_rest(struct unwinder *u, const struct sample *s,
                      struct unwound *out);

#endif
