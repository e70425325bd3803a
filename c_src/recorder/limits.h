/**
 * @file limits.h
 * The limits of this process for what sampling needs a lot of: descriptors and
 * locked memory. The soft limits are raised to the hard ones. A few descriptors
 * can be reserved, so that code that takes as many as it can get leaves some
 * for the rest of the program.
 */
#ifndef CPROF_RECORDER_LIMITS_H
#define CPROF_RECORDER_LIMITS_H

#include "base/err.h"

/** Raises the soft limits to the hard ones. To be called once, first of all. */
void limits_raise(void);
/** Undoes limits_raise, for a command that cprof starts: it should have the
 *  limits that it would have without cprof. May be called between fork and
 *  exec. */
void limits_restore(void);

enum {
    LIMITS_LEAST = 64, /**< with fewer descriptors no engine can work */
    LIMITS_SPARE = 12, /**< descriptors that limits_keep reserves */
};

/** 0, or -EMFILE: fewer than LIMITS_LEAST are allowed. */
MUST_USE int limits_check(void);

/** Descriptors that are held open to reserve them. */
struct limits_spare {
    int fds[LIMITS_SPARE];
};

/** Reserves LIMITS_SPARE descriptors. 0, or an error such as -EMFILE or -ENFILE
 *  if there are not that many left; then none is reserved. */
MUST_USE int limits_keep(struct limits_spare *s);
void limits_release(struct limits_spare *s);

#endif
