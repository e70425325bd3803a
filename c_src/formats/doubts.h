/**
 * @file doubts.h
 * Which counters of a profile make its figures less sure. The others only say
 * how much was done.
 */
#ifndef CPROF_FORMATS_DOUBTS_H
#define CPROF_FORMATS_DOUBTS_H

#include <stdbool.h>

/** By a counter's name in PROFILE_COUNTERS. */
bool doubts_is(const char *name);

#endif
