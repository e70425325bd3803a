/**
 * @file bpf_program.h
 * The BPF program (bpf/sampler.bpf.c) in the kernel: loads it, sets what it
 * samples and copies, and takes its records off the ring. The only place that
 * uses libbpf.
 */
#ifndef CPROF_ENGINE_BPF_PROGRAM_H
#define CPROF_ENGINE_BPF_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/bpf/record.h"

struct bpf_program_handle;

/** What the samples are of. */
enum bpf_program_kind {
    BPF_PROGRAM_CPUS,       /**< events on CPUs: bpf_program_attach */
    BPF_PROGRAM_WAITS,      /**< waits of threads: bpf_program_attach_waits */
    BPF_PROGRAM_ALLOCATION, /**< collections, words of heaps: bpf_program_of */
};

/** Receives a record, which is valid only during the call.
 *  @return false: no more for now */
typedef bool bpf_program_on_record(void *ctx, const void *record, size_t len);

/** Loads the program. on_record is called by bpf_program_poll.
 *  @return 0; -E_BPF_DENIED; -E_BPF_MISSING (the kernel has no BPF, or is too
 *  old); or -errno */
MUST_USE int bpf_program_open(enum bpf_program_kind kind,
                              bpf_program_on_record *on_record, void *ctx,
                              struct bpf_program_handle **out);
void bpf_program_close(struct bpf_program_handle *p);

/** Sets the setup from the next sample on. */
MUST_USE int bpf_program_setup(struct bpf_program_handle *p,
                               const struct bpf_setup *setup);
/** Sets or removes what is copied of a thread.
 *  @param tid  in the node's pid namespace */
MUST_USE int bpf_program_thread(struct bpf_program_handle *p, pid_t tid,
                                const struct copy_thread *thread);
void bpf_program_forget(struct bpf_program_handle *p, pid_t tid);

/** Runs the program at every sample of a CPU's event, until the event is
 *  closed. */
MUST_USE int bpf_program_attach(struct bpf_program_handle *p, int event,
                                int cpu);

/** Runs the program at every switch of threads, until it is closed. */
MUST_USE int bpf_program_attach_waits(struct bpf_program_handle *p);
/** Sets the event of a CPU that the program writes to in order to interrupt it;
 *  fd -1: there is none any more. */
MUST_USE int bpf_program_bell(struct bpf_program_handle *p, int cpu, int fd);
/** The first thread, or with *key that of a former call the next one, that was
 *  off the CPU at least once.
 *  @return false: there is none */
bool bpf_program_next_away(const struct bpf_program_handle *p, uint32_t *key,
                           struct bpf_away *out);
/** The same thread now; false: it has ended. */
bool bpf_program_away(const struct bpf_program_handle *p, uint32_t key,
                      struct bpf_away *out);

/** The descriptor of the program that samples collections, or words of heaps,
 *  for the breakpoints that are to run it; bpf_program_close closes it. */
int bpf_program_of(const struct bpf_program_handle *p, enum bpf_hits_of of);
/** The hits on a CPU that the kernel has counted (perf_breakpoint_allow). */
uint64_t bpf_program_stops(const struct bpf_program_handle *p,
                           enum bpf_hits_of of, int cpu);
/** Sets when collections are sampled (CLOCK_MONOTONIC); at first they are not.
 */
MUST_USE int bpf_program_window(struct bpf_program_handle *p,
                                const struct bpf_window *window);
/** Sets a watch, the first of BPF_WATCHES being 0. All 0: there is none. */
MUST_USE int bpf_program_watch(struct bpf_program_handle *p, uint32_t which,
                               const struct bpf_watch *watch);
/** The breakpoints that were hit so far. */
struct bpf_hits bpf_program_hits(const struct bpf_program_handle *p,
                                 enum bpf_hits_of of);
/** Waits until a record is there that somebody is to be woken up for, at most
 *  for so many nanoseconds. */
void bpf_program_wait(struct bpf_program_handle *p, uint64_t ns);

/** Waits at most timeout_ms, less when the ring fills, and passes the records
 *  that are there to on_record.
 *  @return their number, 0 when on_record ended it, or -errno (-EINTR when
 *  interrupted) */
MUST_USE int bpf_program_poll(struct bpf_program_handle *p, int timeout_ms);
struct bpf_lost bpf_program_lost(const struct bpf_program_handle *p);
size_t bpf_program_ring_bytes(const struct bpf_program_handle *p);

#endif
