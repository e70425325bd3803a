/**
 * @file perfmap_file.h
 * The perf map of a process: where it is and whether it may be believed. It
 * must be a regular file of the node's own user and no symbolic link (anyone
 * may create files in /tmp). Looked up through the node's own root folder
 * and with its own pid.
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
    uint64_t read_size; /**< bytes parsed into map */
};

void perfmap_file_init(struct perfmap_file *f, const struct process *p);
void perfmap_file_deinit(struct perfmap_file *f);
/** Reads the file when it grew since the last time. 1: read, 0: nothing new,
 *  or -E_NO_ACCESS (not the node's own regular file), -errno. */
int perfmap_file_refresh(struct perfmap_file *f, const struct process *p);

/** The folder of +JPperfdirectory among the arguments (NUL-separated), or
 *  "" when it is not set. Pure. */
void perfmap_file_directory(const void *argv, size_t len, char *out,
                            size_t size);

#endif
