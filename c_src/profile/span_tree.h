/**
 * @file span_tree.h
 * The spans of a profile: what the application was doing, as a trie. A part of
 * profile.h.
 */
#ifndef CPROF_PROFILE_SPAN_TREE_H
#define CPROF_PROFILE_SPAN_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct profile;
struct span_times;

enum { PROFILE_SPAN_DEPTH = 32 };

/**
 * What the application was doing: a node of the trie of spans. Span 0 stands
 * for "in no span", so loops over spans begin with 1. The id of a span is
 * higher than that of its parent.
 */
struct profile_span {
    uint32_t parent; /**< the span around it; 0: none */
    uint32_t name;   /**< string: its event and, after a space, metadata
                          (span_name.h); never "" */
    uint32_t depth;  /**< 1 for an outermost span, at most PROFILE_SPAN_DEPTH */
};

/** A span within parent (0: an outermost one). -EINVAL if the name is "";
 *  -E_LIMIT also below PROFILE_SPAN_DEPTH. */
MUST_USE int64_t profile_span(struct profile *p, uint32_t parent,
                              const char *name);
/** How long spans took, to be added to. */
struct span_times *profile_span_times_edit(struct profile *p);

/** Includes span 0, so it is 1 if there are no spans. */
size_t profile_span_count(const struct profile *p);
const struct profile_span *profile_span_at(const struct profile *p,
                                           uint32_t id);
const struct span_times *profile_span_times(const struct profile *p);

#endif
