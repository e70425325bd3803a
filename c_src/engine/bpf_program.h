/**
 * @file bpf_program.h
 * The BPF program (bpf/sampler.bpf.c) in the kernel: loading it, telling it
 * whom to sample and what to copy, taking its records off the ring. The one
 * place that knows libbpf.
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

/** The record is valid during the call only. */
/** @return false: no more for now */
typedef bool bpf_program_on_record(void *ctx, const void *record, size_t len);

/** Loads the program. on_record is called by bpf_program_poll.
 *  @return 0; -E_BPF_DENIED, -E_BPF_MISSING (no BPF in this kernel, or too
 *  old), or -errno */
MUST_USE int bpf_program_open(bpf_program_on_record *on_record, void *ctx,
                              struct bpf_program_handle **out);
void bpf_program_close(struct bpf_program_handle *p);

/** From the next sample on. */
MUST_USE int bpf_program_setup(struct bpf_program_handle *p,
                               const struct bpf_setup *setup);
/** @param tid  in the node's pid namespace */
MUST_USE int bpf_program_thread(struct bpf_program_handle *p, pid_t tid,
                                const struct copy_thread *thread);
void bpf_program_forget(struct bpf_program_handle *p, pid_t tid);

/** Runs the program at every sample of a CPU's event, as long as that is
 *  open. */
MUST_USE int bpf_program_attach(struct bpf_program_handle *p, int event,
                                int cpu);

/** Waits at most timeout_ms, or until the ring fills; hands out the records
 *  that are there. @return how many, or -errno (-EINTR when interrupted) */
MUST_USE int bpf_program_poll(struct bpf_program_handle *p, int timeout_ms);
struct bpf_lost bpf_program_lost(const struct bpf_program_handle *p);
size_t bpf_program_ring_bytes(const struct bpf_program_handle *p);

#endif
