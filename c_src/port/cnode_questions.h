/**
 * @file cnode_questions.h
 * What a node is asked: the arguments of functions that every node has loaded
 * (of erlang, lists, application, proc_lib and gen_server). They contain no
 * atom that the node does not know, because an atom is never freed there.
 * Pure.
 */
#ifndef CPROF_PORT_CNODE_QUESTIONS_H
#define CPROF_PORT_CNODE_QUESTIONS_H

#include <ei.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "port/cnode_term.h"

/** A call, to be evaluated by the node. */
struct cnode_question {
    const char *module, *function;
    ei_x_buff arguments; /**< a list, without the version byte */
    bool failed;         /**< there is not enough memory */
};

/** What process_info tells of each process. */
enum cnode_facts_of {
    CNODE_OF_WORKER,     /**< its group leader and its parent */
    CNODE_OF_LABELLED,   /**< and its label; OTP 27 and later */
    CNODE_OF_LEADER,     /**< its own group leader */
    CNODE_OF_SUPERVISOR, /**< whether it is at rest, and how large it is */
};

/** Each question must be freed, also if it failed. The pids are those of
 *  processes of `node`. */
void cnode_question_free(struct cnode_question *q);
/** The pid of the VM in the operating system. */
struct cnode_question cnode_ask_os_pid(void);
/** The pid of init, which tells the node's name and creation. */
struct cnode_question cnode_ask_self(void);
struct cnode_question cnode_ask_facts(const struct cnode_node *node,
                                      const struct cnode_pid *pids, size_t n,
                                      enum cnode_facts_of what);
/** The application of each group leader. */
struct cnode_question cnode_ask_applications(const struct cnode_node *node,
                                             const struct cnode_pid *pids,
                                             size_t n);
/** How each process began, as proc_lib noted it. */
struct cnode_question cnode_ask_beginnings(const struct cnode_node *node,
                                           const struct cnode_pid *pids,
                                           size_t n);
/** The children of a supervisor, which answers this itself. If it does not
 *  within ms, the node gives up. */
struct cnode_question cnode_ask_children(const struct cnode_node *node,
                                         struct cnode_pid pid, unsigned ms);

/** The message for `rex` that contains the question: the node evaluates it in a
 *  process of its own, which has `from` as its group leader and sends the
 *  answer there. The caller frees *out. 0 or -ENOMEM. */
MUST_USE int cnode_question_message(const struct cnode_question *q,
                                    const erlang_pid *from, ei_x_buff *out);

#endif
