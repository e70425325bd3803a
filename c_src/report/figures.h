/**
 * @file figures.h
 * All figures of a profile that reports show, computed once.
 */
#ifndef CPROF_REPORT_FIGURES_H
#define CPROF_REPORT_FIGURES_H

#include "base/err.h"
#include "profile/breakdown.h"
#include "profile/groups.h"
#include "profile/summary.h"

/** Functions of a process that its row names. */
enum { FIGURES_TOP_FUNCTIONS = 3 };

/** Ids in it are of the profile that it was computed from. */
struct figures {
    struct summary summary;
    struct groups groups;
    struct breakdown breakdown; /**< by process */
};

/** 0, -ENOMEM or -E_LIMIT; then *out is as it was. figures_deinit frees it. */
MUST_USE int figures_compute(const struct profile *p, struct figures *out);
void figures_deinit(struct figures *f);
/** The biggest functions of a process, and how many of them (at most
 *  FIGURES_TOP_FUNCTIONS). *rows is borrowed from f. */
size_t figures_top_functions(const struct figures *f, uint32_t process,
                             const struct breakdown_row **rows);
/** The share of a state in percent: of the counted samples; of all for one that
 * is not counted. */
double figures_state_pct(const struct figures *f, enum sample_state state);
/** The largest sampling error that any percentage can have, in points. */
double figures_max_error_pct(const struct figures *f);

#endif
