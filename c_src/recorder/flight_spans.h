/**
 * @file flight_spans.h
 * The spans that ended while a flight recorder was open, by the second, so that
 * those of a part of its time can be told. Spans that are alike are one row:
 * those of one name (with the spans around it) that began in the same second,
 * ended in the same one, and took about as long (span_times.h).
 */
#ifndef CPROF_RECORDER_FLIGHT_SPANS_H
#define CPROF_RECORDER_FLIGHT_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

/** A key, and sums. */
struct flight_span {
    uint32_t end_s, start_s; /**< seconds */
    uint32_t span;           /**< id in the profile of the flight recorder */
    uint32_t bucket;         /**< span_times_bucket */
    uint32_t unknown;        /**< 1: how long it took is not known */
    uint32_t unused;
    uint64_t count, ns;
};

struct flight_spans {
    struct intern rows; /* struct flight_span */
};

/** Seconds, both included. The spans of a part are those that ended in it or
 *  later, and began in it or earlier. */
struct flight_part {
    uint32_t first, last;
};

void flight_spans_init(struct flight_spans *s);
void flight_spans_deinit(struct flight_spans *s);
/** Each of these: 0, -ENOMEM or -E_LIMIT. */
MUST_USE int flight_spans_add(struct flight_spans *s,
                              const struct flight_span *row);
/** Puts the spans of a part into a profile. Those that began before it, or
 *  ended after it, are cut off.
 *  @param from  the profile of the flight recorder */
MUST_USE int flight_spans_copy(const struct flight_spans *s,
                               const struct flight_part *part,
                               const struct profile *from, struct profile *to);
/** Goes on with another profile, and without the spans that ended before that
 *  second. */
MUST_USE int flight_spans_renew(struct flight_spans *s, uint32_t first,
                                const struct profile *from, struct profile *to);

#endif
