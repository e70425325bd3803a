/**
 * @file view.h
 * What is shown of a profile, and how: a filter, a format and its options.
 * The command line and the port both ask for one.
 */
#ifndef CPROF_FORMATS_VIEW_H
#define CPROF_FORMATS_VIEW_H

#include "formats/format.h"
#include "profile/filter.h"

struct view {
    struct filter filter;
    const struct format *format;
    struct format_options how;
};

/** Renders the profile into bytes. A filtered one has a note that says so.
 *  0, or an error of the filter (filter.h) or of the format. */
MUST_USE int view_render(const struct profile *p, const struct view *v,
                         struct buffer *bytes);
/** Appends what the filter asks for in the words of the command line, as
 *  " --state gc --from 1"; times as the buckets of bucket_ns that they take. */
void view_describe_filter(const struct filter *f, uint64_t bucket_ns,
                          struct buffer *out);

#endif
