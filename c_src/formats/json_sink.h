/**
 * @file json_sink.h
 * A sink (report/sink.h) that writes JSON, one value per line, or all on one
 * line. It writes values as they arrive, because a tree of all rows of a report
 * would take a hundred times the memory of the recording.
 */
#ifndef CPROF_FORMATS_JSON_SINK_H
#define CPROF_FORMATS_JSON_SINK_H

#include "base/buffer.h"
#include "base/err.h"
#include "report/sink.h"

struct json_sink {
    struct sink sink;
    struct buffer *out;
    bool one_line; /**< may be set before the first value */
    unsigned depth;
    struct {
        enum sink_box box;
        bool any; /**< it has a value already */
    } open[SINK_MAX_DEPTH];
};

/** A sink that appends to out, which is borrowed and also remembers failures.
 */
void json_sink_init(struct json_sink *s, struct buffer *out);
/** Ends the last line. @return 0, or -E_LIMIT if the output is incomplete */
MUST_USE int json_sink_finish(struct json_sink *s);

#endif
