#include "cli/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/index.h"
#include "target/erlproc.h"

struct known_process {
    uint64_t id; /* pid term */
    uint32_t profile_id;
};

struct pipeline {
    struct target_state *target;
    struct unwinder *unwinder;
    struct symbols *symbols;
    struct profile *profile;
    struct profile_counters *counters;
    struct unwound unwound;
    struct known_process *processes;
    size_t process_count, process_cap;
    struct index by_id;
    int error;
};

/* What the frames of one sample told. */
struct naming {
    uint32_t stack; /* the innermost node so far */
    bool gc, scheduler;
};

int pipeline_open(struct target_state *target, struct unwinder *unwinder,
                  struct symbols *symbols, struct profile *profile,
                  struct pipeline **out)
{
    struct pipeline *p = calloc(1, sizeof(*p));
    if (!p)
        return -E_LIMIT;
    p->target = target;
    p->unwinder = unwinder;
    p->symbols = symbols;
    p->profile = profile;
    p->counters = profile_counters_edit(profile);
    index_init(&p->by_id);
    *out = p;
    return 0;
}

void pipeline_close(struct pipeline *p)
{
    if (!p)
        return;
    index_deinit(&p->by_id);
    free(p->processes);
    free(p);
}

int pipeline_status(const struct pipeline *p)
{
    return p->error;
}

/* Keeps the first error; an id on success, PROFILE_NONE else. */
static uint32_t id_or_none(struct pipeline *p, int64_t id)
{
    if (id >= 0)
        return (uint32_t)id;
    if (!p->error)
        p->error = (int)id;
    return PROFILE_NONE;
}

static void push(struct pipeline *p, struct naming *n,
                 const struct frame *frame)
{
    uint32_t id = id_or_none(p, profile_frame(p->profile, frame));
    if (id == PROFILE_NONE)
        return;
    n->stack = id_or_none(p, profile_stack(p->profile, n->stack, id));
    p->counters->frames++;
}

static void push_named(struct pipeline *p, struct naming *n,
                       enum frame_kind kind, const char *name)
{
    const struct frame frame = {.kind = kind,
                                .name = name,
                                .module = "",
                                .function = name,
                                .arity = FRAME_NO_ARITY,
                                .file = ""};
    push(p, n, &frame);
}

static void count_result(struct profile_counters *c, enum symbol_result result)
{
    c->nameless_native_frames += result == SYMBOL_OBJECT_ONLY;
    c->unresolved_frames += result == SYMBOL_UNRESOLVED;
    c->stale_symbols += result == SYMBOL_STALE;
}

static enum symbol_space space_of(enum address_kind kind)
{
    return kind == ADDRESS_KERNEL   ? SYMBOL_KERNEL
           : kind == ADDRESS_NATIVE ? SYMBOL_NATIVE
                                    : SYMBOL_ERLANG;
}

static void name_address(const struct pipeline *p, const struct address *a,
                         uint64_t time_ns, struct symbol_frames *frames)
{
    const struct symbol_query query = {.at = a->at,
                                       .space = space_of(a->kind),
                                       .seam = a->seam,
                                       .time_ns = time_ns};
    symbols_name(p->symbols, &query, frames);
}

/* The emulator calls some BIFs through a helper of its own
 * (beam_jit_call_bif): what the user called is the BIF. */
static bool is_bif_helper(const struct pipeline *p, size_t i, uint64_t time_ns)
{
    const struct address *list = p->unwound.list;
    if (i == 0 || !list[i].seam || !list[i - 1].seam)
        return false;
    struct symbol_frames outer, inner;
    name_address(p, &list[i], time_ns, &outer);
    name_address(p, &list[i - 1], time_ns, &inner);
    return outer.count == 1 && inner.count == 2;
}

static void push_address(struct pipeline *p, struct naming *n, size_t i,
                         uint64_t time_ns)
{
    const struct address *a = &p->unwound.list[i];
    struct symbol_frames frames;
    if (a->kind == ADDRESS_ELIDED) {
        push_named(p, n, FRAME_RUNTIME, "[elided]");
        p->counters->elided++;
        return;
    }
    if (is_bif_helper(p, i, time_ns))
        return;
    name_address(p, a, time_ns, &frames);
    count_result(p->counters, frames.result);
    n->scheduler |= frames.scheduler;
    if (frames.gc) {
        push_named(p, n, FRAME_GC, "[gc]");
        n->gc = true;
        return;
    }
    for (size_t k = frames.count; k-- > 0;)
        push(p, n, &frames.list[k]);
}

static const char *const thread_roots[] = {
    [THREAD_NORMAL] = "[scheduler thread]",
    [THREAD_DIRTY_CPU] = "[dirty cpu thread]",
    [THREAD_DIRTY_IO] = "[dirty io thread]",
    [THREAD_AUX] = "[aux thread]",
    [THREAD_POLL] = "[poll thread]",
    [THREAD_ASYNC] = "[async thread]",
    [THREAD_OTHER] = "[other thread]",
};

