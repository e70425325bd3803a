/**
 * @file diff_recordings.h
 * The recordings of one side of a comparison (profile/diff.h): read, filtered
 * and kept, whoever asks for the comparison.
 */
#ifndef CPROF_FORMATS_DIFF_RECORDINGS_H
#define CPROF_FORMATS_DIFF_RECORDINGS_H

#include "formats/format.h"
#include "profile/filter.h"

/** It owns the profiles. Zeroed: there is none yet. */
struct diff_recordings {
    struct profile **list;
    size_t count, cap;
};

/** Frees them. */
void diff_recordings_deinit(struct diff_recordings *side);
/** Adds a recording, or what the filter leaves of it. On an error, of reading
 *  (format.h) or of the filter (filter.h), none is added. */
MUST_USE int diff_recordings_add(struct diff_recordings *side,
                                 const void *bytes, size_t len,
                                 const struct filter *f);
/** The same of a file. */
MUST_USE int diff_recordings_add_file(struct diff_recordings *side,
                                      const char *path, const struct filter *f);
/** Has any of them a counted sample? A side without one is not comparable. */
bool diff_recordings_have_work(const struct diff_recordings *side);
/** As diff_create, of two sides; the caller destroys *out, and the sides. */
MUST_USE int diff_recordings_compare(const struct diff_recordings *base,
                                     const struct diff_recordings *now,
                                     const struct diff_options *options,
                                     struct diff **out);

#endif
