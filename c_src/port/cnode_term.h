/**
 * @file cnode_term.h
 * Terms that a node sends, in the external format. They are read through the
 * bounded reader, never trusted. A function that reads a term moves the reader
 * behind it; if the term is another one, or damaged, it returns false, and the
 * reader must not be used any more. Pure, no allocation; fuzzed.
 */
#ifndef CPROF_PORT_CNODE_TERM_H
#define CPROF_PORT_CNODE_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

/** Bytes of texts, with the NUL; also of the name of a node. */
enum { CNODE_TEXT = 256 };

/** A node: pids of an earlier node of the same name have another creation. */
struct cnode_node {
    char name[CNODE_TEXT];
    uint32_t creation;
};

/** A process, as in <0.NUMBER.SERIAL>, of a node that is known. */
struct cnode_pid {
    uint32_t number, serial;
};

/** Any term. */
bool cnode_term_skip(struct reader *r);
/** An atom, whose text is a view. */
bool cnode_term_atom(struct reader *r, const char **text, size_t *len);
/** That atom. */
bool cnode_term_is(struct reader *r, const char *atom);
/** The head of a tuple; its elements follow. */
bool cnode_term_tuple(struct reader *r, uint32_t *arity);
/** The head of a list; its elements follow and then, unless there are none,
 *  its tail, for cnode_term_nil. */
bool cnode_term_list(struct reader *r, uint32_t *count);
bool cnode_term_nil(struct reader *r);
/** An integer, 0 or more. */
bool cnode_term_natural(struct reader *r, uint64_t *value);
/** A string of characters below 256, as a text. */
bool cnode_term_string(struct reader *r, char text[CNODE_TEXT]);
bool cnode_term_pid(struct reader *r, struct cnode_node *node,
                    struct cnode_pid *pid);
/** Is the next term an atom? The reader stays. */
bool cnode_term_at_atom(const struct reader *r);
/** The same for a pid of this node. */
bool cnode_term_at_pid(const struct reader *r, const struct cnode_node *node);

/**
 * Any term, for people: an atom or text as it is, any other term as Erlang
 * writes it. What is too long, too deeply nested or of another kind is written
 * as "...".
 * @param node  whose pids are <0.N.S>
 * @param text  valid UTF-8
 */
bool cnode_term_text(struct reader *r, const struct cnode_node *node,
                     char text[CNODE_TEXT]);

#endif
