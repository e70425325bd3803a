/**
 * @file perfmap_file.h
 * The perf map of a process: where it is, and whether it can be trusted. It
 * must be a regular file of the node's own user, not a symbolic link, and have
 * no second name, because anyone may create files and links in /tmp. It is
 * looked up in the node's own root directory, with the pid that the node itself
 * has. The node's user can write anything into it, so its size and the time
 * spent on it are limited.
 */
#ifndef CPROF_SYMBOLS_PERFMAP_FILE_H
#define CPROF_SYMBOLS_PERFMAP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "symbols/perfmap.h"
#include "target/process.h"

struct perfmap_file {
    char path[PROCESS_PATH_MAX + 64]; /**< as the node sees it */
    struct perfmap map;
    uint64_t read_size; /**< its bytes at the last attempt to read it */
    uint64_t idle_ns;   /**< it is not read again before this time */
};

/** A longer file is not read (-E_LIMIT). */
enum { PERFMAP_FILE_MAX = 64 << 20 };

void perfmap_file_init(struct perfmap_file *f, const struct process *p);
void perfmap_file_deinit(struct perfmap_file *f);
/** Reads the file if it has grown. After a reading it waits nine times as long
 *  as that took before it reads again. 1: it was read; 0: it was not; or
 *  -E_NO_ACCESS (not a regular file of the node's own), -E_LIMIT, -errno. */
int perfmap_file_refresh(struct perfmap_file *f, const struct process *p);

/** The directory of +JPperfdirectory in the arguments (NUL-separated), or ""
 *  when it is not set. Pure. */
void perfmap_file_directory(const void *argv, size_t len, char *out,
                            size_t size);

#endif