/* Stacks that do not begin in an Erlang process get a root that says so. */
static void push_root(struct pipeline *p, struct naming *n,
                      enum thread_kind kind)
{
    const struct unwound *u = &p->unwound;
    if (u->truncated)
        push_named(p, n, FRAME_RUNTIME, "[truncated]");
    else if (u->scheduling)
        push_named(p, n, FRAME_RUNTIME, "[scheduler]");
    else if (kind > THREAD_DIRTY_IO)
        push_named(p, n, FRAME_RUNTIME, thread_roots[kind]);
}

/* Root first. A collection is one frame: what it does inside is left out. */
static struct naming name_stack(struct pipeline *p, const struct sample *s,
                                enum thread_kind kind)
{
    struct naming n = {.stack = PROFILE_NONE};
    push_root(p, &n, kind);
    for (size_t i = p->unwound.count; i-- > 0 && !n.gc;)
        push_address(p, &n, i, s->time_ns);
    return n;
}

static enum sample_state state_of(const struct pipeline *p,
                                  const struct naming *n, enum thread_kind kind)
{
    if (p->unwound.scheduling || n->scheduler)
        return kind > THREAD_DIRTY_IO ? STATE_OTHER : STATE_SCHEDULER;
    if (n->gc)
        return STATE_GC;
    switch (kind) {
    case THREAD_NORMAL:
        return STATE_RUNNING;
    case THREAD_DIRTY_CPU:
        return p->unwound.c_p ? STATE_DIRTY_CPU : STATE_SCHEDULER;
    case THREAD_DIRTY_IO:
        return p->unwound.c_p ? STATE_DIRTY_IO : STATE_SCHEDULER;
    default:
        return STATE_OTHER;
    }
}

static bool same_id(const void *things, uint32_t id, const void *key)
{
    const struct known_process *list = things;
    return list[id].id == *(const uint64_t *)key;
}

static int remember_process(struct pipeline *p, uint64_t id, uint32_t profile)
{
    if (p->process_count == p->process_cap) {
        size_t cap = p->process_cap ? p->process_cap * 2 : 256;
        void *bigger = realloc(p->processes, cap * sizeof(*p->processes));
        if (!bigger)
            return -E_LIMIT;
        p->processes = bigger;
        p->process_cap = cap;
    }
    p->processes[p->process_count] = (struct known_process){id, profile};
    return index_add(&p->by_id, hash_u64(0, id), (uint32_t)p->process_count++);
}

static uint32_t new_process(struct pipeline *p, const struct erlproc *proc)
{
    struct target_state *t = p->target;
    char pid[ERLPROC_TEXT], name[ERLPROC_TEXT], initial[ERLPROC_TEXT];
    erlproc_pid_text(proc->id, t->release, t->process.process_table_size, pid);
    erlproc_name(&t->layout, &t->memory, t->atoms, proc, name);
    erlproc_initial_call(t->atoms, proc, initial);
    uint32_t id =
        id_or_none(p, profile_process(p->profile, pid, name, initial, "", ""));
    if (id != PROFILE_NONE)
        (void)id_or_none(p, remember_process(p, proc->id, id));
    return id;
}

/* The Erlang process of the sample, read from the node now. */
static uint32_t process_of(struct pipeline *p)
{
    struct erlproc proc;
    if (!p->unwound.c_p || erlproc_read(&p->target->layout, &p->target->memory,
                                        p->unwound.c_p, &proc) != 0)
        return PROFILE_NONE;
    uint32_t known = index_find(&p->by_id, hash_u64(0, proc.id), same_id,
                                p->processes, &proc.id);
    if (known != INDEX_NONE)
        return p->processes[known].profile_id;
    return new_process(p, &proc);
}

static void count_quality(struct pipeline *p, enum sample_state state,
                          uint32_t process)
{
    const struct unwound *u = &p->unwound;
    struct profile_counters *c = p->counters;
    c->truncated += u->truncated;
    c->unverified += u->unverified;
    c->erlang_leaf += u->erlang;
    c->erlang_leaf_complete += u->erlang && u->complete;
    c->no_process += state < STATE_SCHEDULER && process == PROFILE_NONE;
}

bool pipeline_sample(struct pipeline *p, const struct sample *s)
{
    static const struct thread unknown = {.kind = THREAD_OTHER,
                                          .name = "unknown"};
    const struct thread *thread = threads_find(&p->target->threads, s->tid);
    if (!thread)
        thread = &unknown;

    unwinder_unwind(p->unwinder, s, thread->kind, &p->unwound);
    uint32_t process = process_of(p);
    target_state_code_at(p->target, s->time_ns);
    struct naming naming = name_stack(p, s, thread->kind);
    enum sample_state state = state_of(p, &naming, thread->kind);
    count_quality(p, state, process);

    const struct profile_sample row = {
        .stack = naming.stack,
        .process = process,
        .thread = id_or_none(
            p, profile_thread(p->profile, (uint32_t)s->tid, thread->name)),
        .state = state,
        .count = 1,
        .cpu_ns = s->period_ns,
    };
    (void)id_or_none(p, profile_add(p->profile, &row));
    return !p->unwound.copy_short;
}
