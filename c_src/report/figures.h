/**
 * @file figures.h
 * All figures that reports show about a profile, computed once.
 */
#ifndef CPROF_REPORT_FIGURES_H
#define CPROF_REPORT_FIGURES_H

#include "base/err.h"
#include "profile/blocks.h"
#include "profile/breakdown.h"
#include "profile/garbage.h"
#include "profile/groups.h"
#include "profile/summary.h"
#include "profile/waits.h"

/** How many functions the row of a process names at most. */
enum { FIGURES_TOP_FUNCTIONS = 3 };

/** Its ids are those of the profile that it was computed from. */
struct figures {
    struct summary summary;
    struct groups groups;
    struct breakdown breakdown; /**< by process */
    struct waits waits;
    struct blocks blocks;
    struct garbage garbage;
};

/** 0, -ENOMEM or -E_LIMIT; on an error *out is unchanged. figures_deinit frees
 *  it. */
MUST_USE int figures_compute(const struct profile *p, struct figures *out);
void figures_deinit(struct figures *f);
/** Sets *rows, borrowed from f, to the functions of a process with the most
 *  samples. Returns how many there are, at most FIGURES_TOP_FUNCTIONS. */
size_t figures_top_functions(const struct figures *f, uint32_t process,
                             const struct breakdown_row **rows);
/** The share of a state in percent: of the counted samples, or of all samples
 * if the state is not counted. */
double figures_state_pct(const struct figures *f, enum sample_state state);
/** The largest sampling error that any percentage can have, in percentage
 *  points. */
double figures_max_error_pct(const struct figures *f);
/** The sum of a value of all rows; at most UINT64_MAX. */
uint64_t figures_sum(const struct profile *p, struct value_texts type);

#endif
