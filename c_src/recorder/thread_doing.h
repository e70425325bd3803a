/**
 * @file thread_doing.h
 * What a thread does in one sample: its addresses, the names of its stack, its
 * state. A recording counts it (pipeline.h); a dump shows it as it is
 * (dump_threads.h).
 */
#ifndef CPROF_RECORDER_THREAD_DOING_H
#define CPROF_RECORDER_THREAD_DOING_H

#include "base/err.h"
#include "recorder/naming.h"
#include "recorder/target_state.h"
#include "target/sample.h"
#include "unwind/unwind.h"

struct thread_parts { /* borrowed */
    struct target_state *target;
    struct unwinder *unwinder;
    struct naming naming;
};

struct thread_doing {
    struct thread thread;
    struct named named;
};

/**
 * @param u  gets the addresses, and the process as unwound.c_p
 * @return 0, or the profile's error
 */
MUST_USE int thread_doing_of(const struct thread_parts *p,
                             const struct sample *s, struct unwound *u,
                             struct thread_doing *out);

#endif
