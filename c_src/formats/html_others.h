/**
 * @file html_others.h
 * The values of a page's rows other than the first one, such as the CPU time of
 * its samples.
 */
#ifndef CPROF_FORMATS_HTML_OTHERS_H
#define CPROF_FORMATS_HTML_OTHERS_H

#include "base/buffer.h"
#include "formats/html_graph.h"
#include "profile/summary.h"

/** Appends the list "others" of html_data_write (html_parts.h), with its key
 *  and a comma before it. */
void html_others_add(struct buffer *out, const struct html_graph *g,
                     const struct summary *s);

#endif
