/**
 * @file probe_notes.h
 * The notes of a recording of allocation: what its breakpoints did, what they
 * cost, and how much that leaves open.
 */
#ifndef CPROF_RECORDER_PROBE_NOTES_H
#define CPROF_RECORDER_PROBE_NOTES_H

#include "base/err.h"
#include "engine/engine.h"
#include "profile/profile.h"

/** 0, or the profile's error. No notes if there were no breakpoints. */
MUST_USE int probe_notes_add(struct profile *p,
                             const struct engine_probe *probe);

#endif
