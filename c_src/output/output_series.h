/**
 * @file output_series.h
 * A series of recordings in a folder, whose oldest make room for new ones. Each
 * recording is a few files whose names begin alike:
 *
 *     watch-20261129T083151.123Z-mailbox.pb.gz
 *     watch-20261129T083151.123Z-mailbox.snapshot.json
 *
 * Only files whose whole name is of this form, with the series' own name and
 * with one of its endings, that are regular files and belong to this user are
 * ever counted or removed. A recording that is to stay needs only another name.
 */
#ifndef CPROF_OUTPUT_OUTPUT_SERIES_H
#define CPROF_OUTPUT_OUTPUT_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    OUTPUT_SERIES_NAME = 64, /**< bytes of a series' name, at most 63 letters */
    OUTPUT_SERIES_WORD = 32, /**< the same of what a recording is of */
    OUTPUT_SERIES_STEM = 160, /**< bytes of the beginning of its files' names */
};

struct output_series {
    const char *folder, *name;
    const char *const *endings; /**< ".pb.gz", ...; NULL-terminated */
    uint64_t most_bytes;        /**< of all files together */
};

/** May a series have that name? Letters, digits, and "_", "-", ".", "@", but no
 *  point first. */
bool output_series_name_fits(const char *name);
/** Writes the beginning of a recording's files.
 *  @param unix_ns  when it was taken
 *  @param word     what it is of; characters that a name of a file should not
 *                  have become '_' */
void output_series_stem(const struct output_series *s, uint64_t unix_ns,
                        const char *word, char stem[static OUTPUT_SERIES_STEM]);
/** Is that the name of one of its files? Returns the length of the part that
 *  the files of one recording have in common; 0: it is not. Pure. */
size_t output_series_owns(const struct output_series *s, const char *file);
/** The bytes that a file of that length takes, in whole blocks. */
uint64_t output_series_space(uint64_t bytes);
/** Told of each file that was removed. */
typedef void output_series_removed(void *ctx, const char *file);
/**
 * Removes the oldest recordings until there is room for a new one.
 * @param space    bytes that its files take together (output_series_space)
 * @param removed  may be NULL
 * @return 0; -E_LIMIT: it is larger than most_bytes (then nothing is removed);
 *         or -errno
 */
MUST_USE int output_series_make_room(const struct output_series *s,
                                     uint64_t space,
                                     output_series_removed *removed, void *ctx);

#endif
