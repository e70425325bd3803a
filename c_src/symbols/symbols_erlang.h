/**
 * @file symbols_erlang.h
 * JIT code: from an address and a time to the Erlang function and line, by
 * the JIT list; and how the VM's names become frames, wherever they come
 * from.
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

/** Both are borrowed until close. */
MUST_USE int symbols_erlang_open(const struct jit *jit, struct texts *pool,
                                 struct symbols_erlang **out);
void symbols_erlang_close(struct symbols_erlang *e);
/** False when no code was known there at that time; *out is then untouched. */
bool symbols_erlang_name(struct symbols_erlang *e, uint64_t at,
                         uint64_t time_ns, struct symbol_frames *out);

/**
 * What a name of the VM stands for: a function, or a shared fragment
 * ("global::..."), of which only the collector and the scheduler's loop are
 * frames; the others belong to their callers and give no frame.
 */
void symbols_erlang_spell(struct texts *pool, const char *vm_name,
                          struct symbol_frames *out);

/** One frame that is a text in brackets, "[unknown]". */
void symbols_erlang_bracket(const char *text, enum frame_kind kind,
                            enum symbol_result result,
                            struct symbol_frames *out);

#endif
