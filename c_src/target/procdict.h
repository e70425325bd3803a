/**
 * @file procdict.h
 * What a process says of itself: the entries of its dictionary that proc_lib
 * and its users put there (`$initial_call`, `$ancestors`, `$process_label`),
 * read from the node's memory. The process runs on, and a collection moves
 * what is read: the dictionary is compared before and after, and what does not
 * check out is refused, so that no name is ever another process's.
 */
#ifndef CPROF_TARGET_PROCDICT_H
#define CPROF_TARGET_PROCDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "target/atoms.h"
#include "target/erlproc.h"
#include "target/layout.h"
#include "target/memory.h"
#include "target/term_heap.h"

struct procdict {
    uint64_t initial[3]; /**< as in struct erlproc; 0s: not there */
    uint64_t ancestor;   /**< who started it: an atom, a pid; 0: not there */
    char label[ERLPROC_TEXT];
};

struct procdict_reader;

/** All are borrowed until procdict_close. */
MUST_USE int procdict_open(const struct layout *l, const struct term_node *n,
                           struct procdict_reader **out);
void procdict_close(struct procdict_reader *r);
/**
 * Reads the dictionary of a process that was just read.
 * @return 0, also when it has none; -E_LAYOUT: where it is, is not known;
 *         -E_TORN: it changed meanwhile; -E_LIMIT: it is bigger than what is
 *         searched; or a memory error
 */
MUST_USE int procdict_read(struct procdict_reader *r, const struct erlproc *p,
                           struct procdict *out);

/** The first words of a dictionary, its first two slots being the last. */
enum { PROCDICT_HEAD = 5 };
/** May these be the first words of a dictionary? Hardly ever by chance. */
bool procdict_is_head(const uint64_t head[PROCDICT_HEAD]);

#endif
