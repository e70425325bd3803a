/**
 * @file perfmap_file.h
 * The perf map of a process: where it is, and whether it can be trusted. It
 * must be a regular file of the node's own user, no symbolic link, and have no
 * other name (anyone may create files and links in /tmp). Looked up through
 * the node's own root folder and with its own pid. The node's user decides
 * what it holds, so its size and the time spent on it are limited.
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
    uint64_t read_size; /**< bytes at the last attempt to read it */
    uint64_t idle_ns;   /**< until when it is left alone */
};

/** A file that is longer is not read (-E_LIMIT). */
enum { PERFMAP_FILE_MAX = 64 << 20 };

void perfmap_file_init(struct perfmap_file *f, const struct process *p);
void perfmap_file_deinit(struct perfmap_file *f);
/** Reads the file when it has grown, but rests nine times as long as the last
 *  read took before it reads again. 1: read, 0: nothing new, or
 *  -E_NO_ACCESS (not the node's own regular file), -E_LIMIT, -errno. */
int perfmap_file_refresh(struct perfmap_file *f, const struct process *p);

/** The folder of +JPperfdirectory among the arguments (NUL-separated), or
 *  "" when it is not set. Pure. */
void perfmap_file_directory(const void *argv, size_t len, char *out,
                            size_t size);

#endif
