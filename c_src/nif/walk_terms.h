/**
 * @file walk_terms.h
 * The result of a walk as terms.
 */
#ifndef CPROF_NIF_WALK_TERMS_H
#define CPROF_NIF_WALK_TERMS_H

#include <erl_nif.h>

#include "nif/walk.h"

/** A map of the figures of a finished walk (figures() in
 *  lib/native/cprof_walk_nif.erl). Also counts the present call, which began at
 *  these times. */
ERL_NIF_TERM walk_terms(ErlNifEnv *env, struct walk *w, uint64_t began_ns,
                        uint64_t began_cpu_ns);

#endif
