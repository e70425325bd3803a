/**
 * @file blocks.h
 * Where threads were off the CPU while they ran a process, in a recording of
 * the event block. This is computed from a profile alone, so also from a saved
 * and filtered one.
 */
#ifndef CPROF_PROFILE_BLOCKS_H
#define CPROF_PROFILE_BLOCKS_H

#include "base/err.h"
#include "profile/profile.h"

/** Waits of one kind: in the same function, for the same. */
struct blocks_row {
    uint32_t function; /**< the innermost Erlang function; without any, the
                            root, such as "[port tcp_inet]"; or PROFILE_NONE */
    uint32_t called;   /**< the BIF or NIF that it called, or PROFILE_NONE */
    uint32_t site;     /**< the innermost function of the application, which may
                            be `function`; or PROFILE_NONE */
    uint32_t leaf;     /**< the function "[blocked in read]" */
    uint32_t state;    /**< enum sample_state */
    uint64_t ns;       /**< how long, of all threads */
    uint64_t times;
    uint64_t normal_ns; /**< of ns, on normal schedulers */
};

struct blocks {
    struct blocks_row *rows; /**< sorted by ns; without those that had no CPU */
    size_t count;
    uint64_t ns, normal_ns, times; /**< of all rows */
    uint64_t no_cpu_ns; /**< threads could run, but other threads had the CPUs:
                             this is in no row, because it is not due to what
                             the thread ran */
};

/** 0 or -ENOMEM; deinit in any case. Empty unless the profile is of the event
 *  block. */
MUST_USE int blocks_find(const struct profile *p, struct blocks *out);
void blocks_deinit(struct blocks *b);
/** The function of the application that called `function`, if that is another
 *  one; otherwise PROFILE_NONE. */
uint32_t blocks_reached_from(const struct blocks_row *row);

#endif
