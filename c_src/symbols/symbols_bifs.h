/**
 * @file symbols_bifs.h
 * The Erlang name of the BIF or NIF that C code runs for: by the call in Erlang
 * code, by the stub through which it was entered, or by its C function
 * (bifs.h). Also finds the Erlang function that a call names.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_BIFS_H
#define CPROF_SYMBOLS_SYMBOLS_BIFS_H

#include "base/err.h"
#include "base/texts.h"
#include "symbols/symbols.h"
#include "symbols/symbols_native.h"

struct symbols_bifs;

/** The arguments are borrowed until symbols_bifs_close. */
MUST_USE int symbols_bifs_open(const struct symbols_config *config,
                               struct symbols_native *native,
                               struct texts *pool, struct symbols_bifs **out);
void symbols_bifs_close(struct symbols_bifs *b);
/** Sets the present mappings, borrowed until the next call. */
void symbols_bifs_set_maps(struct symbols_bifs *b, const struct maps *maps);
/** Reads the code of modules that are new since the last time. */
void symbols_bifs_update(struct symbols_bifs *b);
/** See bifs_collector. */
uint64_t symbols_bifs_collector(const struct symbols_bifs *b);

/** If f is the C function of a BIF or NIF, adds the frame of that BIF or NIF to
 *  *out. */
void symbols_bifs_of_function(struct symbols_bifs *b,
                              const struct native_function *f,
                              enum symbol_seam seam, struct symbol_frames *out);
/** Answers SYMBOL_CALLED, SYMBOL_ENTRY and SYMBOL_MFA. */
void symbols_bifs_called(struct symbols_bifs *b, const struct symbol_query *q,
                         struct symbol_frames *out);

/** Answers SYMBOL_CALLEE: the address of the function's first instruction; 0:
 *  the call names no function. */
uint64_t symbols_bifs_callee(const struct symbols_bifs *b,
                             const struct symbol_query *q);

/** Answers SYMBOL_ROOM. */
void symbols_bifs_room(const struct symbols_bifs *b,
                       const struct symbol_query *q, struct symbol_frames *out);

#endif
