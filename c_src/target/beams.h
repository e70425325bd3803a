/**
 * @file beams.h
 * The Erlang VMs that /proc shows, including those of other users and those in
 * pid namespaces below ours. A VM that ends during the search is left out.
 */
#ifndef CPROF_TARGET_BEAMS_H
#define CPROF_TARGET_BEAMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/process.h"

struct beam {
    struct process process;
    int release;       /**< OTP, by the path of its executable; 0: unknown */
    char runs[64];     /**< name of its release (RELEASE_NAME, REL_NAME), else
                            process.runs */
    uint64_t uptime_s; /**< seconds */
};

struct beams {
    struct beam *list; /**< sorted by pid */
    size_t count, cap;
    size_t looked_at; /**< processes of any kind */
    size_t hidden;    /**< those that may not be read: perhaps Erlang VMs */
};

/** 0, -ENOMEM, or an error of reading /proc. */
MUST_USE int beams_list(struct beams *out);
void beams_deinit(struct beams *b);
/**
 * Is this the name of the node? "shop" matches shop@host. A node that was
 * started without a host name (-sname shop) has that of this machine.
 * @param node  the name that the node was started with (struct process)
 * @param host  this machine's host name
 */
bool beams_is_named(const char *node, const char *host, const char *name);

#endif
