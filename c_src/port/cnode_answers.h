/**
 * @file cnode_answers.h
 * What a node answers. The bytes come from elsewhere: each answer must have the
 * form that belongs to its question, or it is refused as a whole. Pure; fuzzed.
 */
#ifndef CPROF_PORT_CNODE_ANSWERS_H
#define CPROF_PORT_CNODE_ANSWERS_H

#include "base/err.h"
#include "port/cnode_term.h"

/** A message that the node sent to a process of ours. */
struct cnode_message {
    struct cnode_node node; /**< of ours */
    struct cnode_pid to;
    struct reader answer; /**< a view */
};

/** Reads a message of the distribution, without its length. 0; -E_NOT_FOUND: it
 *  is not an answer; or -E_ANSWER. */
MUST_USE int cnode_read_message(const void *bytes, size_t len,
                                struct cnode_message *out);

/** What is known about a process; see enum cnode_facts_of. */
struct cnode_facts {
    bool alive;
    bool has_leader, has_parent; /**< that is a process of the same node */
    struct cnode_pid leader, parent;
    char label[CNODE_TEXT]; /**< "": it has none */
    bool in_loop;           /**< it waits in the loop of gen_server */
    uint64_t messages, heap_words;
};

/** Each: 0 or -E_ANSWER, and then *out is undefined. Answers about n processes
 *  have n elements. */
MUST_USE int cnode_read_os_pid(struct reader answer, uint64_t *out);
MUST_USE int cnode_read_self(struct reader answer, struct cnode_node *out);
MUST_USE int cnode_read_facts(struct reader answer,
                              const struct cnode_node *node, size_t n,
                              struct cnode_facts *out);
/** "" for a process that belongs to no application. */
MUST_USE int cnode_read_applications(struct reader answer, size_t n,
                                     char (*out)[CNODE_TEXT]);
/** Did the process begin as a supervisor? */
MUST_USE int cnode_read_supervisors(struct reader answer, size_t n, bool *out);

/** Called for each child that has an id and a process. */
typedef void cnode_child(void *ctx, struct cnode_pid pid, const char *id);
MUST_USE int cnode_read_children(struct reader answer,
                                 const struct cnode_node *node,
                                 cnode_child *child, void *ctx);

#endif
