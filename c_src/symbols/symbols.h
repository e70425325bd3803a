/**
 * @file symbols.h
 * From addresses to frames. The sources are, for Erlang code: the JIT list, by
 * the time of the sample; for C code: the ELF symbols of the mapped objects and
 * the vdso, with separate debug files; for both, if these have nothing: a perf
 * map; for the kernel: kallsyms. Nothing is guessed: C code without a symbol is
 * "object+0xSTART", with the start of its function by the unwind table, or the
 * address itself if that is unknown, too.
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
    /* These three give the BIF that C code runs for; count 0: not known. */
    SYMBOL_CALLED, /**< `at` is in Erlang code, in the call of the BIF */
    SYMBOL_ENTRY,  /**< `at` is Process.i while call_bif_shared runs it */
    SYMBOL_MFA,    /**< `at` is Process.current while a NIF runs: the address of
                        the ErtsCodeMFA in its stub */
    /** The Erlang function that the call at `at` names; count 0: it calls a fun
     *  or a BIF, or is not a call. */
    SYMBOL_CALLEE,
    /** Sets stack_only and allocates. */
    SYMBOL_ROOM,
};

/** What a shared fragment of the VM calls. It says how to name the C code that
 *  returns to the fragment. */
enum symbol_callee {
    SYMBOL_NO_CALLEE, /**< C code of the VM's own, or not a fragment */
    SYMBOL_LIGHT_BIF, /**< the BIF in its caller's call: SYMBOL_CALLED */
    SYMBOL_BIF,       /**< a BIF, through a C helper: by SYMBOL_ENTRY, else by
                           its C function, else (one that yielded continues)
                           by SYMBOL_CALLED */
    SYMBOL_NIF,       /**< a NIF, through a C helper: by its C function, else
                           by SYMBOL_CALLED, else (its caller was a tail call)
                           by SYMBOL_MFA */
    SYMBOL_GUARD_BIF, /**< a BIF, known only by its C function */
};

enum symbol_seam {
    SYMBOL_NO_SEAM,
    SYMBOL_SEAM,        /**< see unwind.h: may be a BIF's C function */
    SYMBOL_SEAM_CALLED, /**< runs for a BIF or NIF: its C function or a helper,
                             or a function to which its C function jumped (a
                             tail call) */
};

struct symbol_query {
    uint64_t at; /**< an address inside the executing instruction */
    enum symbol_space space;
    enum symbol_seam seam;
    uint64_t time_ns; /**< of the sample */
};

/** What was found for an address, for the counters. */
enum symbol_result {
    SYMBOL_NAMED,
    SYMBOL_OBJECT_ONLY, /**< C code, known only by object and offset */
    SYMBOL_UNRESOLVED,  /**< in no object, and in no code that is known */
    SYMBOL_STALE,       /**< code was replaced around the sample's time */
};

enum { SYMBOLS_MAX_FRAMES = 3 };

struct symbol_frames {
    struct frame list[SYMBOLS_MAX_FRAMES]; /**< leaf first; strings live until
                                                symbols_close */
    size_t count; /**< 0: not a frame of its own (a shared fragment of the
                       VM, whose time is its caller's) */
    enum symbol_result result;
    bool gc;                   /**< this address is in the garbage collector */
    bool scheduler;            /**< this address is in the scheduler's loop */
    enum symbol_callee callee; /**< of a shared fragment */
    bool stack_only; /**< the call asks the garbage collector for room on the
                          stack only */
    bool allocates;  /**< the function's code asks for room on the heap
                          somewhere, or cannot be read */
    bool for_now;    /**< a later try may find more */
};

MUST_USE int symbols_open(const struct symbols_config *config,
                          struct symbols **out);
void symbols_close(struct symbols *s);
/** Sets the present mappings; images that are still mapped stay open. maps is
 *  borrowed until the next call. */
MUST_USE int symbols_set_maps(struct symbols *s, const struct maps *maps);
/** Reads now what would otherwise be read for the first addresses; this takes
 *  some 100 ms.
 *  @param kernel  also read the kernel's symbols */
void symbols_prepare(struct symbols *s, bool kernel);
/** The time (never 0) since which the answers are what they are now, apart from
 *  those with for_now. It changes whenever code or mappings change. */
uint64_t symbols_since(const struct symbols *s);
/** Never fails: an address without a name is "[unknown]", with
 *  SYMBOL_UNRESOLVED. */
void symbols_name(struct symbols *s, const struct symbol_query *q,
                  struct symbol_frames *out);

#endif
