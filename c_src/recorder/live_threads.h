/**
 * @file live_threads.h
 * What the threads of a node did in the span of a moment: the CPU time by the
 * kernel, and the states by samples. Each normal scheduler is shown by itself,
 * and of the other kinds of threads all together.
 */
#ifndef CPROF_RECORDER_LIVE_THREADS_H
#define CPROF_RECORDER_LIVE_THREADS_H

#include "base/err.h"
#include "profile/moment.h"
#include "recorder/live_cpu.h"

/** Fills in the threads of a moment, whose window must be there if there is
 *  one. 0 or -ENOMEM. */
MUST_USE int live_threads_see(const struct live_cpu *cpu, unsigned spans,
                              struct moment *m);

#endif
