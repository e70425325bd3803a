/**
 * @file cnode.h
 * Facts about the processes of a profile that only the node itself knows: the
 * application, the id in the supervisor, and labels that could not be read from
 * memory. The node is asked for them as by a C node: through its `rex` server,
 * with functions that every node has, and within CNODE_MS in all. docs/names.md
 * says what is asked, and what that costs the node.
 */
#ifndef CPROF_PORT_CNODE_H
#define CPROF_PORT_CNODE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"

enum {
    CNODE_MS = 3000,        /* for all */
    CNODE_PROCESSES = 1000, /* most that are asked about */
    CNODE_SUPERVISORS = 64, /* most that are asked themselves */
    /* A supervisor is asked only if it waits in its loop, has no message, and
     * is not larger than that: it sends a list of all its children. */
    CNODE_SUPERVISOR_WORDS = 50000,
};

/** Which node to ask. */
struct cnode_options {
    const char *alive, *host; /**< its name is alive@host */
    const char *cookie;       /**< at most 255 bytes */
    uint16_t epmd;            /**< the port of epmd */
    pid_t pid;   /**< in its own pid namespace; another node is not asked */
    bool labels; /**< it is of OTP 27 or later, and may know labels */
};

struct cnode_result {
    uint64_t processes; /**< that were described */
    uint64_t left_out;  /**< that were not asked about: too many */
};

/**
 * Describes the processes of a profile; of those that have samples, the ones
 * with the most first.
 * @param out  also after an error says what was reached until then
 * @return 0; an error of cnode_link.h; -E_OTHER_NODE; or one of the profile
 */
MUST_USE int cnode_describe(const struct cnode_options *o, struct profile *p,
                            struct cnode_result *out);

#endif
