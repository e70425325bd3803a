/**
 * @file breakpoints.h
 * A breakpoint at one address, on each CPU that the node may run on. It is hit
 * by everything that runs there, at that address of its own memory; the BPF
 * program drops what is not of the node.
 */
#ifndef CPROF_ENGINE_BREAKPOINTS_H
#define CPROF_ENGINE_BREAKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/bpf_program.h"
#include "engine/perf_breakpoint.h"
#include "target/cpus.h"

struct breakpoint {
    int cpu, fd;
    uint64_t allowed; /* hits in all so far; see perf_breakpoint_allow */
};

/** CPUs without a breakpoint. */
struct breakpoints_gap {
    size_t cpus, of; /**< how many, of so many that the node may run on */
    int why;         /**< the error of the first of these */
};

struct breakpoints {
    struct bpf_program_handle *program; /**< takes the samples; borrowed */
    enum bpf_hits_of of;                /**< its part that they run */
    uint64_t addr;                      /**< where they are, or were last */
    bool armed;
    unsigned most;           /**< hits on each CPU (perf_breakpoint_allow);
                                  0: no limit */
    struct breakpoint *list; /**< ascending */
    size_t count;
    struct breakpoints_gap gap; /**< the largest so far: what was not seen then
                                     is missing, even if it is closed now */
};

/** Opens them on these CPUs, armed as the others are, and closes those on all
 *  others. program, of, addr and most are set by the owner.
 *  @return 0 when at least one CPU has one, else an error of
 *          perf_breakpoint_open */
MUST_USE int breakpoints_set(struct breakpoints *b, const struct cpus *allowed);
/** Arms them. 0 or -errno. */
MUST_USE int breakpoints_arm(struct breakpoints *b);
/** Arms them at another address; each is disarmed by the kernel after `most`
 *  hits. Only of BPF_HITS_WORDS. 0 or -errno. */
MUST_USE int breakpoints_arm_at(struct breakpoints *b, uint64_t addr,
                                unsigned most);
void breakpoints_disarm(struct breakpoints *b);
void breakpoints_close(struct breakpoints *b);

#endif
