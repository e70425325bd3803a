/**
 * @file cookie.h
 * The cookie of a node, for --ask. It is never an argument, because every user
 * of the machine sees the arguments of all programs.
 */
#ifndef CPROF_CLI_COOKIE_H
#define CPROF_CLI_COOKIE_H

#include <sys/types.h>

#include "base/err.h"

enum { COOKIE_MAX = 255 }; /* an atom's */

/**
 * Reads the cookie: from `file`; or from CPROF_COOKIE, which is then removed
 * from the environment, so that no program that is started has it; or from
 * .erlang.cookie in the home of the node's user, where Erlang looks for it. As
 * for Erlang, nobody but its owner may have access to that file.
 * @param file  NULL: not given
 * @return EXIT_DONE, or the code to exit with, after printing the reason
 */
MUST_USE int cookie_read(const char *file, uid_t user,
                         char cookie[COOKIE_MAX + 1]);

#endif
