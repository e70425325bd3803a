/**
 * @file span_page.h
 * Reads, from outside, the page in which a node marks its spans
 * (base/span_ring.h): finds the library that has it, and hands out the marks
 * that were written since the last reading. Nothing in the page is trusted.
 */
#ifndef CPROF_TARGET_SPAN_PAGE_H
#define CPROF_TARGET_SPAN_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span_ring.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"

struct span_reader;

struct span_reader_counts {
    uint64_t marks;   /**< that were handed out */
    uint64_t lost;    /**< that were overwritten, never written, or not valid;
                           of those made since the page was found */
    uint64_t refused; /**< marks whose kind found no room, since the page was
                           found */
    uint64_t pages;   /**< found so far: more than one if the node unloaded the
                           library, and loaded it again. In each page, kinds
                           and marks are numbered anew */
};

/** m is borrowed until span_page_close. 0 or -ENOMEM. */
MUST_USE int span_page_open(const struct memory *m, struct span_reader **out);
void span_page_close(struct span_reader *r);
/** Looks for the library; to be called when the mappings may have changed.
 * Reads each library once. A library that cannot be read counts as one without
 * a page. 0 or -ENOMEM. */
MUST_USE int span_page_look(struct span_reader *r, const struct process *p,
                            const struct maps *maps);
/** Has a page been found? If not, reads whether a library has one by now. */
bool span_page_is_there(struct span_reader *r);

/** @return 0, or an error that ends the reading */
typedef int span_page_on_mark(void *ctx, const struct span_mark *mark);

/**
 * Hands out the marks that were written since the last call, in the order of
 * their numbers; at the first call also the older ones that the page still has.
 * `process` is a pid term in each, `what` and `kind` are within their bounds.
 * What cannot be read now is left for the next call.
 * @param now_ns  CLOCK_MONOTONIC
 * @return 0, or the first error of on_mark
 */
MUST_USE int span_page_read(struct span_reader *r, uint64_t now_ns,
                            span_page_on_mark *on_mark, void *ctx);
/** The same for the last time. No mark is waited for: one that is not written
 *  yet counts as lost, and those after it are handed out. */
MUST_USE int span_page_read_last(struct span_reader *r, uint64_t now_ns,
                                 span_page_on_mark *on_mark, void *ctx);
/** The text of a kind: sets *len, and returns bytes that are valid until the
 *  next call. "" if it cannot be read. */
const char *span_page_kind(struct span_reader *r, uint32_t kind, size_t *len);
struct span_reader_counts span_page_counts(const struct span_reader *r);

#endif
