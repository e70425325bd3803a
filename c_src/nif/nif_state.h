/**
 * @file nif_state.h
 * What the library keeps between calls. When the module is upgraded, the new
 * one takes it over from the old one if both have the same version and layout;
 * else the new one does not load.
 */
#ifndef CPROF_NIF_NIF_STATE_H
#define CPROF_NIF_NIF_STATE_H

#include <erl_nif.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "nif/process_table.h"
#include "nif/spans.h"
#include "nif/walk_memory.h"

struct nif_state {
    char version[32];
    uint32_t sizes[3]; /**< of this struct, of struct walk, of struct spans */
    atomic_int users;  /**< loaded instances of the library, and walks */
    atomic_bool found;
    struct process_table table; /**< valid once found is set, then constant */
    struct walk_memory memory;
    ErlNifResourceType *walks;
    struct spans *_Atomic spans; /**< NULL until they are used */
    atomic_bool spans_wanted;    /**< by a mark that found none */
};

/** For a walk: keeps the state until it is released. The walk of a process that
 *  was killed is destroyed with the process, which may be after the last
 *  instance of the library is gone. */
void nif_state_hold(struct nif_state *s);
void nif_state_release(struct nif_state *s);

/** load, upgrade and unload of the library, see erl_nif. */
int nif_state_load(ErlNifEnv *env, void **priv, ERL_NIF_TERM info);
int nif_state_upgrade(ErlNifEnv *env, void **priv, void **old,
                      ERL_NIF_TERM info);
void nif_state_unload(ErlNifEnv *env, void *priv);

#endif
