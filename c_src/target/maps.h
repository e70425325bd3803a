/**
 * @file maps.h
 * The mappings of a process, from the text of /proc/PID/maps: sorted by start,
 * without overlaps. Lines that are not understood are skipped and counted.
 */
#ifndef CPROF_TARGET_MAPS_H
#define CPROF_TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { MAPS_READ = 1, MAPS_WRITE = 2, MAPS_EXEC = 4, MAPS_SHARED = 8 };

struct map {
    uint64_t start, end; /**< [start, end) */
    uint64_t offset;     /**< where start lies in the file, bytes */
    uint64_t inode;      /**< 0: not backed by a file */
    uint32_t dev_major, dev_minor;
    unsigned flags;
    bool deleted;     /**< the file was removed (" (deleted)" is cut off) */
    const char *path; /**< "" when anonymous; owned by the table */
};

struct maps {
    struct map *list;
    size_t count;
    size_t skipped; /**< lines that were not understood, or overlap */
    char *text;     /* backing of the paths */
};

/** Parses the text of a maps file. On failure *out is untouched. */
MUST_USE int maps_parse(const void *text, size_t len, struct maps *out);
MUST_USE int maps_read(pid_t pid, struct maps *out);
void maps_deinit(struct maps *maps);
/** The mapping that holds addr, or NULL; valid until maps_deinit. */
const struct map *maps_find(const struct maps *maps, uint64_t addr);

#endif
