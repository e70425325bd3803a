/**
 * @file symbols.h
 * Addresses to frames. Sources, in this order: the JIT list for Erlang code
 * (by the time of the sample), a perf map when the JIT list has nothing, the
 * ELF symbols of mapped objects with their separate debug files, the vdso,
 * kallsyms for kernel addresses. Nothing is guessed: C code without a symbol
 * is "object+0xSTART" of its function (by the unwind table), or of the
 * address itself when even that is unknown.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_H
#define CPROF_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/frame.h"
#include "target/jit.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"

struct symbols;

struct symbols_config { /* borrowed until symbols_close */
    const struct process *process;
    const struct memory *memory;
    const struct jit *jit;
};

enum symbol_space {
    SYMBOL_KERNEL,
    SYMBOL_NATIVE,
    SYMBOL_ERLANG,
    /* These two tell which BIF it is that C code runs for; no answer is
     * count 0. */
    SYMBOL_CALLED, /**< `at` is in Erlang code, in the call of the BIF */
    SYMBOL_ENTRY,  /**< `at` is Process.i while call_bif_shared runs it */
    /** The Erlang function that is called where `at` is, as the calling code
     *  names it; count 0: the call is of a fun, of a BIF, or of nothing. */
    SYMBOL_CALLEE,
};

/** What a shared fragment of the VM calls: how the C code that returns to it
 *  is named. */
enum symbol_callee {
    SYMBOL_NO_CALLEE, /**< C code of the VM's own, or not a fragment */
    SYMBOL_LIGHT_BIF, /**< the BIF of its caller's call, SYMBOL_CALLED */
    SYMBOL_BIF,       /**< (through a C helper) a BIF: SYMBOL_ENTRY, else
                           by its C function, else it goes on with one that
                           yielded: SYMBOL_CALLED */
    SYMBOL_NIF,       /**< (through a C helper) a NIF: by its C function, else
                           by its caller's call, SYMBOL_CALLED */
    SYMBOL_GUARD_BIF, /**< a BIF, known only by its C function */
};

enum symbol_seam {
    SYMBOL_NO_SEAM,
    SYMBOL_SEAM,        /**< see unwind.h: may be a BIF's C function */
    SYMBOL_SEAM_CALLED, /**< it runs for a BIF or NIF, or is its helper; the
                             C function may have gone on in this one by a jump
                             (its last call) */
};

struct symbol_query {
    uint64_t at; /**< an address inside the executing instruction */
    enum symbol_space space;
    enum symbol_seam seam;
    uint64_t time_ns; /**< of the sample */
};

/** What an address was, for the counters. */
enum symbol_result {
    SYMBOL_NAMED,
    SYMBOL_OBJECT_ONLY, /**< C code known only by object and offset */
    SYMBOL_UNRESOLVED,  /**< in no object and no code that was ever loaded */
    SYMBOL_STALE,       /**< code was replaced around the sample's time */
};

enum { SYMBOLS_MAX_FRAMES = 3 };

struct symbol_frames {
    struct frame list[SYMBOLS_MAX_FRAMES]; /**< leaf first; strings live until
                                                symbols_close */
    size_t count; /**< 0: not a frame of its own (a shared fragment of the
                       VM that is charged to its caller) */
    enum symbol_result result;
    bool gc;                   /**< this address is in a garbage collection */
    bool scheduler;            /**< this address is the scheduler's own loop */
    enum symbol_callee callee; /**< of Erlang code, see there */
    bool for_now; /**< another try, a little later, may know more */
};

MUST_USE int symbols_open(const struct symbols_config *config,
                          struct symbols **out);
void symbols_close(struct symbols *s);
/** New mappings; keeps what it knows of images still there. Borrowed until
 *  the next call. */
MUST_USE int symbols_set_maps(struct symbols *s, const struct maps *maps);
/** Reads now what would be read when the first addresses are asked for, which
 *  takes some 100 ms. @param kernel  the kernel's symbols, too */
void symbols_prepare(struct symbols *s, bool kernel);
/** The time (never 0) from which on answers are what they are now, unless
 *  for_now. It changes whenever code or mappings do. */
uint64_t symbols_since(const struct symbols *s);
/** Never fails: what has no name is "[unknown]" and says so in result. */
void symbols_name(struct symbols *s, const struct symbol_query *q,
                  struct symbol_frames *out);

#endif
