/**
 * @file blocked.h
 * Why a thread was off the CPU while it ran a process (event block): its state,
 * and the leaf frame that says so in the stack. The system call that the
 * thread was in decides it; a thread that waited in none had a page fault.
 */
#ifndef CPROF_RECORDER_BLOCKED_H
#define CPROF_RECORDER_BLOCKED_H

#include "profile/state.h"
#include "target/sample.h"

struct blocked {
    enum sample_state state; /**< IO, SOCKET, LOCK, SLEEP, CPU, FAULT; OTHER: in
                                  another system call */
    char frame[64];          /**< "[blocked in pread64]", "[page fault]" */
};

/** Of a sample of a wait (SAMPLE_BLOCK). */
struct blocked blocked_of(const struct sample *s);

#endif
