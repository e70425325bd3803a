/**
 * @file html_graph.h
 * The part of a profile that a page contains: only what counted samples use,
 * with new ids. `id` maps the profile's ids to the new ones (PROFILE_NONE: left
 * out), and `list` has the profile's ids in the new order.
 */
#ifndef CPROF_FORMATS_HTML_GRAPH_H
#define CPROF_FORMATS_HTML_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

struct html_ids {
    uint32_t *id;   /**< by the profile's id: the new id, or PROFILE_NONE */
    uint32_t *list; /**< by the new id: the profile's id */
    size_t count;
};

struct html_graph {
    const struct profile *p;
    struct html_ids stacks, frames, functions, processes, threads, strings;
    struct html_ids spans; /**< without span 0 */
    uint32_t *rows;        /**< counted rows of the profile, sorted by stack */
    size_t row_count;
};

/** 0 or -ENOMEM. html_graph_deinit must be called in either case. p is
 *  borrowed. */
MUST_USE int html_graph_init(struct html_graph *g, const struct profile *p);
void html_graph_deinit(struct html_graph *g);

#endif
