/**
 * @file thread_names.h
 * What the names of threads in a profile say. (target/threads.h classifies the
 * threads of a running node.)
 */
#ifndef CPROF_PROFILE_THREAD_NAMES_H
#define CPROF_PROFILE_THREAD_NAMES_H

#include <stdint.h>

/** The number of a normal scheduler, from the name of its thread: "1_scheduler"
 *  (OTP 25) or "erts_sched_1" (26 and later; erl_process.c,
 *  erts_start_schedulers). 0 for other threads. */
uint32_t thread_names_scheduler(const char *thread);

#endif
