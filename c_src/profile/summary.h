/**
 * @file summary.h
 * The figures that every report shows, computed once from a profile: self, own
 * and total per function, samples per process and per state, and the rate that
 * was reached.
 *   self    samples in which it was executing
 *   own     samples in which it is the innermost Erlang or Elixir function of
 *           the stack: its self, and everything it calls that is not such a
 *           function (BIFs, NIFs, C code, garbage collection, the kernel). A
 *           sample is the own of at most one function; scheduling, ports and
 *           threads that run no process belong to no function.
 *   total   samples with it anywhere on the stack (recursion counts once)
 * Percentages are of `counted`, the samples whose state counts
 * (profile_counts). The weight of a row is its first value (struct
 * profile_value_type); in CPU profiles that is a number of samples.
 */
#ifndef CPROF_PROFILE_SUMMARY_H
#define CPROF_PROFILE_SUMMARY_H

#include "base/err.h"
#include "profile/profile.h"

struct summary_function {
    uint32_t function; /**< of the profile */
    uint32_t line;     /**< the line with the most self samples, then total; 0:
                            not known */
    uint64_t self, own, total;          /**< samples */
    uint64_t own_c, own_gc, own_kernel; /**< parts of own; the rest is self */
    double self_pct, own_pct, total_pct;
    /** See summary_part_error_pct. */
    double self_error_pct, own_error_pct, total_error_pct;
};

struct summary_process {
    uint32_t process; /**< of the profile */
    uint64_t samples;
    double pct, error_pct;
};

struct summary {
    uint64_t samples; /**< all */
    uint64_t counted; /**< weight of the samples in states that count */
    uint64_t hits;    /**< their number, for the sampling error; of samples
                           that weigh differently, of as many equal ones */
    uint64_t cpu_ns;  /**< CPU time of all samples */
    uint64_t by_state[STATE_COUNT];
    bool is_counted[STATE_COUNT];
    uint64_t by_idle_part[IDLE_PART_COUNT];  /**< of STATE_IDLE, for CPU time */
    uint64_t by_leaf_kind[FRAME_KIND_COUNT]; /**< of counted samples */
    double rate_reached; /**< samples per CPU second; of process time: readings
                            per second */
    uint64_t owned;      /**< counted samples that are the own of a function */
    uint64_t unowned_by_state[STATE_COUNT]; /**< the other counted samples */
    /** Sorted by self (but BIFs and NIFs, whose time is in C functions below
     *  them, by total), then total, then name. */
    struct summary_function *functions;
    size_t function_count;
    /** Indexes of the functions with own samples, sorted by own, then total. */
    uint32_t *by_own;
    size_t own_count;
    struct summary_process *processes; /**< sorted by samples, then pid */
    size_t process_count;
};

/** 0 or -ENOMEM; on an error *out is unchanged. summary_deinit frees it; its
 * ids are those of p. */
MUST_USE int summary_compute(const struct profile *p, struct summary *out);
void summary_deinit(struct summary *s);
/** 100 k / n; 0 if n is 0. */
double summary_pct(uint64_t k, uint64_t n);
/** Half the width, in percentage points, of the 95 % Wilson interval for k out
 *  of n. */
double summary_error_pct(uint64_t k, uint64_t n);
/** The same for a part k of counted. It depends on the number of samples
 * (hits), whatever their weight. */
double summary_part_error_pct(const struct summary *s, uint64_t k);

#endif
