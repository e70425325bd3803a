/**
 * @file top_layout.h
 * The pages of `cprof top`, from the facts of a moment and the view. Pure.
 */
#ifndef CPROF_CLI_TOP_LAYOUT_H
#define CPROF_CLI_TOP_LAYOUT_H

#include "cli/top_page.h"
#include "cli/top_view.h"
#include "profile/moment.h"

/** Below this, lines are cut and parts are missing. */
enum { TOP_LEAST_WIDTH = 80, TOP_LEAST_HEIGHT = 24 };

/**
 * Writes the page that the view shows: v->height lines of at most v->width
 * columns. Adjusts v->first, v->scroll and v->rows to what there is.
 * @param page  initialised and empty
 * @return 0, or -ENOMEM
 */
MUST_USE int top_layout(const struct moment *m, struct top_view *v,
                        struct top_page *page);
/** The same as a block of lines for a pipe or a file: without the keys, and
 *  ending with an empty line. */
MUST_USE int top_layout_plain(const struct moment *m, struct top_view *v,
                              struct top_page *page);

/* --- parts, in files of their own ----------------------------------------- */

/** The node, CPU time, processes: three lines and more if something is not
 *  known. */
void top_head_write(const struct moment *m, struct top_page *page);
/** The threads: at most `most` lines. */
void top_threads_write(const struct moment *m, size_t most,
                       struct top_page *page);
/** The hot functions of a profile: a title and at most `rows` rows.
 *  @param of  such as "of 702 samples in the last 5.0 s" */
void top_functions_write(const struct profile *p, const struct summary *s,
                         const char *of, size_t rows, struct top_page *page);
/** The processes: a title and v->rows rows. 0 or -ENOMEM. */
MUST_USE int top_list_write(const struct moment *m, struct top_view *v,
                            struct top_page *page);
/** The process v->opened, in as many lines as that takes. 0 or -ENOMEM. */
MUST_USE int top_process_write(const struct moment *m, const struct top_view *v,
                               struct top_page *page);

#endif
