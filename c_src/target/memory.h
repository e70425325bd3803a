/**
 * @file memory.h
 * Read-only access to another process's memory, through a callback, so that a
 * live process and a test's buffer look the same to every reader. Each span is
 * read as a whole or not at all. The data may have changed by the time it is
 * looked at, so every reader validates it.
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
    /** Reads every span that it can; returns how many, or a negative error
     *  when the process cannot be read at all (no permission, or gone). */
    int (*read_many)(void *ctx, struct memory_span *spans, size_t n);
    void *ctx;
    /** Borrowed; NULL: none. When it has passed, every read fails with its
     *  error, so that a walk through memory, whose length the process
     *  controls, ends in time. */
    const struct deadline *until;
};

/** Memory of a live process by process_vm_readv; ctx is the pid, by value. */
struct memory memory_of_pid(pid_t pid);

/** 0; -E_NO_ACCESS; -E_GONE; an error of the deadline; or -EFAULT when some of
 *  the bytes are not mapped. */
MUST_USE int memory_read(const struct memory *m, uint64_t addr, void *to,
                         size_t len);
MUST_USE int memory_read_u64(const struct memory *m, uint64_t addr,
                             uint64_t *value);
/** See read_many. */
int memory_read_many(const struct memory *m, struct memory_span *spans,
                     size_t n);

#endif
