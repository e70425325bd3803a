/**
 * @file view.h
 * What is shown of a profile, and how: a filter, a format and its options.
 * The command line and the port both ask for one.
 */
#ifndef CPROF_FORMATS_VIEW_H
#define CPROF_FORMATS_VIEW_H

#include "formats/format.h"
#include "profile/filter.h"

/** The filter's options: what the command line calls them, and what a filtered
 *  report says it was asked for. */
#define VIEW_PROCESS   "process"
#define VIEW_FOCUS     "focus"
#define VIEW_IGNORE    "ignore"
#define VIEW_STATE     "state"
#define VIEW_SCHEDULER "scheduler"
#define VIEW_THREAD    "thread"
#define VIEW_FROM      "from"
#define VIEW_TO        "to"

struct view {
    struct filter filter;
    const struct format *format;
    struct format_options how;
};

/** How the note of a filtered profile begins. */
#define VIEW_FILTERED "filtered:"

/** Renders the profile into bytes. A filtered one has a note that says so.
 *  0, or an error of the filter (filter.h) or of the format. */
MUST_USE int view_render(const struct profile *p, const struct view *v,
                         struct buffer *bytes);
/** Appends what the filter asks for in the words of the command line, as
 *  " --state gc --from 1"; times as the buckets of bucket_ns that they take. */
void view_describe_filter(const struct filter *f, uint64_t bucket_ns,
                          struct buffer *out);

#endif
