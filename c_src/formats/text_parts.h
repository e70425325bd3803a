/**
 * @file text_parts.h
 * The cells of tables in text reports, and the parts of the text report. Names
 * come from the observed node, so they are written in the form of utf8_show.
 */
#ifndef CPROF_FORMATS_TEXT_PARTS_H
#define CPROF_FORMATS_TEXT_PARTS_H

#include <stddef.h>

#include "base/buffer.h"
#include "formats/format.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** The columns that a line should not exceed. Only the table of those that are
 *  waited for may use more, on a wider terminal. */
enum { TEXT_COLUMNS = 100 };

/** How many columns a text takes when it is shown: one per character. */
size_t text_cell_width(const char *text);
/** Text in `width` columns: padded, or with its middle left out; 0: as long as
 *  it is. */
void text_cell_add(struct buffer *out, const char *text, size_t width);
/** Appends the application of a process, like " [shop]", if it is known. */
void text_application_add(struct buffer *out, const struct profile *p,
                          uint32_t application);
/** "file:line", with the last two parts of the path; nothing if path is "". */
void text_cell_place(struct buffer *out, const char *path, uint32_t line);
/** The same in `width` columns. If it is too long, only the last part of the
 *  path is used, and if need be its middle is left out. */
void text_cell_place_in(struct buffer *out, const char *path, uint32_t line,
                        size_t width);
/** "1,024". */
void text_cell_number(struct buffer *out, uint64_t n);
/** The text of a buffer at the right of `width` columns, all of it if it is
 *  longer. The buffer is freed, and its failure becomes that of out.
 *  @param text  must be ASCII */
void text_cell_right(struct buffer *out, int width, struct buffer *text);
/** A duration at the right of nine columns: one of them is a blank. */
void text_cell_duration(struct buffer *out, double ns);
/** Ends a line, and removes spaces at its end. */
void text_cell_end_line(struct buffer *out);
/** A line that begins with `label`, ten columns wide. If it is longer than
 *  TEXT_COLUMNS, it is wrapped and indented; no new line begins with a figure.
 *  @param text  must be safe to show */
void text_cell_wrap(struct buffer *out, const char *label, const char *text);
/** The same for a text in a buffer, which is freed. Its failure becomes that of
 *  out. */
void text_cell_wrap_line(struct buffer *out, const char *label,
                         struct buffer *line);
/** Makes the whole text ASCII, for a terminal that shows nothing else. Lines of
 *  trees become similar characters, others are written like `\x{E9}`. */
void text_cell_to_ascii(struct buffer *out);

/** What the tables of functions are written from and to. */
struct text_table {
    struct buffer *out;
    const struct profile *p;
    const struct summary *s;
    size_t top;          /**< rows; 0: the default */
    size_t line_columns; /**< that a line may have, at least TEXT_COLUMNS */
    bool color;
};

/** Sets the style of the following text ("1": bold, "0": normal, or a colour);
 *  nothing if the terminal has no colours. */
void text_table_style(const struct text_table *t, const char *code);
/** How many of `all` rows a table shows.
 *  @param usual  at most, unless t->top is another number */
