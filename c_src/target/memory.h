/**
 * @file memory.h
 * Read-only access to another process's memory, as a callback: a live
 * process, a recorded snapshot and a test's buffer look the same to every
 * reader above. Reads are all or nothing for each span. Data may have changed
 * by the time it is looked at, so every reader validates it.
 */
#ifndef CPROF_TARGET_MEMORY_H
#define CPROF_TARGET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/** One piece of a batch; `ok` is set by the read. */
struct memory_span {
    uint64_t addr;
    void *to;
    size_t len;
    bool ok;
};

struct memory {
    /** Reads every span it can; returns how many, or a negative error when
     *  none could even be tried (no right, process gone). */
    int (*read_many)(void *ctx, struct memory_span *spans, size_t n);
    void *ctx;
    /** Borrowed; once it is over every read fails with its error, so that
     *  no walk through memory that the process controls goes on for longer.
     *  NULL: none. */
    const struct deadline *until;
};

/** Memory of a live process by process_vm_readv; ctx is the pid, by value. */
struct memory memory_of_pid(pid_t pid);

/** 0, -E_NO_ACCESS, -E_GONE, an error of the deadline, or -EFAULT when a byte
 *  of it is not mapped. */
MUST_USE int memory_read(const struct memory *m, uint64_t addr, void *to,
                         size_t len);
MUST_USE int memory_read_u64(const struct memory *m, uint64_t addr,
                             uint64_t *value);
/** See read_many. */
int memory_read_many(const struct memory *m, struct memory_span *spans,
                     size_t n);

#endif
