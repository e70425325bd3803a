#include "nif/nif_state.h"

#include <string.h>

#include "nif/spans_nif.h"
#include "nif/walk.h"
#include "nif/walk_nif.h"

static const char version[] = CPROF_VERSION;
static const uint32_t sizes[3] = {sizeof(struct nif_state), sizeof(struct walk),
                                  sizeof(struct spans)};

/* Builds of the same version may still differ in the layout of the state. */
static bool is_ours(const struct nif_state *s)
{
    return strncmp(s->version, version, sizeof(s->version)) == 0 &&
           memcmp(s->sizes, sizes, sizeof(sizes)) == 0;
}

static bool open_types(ErlNifEnv *env, struct nif_state *s)
{
    s->walks =
        enif_open_resource_type(env, NULL, "cprof_walk", walk_nif_destroy,
                                ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER, NULL);
    return s->walks != NULL;
}

int nif_state_load(ErlNifEnv *env, void **priv, ERL_NIF_TERM info)
{
    (void)info;
    struct nif_state *s = enif_alloc(sizeof(*s));
    if (!s)
        return 1;
    memset(s, 0, sizeof(*s));
    strncpy(s->version, version, sizeof(s->version) - 1);
    memcpy(s->sizes, sizes, sizeof(sizes));
    atomic_init(&s->users, 1);
    if (!open_types(env, s)) {
        enif_free(s);
        return 1;
    }
    spans_nif_load(env, s);
    *priv = s;
    return 0;
}

int nif_state_upgrade(ErlNifEnv *env, void **priv, void **old,
                      ERL_NIF_TERM info)
{
    (void)info;
    struct nif_state *s = *old;
    if (!is_ours(s) || !open_types(env, s))
        return 1;
    nif_state_hold(s);
    spans_nif_load(env, s);
    *priv = s;
    return 0;
}

void nif_state_hold(struct nif_state *s)
{
    atomic_fetch_add(&s->users, 1);
}

void nif_state_release(struct nif_state *s)
{
    if (atomic_fetch_sub(&s->users, 1) > 1)
        return;
    walk_memory_free(&s->memory);
    spans_destroy(atomic_load(&s->spans));
    enif_free(s);
}

void nif_state_unload(ErlNifEnv *env, void *priv)
{
    (void)env;
    nif_state_release(priv);
}
