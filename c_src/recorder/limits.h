/**
 * @file limits.h
 * The resources of this process that sampling needs a lot of: descriptors and
 * locked memory, up to what the hard limits allow; and a few descriptors kept
 * back, so that code that takes all it can get leaves some for the rest.
 */
#ifndef CPROF_RECORDER_LIMITS_H
#define CPROF_RECORDER_LIMITS_H

#include "base/err.h"

/** Raises the soft limits to the hard ones: once, before anything else. */
void limits_raise(void);
/** Puts back what limits_raise changed: for a command that is started, which
 *  should find the limits that it would find without us. Between fork and
 *  exec, too. */
void limits_restore(void);

enum {
    LIMITS_LEAST = 64, /**< descriptors without which no engine can work */
    LIMITS_SPARE = 12,
};

/** 0, or -EMFILE: fewer than LIMITS_LEAST are allowed. */
MUST_USE int limits_check(void);

/** Descriptors that are taken so that nobody else takes them. */
struct limits_spare {
    int fds[LIMITS_SPARE];
};

/** 0, or -EMFILE, -ENFILE: not that many are left; none is kept then. */
MUST_USE int limits_keep(struct limits_spare *s);
void limits_release(struct limits_spare *s);

#endif
