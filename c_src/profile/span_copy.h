/**
 * @file span_copy.h
 * Copies the spans of a profile, and how long they took, into another one.
 */
#ifndef CPROF_PROFILE_SPAN_COPY_H
#define CPROF_PROFILE_SPAN_COPY_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/profile.h"

/** Each of these: 0, -ENOMEM or -E_LIMIT.
 *  @param kept  by span of `from`; with a span, the one around it is kept too.
 *               NULL: all are
 *  @param ids   by span of `from`: gets the id in `to`; all 0 before */
MUST_USE int span_copy(const struct profile *from, struct profile *to,
                       const bool *kept, uint32_t *ids);
/** To be called after span_copy.
 *  @param of  by span of `from`; NULL: all */
MUST_USE int span_copy_times(const struct profile *from, struct profile *to,
                             const bool *of, const uint32_t *ids);

#endif
