/**
 * @file filter_rows.h
 * Which rows of a profile a filter keeps.
 */
#ifndef CPROF_PROFILE_FILTER_ROWS_H
#define CPROF_PROFILE_FILTER_ROWS_H

#include "base/err.h"
#include "profile/filter.h"

/** Sets kept[i] for each row i to whether it matches; kept has
 *  profile_sample_count elements. 0, or an error of filter_apply. */
MUST_USE int filter_rows_choose(const struct profile *p, const struct filter *f,
                                bool *kept);

#endif
