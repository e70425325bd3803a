/**
 * @file html_parts.h
 * The parts of the html page. Each function appends bytes to a buffer. They are
 * escaped for their place in the page, because names come from the observed
 * node, and an atom may be '</script>'.
 */
#ifndef CPROF_FORMATS_HTML_PARTS_H
#define CPROF_FORMATS_HTML_PARTS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/err.h"
#include "formats/format.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** The files of formats/html/, embedded by html_assets.S; a NUL follows each.
 */
extern const char html_asset_page[], html_asset_page_end[];
extern const char html_asset_style[], html_asset_style_end[];
extern const char html_asset_script[], html_asset_script_end[];

/** Text for the page's body or for the value of an attribute, in the form of
 *  utf8_show. */
void html_text_escape(struct buffer *out, const char *text);

/** What was measured: in one line; in detail; the quality counters; and the
 *  notes. */
void html_head_line(struct buffer *out, const struct profile *p,
                    const struct summary *s);
void html_head_facts(struct buffer *out, const struct profile *p,
                     const struct summary *s);
void html_head_counters(struct buffer *out, const struct profile *p);
/** First what was found: who is waited for, where schedulers are blocked. 0 or
 *  -ENOMEM. */
MUST_USE int html_head_notes(struct buffer *out, const struct profile *p,
                             const struct summary *s);
/** One line of the facts; nothing if the value is "". */
void html_head_fact(struct buffer *out, const char *label, const char *value);

/** The functions with the most samples, as a table with its heading.
 *  For process time the parts of own (in C, GC, kernel) are hidden: a process
 *  that waits is in none of them.
 *  @param first  of the recording's events; only its table is filled again by
 *                the script */
void html_table_functions(struct buffer *out, const struct profile *p,
                          const struct summary *s, unsigned top, bool first);

/** Append values of JSON. A list consists of the numbers at(ctx, 0 .. n - 1).
 */
void html_json_text(struct buffer *out, const char *text);
void html_json_list(struct buffer *out, size_t n,
                    uint64_t (*at)(const void *ctx, size_t i), const void *ctx);

/** What a comparison puts into a page instead of the parts of a profile. */
struct html_compare {
    const uint64_t *base; /**< by row of the profile: samples of the base */
    uint64_t base_counted, now_counted;
    uint64_t base_same, now_same; /**< samples of work that did not change */
    const bool *changed; /**< by function: did its self, own or total change? */
    /** Each of these appends a part of the page. */
    void (*line)(struct buffer *out, const void *ctx);
    void (*facts)(struct buffer *out, const void *ctx);
    void (*tables)(struct buffer *out, const void *ctx);
    const void *ctx;
};

/**
 * The graph's data as JSON:
 *
 *   {"version":3, "counted": samples in states that count,
 *    "bucket_us": length of a time bucket, 0 without a timeline,
 *    "duration_us": of the recording,
 *    "value", "unit": name and unit of what the rows count,
 *    "per_sample": how much of "counted" stands for one sample; left out: 1,
 *    "has_parts": do the parts of own mean anything? See html_table_functions,
 *    "kinds": [names of frame kinds], "states": [names],
 *    "strings": [...],
 *    "functions": {"name": [string], "file": [string], "kind": [kind]},
 *    "frames": {"function": [...], "line": [0: not known]},
 *    "stacks": {"up": [own id minus that of the parent; 0: a root],
 *               "frame": [...]},
 *    "processes": {"pid", "name", "initial_call", "label", "application":
 *                  [string], "members": [how many processes it stands for]},
 *    "threads": {"name": [string], "tid": [...]},
 *    "spans": {"name": [string], "up": [own id minus that of the span around
 *              it; 0: an outermost one]},
 *    "rows": {"stack": [stack + 1, or 0: none; minus that of the row before],
 *             "process": [process + 1, 0: none],
 *             "thread": [thread + 1, 0: none], "state": [state],
 *             "span": [span + 1, 0: none], "bucket": [...],
 *             "count": [values]},
 *    "others": [for each other value of the rows: {"value", "unit", "counted",
 *               "per_sample", "count": [by row]}; times are in microseconds]}
 *
 * A comparison (`compare` is not NULL) also has "base_counted", "now_counted",
 * "base_same", "now_same", "base": [by row: samples of the base among count]
 * and "changed": [by function: 1 if the comparison found a change in its self,
 * own or total]; it has no time buckets and no "others".
 * The data contains only what counted samples use; rows are sorted by stack.
 * JavaScript, and other readers that use doubles, round numbers above 2^53.
 */
MUST_USE int html_data_write(struct buffer *out, const struct profile *p,
                             const struct summary *s,
                             const struct html_compare *compare);

/**
 * Appends bytes, gzipped, as printable ASCII without `<`, `>` and `&`. The
 * gzipped bytes are a stream of bits, the lowest bit of each byte first. Every
 * 13 bits, as a number v, become two of the 91 characters from '!' on: v / 91
 * and v % 91. So the text is 1.23 times as long as the gzipped bytes.
 * @param packed  the number of gzipped bytes; the last bits may be padding
 */
MUST_USE int html_pack_add(struct buffer *out, const struct buffer *bytes,
                           size_t *packed);

/** The whole page of a recording (p is its first profile) or, if `compare` is
 * not NULL, a comparison. */
MUST_USE int html_page_write(const struct profile *p,
                             const struct format_options *o,
                             const struct html_compare *compare,
                             struct buffer *out);

#endif
