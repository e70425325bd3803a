/**
 * @file main_loop.h
 * Does a process that waits for a message do so in its main loop? Then it is
 * idle: it has nothing to do until somebody wants something of it. This is so
 *
 *   in the loop of a behaviour (gen_server, gen_statem, gen_event), hibernated
 *   in its first function (above proc_lib), unless it sleeps there (sleeps.h)
 *   with only functions of the platform on its stack, unless a behaviour called
 *   them
 */
#ifndef CPROF_RECORDER_MAIN_LOOP_H
#define CPROF_RECORDER_MAIN_LOOP_H

#include <stdbool.h>

#include "profile/profile.h"

/** @param stack   of the process, in the profile
 *  @param sleeps  does it sleep? */
bool main_loop_has(const struct profile *p, uint32_t stack, bool sleeps);
/** Has the process called only functions of the platform, from its first
 *  function? */
bool main_loop_calls_platform(const struct profile *p, uint32_t stack);

#endif
