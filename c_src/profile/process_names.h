/**
 * @file process_names.h
 * The names of processes in reports. Processes with the same name are one row.
 * The name is the first of these that is known:
 *
 *   - the registered name: rabbit_reader_1, MyApp.Registry;
 *   - the initial call: rabbit_channel:init/1, MyApp.Server.init/1;
 *   - the label (proc_lib:set_label/1, OTP 27);
 *   - the name of the parent, with the id that it has there, if that is known:
 *     "child of shop_sup", "child till_2 of shop_sup";
 *   - the first function on most of the stacks that is not a behaviour's.
 * Stacks without weight decide only where no others do.
 *
 * An initial call that all kinds of processes share, such as proc_lib:init_p/5,
 * says nothing about a process, so it is the name only if nothing else is
 * known.
 */
#ifndef CPROF_PROFILE_PROCESS_NAMES_H
#define CPROF_PROFILE_PROCESS_NAMES_H

#include "base/err.h"
#include "base/texts.h"
#include "profile/profile.h"

struct process_names {
    struct texts texts;
    uint32_t *of; /**< by process: id of its name in texts */
};

MUST_USE int process_names_compute(const struct profile *p,
                                   struct process_names *out);
void process_names_deinit(struct process_names *n);
/** Can only its stacks tell who it is? */
bool process_names_need_stack(const struct profile *p, uint32_t process);
/** The part of a stack that tells it: up to the first function that is not a
 *  behaviour's. PROFILE_NONE: there is none. */
uint32_t process_names_root(const struct profile *p, uint32_t stack);
/** "" when nothing at all is known about the process. */
const char *process_names_of(const struct process_names *n, uint32_t process);

#endif
