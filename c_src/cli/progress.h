/**
 * @file progress.h
 * The line on a terminal while a recording runs: time left, samples a second,
 * samples lost.
 */
#ifndef CPROF_CLI_PROGRESS_H
#define CPROF_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool shown;
    uint64_t seconds_asked;           /**< 0: until something else ends it */
    uint64_t since_ns, since_samples; /**< where the rate counts from */
    double rate;                      /**< samples a second, lately */
};

/** Shown when wanted and stderr is a terminal. */
void progress_begin(struct progress *p, bool wanted, uint64_t seconds_asked);
/** Writes the line over the last one; elapsed since the start. */
void progress_show(struct progress *p, uint64_t elapsed_ns, uint64_t samples,
                   uint64_t lost);
/** Wipes it away. */
void progress_end(struct progress *p);

/** The line's text, without what moves the cursor; updates the rate. */
void progress_text(struct progress *p, uint64_t elapsed_ns, uint64_t samples,
                   uint64_t lost, char *text, size_t size);

#endif
