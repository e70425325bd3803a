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

#include "profile/profile.h"

/** Is it a module of OTP, Elixir or cprof itself? The name of an Elixir module
 *  is like "Elixir.Enum". */
bool platform_has(const char *module);
/** Is it an Erlang or Elixir function of the application? */
bool platform_is_application(const struct profile *p, uint32_t function);
/** The innermost function of a stack that is of the application. If all are of
 *  the platform, the innermost one. Reports show a process that waits at this
 *  function, because timer:sleep/1 or gen:do_call/4 explains nothing. */
uint32_t platform_call_site(const struct profile *p, uint32_t stack);
/** The stack whose innermost function that is. */
uint32_t platform_call_stack(const struct profile *p, uint32_t stack);
/** The same for all stacks: an array by stack, which the caller frees. NULL if
 *  there is not enough memory. */
uint32_t *platform_call_sites(const struct profile *p);

#endif
