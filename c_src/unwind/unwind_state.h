/**
 * @file unwind_state.h
 * What the parts of the unwinder share: the open unwinder, and the sample that
 * it unwinds.
 */
#ifndef CPROF_UNWIND_UNWIND_STATE_H
#define CPROF_UNWIND_UNWIND_STATE_H

#include "unwind/unwind.h"
#include "unwind/unwind_code.h"
#include "unwind/unwind_erlang.h"
#include "unwind/unwind_list.h"
#include "unwind/unwind_native.h"

struct unwinder {
    struct unwind_config config;
    struct unwind_code *code;
    struct unwind_native *native;
    const struct maps *maps; /* borrowed, NULL until set */
    uint8_t scratch[UNWIND_SCRATCH];
};

/** The state while one sample is unwound. */
struct unwinding {
    struct unwinder *u;
    const struct sample *s;
    const struct layout_scheduler *scheduler; /**< NULL: none, or not known */
    uint64_t runtime_stack;                   /**< RS; 0: not known */
    struct unwind_list list;
    struct unwound *out;
};

static inline bool unwind_knows(const struct unwinding *w,
                                enum layout_field field)
{
    return w->u->config.layout->known[field];
}

static inline uint32_t unwind_offset(const struct unwinding *w,
                                     enum layout_field field)
{
    return w->u->config.layout->offset[field];
}

/** An 8-byte word of a copy; false when the copy does not have it. */
bool unwind_copied_word(const struct sample_copy *copy, uint64_t addr,
                        uint64_t *value);
/** The scheduler's current process: what the sample says, else what the node's
 *  memory says now; 0: none, or not known. */
uint64_t unwind_current_process(const struct unwinding *w);
/** A new walk over the Erlang stack of this sample. */
struct unwind_walk unwind_walk_of(struct unwinding *w);
/** Sets `complete` and `truncated` of *out by a finished walk. */
void unwind_walk_done(struct unwinding *w, const struct unwind_walk *walk);

/** Does the sample itself say which process ran, and what its stack was? Then
 *  neither is read from the node. */
bool unwind_is_exact(const struct unwinding *w);
/** Adds the function in which a process that does not run JIT code will
 *  continue, if the sample has it. The stack does not show this function. */
void unwind_continuation(struct unwinding *w);
/** The address where the copied Erlang stack begins; 0: not in the copy. */
uint64_t unwind_copied_stop(const struct unwinding *w);
/** Walks the copied Erlang stack from an address in `copy` on, and then the
 *  copy of its root end. Sets `complete` and `truncated` (unwind_copied.c). */
void unwind_copied(struct unwinding *w, struct unwind_walk *walk,
                   const struct sample_copy *copy, uint64_t from);

/** The reason why a walk over C frames ended too early. */
enum unwind_gap unwind_gap_of(const struct unwinding *w,
                              const struct native_walk *native);

/** A sample in JIT code on the Erlang stack (unwind_jit.c). */
void unwind_jit(struct unwinding *w);
/** A sample on the runtime stack of a normal scheduler: C code, or JIT code
 *  just before or after a call of C code (unwind_scheduler.c). False when it
 *  was not called from Erlang code; then nothing was added. */
bool unwind_scheduler(struct unwinding *w);
/** A sample of any other thread (unwind_thread.c). */
void unwind_thread(struct unwinding *w, enum thread_kind kind);

#endif
