/**
 * @file html_parts.h
 * The parts of the html page. Each function appends bytes to a buffer that
 * are safe where the page has them: names come from the observed node, and an
 * atom may well be '</script>'.
 */
#ifndef CPROF_FORMATS_HTML_PARTS_H
#define CPROF_FORMATS_HTML_PARTS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/err.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** The files of formats/html/, by html_assets.S; a NUL follows each. */
extern const char html_asset_page[], html_asset_page_end[];
extern const char html_asset_style[], html_asset_style_end[];
extern const char html_asset_script[], html_asset_script_end[];

/** Text as valid UTF-8: what is not becomes U+FFFD. */
void html_text_utf8(struct buffer *out, const char *text);
/** Text for the page's body or an attribute's value. */
void html_text_escape(struct buffer *out, const char *text);

/** What was measured, how well, and the notes. */
void html_head_facts(struct buffer *out, const struct profile *p,
                     const struct summary *s);
void html_head_counters(struct buffer *out, const struct profile *p);
void html_head_notes(struct buffer *out, const struct profile *p);

/** The functions with most samples, as rows of a table. */
void html_table_rows(struct buffer *out, const struct profile *p,
                     const struct summary *s, unsigned top);

/**
 * The graph's data as JSON without `<`, `>`, `&` and non-ASCII characters:
 *
 *   {"version":1, "counted": samples that are not in state scheduler,
 *    "kinds": [names of frame kinds], "strings": [...],
 *    "functions": {"name": [string], "file": [string], "kind": [kind]},
 *    "frames": {"function": [...], "line": [...]},
 *    "stacks": {"parent": [stack or -1], "frame": [...],
 *               "self": [samples], "cpu": [own microseconds]}}
 *
 * Only what counted samples use is in it; a parent precedes its children.
 */
MUST_USE int html_data_write(struct buffer *out, const struct profile *p,
                             const struct summary *s);

#endif
