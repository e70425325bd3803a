/**
 * @file beams.h
 * The Erlang VMs that can be seen from here, by /proc: those of other users
 * and of other pid namespaces below ours, too. Processes start and end while
 * one looks; one that ended is left out.
 */
#ifndef CPROF_TARGET_BEAMS_H
#define CPROF_TARGET_BEAMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/process.h"

struct beam {
    struct process process;
    int release;       /**< OTP, by the path of its program; 0: not known */
    char runs[64];     /**< its release, else what the command line tells */
    uint64_t uptime_s; /**< seconds */
};

struct beams {
    struct beam *list; /**< by pid */
    size_t count, cap;
    size_t looked_at; /**< processes */
    size_t hidden;    /**< of those, the ones of which nothing may be read */
};

/** 0, or an error of reading /proc or -ENOMEM. */
MUST_USE int beams_list(struct beams *out);
void beams_deinit(struct beams *b);
/**
 * Is that its name? "shop" is the name of shop@host; a node that was started
 * without its host's name (-sname shop) runs on this one.
 * @param node  what the node was started with, see struct process
 * @param host  of this machine
 */
bool beams_is_named(const char *node, const char *host, const char *name);

#endif
