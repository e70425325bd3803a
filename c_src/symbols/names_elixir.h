/**
 * @file names_elixir.h
 * A function as Elixir's Exception.format_mfa/3 writes it, from its unquoted
 * atoms. Pure. Code points above ASCII are sorted into letters and others by
 * block, not by the whole Unicode database: a name in a rare script may get
 * quotes that Elixir leaves out, or the other way round.
 */
#ifndef CPROF_SYMBOLS_NAMES_ELIXIR_H
#define CPROF_SYMBOLS_NAMES_ELIXIR_H

#include <stddef.h>

/** Writes at most size bytes, with the final NUL; a longer name is cut. */
void names_elixir_spell(const char *module, const char *function, int arity,
                        char *out, size_t size);

#endif
