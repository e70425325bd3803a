/**
 * @file text_parts.h
 * The parts of the text report: cells of a table, and what it is made of.
 * Names come from the observed node: they are written as base/utf8.h shows
 * them.
 */
#ifndef CPROF_FORMATS_TEXT_PARTS_H
#define CPROF_FORMATS_TEXT_PARTS_H

#include <stddef.h>

#include "base/buffer.h"
#include "formats/format.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** What a line should not exceed. */
enum { TEXT_COLUMNS = 100 };

/** Columns a text takes as it is shown: one a character. */
size_t text_cell_width(const char *text);
/**
 * Text in `width` columns: padded, or its middle left out; 0: as long as it
 * is.
 */
void text_cell_add(struct buffer *out, const char *text, size_t width);
/** "file:line" by the last two parts of the path; nothing without a file. */
void text_cell_place(struct buffer *out, const char *path, uint32_t line);
/** The same in at most `width` columns: by the last part, else its middle left
 *  out, where it would be longer. */
void text_cell_place_in(struct buffer *out, const char *path, uint32_t line,
                        size_t width);
/** "1,024". */
void text_cell_number(struct buffer *out, uint64_t n);
/** Ends a line, without the spaces before its end. */
void text_cell_end_line(struct buffer *out);
/** A line that begins with `label`, ten columns wide, goes on below itself
 *  where it is longer than TEXT_COLUMNS, and never with a figure there.
 *  @param text  as it may be shown */
void text_cell_wrap(struct buffer *out, const char *label, const char *text);
/** Makes all of it ASCII, for a terminal that shows nothing else: lines of
 *  trees by similar characters, others as `\x{E9}`. */
void text_cell_to_ascii(struct buffer *out);

/** Writes into the terminal's text: bold, and the colour of a kind of frame.
 *  Nothing where there are no colours. */
struct text_table {
    struct buffer *out;
    const struct profile *p;
    const struct summary *s;
    size_t top; /**< rows; 0: the default */
    bool color;
};

void text_table_style(const struct text_table *t, const char *code);
/** The line of titles above a table, after an empty line. */
void text_table_title(const struct text_table *t, const char *titles,
                      const char *name, size_t name_width);
/** The name of a function in its colour. */
void text_table_name(const struct text_table *t, uint32_t function,
                     size_t width);
/** Two spaces, where it is, and the end of the line. */
void text_table_place(const struct text_table *t,
                      const struct summary_function *row, size_t width);
/** "... and 3 more functions", when there are any. */
void text_table_more(const struct text_table *t, size_t more);

/** Functions by own time, where that comes from, BIFs and C code; by self
 *  time where no function has any of its own. */
MUST_USE int text_hot_write(const struct text_table *t);
/** All functions by self time. */
void text_self_write(const struct text_table *t);

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

/** Which node it is of: a line without its end; nothing when that is not
 *  known. */
void text_node_add(struct buffer *out, const struct profile *p);
/** What was measured and how well, in at most five lines. */
void text_brief_write(struct buffer *out, const struct profile *p,
                      const struct summary *s);
/** The same in full: 8-12 lines and one a counter or note. */
void text_head_write(struct buffer *out, const struct profile *p,
                     const struct summary *s);
/** What matters of that, and what else may be done. */
void text_doubts_write(struct buffer *out, const struct profile *p,
                       const struct summary *s, enum format_reader reader);

/** Each line of meta.notes, with its length. */
void text_notes_each(const struct profile *p,
                     void (*tell)(void *to, const char *note, size_t len),
                     void *to);
/** Does it say what part of a recording is shown (view.h)? */
bool text_note_is_filter(const char *note);
/** A line that begins with `label`, of len bytes as they may be shown. */
void text_note_write(struct buffer *out, const char *label, const char *note,
                     size_t len);

/** "States:   running 75.0 %, ...", what has less than least_pct together. */
void text_states_write(struct buffer *out, const struct summary *s,
                       double least_pct);
/** "Idle:     busy-wait 75.0 %, ...", when there was idling. */
void text_idle_write(struct buffer *out, const struct summary *s);
/** `before` and the text; nothing when there is no text. */
void text_part_add(struct buffer *out, const struct profile *p,
                   const char *before, uint32_t string);
/** Too few to tell small shares from nothing? */
bool text_samples_are_few(const struct summary *s);
/** "2026-11-28 12:03:11 UTC"; nothing when it is not known. */
void text_date_add(struct buffer *out, const struct profile *p);

#endif
