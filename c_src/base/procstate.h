/**
 * @file procstate.h
 * What Process.state (erl_process.h, ERTS_PSFLG_*; the flags used here are the
 * same in OTP 25 to 29) says about a process: its status, as
 * process_info(P, status) gives it, and whether its struct Process can safely
 * be read from outside.
 */
#ifndef CPROF_BASE_PROCSTATE_H
#define CPROF_BASE_PROCSTATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PROCSTATE_FLAG_PRIORITIES = 0xf, /* actual, user's: 2 bits each */
    PROCSTATE_FLAG_FREE = 1 << 10,
    PROCSTATE_FLAG_EXITING = 1 << 11,
    PROCSTATE_FLAG_ACTIVE = 1 << 13,
    PROCSTATE_FLAG_RUNNING = 1 << 15,
    PROCSTATE_FLAG_SUSPENDED = 1 << 16,
    PROCSTATE_FLAG_GC = 1 << 17,
    PROCSTATE_FLAG_ACTIVE_SYS = 1 << 20,
    PROCSTATE_FLAG_RUNNING_SYS = 1 << 21,
    PROCSTATE_FLAG_OFF_HEAP_MESSAGES = 1 << 24,
    PROCSTATE_FLAG_DIRTY_ACTIVE_SYS = 1 << 28,
    PROCSTATE_FLAG_DIRTY_RUNNING = 1 << 29,
    PROCSTATE_FLAG_DIRTY_RUNNING_SYS = 1 << 30,
};

/** The statuses that process_info gives; PROCSTATE_GC is its
 *  garbage_collecting. */
enum procstate {
    PROCSTATE_RUNNING,
    PROCSTATE_RUNNABLE,
    PROCSTATE_WAITING,
    PROCSTATE_GC,
    PROCSTATE_SUSPENDED,
    PROCSTATE_EXITING,
    PROCSTATE_COUNT
};

/** Process.lock.flags (erl_process_lock.h, ERTS_PROC_LOCK_*; the same in OTP 25
 *  to 29): the locks that are held. */
enum {
    PROCSTATE_LOCK_MAIN = 1 << 0,
    PROCSTATE_LOCK_MESSAGE_QUEUE = 1 << 1,
    PROCSTATE_LOCK_BIF_TIMERS = 1 << 2,
    PROCSTATE_CREATORS_LOCKS = PROCSTATE_LOCK_MAIN |
                               PROCSTATE_LOCK_MESSAGE_QUEUE |
                               PROCSTATE_LOCK_BIF_TIMERS,
};

/** May this state be that of an embryo (see below)? Only then do the locks have
 *  to be read. */
static inline bool procstate_may_be_embryo(uint32_t state)
{
    return (state & ~(uint32_t)(PROCSTATE_FLAG_PRIORITIES |
                                PROCSTATE_FLAG_OFF_HEAP_MESSAGES)) == 0;
}

/**
 * Is the process an embryo, that is, in the process table although its struct
 * is not filled in yet? When the VM puts a process into the table
 * (erl_process.c, alloc_process), early_init_process_struct has set only its
 * id, its state (the two priorities, and whether messages are kept off the
 * heap), and all of its locks, as held. Everything else is left over from the
 * previous owner of the memory. Then erl_create_process fills in the rest,
 * releases the locks (those for status and tracing earlier if sequential
 * tracing is on), and makes the process active. A process at rest that has not
 * run since its priority was max has the same state, but nobody holds its
 * locks.
 * @param locks must be read after the state: if this returns false, everything
 *              that is read later was filled in
 */
static inline bool procstate_is_embryo(uint32_t state, uint32_t locks)
{
    return procstate_may_be_embryo(state) &&
           (locks & PROCSTATE_CREATORS_LOCKS) == PROCSTATE_CREATORS_LOCKS;
}

static inline enum procstate procstate_of(uint32_t state)
{
    if (state & (PROCSTATE_FLAG_EXITING | PROCSTATE_FLAG_FREE))
        return PROCSTATE_EXITING;
    if (state & PROCSTATE_FLAG_GC)
        return PROCSTATE_GC;
    if (state & PROCSTATE_FLAG_SUSPENDED)
        return PROCSTATE_SUSPENDED;
    if (state &
        (PROCSTATE_FLAG_RUNNING | PROCSTATE_FLAG_RUNNING_SYS |
         PROCSTATE_FLAG_DIRTY_RUNNING | PROCSTATE_FLAG_DIRTY_RUNNING_SYS))
        return PROCSTATE_RUNNING;
    if (state & (PROCSTATE_FLAG_ACTIVE | PROCSTATE_FLAG_ACTIVE_SYS |
                 PROCSTATE_FLAG_DIRTY_ACTIVE_SYS))
        return PROCSTATE_RUNNABLE;
    return PROCSTATE_WAITING;
}

/** While one of these is set, the process may change its own struct, heap and
 *  stack at any time. (A dirty NIF or BIF does not: struct, heap and stack stay
 *  as they were when it was called.) */
enum {
    PROCSTATE_ON_THE_MOVE =
        PROCSTATE_FLAG_RUNNING | PROCSTATE_FLAG_RUNNING_SYS |
        PROCSTATE_FLAG_DIRTY_RUNNING_SYS | PROCSTATE_FLAG_GC |
        PROCSTATE_FLAG_EXITING | PROCSTATE_FLAG_FREE,
};

/** The name that process_info uses, such as "waiting"; but "gc" for
 *  garbage_collecting. */
static inline const char *procstate_name(enum procstate state)
{
    static const char *const names[PROCSTATE_COUNT] = {
        [PROCSTATE_RUNNING] = "running",     [PROCSTATE_RUNNABLE] = "runnable",
        [PROCSTATE_WAITING] = "waiting",     [PROCSTATE_GC] = "gc",
        [PROCSTATE_SUSPENDED] = "suspended", [PROCSTATE_EXITING] = "exiting",
    };
    return names[state];
}

#endif
