/**
 * @file nodes.h
 * Finds the node that a command line means if it gives no pid: the node with
 * the given name, or the only node on this machine. Otherwise lists the nodes.
 */
#ifndef CPROF_CLI_NODES_H
#define CPROF_CLI_NODES_H

#include "base/err.h"
#include "cli/options.h"

/**
 * Sets o->pid, unless it is set already, and prints on stderr which node it is.
 * @param verb  named in the message
 * @return EXIT_DONE, or the code to exit with; then the reason and the nodes
 *         have been printed
 */
int nodes_choose(const char *verb, struct options *o);
/** The pid of the node with that name; 0: there is none, or there are several;
 *  or an error of reading /proc. Prints nothing.
 *  @param named  set to how many there are */
int nodes_find(const char *name, size_t *named);
/** A line on stderr for each node with that name, below a heading. */
void nodes_show_named(const char *name);
/** `cprof --nodes`: a line for each node below a heading, on stdout. If there
 *  are none, it says so on stderr. Returns the code to exit with. */
int nodes_show(void);
/** Prints the same lines, or nothing if there are no nodes. Returns the pid if
 *  there is exactly one node, else 0; or an error. */
int nodes_print(void);

#endif
