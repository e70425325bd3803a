/**
 * @file walk_nif.h
 * The NIFs of the walk, for cprof_walk_nif.erl and cprof_calibrate.erl in
 * lib/native. All except walk_find take less than 0.2 ms per call. They return
 * `{error, Reason}` if a check fails, and raise badarg for wrong arguments.
 */
#ifndef CPROF_NIF_WALK_NIF_H
#define CPROF_NIF_WALK_NIF_H

#include <erl_nif.h>

/**
 * walk_self() -> {ok, Address} | {error, Reason}: the address of the calling
 * process's struct, from the environment of this call. Only on normal
 * schedulers.
 */
ERL_NIF_TERM walk_nif_self(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);
/**
 * walk_find(Address, ProcessLimit) -> ok | {error, Reason}: finds the table by
 * the calling process, and keeps its place. Takes milliseconds, on a dirty
 * scheduler.
 */
ERL_NIF_TERM walk_nif_find(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);
/** walk_struct(Pid) -> Binary | {error, Reason}: a copy of the process's
 *  struct. */
ERL_NIF_TERM walk_nif_struct(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[]);
/** walk_table() -> Binary | {error, Reason}: a copy of the bytes around the
 *  table, from process_table.place - TABLE_BEFORE on. */
ERL_NIF_TERM walk_nif_table(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** walk_word(Atom | LocalPid) -> integer: the word that the term is. */
ERL_NIF_TERM walk_nif_word(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);
/**
 * walk(Layout, Top, Heaps, Canary, AtomCount) -> Figures | {error, Reason}.
 * Layout: a map of offsets by WALK_OFFSETS of walk_layout.h. Heaps: true for
 * the figures of walk_heaps.h, too. Figures: a map, walk_terms.h.
 */
ERL_NIF_TERM walk_nif_walk(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);

/** Destructor of the resource that keeps a walk between its calls. */
void walk_nif_destroy(ErlNifEnv *env, void *walk);

#endif
