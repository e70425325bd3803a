/**
 * @file ask.h
 * --ask: names of processes that only the node itself knows (port/cnode.h), for
 * the verbs that name processes.
 */
#ifndef CPROF_CLI_ASK_H
#define CPROF_CLI_ASK_H

#include "base/err.h"
#include "cli/cookie.h"
#include "cli/options.h"
#include "profile/profile.h"

struct ask {
    const struct options *options; /**< borrowed */
    char cookie[COOKIE_MAX + 1];
};

/**
 * To be called before any work, when o->pid is known: reads the cookie, and
 * checks that the node has a name. Does nothing without --ask.
 * @return EXIT_DONE, or the code to exit with, after printing the reason
 */
MUST_USE int ask_prepare(struct ask *a, const struct options *o);
/** Asks the node with that pid about the processes of a profile. If it does not
 *  answer, the result is complete but for these names: that is printed and
 *  noted in the profile, and is no failure. Returns 0 or an error of the
 *  profile. */
MUST_USE int ask_node(const struct ask *a, pid_t pid, struct profile *p);

#endif
