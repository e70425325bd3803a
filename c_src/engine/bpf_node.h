/**
 * @file bpf_node.h
 * The observed node, as the BPF program is told about it: which process it is,
 * what to copy of it, and which threads it has. Each engine that takes its
 * samples with the program has one.
 */
#ifndef CPROF_ENGINE_BPF_NODE_H
#define CPROF_ENGINE_BPF_NODE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/bpf_program.h"
#include "engine/bpf_sample.h"
#include "engine/engine.h"
#include "engine/schedstat.h"
#include "target/cpus.h"
#include "target/pidns.h"

/** A thread for which the program has a plan. The program also samples all
 *  other threads of the node. */
struct bpf_thread {
    uint64_t inner; /**< its id in the node's pid namespace */
    pid_t tid;
    uint64_t sp;             /**< in its last sample; 0: no sample yet */
    struct copy_thread plan; /**< as the program has it */
};

struct bpf_node {
    pid_t pid;
    struct pidns ns;
    struct bpf_program_handle *program; /**< borrowed; set by the owner */
    /** What the program is to have. The owner sets members of its own, such as
     *  the period, before bpf_node_tell, which sets the others. */
    struct bpf_setup setup;
    struct bpf_setup told;      /**< what the program has */
    struct bpf_thread *threads; /**< sorted by inner */
    size_t count;
    struct bpf_sample_room room;
};

/** Sets which process it is: its pid namespace, and its pid in it. 0,
 *  -E_NO_PROCESS, -E_NO_ACCESS or -errno. */
MUST_USE int bpf_node_identify(struct bpf_node *n, pid_t pid);
/** Tells the program what is known of the node now.
 *  @param allowed  set to the CPUs that the node's threads may run on
 *  @return 0; -E_GONE: all its threads have ended; or -errno */
MUST_USE int bpf_node_tell(struct bpf_node *n, const struct engine_view *view,
                           struct cpus *allowed);
/** Tells it only what the owner has changed in setup. 0 or -errno. */
MUST_USE int bpf_node_tell_setup(struct bpf_node *n);
/** Reads a record of the program; *out is valid until the next call, and as
 *  long as the record. -E_TORN: it is not valid. */
MUST_USE int bpf_node_sample(struct bpf_node *n, const void *record, size_t len,
                             struct sample *out);
/** The plan of a thread, by its id in the node's pid namespace; NULL if there
 *  is none. */
const struct bpf_thread *bpf_node_inner(const struct bpf_node *n,
                                        uint64_t inner);
/** What the threads that exist now have run and waited for CPUs, in all their
 *  lives; runs is not set. */
struct schedstat bpf_node_sched(const struct bpf_node *n);
void bpf_node_deinit(struct bpf_node *n);

#endif
