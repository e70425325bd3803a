/**
 * @file session_meta.h
 * What a recording says about itself: what was measured, where and how, how
 * certain it is, what is missing, and the remedy.
 */
#ifndef CPROF_RECORDER_SESSION_META_H
#define CPROF_RECORDER_SESSION_META_H

#include "base/err.h"
#include "engine/engine.h"
#include "profile/profile.h"
#include "recorder/session.h"
#include "recorder/target_state.h"

/** Sets one of the texts of the metadata; 0, or the profile's error. */
MUST_USE int session_meta_text(struct profile *p, uint32_t *field,
                               const char *text);
/** What is known of the node and of this machine. */
MUST_USE int session_meta_node(struct profile *p, const struct target_state *t,
                               bool no_command);
/** Before the first sample. All of these: 0, or the profile's error. */
MUST_USE int session_meta_begin(struct profile *p, const struct target_state *t,
                                const struct session_options *o);
/** Sampling begins now: the time of day that a timeline counts from. */
void session_meta_started(struct profile *p);
/** Notes why a better engine was not used, if cprof chose the engine. */
MUST_USE int session_meta_engine(struct profile *p,
                                 const struct engine_choice *choice);
/** `count` of the samples that the engine handed out were not processed: they
 *  are lost. To be called after session_meta_end. */
MUST_USE int session_meta_untaken(struct profile *p, uint64_t count);
/** Sampling has ended, after duration_ns; gone: because the node did. Counters
 *  of the engine, and notes, go into the profile. */
MUST_USE int session_meta_end(struct profile *p, const struct target_state *t,
                              const struct engine_ops *ops,
                              const struct engine *engine, uint64_t duration_ns,
                              bool gone);

#endif
