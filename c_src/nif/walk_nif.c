#include "nif/walk_nif.h"

#include <errno.h>
#include <string.h>

#include "nif/nif_state.h"
#include "nif/self_memory.h"
#include "nif/walk.h"
#include "nif/walk_clock.h"
#include "nif/walk_terms.h"

enum {
    ENV_WORDS = 16,        /* of struct enif_environment_t, global.h */
    TIMESLICE_PERCENT = 15 /* of a process's time slice, 1 ms */
};

static ERL_NIF_TERM error(ErlNifEnv *env, const char *reason)
{
    return enif_make_tuple2(env, enif_make_atom(env, "error"),
                            enif_make_atom(env, reason));
}

/* Only a call on a normal scheduler keeps structs from being freed (walk.h). */
static bool is_on_normal_scheduler(void)
{
    return enif_thread_type() == ERL_NIF_THR_NORMAL_SCHEDULER;
}

static const struct process_table *table_of(ErlNifEnv *env)
{
    struct nif_state *s = enif_priv_data(env);
    return atomic_load(&s->found) ? &s->table : NULL;
}

/* --- finding -------------------------------------------------------------- */

ERL_NIF_TERM walk_nif_self(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    ErlNifPid self;
    uint64_t words[ENV_WORDS], id;
    if (!is_on_normal_scheduler() || !enif_self(env, &self))
        return error(env, "not_on_normal_scheduler");
    if (self_memory_read((uintptr_t)env, words, sizeof(words)) != 0)
        return error(env, "unreadable");
    for (unsigned i = 0; i < ENV_WORDS; i++)
        if (words[i] % 8 == 0 &&
            self_memory_read(words[i], &id, sizeof(id)) == 0 && id == self.pid)
            return enif_make_tuple2(env, enif_make_atom(env, "ok"),
                                    enif_make_uint64(env, words[i]));
    return error(env, "no_process");
}

static const char *why_not_found(int err)
{
    return err == -ENOTUNIQ ? "ambiguous_table"
           : err == -EPROTO ? "unknown_struct_size"
                            : "no_table";
}

ERL_NIF_TERM walk_nif_find(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct nif_state *s = enif_priv_data(env);
    struct process_table table;
    ErlNifUInt64 process;
    unsigned limit;
    ErlNifPid self;
    if (!enif_get_uint64(env, argv[0], &process) ||
        !enif_get_uint(env, argv[1], &limit) || !enif_self(env, &self))
        return enif_make_badarg(env);
    if (atomic_load(&s->found))
        return enif_make_atom(env, "ok");
    int err = process_table_find(self.pid, process, limit, &table);
    if (err)
        return error(env, why_not_found(err));
    s->table = table;
    atomic_store(&s->found, true);
    return enif_make_atom(env, "ok");
}

/* --- copies of what was found --------------------------------------------- */

static ERL_NIF_TERM copy(ErlNifEnv *env, uint64_t address, size_t size)
{
    ERL_NIF_TERM binary;
    unsigned char *bytes = enif_make_new_binary(env, size, &binary);
    if (self_memory_read(address, bytes, size) != 0)
        return error(env, "unreadable");
    return binary;
}

ERL_NIF_TERM walk_nif_struct(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[])
{
    (void)argc;
    const struct process_table *t = table_of(env);
    ErlNifPid pid;
    uint64_t id;
    if (!enif_get_local_pid(env, argv[0], &pid))
        return enif_make_badarg(env);
    if (!t || !is_on_normal_scheduler())
        return error(env, "not_found");
    uint64_t process = process_table_at(t, pid.pid);
    if (!process || self_memory_read(process, &id, sizeof(id)) != 0 ||
        id != pid.pid)
        return error(env, "no_process");
    return copy(env, process, t->size);
}

ERL_NIF_TERM walk_nif_table(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    const struct process_table *t = table_of(env);
    if (!t)
        return error(env, "not_found");
    return copy(env, t->place - TABLE_BEFORE, TABLE_BEFORE + TABLE_AFTER);
}

ERL_NIF_TERM walk_nif_word(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    ErlNifPid pid;
    if (!enif_is_atom(env, argv[0]) && !enif_get_local_pid(env, argv[0], &pid))
        return enif_make_badarg(env);
    return enif_make_uint64(env, argv[0]);
}

/* --- walking -------------------------------------------------------------- */

static bool get_offset(ErlNifEnv *env, ERL_NIF_TERM map, const char *key,
                       uint32_t *out)
{
    ERL_NIF_TERM atom, offset;
    return enif_make_existing_atom(env, key, &atom, ERL_NIF_LATIN1) &&
           enif_get_map_value(env, map, atom, &offset) &&
           enif_get_uint(env, offset, out);
}

