/**
 * @file nodes.h
 * Which node a command line is about, when it gives no pid: the one of that
 * name, or the only one there is. Else the nodes are listed.
 */
#ifndef CPROF_CLI_NODES_H
#define CPROF_CLI_NODES_H

#include <stdio.h>

#include "base/err.h"
#include "cli/options.h"

/**
 * Sets o->pid, unless there is one, and says on stderr which node that is.
 * @param verb  for what is said
 * @return EXIT_DONE, or the code to exit with: why, and the nodes that there
 *         are, has been said
 */
int nodes_choose(const char *verb, struct options *o);
/** Prints a line for each node below a heading, nothing without any. Returns
 *  the pid of the only one, 0: there are none or several; or an error. */
int nodes_print(FILE *to);

#endif
