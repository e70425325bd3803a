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
    FLAG_PRIORITIES = 0x3f, /* actual, user's, of the run queue: 2 bits each */
    FLAG_FREE = 1 << 10,
    FLAG_EXITING = 1 << 11,
    FLAG_ACTIVE = 1 << 13,
    FLAG_RUNNING = 1 << 15,
    FLAG_SUSPENDED = 1 << 16,
    FLAG_GC = 1 << 17,
    FLAG_ACTIVE_SYS = 1 << 20,
    FLAG_RUNNING_SYS = 1 << 21,
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

/**
 * A process stands in the table before its struct is filled in: only its id,
 * the first priorities and the run queue are set
 * (early_init_process_struct); the rest is of whoever had the memory before.
 * A waiting process of priority max has no flag at all and is none.
 */
static inline bool is_embryo(uint32_t state)
{
    return (state & ~0xfu) == 0 && (state & 0xf) != 0;
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
