/**
 * @file owners.h
 * The rows of a profile by owner: each of the biggest processes (or threads) is
 * an owner, and all others together are one owner, so that a million processes
 * do not make a million parts.
 */
#ifndef CPROF_FORMATS_OWNERS_H
#define CPROF_FORMATS_OWNERS_H

#include "base/buffer.h"
#include "base/err.h"
#include "formats/format.h"

enum { OWNERS_ALONE = 100 };

/** Owners are 0 .. count-1, the biggest first, then those below. */
struct owners {
    const struct profile *p;
    enum format_by by;
    uint32_t *of; /**< by process or thread: its owner */
    uint32_t *id; /**< by owner below alone: its process or thread */
    uint32_t alone;
    uint64_t others;             /**< processes or threads in OTHERS */
    uint32_t others_at, none_at; /**< owners: the rest; without any */
    uint32_t apart_at, count;    /**< owner of what is not counted, whoever ran;
                                      number of owners */
};

MUST_USE int owners_make(const struct profile *p, enum format_by by,
                         struct owners *out);
void owners_deinit(struct owners *o);
uint32_t owners_of(const struct owners *o, const struct profile_sample *s);
/** Appends what an owner is called. */
void owners_name(const struct owners *o, uint32_t owner, struct buffer *out);

#endif
