/**
 * @file unwind.h
 * From one sample to the addresses of its whole stack, leaf first: kernel
 * frames, C frames, the seam, and Erlang frames up to the process's first
 * function.
 *
 *   scheduler's C stack            Erlang stack of the process
 *   sp ->  frames of C functions       E -> Erlang frames ...
 *          ...                              ...
 *          return address @RS-8  ------>    normal_exit  @hend-8
 *   RS ->  scheduler registers
 *
 * The unwinder knows registers, stacks and return addresses, not names. It uses
 * the sample's own copies of the C stack and the Erlang stack where there are
 * any. What has to be read from the node afterwards is checked against the
 * sample, and flagged as unverified if the check does not decide.
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
    ADDRESS_CUT,    /**< C frames are missing: UNWIND_CUT */
    ADDRESS_UNREADABLE, /**< C frames are missing: UNWIND_UNREADABLE */
};

struct address {
    uint64_t at; /**< the leaf's ip, or a return address - 1: always inside
                      the instruction that is being executed */
    enum address_kind kind;
    bool seam; /**< native: one of the two outermost C frames, which Erlang
                    code (or a C function of the VM in between) called */
};

/* Of a very deep stack the two ends are kept, and the middle is elided. */
enum { UNWIND_TOP = 1536, UNWIND_BOTTOM = 480, UNWIND_MAX = 2048 };

/** Why C frames are missing. */
enum unwind_gap {
    UNWIND_NO_GAP,
    UNWIND_CUT,        /**< more than was copied, or than NATIVE_FRAMES */
    UNWIND_UNREADABLE, /**< no unwind table, or memory that is not mapped */
};

struct unwound {
    struct address list[UNWIND_MAX]; /**< leaf first */
    size_t count;
    bool erlang;     /**< the leaf was Erlang code (JIT), not C or kernel */
    bool complete;   /**< reached the process's (or C thread's) first frame */
    bool truncated;  /**< the stack copy or memory ended before that */
    bool unverified; /**< a part was read later and may be stale */
    bool copy_short; /**< the sample's stack copy ended before the stack did:
                          with longer copies it would be verified */
    enum unwind_gap c_gap;
    size_t base; /**< number of outermost C frames that are a dirty scheduler's
                      own; they are in the list only if no process runs */
    bool scheduling; /**< in the scheduler itself: busy-waiting or other work
                          of its own. If it has selected a process, c_p and
                          the stack of that process are given, too */
    uint64_t c_p;    /**< struct Process it ran; 0: none, or not known */
};

struct unwinder;

struct unwind_config { /* borrowed until unwinder_close */
    const struct process *process;
    const struct memory *memory;
    const struct jit *jit;
    struct layout *layout; /**< also learns from samples in JIT code */
};

MUST_USE int unwinder_open(const struct unwind_config *config,
                           struct unwinder **out);
void unwinder_close(struct unwinder *u);
/** Sets the present mappings of the process. The unwind tables of images that
 *  are still mapped are kept. maps is borrowed until the next call. */
MUST_USE int unwinder_set_maps(struct unwinder *u, const struct maps *maps);
/** Opens the unwind tables of all mapped objects now, instead of when the first
 *  sample in each is unwound. */
void unwinder_prepare(struct unwinder *u);
/**
 * Unwinds one sample of a thread of the given kind. Never fails as a whole:
 * what cannot be unwound is missing from the list, and flagged in *out.
 */
void unwinder_unwind(struct unwinder *u, const struct sample *s,
                     enum thread_kind kind, struct unwound *out);
/**
 * The stack of a process that does not run, from a copy alone. Of the sample,
 * it uses the time, `process` (c_p, stop, hend, continuation), `erlang` and
 * `erlang_root`. The leaf is the place where the process will continue.
 */
void unwinder_at_rest(struct unwinder *u, const struct sample *s,
                      struct unwound *out);

#endif
