/**
 * @file names.h
 * From the VM's spelling of a function to the one that people use. Pure.
 *   "lists:seq/2"                              -> lists:seq/2
 *   "'Elixir.Enum':map/2"                      -> Enum.map/2
 *   "'Elixir.Enum':'-map/2-fun-0-'/2"          -> anonymous fn/2 in Enum.map/2
 *   "wl:'-run/2-fun-0-'/1"                     -> wl:'-run/2-fun-0-'/1
 *   "'Elixir.String':'upcase?'/1"              -> String.upcase?/1
 * Erlang's own quoting is kept for Erlang names. Elixir funs are spelled as
 * Exception.format_mfa/3 does.
 */
#ifndef CPROF_SYMBOLS_NAMES_H
#define CPROF_SYMBOLS_NAMES_H

#include <stddef.h>

#include "base/err.h"
#include "profile/frame.h"

enum { NAMES_MAX = 1024 };

struct names {
    enum frame_kind kind; /**< FRAME_ERLANG or FRAME_ELIXIR */
    char display[NAMES_MAX];
    char module[NAMES_MAX];   /**< unquoted atom text */
    char function[NAMES_MAX]; /**< unquoted atom text */
    int arity;
};

/** 0, or -E_FORMAT when vm_name is not M:F/A; then display is vm_name. */
int names_parse(const char *vm_name, struct names *out);

#endif
