/**
 * @file pipeline.h
 * The way of one sample through the program:
 *
 *   sample -> unwinder -> addresses -> symbols -> frames -> profile
 *
 * The session opens the parts, and the pipeline joins them. In a node that
 * marks spans, samples wait before they are counted (span_join.h).
 */
#ifndef CPROF_RECORDER_PIPELINE_H
#define CPROF_RECORDER_PIPELINE_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/span_join.h"
#include "recorder/target_state.h"
#include "symbols/symbols.h"
#include "target/sample.h"
#include "unwind/unwind.h"

struct pipeline;

/** CPU time of normal schedulers, by samples, and the part of it in which they
 *  looked for work or went to sleep. */
struct pipeline_work {
    uint64_t cpu_ns, idle_ns;
};

/** Everything is borrowed until pipeline_close. 0, -ENOMEM, or the profile's
 *  error.
 *  @param profile  the first one of the recording; each sample goes to the one
 *                  of its event */
MUST_USE int pipeline_open(struct target_state *target,
                           struct unwinder *unwinder, struct symbols *symbols,
                           struct profile *profile, struct pipeline **out);
/** Looks for spans in the node, in which samples are counted from now on. 0 or
 *  -ENOMEM. */
MUST_USE int pipeline_join_spans(struct pipeline *p,
                                 const struct span_choice *choice);
/** The same for what has no end: spans that end are passed on, instead of being
 *  counted in the profile. */
MUST_USE int pipeline_pass_spans(struct pipeline *p, span_stacks_on_end *ended,
                                 void *ctx);
/** span_join_each; 0 if spans are not looked for. */
MUST_USE int pipeline_each_span(const struct pipeline *p,
                                span_stacks_on_end *each, void *ctx);
/** The recording began at started_ns (CLOCK_MONOTONIC).
 *  @param timeline  put samples into a timeline with buckets of meta.bucket_ns
 */
void pipeline_begin(struct pipeline *p, uint64_t started_ns, bool timeline);
/** waiting_leave_out. */
MUST_USE int pipeline_leave_out(struct pipeline *p, const char *const *pids,
                                size_t count);
/** How many samples were left out for that reason. */
uint64_t pipeline_left_out(const struct pipeline *p);
/** Instead of a timeline: samples that come from now on are put into this
 *  bucket, and every process has a row of its own. */
void pipeline_put_in(struct pipeline *p, uint32_t bucket);
/** Continues with another profile, which is borrowed like the first one: what
 *  is known by ids of the first is forgotten. To be called after
 *  pipeline_settle. The first one must still be there. After an error, only
 *  pipeline_close may be called. */
MUST_USE int pipeline_renew(struct pipeline *p, struct profile *profile);
void pipeline_close(struct pipeline *p);
/** Adds one sample to the profile. Returns false if a longer copy of the stack
 *  would have helped. The first error (-ENOMEM, or -E_LIMIT of the profile) is
 *  kept for pipeline_status. */
bool pipeline_sample(struct pipeline *p, const struct sample *s);
/** What a process does. */
struct pipeline_doing {
    uint32_t process; /**< row of the profile; PROFILE_NONE: not known */
    uint32_t stack;   /**< PROFILE_NONE: no frame at all */
    enum sample_state state;
};
/** Names a sample of a process (waiting.h), but does not count it. 0, or the
 *  profile's error, which is kept for pipeline_status. */
MUST_USE int pipeline_name(struct pipeline *p, const struct sample *s,
                           struct pipeline_doing *out);
/** census_pid. */
uint64_t pipeline_pid(const struct pipeline *p, uint32_t process);
/** So far, also of samples that still wait. */
struct pipeline_work pipeline_work(const struct pipeline *p);
/** To be called several times a second: counts samples that waited. An error is
 *  kept for pipeline_status. */
void pipeline_step(struct pipeline *p);
/** Tries again to read what could not be read so far (census_settle), counts
 *  all samples that waited, and sets the counters of spans. An error is kept
 * for pipeline_status. */
void pipeline_settle(struct pipeline *p);
/** The same, to be called once, after the last sample: spans that are open are
 *  cut off. */
void pipeline_finish(struct pipeline *p);
/** Sets the counters of spans only. */
void pipeline_tell_spans(const struct pipeline *p);
/** waiting_watched. */
size_t pipeline_watched(const struct pipeline *p, const uint64_t **pids);
/** 0, or the first error of a sample; later samples may be missing. */
MUST_USE int pipeline_status(const struct pipeline *p);

#endif
