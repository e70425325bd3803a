/**
 * @file symbols_native.h
 * C code: from an address to its function, by the ELF file that is mapped
 * there. It knows objects and functions, but nothing of Erlang.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_NATIVE_H
#define CPROF_SYMBOLS_SYMBOLS_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/texts.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"

struct symbols_native;

/** The function at an address of C code. Texts live as long as the pool. */
struct native_function {
    const char *name;   /**< "memcpy", "beam.smp+0x1a2b30"; "" when the
                             address is in no object */
    const char *object; /**< file name of the object; "": none */
    uint64_t start;     /**< address of its start; 0: not known */
    bool named;         /**< the name is a symbol, not object and offset */
    bool executable;    /**< the object is the VM itself */
    bool collector;     /**< its name is that of an entry of the garbage
                             collector */
};

/** The arguments are borrowed until symbols_native_close. */
MUST_USE int symbols_native_open(const struct process *process,
                                 const struct memory *memory,
                                 struct texts *pool,
                                 struct symbols_native **out);
void symbols_native_close(struct symbols_native *n);
/** Sets the present mappings, borrowed until the next call. Files that are
 *  still mapped stay open. */
void symbols_native_set_maps(struct symbols_native *n, const struct maps *maps);
/** Opens the files of all mapped objects now, instead of for the first address
 *  in each. */
void symbols_native_prepare(struct symbols_native *n);
/** Valid until the next call of any function here. */
const struct native_function *symbols_native_at(struct symbols_native *n,
                                                uint64_t at);
/** The functions that the function around an address calls directly: their
 *  starts, at most max. Returns their number. */
size_t symbols_native_callees(struct symbols_native *n, uint64_t at,
                              uint64_t *starts, size_t max);
/** The same for jumps out of the function. */
size_t symbols_native_jumps(struct symbols_native *n, uint64_t at,
                            uint64_t *starts, size_t max);

/** "garbage_collect.part.0@@V1" -> "garbage_collect",
 *  "_Z17beam_jit_call_bifP7process" -> "beam_jit_call_bif"; pure, in place. */
void symbols_native_plain_name(char *name);

#endif
