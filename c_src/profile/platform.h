/**
 * @file platform.h
 * Is a module the application's, or the platform's that it runs on? A module's
 * name is unique in a node, so the name decides: a profile does not know where
 * code was loaded from, and OTP's files have no folder in it.
 *
 * platform_modules.txt has the modules of OTP (25, 27, 29) and of Elixir, one
 * a line, sorted by bytes; test/elixir/platform_test.exs holds it against what
 * is installed.
 */
#ifndef CPROF_PROFILE_PLATFORM_H
#define CPROF_PROFILE_PLATFORM_H

#include <stdbool.h>

/** Is it OTP's, Elixir's or cprof's own? An Elixir module is "Elixir.Enum". */
bool platform_has(const char *module);

#endif
