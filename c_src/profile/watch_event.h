/**
 * @file watch_event.h
 * What `cprof watch` reports, line by line: a condition has fired, a recording
 * was written. report/report_watch.c has its keys, formats/watch_text.c the
 * lines for people; docs/watch.md documents both.
 */
#ifndef CPROF_PROFILE_WATCH_EVENT_H
#define CPROF_PROFILE_WATCH_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/vitals.h"

enum watch_kind {
    WATCH_BEGAN,     /**< a node is watched from now on */
    WATCH_FIRED,     /**< a condition holds: `recording` is being made */
    WATCH_HELD_BACK, /**< a condition holds, but there were too many recordings
                          already */
    WATCH_WROTE,     /**< `recording` is written; why there is no snapshot */
    WATCH_REMOVED,   /**< an old file, to make room */
    WATCH_FAILED,    /**< `recording` could not be written: why */
    WATCH_UNKNOWN, /**< a condition is about a figure that is not known: why */
    WATCH_ENDED,   /**< the node has ended, or may not be watched any more */
    WATCH_KINDS
};

/** Members that do not fit the kind are 0, NULL or NAN. */
struct watch_event {
    enum watch_kind kind;
    uint64_t unix_ns;
    const char *cause; /**< the condition, or the words of who asked for it */
    const char *word;  /**< a vital's word, "signal", ... */
    enum vital vital;  /**< if value is not NAN */
    double value, limit;
    bool at_least;         /**< the value may be higher (struct vitals) */
    double waited_for_cpu; /**< percent, of utilization */
    const char *process;   /**< the pid that has that figure */
    const char *recording; /**< how the names of its files begin */
    const char *const *files;
    size_t file_count;
    double before_s,
        after_s; /**< from when on, and until when, since it fired */
    uint64_t samples;
    const char *why;
    pid_t pid; /**< began, ended */
    const char *node, *engine;
    unsigned rate;
};

/** "fired". */
const char *watch_kind_word(enum watch_kind kind);
/** "2026-11-29T08:31:51.123Z" */
enum { WATCH_TIME = 32 };
void watch_time_text(uint64_t unix_ns, char text[static WATCH_TIME]);

#endif