size_t text_table_shown(const struct text_table *t, size_t all, size_t usual);
/** The line of titles above a table, after an empty line. */
void text_table_head(const struct text_table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The same for a table of functions: `titles` of figures, the title of the
 *  names in name_width columns, and that of the places. */
void text_table_function_head(const struct text_table *t, const char *titles,
                              const char *name, size_t name_width);
/** The name of a function in its colour. */
void text_table_name(const struct text_table *t, uint32_t function,
                     size_t width);
/** Two spaces, the place of the function, and the end of the line. */
void text_table_place(const struct text_table *t,
                      const struct summary_function *row, size_t width);
/** "... and 3 more"; nothing if more is 0.
 *  @param what  what they are, if that is to be said: "function" */
void text_table_more(const struct text_table *t, size_t more, const char *what);

/** Who is waited for, in a recording of process time: a sentence and a table;
 *  nothing if nobody is. -ENOMEM. */
MUST_USE int text_waits_write(const struct text_table *t);

/** Where schedulers are blocked, in a recording of the event block: a sentence
 *  and a table. -ENOMEM. */
MUST_USE int text_blocks_write(const struct text_table *t);

/** What the application was doing: a table of the spans of a whole recording;
 *  nothing if there are none. -ENOMEM. */
MUST_USE int text_spans_write(struct buffer *out, const struct profile *p,
                              size_t top, bool color);

/** Functions by own time, where that comes from, and BIFs and C code. If no
 *  function has own time, functions by self time. */
MUST_USE int text_hot_write(const struct text_table *t);
/** All functions by self time. */
void text_self_write(const struct text_table *t);

/** What processes allocate and keep, in a recording of the event alloc: a
 *  table; nothing if no collection was sampled. -ENOMEM or -E_LIMIT. */
MUST_USE int text_garbage_write(const struct text_table *t);

/** "<0.1.0>" or "1,024 processes", in `width` columns (0: as long as it is).
 *  @param together  the row is of several processes */
void text_process_who(struct buffer *out, const struct profile *p,
                      uint32_t process, bool together, uint64_t processes,
                      size_t width);
/** The name of a process, or that it has none. */
const char *text_process_name(const char *name);

/** The processes, and what the biggest ones do; nothing if there are none. */
MUST_USE int text_processes_write(const struct text_table *t);

/** The callers and callees of a function. -E_NO_FUNCTION: no function has that
 *  name, with or without an arity. */
MUST_USE int text_callers_write(const struct text_table *t,
                                const char *function);
/** The call tree, with the branches that have at least min_pct of the counted
 *  samples (0: the default; otherwise 0.01 or more). */
MUST_USE int text_tree_write(const struct text_table *t, double min_pct);

/** Which node the profile is of: a line without its end; nothing if that is not
 *  known. */
void text_node_add(struct buffer *out, const struct profile *p);
/** What was measured and how well, in at most five lines. */
void text_brief_write(struct buffer *out, const struct profile *p,
                      const struct summary *s);
/** The same in full: 8 to 12 lines, and one per counter or note. */
void text_head_write(struct buffer *out, const struct profile *p,
                     const struct summary *s);
/** The doubts that matter, and the notes.
 *  @param wall_follows  the report of process time follows */
void text_doubts_write(struct buffer *out, const struct profile *p,
                       const struct summary *s, enum format_reader reader,
                       bool wall_follows);
/** Further steps. */
void text_more_write(struct buffer *out, enum format_reader reader);

/** Calls `tell` for each line of meta.notes. */
void text_notes_each(const struct profile *p,
                     void (*tell)(void *to, const char *note, size_t len),
                     void *to);
/** Is it the note that says which part of a recording is shown (view.h)? */
bool text_note_is_filter(const char *note);
/** For figures that are of the whole recording, whatever part of it is shown:
 *  " (whole recording)", or "" if all of it is shown. */
const char *text_whole(const struct profile *p);
/** Is only a part of the recording's time shown? */
bool text_is_part_of_time(const struct profile *p);
/** A line that begins with `label`; the len bytes of note are made safe to
 * show, and wrapped. */
void text_note_write(struct buffer *out, const char *label, const char *note,
                     size_t len);

/** "States:   running 75.0 %, ..."; states with less than least_pct are joined.
 */
void text_states_write(struct buffer *out, const struct summary *s,
                       double least_pct);
/** "Idle:     busy-wait 75.0 %, ..."; nothing if there was no idling. */
void text_idle_write(struct buffer *out, const struct summary *s);
/** `before` and the text; nothing if the text is "". */
void text_part_add(struct buffer *out, const struct profile *p,
                   const char *before, uint32_t string);
/** The part of the node's CPU time that the samples stand for, in percent; 0:
 *  it is not known, or there are too few samples, or only a part of them is
 *  shown. */
double text_sampled_pct(const struct profile *p, const struct summary *s);
/** Are there too few samples to distinguish small shares from nothing? */
bool text_samples_are_few(const struct profile *p, const struct summary *s);
/** "2026-11-28 12:03:11 UTC", the start of the recording; nothing if it is not
 *  known. */
void text_date_add(struct buffer *out, const struct profile *p);

#endif
