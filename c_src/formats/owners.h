/**
 * @file owners.h
 * Divides the rows of a profile among owners. Each of the processes (or
 * threads) with the most samples is an owner, and all others together are one
 * owner, so that a million processes do not make a million parts.
 */
#ifndef CPROF_FORMATS_OWNERS_H
#define CPROF_FORMATS_OWNERS_H

#include "base/buffer.h"
#include "base/err.h"
#include "formats/format.h"

enum { OWNERS_ALONE = 100 };

/** Owners are numbered 0 to count - 1. First come `alone` owners that are one
 *  process or thread each, the biggest first; then the others. */
struct owners {
    const struct profile *p;
    enum format_by by;
    uint32_t *of; /**< by process or thread: its owner */
    uint32_t *id; /**< by owner below alone: its process or thread */
    uint32_t alone;
    uint64_t others; /**< how many processes or threads others_at has */
    uint32_t others_at, none_at; /**< owners: all other processes or threads;
                                      rows without one */
    uint32_t apart_at, count; /**< owner: rows in states that are not counted,
                                   whoever ran; the number of owners */
};

MUST_USE int owners_make(const struct profile *p, enum format_by by,
                         struct owners *out);
void owners_deinit(struct owners *o);
uint32_t owners_of(const struct owners *o, const struct profile_sample *s);
/** Appends the name of an owner. */
void owners_name(const struct owners *o, uint32_t owner, struct buffer *out);

#endif
