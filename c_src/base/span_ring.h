/**
 * @file span_ring.h
 * The layout of the page in which a node marks which of its processes is in
 * which span. nif/spans.c writes the page, inside the node; target/span_page.h
 * reads it, from outside. The memory is allocated when spans are attached for
 * the first time. It is never freed or moved while the library is loaded, so it
 * can be read at any time.
 *
 * A reader finds the struct span_page by the symbol SPAN_PAGE_SYMBOL of
 * cprof_nif.so (or by its address, which cprof_native:spans_page/0 returns),
 * checks `magic` and `version`, and copies what it needs. Nothing in it is
 * trusted: every index is checked against the bounds below. If a node unloads
 * the library and loads it again, there is another page, perhaps in the same
 * place: its `next` and `kinds_used` begin anew.
 *
 * A mark is written by any scheduler thread: it takes the next number N
 * (from 0) with one atomic addition to `next`, sets `number` of mark N %
 * `marks_size` to a value that no mark has, fills it, and writes its `number`
 * last. If a reader finds `number` != N + 1 before or after it copied the mark,
 * the copy is not valid: the mark was not written yet, or has been overwritten.
 * A reader waits for a mark that is not written yet, for at least
 * SPAN_PATIENCE_NS. After that, or at its last reading, it may count the mark
 * as lost.
 *
 * Marks are not numbered in the order of their times: threads overtake each
 * other, and if a span becomes known only at its end, both of its marks are
 * written then.
 *
 * A span without a number begins only if no other span of its kind is open in
 * its process. If one seems to be open, its end was not marked (Plug.Telemetry
 * executes no event when a request fails), and the new span ends it.
 *
 * A kind is what samples are labelled with: an event such as
 * [:phoenix, :endpoint], or an event with a chosen part of its metadata, such
 * as "[:phoenix, :router_dispatch] GET /users/:id". Kinds are only added. When
 * all places are taken, marks of further kinds have the kind SPAN_KIND_OTHER,
 * and are counted in `kinds_refused`. Some kinds may have no mark.
 *
 * Times are those of CLOCK_MONOTONIC, in nanoseconds, as samples have them.
 */
#ifndef CPROF_BASE_SPAN_RING_H
#define CPROF_BASE_SPAN_RING_H

#include <stdint.h>

#define SPAN_PAGE_SYMBOL "cprof_span_page"
#define SPAN_PAGE_MAGIC  UINT64_C(0x3130534e50535043) /* "CPSPNS01" */

enum {
    SPAN_PAGE_VERSION = 1,
    SPAN_MARKS = 1 << 18, /**< of 40 bytes: 10 MiB; 0.65 s at 400,000 per s */
    SPAN_KINDS = 4096,    /**< of 256 bytes: 1 MiB */
    SPAN_KIND_TEXT = 248, /**< bytes of a kind's text at most */
    SPAN_KIND_OTHER = 0,  /**< its text is "[other spans]" */
    /** For so long at least, a reader waits for a mark that is not written. */
    SPAN_PATIENCE_NS = 10000000,
};

/** What a mark says. */
enum span_what {
    SPAN_START = 1,
    SPAN_STOP,      /**< of the innermost open span of this `kind`; spans that
                         began within it have ended, too, unless the next mark
                         of their kind in this process is their own end */
    SPAN_EXCEPTION, /**< the same, after an error */
    SPAN_CHILD,     /**< process `process` works for process `other` from now
                         on: it is in the spans that `other` is in */
};

struct span_mark {
    uint64_t number; /**< 1 + the number of the mark; written last */
    uint64_t time_ns;
    uint64_t process; /**< the term of its local pid, as in Process.common.id */
    uint64_t other;   /**< SPAN_CHILD: the same of the other one; else 0 */
    uint32_t kind;    /**< SPAN_CHILD: 0 */
    uint32_t what;    /**< enum span_what, in the low byte; above it the low 24
                           bits of a number that start and stop of one span have
                           in common, or 0 */
};

struct span_kind {
    uint32_t event_length; /**< bytes of the event's name, which comes first;
                                after a space follows a part of its metadata */
    uint32_t length;       /**< bytes of all the text; written last, 0 before */
    char text[SPAN_KIND_TEXT];
};

struct span_page {
    uint64_t magic; /**< written last, when all else is in place */
    uint32_t version;
    uint32_t marks_size, kinds_size; /**< SPAN_MARKS, SPAN_KINDS */
    uint32_t kinds_used;
    uint64_t next; /**< marks so far */
    uint64_t kinds_refused;
    uint64_t marks; /**< address of struct span_mark[marks_size] */
    uint64_t kinds; /**< address of struct span_kind[kinds_size] */
};

#endif
