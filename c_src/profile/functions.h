/**
 * @file functions.h
 * The profile's functions, and which are one: those of the VM are known by
 * their names, so code that was loaded again, or was seen with and without its
 * file, is one function. C functions, and those of other programs, are also
 * told apart by their file: two may well be called the same.
 */
#ifndef CPROF_PROFILE_FUNCTIONS_H
#define CPROF_PROFILE_FUNCTIONS_H

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

void functions_init(struct intern *t);
/** The id of that function; its `apart` is filled in. The first file that is
 *  known stays. */
MUST_USE int64_t functions_add(struct intern *t, struct profile_function row);

#endif
