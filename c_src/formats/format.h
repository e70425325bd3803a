/**
 * @file format.h
 * Writes a profile as bytes. Each format exports one `const struct format`;
 * format.c lists them all. Some formats can also show a comparison, a dump or a
 * snapshot. A
 * recording (pprof) can also be read back.
 */
#ifndef CPROF_FORMATS_FORMAT_H
#define CPROF_FORMATS_FORMAT_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"
#include "profile/diff.h"
#include "profile/dump.h"
#include "profile/profile.h"
#include "profile/snapshot.h"

/** What each profile of a speedscope file is about; by span: collapsed stacks
 *  begin with the spans that they are in. */
enum format_by { FORMAT_BY_PROCESS, FORMAT_BY_SCHEDULER, FORMAT_BY_SPAN };

/** The defaults of the text report: rows of a table, rows of the table of a
 *  comparison, and the smallest branch of the call tree in percent. */
#define FORMAT_TEXT_TOP      10
#define FORMAT_TEXT_SELF_TOP 25
#define FORMAT_TEXT_DIFF_TOP 15
#define FORMAT_TEXT_MIN_PCT  1

/** Rows of a table: all of them. */
#define FORMAT_TOP_ALL UINT32_MAX

/** Who reads the text report. This decides which further steps it suggests. */
enum format_reader {
    FORMAT_READER_RECORD, /**< a user of `cprof record`: has its options, and
                               perhaps no file yet */
    FORMAT_READER_REPORT, /**< a user of `cprof report`: has its options and a
                               file */
    FORMAT_READER_INSIDE, /**< a user in the node, who does not use the command
                               line of cprof */
};

struct format_options {
    unsigned top;          /**< rows of a text table; 0: its default; or
                                FORMAT_TOP_ALL */
    unsigned line_columns; /**< text: of the terminal; 0: not known, or none */
    bool color;            /**< text: may use terminal colours */
    bool ascii;            /**< text: the terminal shows only ASCII */
    enum format_reader reader; /**< text */
    bool self;         /**< text: functions by self time, and all counters */
    const char *title; /**< html: "" or NULL for a default title */
    enum format_by by;
    bool cpu_weights;    /**< speedscope: CPU time instead of samples */
    const char *callers; /**< text: show the callers and callees of this
                              function instead of the tables; or NULL */
    bool tree;           /**< text: the call tree instead of the tables */
    double min_pct;      /**< tree: hide branches below this; 0: default */
};

struct format {
    const char *name;      /**< value of --format */
    const char *extension; /**< of files, with its dot */
    bool binary;           /**< must not be written to a terminal */
    bool one_event;        /**< can show only recordings of one event */
    /** Writes a recording with all its events; p is the first profile. */
    int (*write)(const struct profile *p, const struct format_options *o,
                 struct buffer *out);
    /** Writes a comparison; NULL: the format cannot show one. */
    int (*write_diff)(const struct diff *d, const struct format_options *o,
                      struct buffer *out);
    /** Writes a dump of all processes; NULL: the format cannot show one. */
    int (*write_dump)(const struct dump *d, const struct format_options *o,
                      struct buffer *out);
    /** Writes a snapshot of a node; NULL: the format cannot show one. */
    int (*write_snapshot)(const struct snapshot *s,
                          const struct format_options *o, struct buffer *out);
};

extern const struct format format_text, format_json, format_collapsed,
    format_html, format_pprof, format_speedscope;

/** All formats, the default first; NULL-terminated. */
extern const struct format *const format_all[];

/** The format with this name, or NULL. */
const struct format *format_by_name(const char *name);
/** The format with the longest extension that the path ends with, or NULL. */
const struct format *format_by_path(const char *path);

/**
 * Reads a recording: gzipped or plain pprof, written by cprof or by another
 * program, such as Go's runtime. The caller owns *out. -E_NOT_A_PROFILE if it
 * is not one, or is truncated; -E_UNPACKED, -E_WORK or -E_LIMIT at the limits
 * that docs/report.md lists. Fuzzed.
 */
MUST_USE int pprof_read(const void *bytes, size_t len, struct profile **out);
/** The longest file that is read. Hours of a recording take some megabytes, so
 * a longer file is not a recording. */
#define PPROF_FILE_MAX ((size_t)256 << 20)
/** The same for a file; also -errno. -E_UNPACKED if the file itself is too
 * long.
 */
MUST_USE int pprof_read_file(const char *path, struct profile **out);

#endif
