/**
 * @file functions.h
 * The functions of a profile, and which of them are the same. Functions of the
 * VM are identified by their names, so code that was loaded again, or was seen
 * with and without its file, is one function. C functions and functions of
 * other programs are identified by name and file, since two of them may have
 * the same name.
 */
#ifndef CPROF_PROFILE_FUNCTIONS_H
#define CPROF_PROFILE_FUNCTIONS_H

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

void functions_init(struct intern *t);
/** The id of the function, which is added if it is not there; or -ENOMEM or
 *  -E_LIMIT. `apart` is computed here. The first file that is known is kept,
 * and the largest `most`. */
MUST_USE int64_t functions_add(struct intern *t, struct profile_function row);

#endif
