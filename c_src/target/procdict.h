/**
 * @file procdict.h
 * What a process says about itself: the entries that proc_lib and its users put
 * into the process dictionary (`$initial_call`, `$ancestors`,
 * `$callers`, `$process_label`), read from the node's memory. The process keeps
 * running meanwhile, and a garbage collection moves what is read. So the
 * dictionary is compared before and after, and is refused if it changed; no
 * process is ever given the name of another.
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
    uint64_t initial[3]; /**< as in struct erlproc; all 0: not there */
    uint64_t ancestor;   /**< who started it: an atom or a pid; 0: not there */
    uint64_t caller;     /**< of a task: for whom it works; likewise */
    char label[ERLPROC_TEXT];
};

struct procdict_reader;

/** l and n are borrowed until procdict_close. */
MUST_USE int procdict_open(const struct layout *l, const struct term_node *n,
                           struct procdict_reader **out);
void procdict_close(struct procdict_reader *r);
/**
 * Reads the dictionary of a process that was just read.
 * @return 0, also when it has none; -E_LAYOUT: its place is not known;
 *         -E_TORN: it changed meanwhile; -E_LIMIT: it is too large; or a memory
 *         error
 */
MUST_USE int procdict_read(struct procdict_reader *r, const struct erlproc *p,
                           struct procdict *out);

/** Words at the start of a dictionary: three of header and two slots. */
enum { PROCDICT_HEAD = 5 };
/** May these be the first words of a dictionary? Hardly any other words
 *  pass. */
bool procdict_is_head(const uint64_t head[PROCDICT_HEAD]);

#endif
