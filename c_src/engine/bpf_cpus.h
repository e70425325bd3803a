/**
 * @file bpf_cpus.h
 * The clocks of the engine `bpf`: one event on each CPU that the node may run
 * on, however many threads it has and however often they switch. Arming a
 * timer is expensive, above all in a virtual machine: a thread's event is armed
 * anew whenever the thread gets a CPU, a CPU's once a period.
 */
#ifndef CPROF_ENGINE_BPF_CPUS_H
#define CPROF_ENGINE_BPF_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/bpf_program.h"
#include "engine/perf_event.h"
#include "engine/perf_jitter.h"
#include "target/cpus.h"

struct bpf_cpu {
    int cpu, fd;
    struct perf_event_ring ring; /* for what the kernel says of the event */
    struct perf_jitter jitter;
    uint64_t drawn_ns; /* when its period was drawn */
    uint64_t counted;  /* by the event, at the last look */
};

struct bpf_cpus {
    struct perf_event_setup setup;      /**< with the nominal period */
    struct bpf_program_handle *program; /**< run at each sample; borrowed */
    bool running;
    struct bpf_cpu *list; /**< ascending */
    size_t count;
    size_t skipped;     /**< could not be armed at the last look */
    uint64_t looked_ns; /**< when that was */
    /** Sum of the times in which the node may have run unseen on CPUs that
     *  were armed while the others ran already, at most. */
    uint64_t late_ns;
    uint64_t throttled; /**< times that the kernel paused an event */
};

/**
 * Has events on these CPUs and on no other. One that went offline and came
 * back gets a new event: the kernel has ended the old one.
 * @return 0 when at least one is armed, else an error: -ENODEV when no CPU of
 * the set is online
 */
MUST_USE int bpf_cpus_set(struct bpf_cpus *c, const struct cpus *allowed);
MUST_USE int bpf_cpus_start(struct bpf_cpus *c);
void bpf_cpus_stop(struct bpf_cpus *c);
/** To be called now and then while they run: draws periods anew, notices what
 *  was throttled. */
void bpf_cpus_look(struct bpf_cpus *c);
void bpf_cpus_close(struct bpf_cpus *c);

#endif
