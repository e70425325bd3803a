/**
 * @file text_parts.h
 * The parts of the text report: cells of a table, and the head. Names come
 * from the observed node: they are written as base/utf8.h shows them.
 */
#ifndef CPROF_FORMATS_TEXT_PARTS_H
#define CPROF_FORMATS_TEXT_PARTS_H

#include <stddef.h>

#include "base/buffer.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** Columns a text takes as it is shown: one a character. */
size_t text_cell_width(const char *text);
/**
 * Text in `width` columns: padded, or its middle left out; 0: as long as it
 * is.
 */
void text_cell_add(struct buffer *out, const char *text, size_t width);
/** "file:line" by the last two parts of the path; nothing without a file. */
void text_cell_place(struct buffer *out, const char *path, uint32_t line);
/** "1,024". */
void text_cell_number(struct buffer *out, uint64_t n);
/** Ends a line, without the spaces before its end. */
void text_cell_end_line(struct buffer *out);

/** Which processes, and what the biggest do; nothing without any. */
MUST_USE int text_processes_write(struct buffer *out, const struct profile *p,
                                  const struct summary *s, bool color);

/** Who calls a function and whom it calls, `top` rows of either.
 *  -E_NO_FUNCTION: none has that name, with or without an arity. */
MUST_USE int text_callers_write(struct buffer *out, const struct profile *p,
                                const struct summary *s, const char *function,
                                size_t top, bool color);
/** The call tree's branches of min_pct (0: the default, else at least 0.01)
 *  of the counted samples and more. */
MUST_USE int text_tree_write(struct buffer *out, const struct profile *p,
                             const struct summary *s, double min_pct,
                             bool color);

/** What was measured and how well, 5-8 lines and one a counter or note. */
void text_head_write(struct buffer *out, const struct profile *p,
                     const struct summary *s);

#endif
