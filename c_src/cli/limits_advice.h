/**
 * @file limits_advice.h
 * What the limits of this process mean for a recording: pure, so that every
 * combination can be tested, but for limits_advice_read.
 */
#ifndef CPROF_CLI_LIMITS_ADVICE_H
#define CPROF_CLI_LIMITS_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LIMITS_ADVICE_UNLIMITED UINT64_MAX

/** What there is, and what is needed. */
struct limits_advice {
    uint64_t descriptors;  /**< that may be open, by the hard limit */
    uint64_t locked_bytes; /**< of rings */
    bool can_fork;         /**< a process could be started just now */
    size_t threads;        /**< of the node; 0: none is given */
    bool each_thread;      /**< the engine has an event on each of them */
};

enum { LIMITS_ADVICE_TEXT = 256 };

/** The limits of this process; starts a process and ends it.
 *  @param caps  effective capabilities, as bits */
void limits_advice_read(uint64_t caps, struct limits_advice *out);

/** Each writes what is so and, where it is not enough, what to do. True: it is
 *  enough. */
bool limits_advice_descriptors(const struct limits_advice *l,
                               char text[LIMITS_ADVICE_TEXT]);
bool limits_advice_locked(const struct limits_advice *l,
                          char text[LIMITS_ADVICE_TEXT]);
bool limits_advice_processes(const struct limits_advice *l,
                             char text[LIMITS_ADVICE_TEXT]);
/** How many threads the node has; always true. */
bool limits_advice_threads(const struct limits_advice *l,
                           char text[LIMITS_ADVICE_TEXT]);

#endif
