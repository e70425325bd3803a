/**
 * @file symbols_erlang.h
 * JIT code: from an address and a time to the Erlang function and line, by the
 * JIT list. Also makes frames from the VM's names, whatever their source.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_ERLANG_H
#define CPROF_SYMBOLS_SYMBOLS_ERLANG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/texts.h"
#include "symbols/symbols.h"
#include "target/jit.h"

struct symbols_erlang;

/** jit and pool are borrowed until symbols_erlang_close. */
MUST_USE int symbols_erlang_open(const struct jit *jit, struct texts *pool,
                                 struct symbols_erlang **out);
void symbols_erlang_close(struct symbols_erlang *e);
/** False when no code is known there at that time; *out is then unchanged. */
bool symbols_erlang_name(struct symbols_erlang *e, uint64_t at,
                         uint64_t time_ns, struct symbol_frames *out);

/**
 * Makes frames from a name of the VM: that of a function, or of a shared
 * fragment ("global::..."). Of the fragments, only the garbage collector and
 * the scheduler's loop are frames; the others belong to their callers.
 */
void symbols_erlang_spell(struct texts *pool, const char *vm_name,
                          struct symbol_frames *out);

/** One frame whose name is a text in brackets, such as "[unknown]". */
void symbols_erlang_bracket(const char *text, enum frame_kind kind,
                            enum symbol_result result,
                            struct symbol_frames *out);

#endif
