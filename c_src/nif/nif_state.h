/**
 * @file nif_state.h
 * What the library keeps between calls. An upgraded module takes it over from
 * the one before when both are of one version; else it does not load.
 */
#ifndef CPROF_NIF_NIF_STATE_H
#define CPROF_NIF_NIF_STATE_H

#include <erl_nif.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "nif/process_table.h"
#include "nif/walk_memory.h"

struct nif_state {
    char version[32];
    uint32_t sizes[2]; /**< of this struct and of a walk */
    atomic_int users;  /**< loaded instances of the library, and walks */
    atomic_bool found;
    struct process_table table; /**< valid once found is set, then constant */
    struct walk_memory memory;
    ErlNifResourceType *walks;
};

/** A walk that was left behind by a killed process is ended when that is
 *  cleared away, which may be after the library's last instance. */
void nif_state_hold(struct nif_state *s);
void nif_state_release(struct nif_state *s);

/** load, upgrade and unload of the library, see erl_nif. */
int nif_state_load(ErlNifEnv *env, void **priv, ERL_NIF_TERM info);
int nif_state_upgrade(ErlNifEnv *env, void **priv, void **old,
                      ERL_NIF_TERM info);
void nif_state_unload(ErlNifEnv *env, void *priv);

#endif
