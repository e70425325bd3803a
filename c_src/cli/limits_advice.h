/**
 * @file limits_advice.h
 * What the limits of this process mean for a recording. All functions except
 * limits_advice_read are pure, so that every combination can be tested.
 */
#ifndef CPROF_CLI_LIMITS_ADVICE_H
#define CPROF_CLI_LIMITS_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LIMITS_ADVICE_UNLIMITED UINT64_MAX

/** What is available, and what is needed. */
struct limits_advice {
    uint64_t descriptors;  /**< how many may be open; the hard limit */
    uint64_t locked_bytes; /**< how much memory of rings may be locked */
    bool can_fork;         /**< a process could be started just now */
    size_t threads;        /**< of the node; 0: no node was given */
    bool each_thread;      /**< the engine needs an event on each thread */
};

enum { LIMITS_ADVICE_TEXT = 256 };

/** Reads the limits of this process. Starts a process, which ends at once.
 *  @param caps  effective capabilities, as bits */
void limits_advice_read(uint64_t caps, struct limits_advice *out);

/** Each writes a description and, if there is not enough, what to do about it.
 *  True: there is enough. */
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
