/*
 * The helper inside the node: the few things that only the node itself can
 * do. Nothing here blocks, keeps state or looks into the VM. The Erlang side
 * is lib/cprof_nif.erl, function by function.
 */
#include <erl_nif.h>
#include <errno.h>
#include <string.h>

#include "nif/tracer.h"

static ERL_NIF_TERM reason(ErlNifEnv *env, int rc)
{
    switch (-rc) {
    case EOPNOTSUPP:
        return enif_make_atom(env, "not_needed");
    case ESRCH:
        return enif_make_atom(env, "no_process");
    default:
        return enif_make_atom(env, "refused");
    }
}

static ERL_NIF_TERM ok_or_error(ErlNifEnv *env, int rc)
{
    if (rc == 0)
        return enif_make_atom(env, "ok");
    return enif_make_tuple2(env, enif_make_atom(env, "error"), reason(env, rc));
}

static ERL_NIF_TERM allow_tracer(ErlNifEnv *env, int argc,
                                 const ERL_NIF_TERM argv[])
{
    (void)argc;
    int pid;
    if (!enif_get_int(env, argv[0], &pid) || pid <= 0)
        return enif_make_badarg(env);
    return ok_or_error(env, tracer_allow(pid));
}

static ERL_NIF_TERM deny_tracer(ErlNifEnv *env, int argc,
                                const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    return ok_or_error(env, tracer_deny());
}

static ERL_NIF_TERM version(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    static const char text[] = CPROF_VERSION;
    ERL_NIF_TERM binary;
    memcpy(enif_make_new_binary(env, sizeof(text) - 1, &binary), text,
           sizeof(text) - 1);
    return binary;
}

/* No state, so a newer version of the module simply takes over. */
static int upgrade(ErlNifEnv *env, void **priv, void **old_priv,
                   ERL_NIF_TERM info)
{
    (void)env;
    (void)priv;
    (void)old_priv;
    (void)info;
    return 0;
}

static ErlNifFunc functions[] = {
    {"allow_tracer", 1, allow_tracer, 0},
    {"deny_tracer", 0, deny_tracer, 0},
    {"version", 0, version, 0},
};

ERL_NIF_INIT(cprof_nif, functions, NULL, NULL, upgrade, NULL)
