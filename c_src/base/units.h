/**
 * @file units.h
 * Figures with a unit, for people: in the largest unit that leaves a figure of
 * 1 or more, with three digits.
 */
#ifndef CPROF_BASE_UNITS_H
#define CPROF_BASE_UNITS_H

#include "base/buffer.h"

/** Divides a value by `step` until it has at most three digits, but at most
 *  `most` times. Returns how often. */
unsigned units_scale(double *value, double step, unsigned most);
/** "1.25 MB". Of the first unit there are no parts.
 *  @param names  of `count` units, each `step` times the one before it */
void units_add(struct buffer *out, double value, double step,
               const char *const *names, unsigned count);
/** Bytes, such as "1.25 MB", in powers of 1024. All reports spell sizes like
 *  that: the node (lib/base/cprof_words.erl), and the page of the flame graph
 *  (formats/html/figures.js). */
void units_bytes(struct buffer *out, double bytes);
/** A duration in nanoseconds, such as "1.25 ms". The node spells it alike:
 *  lib/base/cprof_words.erl. */
void units_duration(struct buffer *out, double ns);

#endif
