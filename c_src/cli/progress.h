/**
 * @file progress.h
 * The line on a terminal while a recording runs: time left, samples per second,
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
    uint64_t since_ns, since_samples; /**< where the present rate begins */
    double rate;                      /**< samples per second, recently */
};

/** The line is shown if `wanted` and if stderr is a terminal. */
void progress_begin(struct progress *p, bool wanted, uint64_t seconds_asked);
/** Replaces the line. elapsed_ns: since the start of the recording. */
void progress_show(struct progress *p, uint64_t elapsed_ns, uint64_t samples,
                   uint64_t lost);
/** Removes the line. */
void progress_end(struct progress *p);

/** The text of the line, without cursor movements. Updates the rate. */
void progress_text(struct progress *p, uint64_t elapsed_ns, uint64_t samples,
                   uint64_t lost, char *text, size_t size);

#endif
