/**
 * @file bpf_bells.h
 * One event on each CPU with which the BPF program interrupts the CPU that it
 * runs on (bpf/block.bpf.h). Nothing is read from them.
 */
#ifndef CPROF_ENGINE_BPF_BELLS_H
#define CPROF_ENGINE_BPF_BELLS_H

#include <stddef.h>

#include "base/err.h"
#include "engine/bpf_program.h"
#include "engine/perf_event.h"
#include "target/cpus.h"

struct bpf_bell {
    int cpu, fd;
    struct perf_event_ring ring;
};

struct bpf_bells {
    struct bpf_program_handle *program; /**< borrowed */
    struct bpf_bell *list;              /**< ascending */
    size_t count;
    struct perf_event_skipped skipped; /**< by the last bpf_bells_set */
};

/** Opens them on these CPUs, and closes those on all others. 0 if at least one
 *  CPU has one, else -errno. */
MUST_USE int bpf_bells_set(struct bpf_bells *b, const struct cpus *allowed);
void bpf_bells_close(struct bpf_bells *b);

#endif
