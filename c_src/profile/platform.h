/**
 * @file platform.h
 * Does a module belong to the application, or to the platform that it runs on?
 * The name decides, since module names are unique in a node. The file cannot
 * decide: a profile does not know where code was loaded from, and the files of
 * OTP have no folder in it.
 *
 * platform_modules.txt lists the modules of OTP (25, 27, 29) and of Elixir, one
 * per line, sorted by bytes; test/elixir/platform_test.exs compares it with
 * what is installed.
 */
#ifndef CPROF_PROFILE_PLATFORM_H
#define CPROF_PROFILE_PLATFORM_H

#include <stdbool.h>

/** Is it a module of OTP, Elixir or cprof itself? The name of an Elixir module
 *  is like "Elixir.Enum". */
bool platform_has(const char *module);

#endif
