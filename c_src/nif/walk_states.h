/**
 * @file walk_states.h
 * Process.state (erl_process.h, ERTS_PSFLG_*; the flags used here are the same
 * in OTP 25 to 29) as what process_info(P, status) says of it.
 */
#ifndef CPROF_NIF_WALK_STATES_H
#define CPROF_NIF_WALK_STATES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FLAG_PRIORITIES = 0xf, /* actual, user's: 2 bits each */
    FLAG_FREE = 1 << 10,
    FLAG_EXITING = 1 << 11,
    FLAG_ACTIVE = 1 << 13,
    FLAG_RUNNING = 1 << 15,
    FLAG_SUSPENDED = 1 << 16,
    FLAG_GC = 1 << 17,
    FLAG_ACTIVE_SYS = 1 << 20,
    FLAG_RUNNING_SYS = 1 << 21,
    FLAG_OFF_HEAP_MESSAGES = 1 << 24,
    FLAG_DIRTY_ACTIVE_SYS = 1 << 28,
    FLAG_DIRTY_RUNNING = 1 << 29,
    FLAG_DIRTY_RUNNING_SYS = 1 << 30,
};

enum walk_state {
    WALK_RUNNING,
    WALK_RUNNABLE,
    WALK_WAITING,
    WALK_GC,
    WALK_SUSPENDED,
    WALK_EXITING,
    WALK_STATES
};

/** Process.lock.flags (erl_process_lock.h, ERTS_PROC_LOCK_*; the same in OTP 25
 *  to 29): the locks that are held. */
enum {
    LOCK_MAIN = 1 << 0,
    LOCK_MESSAGE_QUEUE = 1 << 1,
    LOCK_BIF_TIMERS = 1 << 2,
    LOCKS_OF_CREATOR = LOCK_MAIN | LOCK_MESSAGE_QUEUE | LOCK_BIF_TIMERS,
};

/** May it be an embryo, by its state? Only then must the locks be read. */
static inline bool may_be_embryo(uint32_t state)
{
    return (state & ~(uint32_t)(FLAG_PRIORITIES | FLAG_OFF_HEAP_MESSAGES)) == 0;
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
static inline bool is_embryo(uint32_t state, uint32_t locks)
{
    return may_be_embryo(state) &&
           (locks & LOCKS_OF_CREATOR) == LOCKS_OF_CREATOR;
}

static inline enum walk_state walk_state_of(uint32_t state)
{
    if (state & (FLAG_EXITING | FLAG_FREE))
        return WALK_EXITING;
    if (state & FLAG_GC)
        return WALK_GC;
    if (state & FLAG_SUSPENDED)
        return WALK_SUSPENDED;
    if (state & (FLAG_RUNNING | FLAG_RUNNING_SYS | FLAG_DIRTY_RUNNING |
                 FLAG_DIRTY_RUNNING_SYS))
        return WALK_RUNNING;
    if (state & (FLAG_ACTIVE | FLAG_ACTIVE_SYS | FLAG_DIRTY_ACTIVE_SYS))
        return WALK_RUNNABLE;
    return WALK_WAITING;
}

#endif
