/**
 * @file top_page.h
 * Lines of text with a style each: what `cprof top` shows at a time.
 */
#ifndef CPROF_CLI_TOP_PAGE_H
#define CPROF_CLI_TOP_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum top_style {
    TOP_PLAIN,
    TOP_TITLE,  /**< of a table */
    TOP_STATUS, /**< the last line, which says what keys do */
    TOP_CURSOR, /**< the line that a key would act on */
};

struct top_page {
    unsigned width;     /**< columns; longer lines are cut */
    struct buffer text; /**< each line ends with a newline */
    enum top_style *styles;
    size_t count, cap;  /**< lines */
    struct buffer line; /**< the one that is being written */
};

void top_page_init(struct top_page *p, unsigned width);
void top_page_deinit(struct top_page *p);
/** Ends the line that was written into p->line, cut to the width. Its text must
 *  be safe to show (utf8_show). */
void top_page_end_line(struct top_page *p, enum top_style style);
/** A whole line. */
void top_page_add(struct top_page *p, enum top_style style, const char *text);
/** A text of several lines, broken at spaces. The first begins with `label`, of
 *  ten columns, and the others with as many spaces. */
void top_page_wrap(struct top_page *p, const char *label, const char *text);
/** Makes it `count` lines: cuts it, or adds empty ones. */
void top_page_fit(struct top_page *p, size_t count);
/** Appends lines of another page: `count` of them, from `from` on. */
void top_page_append(struct top_page *p, const struct top_page *from,
                     size_t first, size_t count);
/** 0 or -ENOMEM. */
MUST_USE int top_page_status(const struct top_page *p);

#endif
