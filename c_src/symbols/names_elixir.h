/**
 * @file names_elixir.h
 * A function as Elixir's Exception.format_mfa/3 writes it, from its unquoted
 * atoms. Pure. Whether a code point above ASCII is a letter is decided by its
 * block, not by the Unicode database. So a name in a rare script may get quotes
 * that Elixir leaves out, or lack quotes that Elixir writes.
 */
#ifndef CPROF_SYMBOLS_NAMES_ELIXIR_H
#define CPROF_SYMBOLS_NAMES_ELIXIR_H

#include <stddef.h>

/** Writes at most size bytes, including the NUL; a longer name is truncated. */
void names_elixir_spell(const char *module, const char *function, int arity,
                        char *out, size_t size);

#endif