static bool get_boolean(ErlNifEnv *env, ERL_NIF_TERM term, bool *out)
{
    *out = enif_is_identical(term, enif_make_atom(env, "true"));
    return *out || enif_is_identical(term, enif_make_atom(env, "false"));
}

/* The map must have all fields, and no others. */
static bool get_layout(ErlNifEnv *env, ERL_NIF_TERM map, struct walk_layout *l)
{
    size_t given, wanted = 0;
    bool got = enif_get_map_size(env, map, &given);
#define X(name)                                                                \
    wanted++;                                                                  \
    got = got && get_offset(env, map, #name, &l->name);
    WALK_OFFSETS(X)
#undef X
    return got && given == wanted;
}

/* The resource that the caller holds during its walk. The walk itself is
 * allocated elsewhere: inside the resource, it would count as a binary of 300
 * kB in the figures of the caller. */
struct walk_call {
    struct nif_state *state;
    struct walk *walk; /* NULL: it is over */
};

static void end_call(struct walk_call *call)
{
    if (!call->walk)
        return;
    walk_abandon(call->walk);
    enif_free(call->walk);
    call->walk = NULL;
    nif_state_release(call->state);
}

void walk_nif_destroy(ErlNifEnv *env, void *call)
{
    (void)env;
    end_call(call);
}

static ERL_NIF_TERM step(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);

/* Schedules another call, for the rest of the walk or for the result. */
static ERL_NIF_TERM go_on(ErlNifEnv *env, ERL_NIF_TERM term)
{
    enif_consume_timeslice(env, TIMESLICE_PERCENT);
    return enif_schedule_nif(env, "walk_step", 0, step, 1, &term);
}

static ERL_NIF_TERM step(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    uint64_t wall = walk_clock_ns(), cpu = walk_cpu_ns();
    struct nif_state *s = enif_priv_data(env);
    void *object;
    if (!enif_get_resource(env, argv[0], s->walks, &object))
        return enif_make_badarg(env);
    struct walk_call *call = object;
    struct walk *w = call->walk;
    if (!w)
        return enif_make_badarg(env);
    if (w->slot == w->table.limit) {
        walk_end(w);
        ERL_NIF_TERM result = walk_terms(env, w, wall, cpu);
        end_call(call);
        return result;
    }
    if (!is_on_normal_scheduler()) {
        end_call(call);
        return error(env, "not_on_normal_scheduler");
    }
    walk_step(w);
    walk_held(w, wall, cpu);
    return go_on(env, argv[0]);
}

/* NULL when there is no memory. */
static struct walk_call *make_call(struct nif_state *s)
{
    struct walk_call *call = enif_alloc_resource(s->walks, sizeof(*call));
    if (!call)
        return NULL;
    call->walk = enif_alloc(sizeof(*call->walk));
    if (!call->walk) {
        enif_release_resource(call);
        return NULL;
    }
    memset(call->walk, 0, sizeof(*call->walk));
    call->state = s;
    nif_state_hold(s);
    call->walk->table = s->table;
    if (walk_memory_take(&s->memory, s->table.limit))
        call->walk->memory = &s->memory;
    return call;
}

ERL_NIF_TERM walk_nif_walk(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    uint64_t wall = walk_clock_ns(), cpu = walk_cpu_ns();
    struct nif_state *s = enif_priv_data(env);
    struct walk_layout layout;
    unsigned top;
    bool with_heaps;
    ErlNifPid canary;
    ErlNifUInt64 atoms;
    if (!get_layout(env, argv[0], &layout) ||
        !enif_get_uint(env, argv[1], &top) || top == 0 || top > LARGEST_ROOM ||
        !get_boolean(env, argv[2], &with_heaps) ||
        !enif_get_local_pid(env, argv[3], &canary) ||
        !enif_get_uint64(env, argv[4], &atoms))
        return enif_make_badarg(env);
    if (!atomic_load(&s->found) || !is_on_normal_scheduler())
        return error(env, "not_found");
    if (!walk_layout_fits(&layout, s->table.size))
        return error(env, "layout_outside_struct");
    struct walk_call *call = make_call(s);
    if (!call)
        return error(env, "no_memory");
    struct walk *w = call->walk;
    w->layout = layout;
    w->top = top;
    w->with_heaps = with_heaps;
    w->canary = canary.pid;
    w->atoms = atoms;
    walk_begin(w);
    ERL_NIF_TERM term = enif_make_resource(env, call);
    enif_release_resource(call);
    walk_held(w, wall, cpu);
    return go_on(env, term);
}
