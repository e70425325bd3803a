/**
 * @file summary.h
 * The figures every report shows, computed once from a profile: self, own and
 * total per function, samples per process and per state, rate reached.
 *   self    samples in it
 *   own     samples where it is the innermost Erlang or Elixir function of the
 *           stack: its self and all that it calls that is no such function
 *           (BIFs, NIFs, C, the collector, the kernel). A sample is at most
 *           one function's own; scheduling, ports and threads that run no
 *           process are nobody's.
 *   total   samples with it anywhere on the stack (recursion counts once)
 * Percentages are of `counted`: the
 * samples whose state counts (profile_counts). What a sample weighs is the
 * first value of its row (struct profile_value_type); of CPU profiles that is
 * how many samples it stands for.
 */
#ifndef CPROF_PROFILE_SUMMARY_H
#define CPROF_PROFILE_SUMMARY_H

#include "base/err.h"
#include "profile/profile.h"

struct summary_function {
    uint32_t function; /**< of the profile */
    uint32_t line;     /**< the line with most self samples (else total) */
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
    uint64_t counted; /**< in states that count */
    uint64_t hits;    /**< how many samples counted is the weight of */
    uint64_t cpu_ns;  /**< of all samples */
    uint64_t by_state[STATE_COUNT];
    bool is_counted[STATE_COUNT];
    uint64_t by_idle_part[IDLE_PART_COUNT];  /**< of STATE_IDLE */
    uint64_t by_leaf_kind[FRAME_KIND_COUNT]; /**< of counted samples */
    double rate_reached;                     /**< samples per CPU second */
    uint64_t owned; /**< of counted: they are some function's own */
    uint64_t unowned_by_state[STATE_COUNT]; /**< the other counted ones */
    /** By self (BIFs and NIFs, whose time is in C functions below them, by
     *  total), then total, then name. */
    struct summary_function *functions;
    size_t function_count;
    /** Indexes of those with own samples: by own, then total. */
    uint32_t *by_own;
    size_t own_count;
    struct summary_process *processes; /**< by samples, then pid */
    size_t process_count;
};

/** 0 or -ENOMEM; then *out is as it was. summary_deinit frees it; its ids are
 * of p. */
MUST_USE int summary_compute(const struct profile *p, struct summary *out);
void summary_deinit(struct summary *s);
/** 100 k / n; 0 of nothing. */
double summary_pct(uint64_t k, uint64_t n);
/** Half the width, in percent, of the 95 % Wilson interval of k of n. */
double summary_error_pct(uint64_t k, uint64_t n);
/** That of a part k of counted: chance is in the number of samples, whatever
 *  they weigh. */
double summary_part_error_pct(const struct summary *s, uint64_t k);

#endif
