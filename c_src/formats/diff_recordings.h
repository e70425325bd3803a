/**
 * @file diff_recordings.h
 * The recordings of one side of a comparison (profile/diff.h): reads, filters
 * and keeps them, for the command line and for the port.
 */
#ifndef CPROF_FORMATS_DIFF_RECORDINGS_H
#define CPROF_FORMATS_DIFF_RECORDINGS_H

#include "formats/format.h"
#include "profile/filter.h"

/** Owns its profiles. All 0: there is no recording yet. */
struct diff_recordings {
    struct profile **list;
    size_t count, cap;
    uint64_t longest_ns; /**< of the recordings as they were read; 0: not known,
                              or there is none */
};

/** Frees the recordings. */
void diff_recordings_deinit(struct diff_recordings *side);
/** Adds a recording, or what the filter leaves of it. Of several events only
 *  one is compared: that of the filter, or the first that can be, CPU time or
 *  allocation. 0, or an error of pprof_read (format.h) or of the filter
 *  (filter.h), and then nothing is added. */
MUST_USE int diff_recordings_add(struct diff_recordings *side,
                                 const void *bytes, size_t len,
                                 const struct filter *f);
/** The same for a file. */
MUST_USE int diff_recordings_add_file(struct diff_recordings *side,
                                      const char *path, const struct filter *f);
/** Does any recording have a counted sample? A side without one cannot be
 *  compared. */
bool diff_recordings_have_work(const struct diff_recordings *side);
/** Like diff_create, for two sides. The caller destroys *out and the sides. */
MUST_USE int diff_recordings_compare(const struct diff_recordings *base,
                                     const struct diff_recordings *now,
                                     const struct diff_options *options,
                                     struct diff **out);

#endif
