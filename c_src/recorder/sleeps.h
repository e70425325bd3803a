/**
 * @file sleeps.h
 * Does a process sleep, in a receive without patterns and with a time limit?
 * That is what timer:sleep/1 is. No message ends it, so it is not the main loop
 * of a process.
 */
#ifndef CPROF_RECORDER_SLEEPS_H
#define CPROF_RECORDER_SLEEPS_H

#include <stdbool.h>

#include "target/memory.h"
#include "target/sample.h"

/** @param s  of a process that waits */
bool sleeps(const struct memory *m, const struct sample *s);

#endif
