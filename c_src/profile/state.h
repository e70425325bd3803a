/**
 * @file state.h
 * What a thread or, in recordings of the event wall, a process was doing in a
 * sample: a table of states with their names, and whether their samples are in
 * the percentages of a report.
 */
#ifndef CPROF_PROFILE_STATE_H
#define CPROF_PROFILE_STATE_H

#include <stdbool.h>

#include "base/err.h"

/**
 * X(id, name, counted, of_process). of_process: in this state a process runs or
 * is garbage collected, so a sample without a process lacks something. States
 * that are not counted are not work of the program:
 *
 *   idle       a scheduler that looks for work, waits or wakes up; a process
 *              that waits in its main loop
 *   scheduler  a scheduler that runs no process, if the sample cannot tell
 *              whether it works or is idle; in recordings made before port and
 *              scheduling existed, any scheduler that runs no process
 *
 * Only processes of the event wall are runnable (ready, but no scheduler runs
 * it), blocked (waits for the answer of another process, a program or a
 * server, or for a port that is busy), waiting (in another receive), suspended
 * or exiting. Those that had ended when they were to be read, or were not
 * complete yet, are ended: what they did is not known.
 *
 * Only samples of the event block, of a thread that was off the CPU while it
 * ran a process or a port's task, are io (it waited for a file or a disk),
 * socket, lock (for another thread), sleep, no-cpu (it could run, but other
 * threads had the CPUs) or fault (for a page of memory). If it waited in
 * another system call, that is other.
 */
#define SAMPLE_STATES(X)                                                       \
    X(RUNNING, "running", true, true)                                          \
    X(GC, "gc", true, true)                                                    \
    X(DIRTY_CPU, "dirty-cpu", true, true)                                      \
    X(DIRTY_IO, "dirty-io", true, true)                                        \
    X(PORT, "port", true, false)                                               \
    X(SCHEDULING, "scheduling", true, false)                                   \
    X(IDLE, "idle", false, false)                                              \
    X(SCHEDULER, "scheduler", false, false)                                    \
    X(OTHER, "other", true, false)                                             \
    X(RUNNABLE, "runnable", true, true)                                        \
    X(BLOCKED, "blocked", true, true)                                          \
    X(WAITING, "waiting", true, true)                                          \
    X(SUSPENDED, "suspended", true, true)                                      \
    X(EXITING, "exiting", true, true)                                          \
    X(ENDED, "ended", true, true)                                              \
    X(IO, "io", true, true)                                                    \
    X(SOCKET, "socket", true, true)                                            \
    X(LOCK, "lock", true, true)                                                \
    X(SLEEP, "sleep", true, true)                                              \
    X(NO_CPU, "no-cpu", true, true)                                            \
    X(FAULT, "fault", true, true)

enum sample_state {
#define X(id, name, counted, of_process) STATE_##id,
    SAMPLE_STATES(X)
#undef X
        STATE_COUNT
};

const char *state_name(enum sample_state state); /* "running", "dirty-cpu" */
bool state_is_counted(enum sample_state state);
bool state_is_of_process(enum sample_state state);
/** 0, or -E_FORMAT if no state has that name. */
int state_parse(const char *name, enum sample_state *state);

/** X(id, name): what an idle scheduler does. */
#define IDLE_PARTS(X)                                                          \
    X(BUSY_WAIT, "busy-wait") /* looks for work in a loop before it sleeps */  \
    X(YIELD, "sched_yield")   /* called sometimes during busy-wait */          \
    X(POLL, "poll")           /* waits for sockets and files */                \
    X(SLEEP, "sleep and wake")                                                 \
    X(UNKNOWN, "unknown part")

/** Flags of erl that turn busy-wait off (and cause more sleeping and waking).
 */
#define IDLE_NO_BUSY_WAIT "+sbwt none +sbwtdcpu none +sbwtdio none"

enum idle_part {
#define X(id, name) IDLE_##id,
    IDLE_PARTS(X)
#undef X
        IDLE_PART_COUNT
};

const char *idle_part_name(enum idle_part part);
/** The root frame of an idle sample, such as "[idle: poll]"; and the part that
 *  such a frame means: IDLE_UNKNOWN for any other name. */
const char *idle_part_frame(enum idle_part part);
enum idle_part idle_part_of(const char *frame);

#endif
