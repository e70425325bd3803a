/**
 * @file filter_spans.h
 * The spans of a filtered recording: which are chosen, and how they are copied.
 */
#ifndef CPROF_PROFILE_FILTER_SPANS_H
#define CPROF_PROFILE_FILTER_SPANS_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/filter.h"

/** By span: is it, or one around it, among f->spans? All are if there are none
 *  in f. The caller frees it; NULL: no memory. */
bool *filter_spans_chosen(const struct profile *p, const struct filter *f);
/**
 * Copies spans, and what is known of their durations: of those that are chosen,
 * unless the filter selects a part of the processes, of the threads or of the
 * time, of which that is not known.
 * @param kept    by span: is it the span of a row that is kept? Set for the
 *                others that are copied, too.
 * @param new_ids by span of `from`: gets the id in `to` of each that is copied
 * @return 0, -ENOMEM or -E_LIMIT
 */
MUST_USE int filter_spans_copy(const struct profile *from, struct profile *to,
                               const struct filter *f, bool *kept,
                               uint32_t *new_ids);

#endif
