/**
 * @file report.h
 * The content of a report, defined once: its keys, their order and their
 * values. They are passed to a sink, which writes them. docs/report.md,
 * docs/wall.md, docs/diff.md, docs/dump.md, docs/snapshot.md and docs/watch.md
 * document them. Texts are passed to the sink unchanged.
 */
#ifndef CPROF_REPORT_REPORT_H
#define CPROF_REPORT_REPORT_H

#include "base/err.h"
#include "profile/diff.h"
#include "profile/dump.h"
#include "profile/filter.h"
#include "profile/snapshot.h"
#include "profile/span_table.h"
#include "profile/watch_event.h"
#include "report/figures.h"
#include "report/sink.h"

/** The version of all report formats. */
enum { REPORT_VERSION = 1 };

/** What a report of a recording is written from. */
struct report {
    struct filter_parts parts;           /**< its events */
    struct figures figures[EVENT_COUNT]; /**< of each */
    struct span_table spans;             /**< of all together */
    const struct profile *whole;         /**< borrowed */
};

/** Borrows p, the recording's first profile. 0, -ENOMEM or -E_LIMIT;
 *  report_deinit frees it. */
MUST_USE int report_compute(const struct profile *p, struct report *out);
void report_deinit(struct report *r);
/** Writes the report as one object. If there are several events, it is that of
 *  the first one, and has those of the others, without a version, under the
 *  names of their events; spans are of all together. The sink remembers errors.
 */
void report_walk(const struct report *r, struct sink *s);
/** Writes a dump as one object. */
void report_walk_dump(const struct dump *d, struct sink *s);
/** Writes a snapshot as one object. Figures that are not known are left out. */
void report_walk_snapshot(const struct snapshot *snapshot, struct sink *s);
/** Writes what `cprof watch` reports as one object. */
void report_walk_watch(const struct watch_event *e, struct sink *s);
/** Writes a comparison as one object.
 *  @param sentence  what changed, as text for people */
void report_walk_diff(const struct diff *d, const char *sentence,
                      struct sink *s);

/** Writes which node a dump is of, as a member of an object; and who is asked
 *  for an answer. */
void report_dump_meta(const struct dump *d, struct sink *s);
void report_answers(const struct dump *d, struct sink *s);
/** Writes where schedulers are blocked, as members of an object; only for a
 *  recording of the event block. */
void report_blocks(const struct profile *p, const struct blocks *b,
                   struct sink *s);
/** Writes what processes allocate and keep, as a member of an object; only for
 *  a recording of the event alloc. */
void report_garbage(const struct profile *p, const struct garbage *g,
                    struct sink *s);
/** Writes what is known of the spans of a recording, as a member of an object;
 *  only if there are any. */
void report_spans(const struct profile *p, const struct span_table *t,
                  struct sink *s);
/** Writes the members of an object that say what a process is, except its pid
 *  and its name. */
void report_kin(const struct profile *p, uint32_t initial_call, uint32_t label,
                struct sink *s);
/** Writes the members of an object that say which function it is about. */
void report_function(const struct profile *p, uint32_t function, uint32_t line,
                     struct sink *s);

#endif
