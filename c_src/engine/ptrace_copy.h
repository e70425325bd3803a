/**
 * @file ptrace_copy.h
 * Copies what copy_plan.h describes from a thread that is stopped or sleeps,
 * with two or three reads of its memory, into the same pieces as the BPF
 * program (bpf/sampler.bpf.c) does from a running thread.
 */
#ifndef CPROF_ENGINE_PTRACE_COPY_H
#define CPROF_ENGINE_PTRACE_COPY_H

#include <stdint.h>

#include "engine/copy_plan.h"
#include "target/memory.h"
#include "target/sample.h"

enum { PTRACE_COPY_HEAD_MAX = 1024 };

struct ptrace_copy_plan {
    struct copy_offsets at;
    uint32_t head_bytes; /**< bytes of a Process up to the last field; 0: none
                              of it is read */
    struct copy_thread thread;
};

/** The copied bytes, to which a sample's pieces point. */
struct ptrace_copy_room {
    uint8_t head[PTRACE_COPY_HEAD_MAX];
    uint8_t stack[COPY_STACK];
    uint8_t seam[COPY_SEAM_BELOW + COPY_SEAM_ABOVE];
    uint8_t erlang[COPY_SWAPPED];
    uint8_t root[COPY_ROOT];
};

struct engine_view;

/** Sets what is copied of a Process, by what is known of the VM; `thread` is
 *  left to the caller. */
void ptrace_copy_plan_of(const struct engine_view *view,
                         struct ptrace_copy_plan *out);
/** Fills the pieces, the process, the scheduler and the code of *s, whose
 *  registers are set, as far as they are known. What cannot be read is left
 *  out. */
void ptrace_copy(const struct memory *m, const struct ptrace_copy_plan *what,
                 struct ptrace_copy_room *room, struct sample *s);

#endif
