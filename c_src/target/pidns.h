/**
 * @file pidns.h
 * The pid namespace of an observed process: in a container, it and its threads
 * have other ids there than here.
 */
#ifndef CPROF_TARGET_PIDNS_H
#define CPROF_TARGET_PIDNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct pidns {
    uint64_t dev, ino; /**< which it is, as the kernel compares them */
    bool ours;         /**< ids are the same there and here */
};

/** @return 0; -E_NO_PROCESS, -E_NO_ACCESS or -errno */
MUST_USE int pidns_read(pid_t pid, struct pidns *out);
/** A thread's id there, by its id here (the process itself: tid = pid); 0 when
 *  it has ended. */
pid_t pidns_inner(const struct pidns *ns, pid_t pid, pid_t tid);

#endif
