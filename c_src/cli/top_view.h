/**
 * @file top_view.h
 * What the user of `cprof top` has chosen to see, and how keys change that.
 */
#ifndef CPROF_CLI_TOP_VIEW_H
#define CPROF_CLI_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/moment.h"

/** Keys that are not characters. Characters are their code points. */
enum top_key {
    TOP_KEY_NONE = 0,
    TOP_KEY_BACKSPACE = 8,
    TOP_KEY_ENTER = 10,
    TOP_KEY_ESCAPE = 27,
    TOP_KEY_UP = 0x110000, /* above all code points */
    TOP_KEY_DOWN,
    TOP_KEY_LEFT,
    TOP_KEY_RIGHT,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
};

enum { TOP_MATCH = 128, TOP_PID = 64 };

/** All 0 at the start, but for width and height. */
struct top_view {
    unsigned width, height; /**< of the screen */
    enum moment_column sort;
    char match[TOP_MATCH]; /**< only processes that match this; "": all */
    bool typing;           /**< keys are characters of `match` */
    bool paused;           /**< the moment that is shown does not change */
    bool help, quit;
    uint64_t cursor; /**< pid term of the process at the cursor; 0: none */
    size_t rows;     /**< of the list, or of the process, on the last page */
    size_t first;    /**< the first row of the list that is shown */
    size_t scroll;   /**< lines of the process that are above the screen */
    uint64_t opened; /**< pid term of the process that is shown alone; 0: none
                      */
    char opened_pid[TOP_PID]; /**< as text */
};

/** A key was pressed while m was shown. Sets what the next page shows. 0 or
 *  -ENOMEM. */
MUST_USE int top_view_key(struct top_view *v, const struct moment *m, int key);
/** Moves `first` so that the cursor is on the screen, and the screen is full.
 *  @param order  as moment_order returned it */
void top_view_scroll(struct top_view *v, const struct moment *m,
                     const uint32_t *order, size_t count);
/** The process that must be read each time; 0: none. */
uint64_t top_view_watched(const struct top_view *v);
/** The key that sorts by a column. */
char top_view_sort_key(enum moment_column column);

#endif
