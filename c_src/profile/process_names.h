/**
 * @file process_names.h
 * What people call the processes of a profile: what tells their kind, so that
 * all of a kind are one row. The first of these that is there:
 *   the registered name               rabbit_reader_1, MyApp.Registry
 *   the initial call                  rabbit_channel:init/1,
 * MyApp.Server.init/1 the label                         (proc_lib:set_label/1,
 * OTP 27) the name of the one that started it          "child of shop_sup" the
 * first function on most of its stacks that is not a behaviour's An initial
 * call that all processes share, as proc_lib:init_p/5, tells nothing; it is the
 * name only where there is no other.
 */
#ifndef CPROF_PROFILE_PROCESS_NAMES_H
#define CPROF_PROFILE_PROCESS_NAMES_H

#include "base/err.h"
#include "base/texts.h"
#include "profile/profile.h"

struct process_names {
    struct texts texts;
    uint32_t *of; /**< by process: of texts */
};

MUST_USE int process_names_compute(const struct profile *p,
                                   struct process_names *out);
void process_names_deinit(struct process_names *n);
/** "" when nothing at all is known of it. */
const char *process_names_of(const struct process_names *n, uint32_t process);

#endif
