/**
 * @file view.h
 * Which part of a profile is shown, and how: a filter, a format and its
 * options. Both the command line and the port use this.
 */
#ifndef CPROF_FORMATS_VIEW_H
#define CPROF_FORMATS_VIEW_H

#include "formats/format.h"
#include "profile/filter.h"

/** The names of the filter's options, on the command line and in the note of a
 *  filtered report. */
#define VIEW_PROCESS   "process"
#define VIEW_SPAN      "span"
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

/** Appends the rendered recording to bytes. If it is filtered, a note says so.
 *  0; an error of the filter (filter.h) or of the format; -E_EVENTS: the format
 *  shows one event, and the recording, or its part, has several.
 *  @param p  the recording's first profile */
MUST_USE int view_render(const struct profile *p, const struct view *v,
                         struct buffer *bytes);
/** Appends the filter as options of the command line, such as
 *  " --state gc --from 1". Times are rounded to whole buckets of bucket_ns. */
void view_describe_filter(const struct filter *f, uint64_t bucket_ns,
                          struct buffer *out);

#endif
