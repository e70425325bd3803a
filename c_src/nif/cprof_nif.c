/*
 * The helper inside the node: the few things that only the node itself can do.
 * Nothing here blocks. What is kept between calls is in nif_state.c. The Erlang
 * functions are in lib/native/cprof_native.erl.
 */
#include <erl_nif.h>
#include <errno.h>
#include <string.h>

#include "nif/at_exit.h"
#include "nif/nif_state.h"
#include "nif/spans_nif.h"
#include "nif/tracer.h"
#include "nif/walk_nif.h"

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

static ERL_NIF_TERM wait_at_exit(ErlNifEnv *env, int argc,
                                 const ERL_NIF_TERM argv[])
{
    (void)argc;
    int pid;
    if (!enif_get_int(env, argv[0], &pid) || pid < 0)
        return enif_make_badarg(env);
    at_exit_wait_for(pid);
    return enif_make_atom(env, "ok");
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

static ErlNifFunc functions[] = {
    {"allow_tracer", 1, allow_tracer, 0},
    {"deny_tracer", 0, deny_tracer, 0},
    {"query_id", 1, spans_nif_query_id, 0},
    {"query_text", 1, spans_nif_query_text, 0},
    {"span_begin", 4, spans_nif_begin, 0},
    {"span_child", 1, spans_nif_child, 0},
    {"span_end", 2, spans_nif_end, 0},
    {"span_kind", 2, spans_nif_kind, 0},
    {"span_mark", 4, spans_nif_mark, 0},
    {"span_past", 5, spans_nif_past, 0},
    {"spans_figures", 0, spans_nif_figures, 0},
    {"spans_page", 0, spans_nif_page, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"version", 0, version, 0},
    {"wait_at_exit", 1, wait_at_exit, 0},
    {"walk_self", 0, walk_nif_self, 0},
    {"walk_find", 2, walk_nif_find, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"walk_struct", 1, walk_nif_struct, 0},
    {"walk_table", 0, walk_nif_table, 0},
    {"walk_word", 1, walk_nif_word, 0},
    {"walk", 5, walk_nif_walk, 0},
};

static void unload(ErlNifEnv *env, void *priv)
{
    at_exit_wait_for(0);
    nif_state_unload(env, priv);
}

ERL_NIF_INIT(cprof_native, functions, nif_state_load, NULL, nif_state_upgrade,
             unload)
