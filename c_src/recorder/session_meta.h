/**
 * @file session_meta.h
 * What a recording says about itself: what was measured, where and how, how
 * reliable it is, and what is missing and how to avoid that.
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
/** Sets what is known about the node and this machine. 0, or the profile's
 *  error. */
MUST_USE int session_meta_node(struct profile *p, const struct target_state *t,
                               bool no_command);
/** For all events of the recording that begins with p. To be called before the
 *  first sample. 0, or the profile's error. */
MUST_USE int session_meta_begin(struct profile *p, const struct target_state *t,
                                const struct session_options *o);
/** Sampling of all events begins now: notes the time of day, from which a
 *  timeline counts. */
void session_meta_started(struct profile *p);
/** Notes why a better engine was not used, if cprof chose the engine. 0, or the
 *  profile's error. */
MUST_USE int session_meta_engine(struct profile *p,
                                 const struct engine_choice *choice);
/** Counts as lost the `count` samples that the engine handed out but that were
 *  not processed. To be called after session_meta_end. 0, or the profile's
 *  error. */
MUST_USE int session_meta_untaken(struct profile *p, uint64_t count);
/** The counters of a recording: those of its profile, and with them what the
 *  engine has counted so far. */
void session_meta_count(struct profile_counters *c,
                        const struct engine_counters *e);
/** Sampling of one event has ended after duration_ns: puts the engine's
 * counters and notes into its profile. 0, or the profile's error.
 *  @param gone  sampling ended because the node did */
MUST_USE int session_meta_end(struct profile *p, const struct target_state *t,
                              const struct engine_ops *ops,
                              const struct engine *engine, uint64_t duration_ns,
                              bool gone);

#endif
