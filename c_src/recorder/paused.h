/**
 * @file paused.h
 * Whether this program itself stood still while it recorded: stopped by a
 * signal (Ctrl-Z), frozen, or in a debugger. During that time nothing is read
 * from the node and no ring is emptied, so the report must say so. Time spent
 * waiting for a CPU does not count.
 */
#ifndef CPROF_RECORDER_PAUSED_H
#define CPROF_RECORDER_PAUSED_H

#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

enum {
    /** Shorter pauses cannot be distinguished from waits for a disk and the
     *  like. */
    PAUSED_LEAST_MS = 1000,
    /** Between two looks. A pause counts with the time since the last look, so
     *  it may be stated this much too long. */
    PAUSED_LOOK_MS = 200,
};

struct paused {
    uint64_t looked_ns; /**< time of the last look, CLOCK_MONOTONIC */
    uint64_t ran_ns;    /**< until then: time with a CPU or waiting for one */
    uint64_t total_ns;  /**< of all pauses */
    unsigned continued; /**< number of SIGCONTs received before the start */
};

/** From here on the program notes when a signal continues it. */
void paused_begin(struct paused *p);
/** To be called several times a second, or more often, by the program's first
 *  thread. */
void paused_look(struct paused *p);
/** The same, with the time and our own running time passed in; pure. */
void paused_see(struct paused *p, uint64_t now_ns, uint64_t ran_ns);
/** Adds a note and a counter to the profile, if there was a pause. 0, or the
 *  profile's error. */
MUST_USE int paused_note(const struct paused *p, struct profile *profile);

#endif
