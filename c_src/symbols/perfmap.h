/**
 * @file perfmap.h
 * The text of a perf map (/tmp/perf-PID.map), which the VM writes with +JPperf
 * map or true (erts/emulator/beam/jit/beam_jit_metadata.cpp, JitPerfMap). Its
 * lines are "START SIZE NAME", with both numbers in hexadecimal; the names that
 * the VM writes begin with '$'. Lines are only ever appended, so where two
 * lines overlap, the later one is right.
 */
#ifndef CPROF_SYMBOLS_PERFMAP_H
#define CPROF_SYMBOLS_PERFMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A node with 10,000 modules has less than a million. */
enum { PERFMAP_MAX_LINES = 1 << 21 };

/** A range of code with one name; ranges do not overlap. */
struct perfmap_range {
    uint64_t start, end; /**< [start, end) */
    const char *name;    /**< as in the file, with the '$' */
};

struct perfmap {
    struct perfmap_range *list; /**< sorted by start */
    size_t count;
    size_t skipped; /**< lines that were not understood */
    char *text;     /* backing of the names */
};

/** Pure; fuzzed. 0, -ENOMEM, or -E_LIMIT for more than PERFMAP_MAX_LINES; after
 *  an error *out is unchanged. A last line without '\n' is still being written,
 *  and is left out. */
MUST_USE int perfmap_parse(const void *text, size_t len, struct perfmap *out);
void perfmap_deinit(struct perfmap *map);
/** The range that holds addr, or NULL. */
const struct perfmap_range *perfmap_find(const struct perfmap *map,
                                         uint64_t addr);

#endif
