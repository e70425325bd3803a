/**
 * @file procstate.h
 * Process.state (erl_process.h, ERTS_PSFLG_*; the flags used here are the same
 * in OTP 25 to 29) as what process_info(P, status) says of it, and what else
 * the flags tell of a struct Process that others read.
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

/** As Erlang calls them. */
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

/** May it be an embryo, by its state? Only then must the locks be read. */
static inline bool procstate_may_be_embryo(uint32_t state)
{
    return (state & ~(uint32_t)(PROCSTATE_FLAG_PRIORITIES |
                                PROCSTATE_FLAG_OFF_HEAP_MESSAGES)) == 0;
}

/**
 * A process stands in the table before its struct is filled in
 * (erl_process.c, alloc_process): early_init_process_struct sets its id, a
 * state of the two priorities and where its messages go, and all its locks
 * held; the rest is left from the memory's last owner. erl_create_process fills
 * it in, gives the locks back (those for status and tracing sooner, when
 * sequential tracing is on), and then makes the process active. A process at
 * rest that has had no turn since its priority was max looks the same, but
 * nobody holds these locks of it.
 * @param locks read after the state: then what is read later was filled in
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
 *  stack at any time. (A dirty NIF or BIF works beside them: they stay as they
 *  were when it was called.) */
enum {
    PROCSTATE_ON_THE_MOVE =
        PROCSTATE_FLAG_RUNNING | PROCSTATE_FLAG_RUNNING_SYS |
        PROCSTATE_FLAG_DIRTY_RUNNING_SYS | PROCSTATE_FLAG_GC |
        PROCSTATE_FLAG_EXITING | PROCSTATE_FLAG_FREE,
};

/** "waiting", as process_info spells it; of running garbage collection "gc". */
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
