/**
 * @file span_stacks_parts.h
 * What the files of span_stacks.h share. Private to them.
 */
#ifndef CPROF_RECORDER_SPAN_STACKS_PARTS_H
#define CPROF_RECORDER_SPAN_STACKS_PARTS_H

#include "recorder/span_ahead.h"
#include "recorder/span_stacks.h"
#include "recorder/span_workers.h"

struct open_span {
    uint64_t start_ns, order;
    uint32_t outer; /* of the same process, or the next free one; NONE */
    uint32_t span, name, number;
    uint32_t gaps; /* that were before it */
    bool decides;  /* its verdict is about itself */
    bool assumed;  /* as in struct span_change */
    struct span_verdict *verdict;
};

struct span_stacks {
    struct span_stacks_config config;
    struct span_workers workers;
    struct span_ahead ahead;
    uint32_t cursor;      /* of span_stacks_look */
    uint32_t room_cursor; /* of span_stacks_worker */
    struct open_span *spans;
    uint32_t span_count, span_cap, free_span;
    struct span_stacks_counts counts;
    uint32_t gaps;
};

/** The process; a new one is added. *out is NULL if too many are in spans, or
 * are about to be. 0, -ENOMEM or -E_LIMIT. Others may move. */
MUST_USE int span_stacks_worker(struct span_stacks *s, uint64_t pid,
                                struct span_worker **out);

/** Takes a span off the stack of its process, and reports its end to `to`, if
 *  that is not NULL. 0, or an error of `to` or of what is held. */
MUST_USE int span_stacks_close_span(struct span_stacks *s,
                                    struct span_worker *w, uint32_t at,
                                    uint64_t end_ns, span_stacks_on_end *to,
                                    void *ctx);

#endif
