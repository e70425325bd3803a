/**
 * @file alloc_probe.h
 * The breakpoint at the entry of the collector during one recording: puts it
 * there and removes it as alloc_windows.h plans, by what it costs.
 */
#ifndef CPROF_ENGINE_ALLOC_PROBE_H
#define CPROF_ENGINE_ALLOC_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "engine/alloc_windows.h"
#include "engine/bpf_program.h"
#include "engine/breakpoints.h"
#include "engine/engine.h"
#include "target/cpus.h"

/** Sums at one moment. */
struct alloc_sums {
    struct bpf_hits hits; /**< collections */
    uint64_t cpu_ns;      /**< of the node */
};

struct alloc_probe {
    struct bpf_program_handle *program; /**< borrowed */
    struct breakpoints at;
    double max_cost; /**< of all breakpoints: a share of the node's CPU time */
    double trap_ns;  /**< what a hit costs, apart from what the program does */
    clockid_t clock; /**< CPU time of the node */
    struct alloc_windows windows;
    struct alloc_sums first, span; /**< when all of it, and this span, began */
    uint64_t turn_ns;              /**< when alloc_probe_turn is to be called */
    uint64_t late;                 /**< windows that began late */
    bool endless; /**< the present window lasts until it is closed */
    bool running;
};

/** Measures the cost, on a function of our own.
 *  @param entry    address of the collector
 *  @param program  BPF_PROGRAM_ALLOCATION, loaded
 *  @param max_cost share of the node's CPU time that all breakpoints together
 *                  may cost; 0: a little less than 1 %
 *  @return 0; -E_GONE; or an error of perf_breakpoint_open */
MUST_USE int alloc_probe_open(struct alloc_probe *p, pid_t pid, uint64_t entry,
                              struct bpf_program_handle *program,
                              double max_cost);
/** Can a breakpoint be used here? Tries it on a function of our own. 0, or an
 *  error of bpf_program_open or alloc_probe_open. */
MUST_USE int alloc_probe_try(pid_t pid);
/** The CPUs that the node may run on: see breakpoints_set. */
MUST_USE int alloc_probe_set(struct alloc_probe *p, const struct cpus *allowed);
void alloc_probe_close(struct alloc_probe *p);

/** The first window begins soon.
 *  @param most_per_s  samples per second */
void alloc_probe_start(struct alloc_probe *p, unsigned most_per_s);
/** If a window is open, ends it. If none is, a last short one stands for the
 *  pause since the one before, unless `pause_is_lost`. */
void alloc_probe_stop(struct alloc_probe *p, bool pause_is_lost);
/** To be called at turn_ns: opens or closes a window. 0 or -errno. */
MUST_USE int alloc_probe_turn(struct alloc_probe *p);
/** Are the samples of the present window known to count once? */
bool alloc_probe_is_whole(const struct alloc_probe *p);
/** How often a collection of the last window counts, or if that is known
 *  (alloc_probe_is_whole), of the present one. */
double alloc_probe_weight(const struct alloc_probe *p, uint64_t time_ns);
/** May more words be watched, by what that has cost so far? */
bool alloc_probe_affords(const struct alloc_probe *p);
struct engine_probe alloc_probe_info(const struct alloc_probe *p);

#endif
