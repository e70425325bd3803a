/**
 * @file frames.h
 * Maps an address to the ids of its frames in the profile, with a cache, since
 * most addresses in samples have been seen before. The cache is invalidated
 * when code or mappings change.
 */
#ifndef CPROF_RECORDER_FRAMES_H
#define CPROF_RECORDER_FRAMES_H

#include "base/err.h"
#include "profile/profile.h"
#include "symbols/symbols.h"

struct frames;

/** The answer of symbols_name for an address, with ids instead of frames. */
struct frames_named {
    uint32_t ids[SYMBOLS_MAX_FRAMES]; /**< leaf first */
    uint8_t count;
    bool gc, scheduler, stack_only, allocates, for_now;
    enum symbol_callee callee;
    enum symbol_result result;
};

/** Both are borrowed until frames_close. 0 or -ENOMEM. */
MUST_USE int frames_open(struct symbols *symbols, struct profile *profile,
                         struct frames **out);
void frames_close(struct frames *f);
/** @return 0, or the profile's error; *out is valid until the next call */
MUST_USE int frames_name(struct frames *f, const struct symbol_query *q,
                         const struct frames_named **out);

#endif
