/**
 * @file bpf_cpus.h
 * The clocks of the engine `bpf`: one event on each CPU that the node may run
 * on, whatever number of threads it has and however often they switch. Arming a
 * timer is expensive, above all in a virtual machine. The kernel arms the event
 * of a thread again whenever the thread gets a CPU, but that of a CPU only once
 * per period.
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
    struct perf_event_ring ring; /* for the kernel's records about the event */
    struct perf_jitter jitter;
    uint64_t drawn_ns; /* when its period was drawn */
    uint64_t counted;  /* count of the event, at the last bpf_cpus_set */
};

struct bpf_cpus {
    struct perf_event_setup setup;      /**< with the nominal period */
    struct bpf_program_handle *program; /**< takes each sample; borrowed */
    bool running;
    struct bpf_cpu *list; /**< ascending */
    size_t count;
    struct perf_event_skipped skipped; /**< by the last bpf_cpus_set */
    uint64_t looked_ns;                /**< when that was */
    /** The most time for which the node may have run unseen on CPUs that got
     *  their events after sampling had begun, summed over these CPUs. */
    uint64_t late_ns;
    uint64_t throttled; /**< times that the kernel paused an event */
};

/**
 * Opens events on these CPUs, and closes those on all others. A CPU that went
 * offline and came back gets a new event, because the kernel ended the old one.
 * @return 0 when at least one CPU has an event, else an error; -ENODEV when no
 *         CPU of the set is online
 */
MUST_USE int bpf_cpus_set(struct bpf_cpus *c, const struct cpus *allowed);
MUST_USE int bpf_cpus_start(struct bpf_cpus *c);
void bpf_cpus_stop(struct bpf_cpus *c);
/** To be called regularly while they run: draws periods anew, and counts how
 *  often the kernel throttled events. */
void bpf_cpus_look(struct bpf_cpus *c);
void bpf_cpus_close(struct bpf_cpus *c);

#endif
