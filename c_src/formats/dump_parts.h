/**
 * @file dump_parts.h
 * What a dump and a snapshot have in common when they are written as text.
 */
#ifndef CPROF_FORMATS_DUMP_PARTS_H
#define CPROF_FORMATS_DUMP_PARTS_H

#include "formats/text_parts.h"
#include "profile/dump.h"
#include "profile/process_names.h"

struct dump_text {
    struct buffer *out;
    const struct dump *d;
    const struct profile *p;
    bool all; /* everything is to be shown, idle threads as well */
    struct process_names names;
    const struct dump_group *group; /* that is being written */
};

/** "1,003 processes" */
void dump_text_processes(struct buffer *out, uint64_t n);
/** A line that begins with a label and is wrapped if it is too long. */
void dump_text_wrapped(struct dump_text *t, const char *label,
                       void (*say)(struct dump_text *t, struct buffer *line));
const char *dump_text_function(const struct dump_text *t, uint32_t function);
/** The function in which a process with that state and stack is; for one that
 *  waits, see platform_call_site. */
const char *dump_text_place(const struct dump_text *t, enum procstate state,
                            uint32_t stack);
/** "db [shop]": the name of a process, its id in its supervisor unless the name
 *  has it, and its application, as far as they are known. */
void dump_text_name(struct dump_text *t, struct buffer *out, uint32_t process);
/** "<0.91.0> db [shop]" */
void dump_text_member(struct dump_text *t, struct buffer *out,
                      const struct dump_member *m);

/** The frames of a stack, innermost first. */
void dump_text_stack(struct dump_text *t, uint32_t stack);

/** How the threads were looked at, and which of them are idle. */
void dump_threads_line(struct dump_text *t);
/** A paragraph for each thread that is not idle, and then, if everything is to
 *  be shown, for the idle ones; those that do the same without a process are
 *  one. */
void dump_threads_list(struct dump_text *t);

/* --- whose answer processes wait for (text_asked.c) ----------------------- */

/** How many wait for an answer, and for whose in the end; and who waits for
 *  each other. Nothing if nobody does. */
void dump_asked_lines(struct dump_text *t);
/** Those that are asked, at most `top` of them; 0: the default. */
void dump_asked_table(struct dump_text *t, size_t top);

#endif
