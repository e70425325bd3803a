#include "cli/naming.h"

/* One sample on its way; the first error stops it. */
struct walk {
    const struct naming *naming;
    struct unwound *u;
    uint64_t time_ns;
    bool collecting;
    uint32_t stack; /* the innermost node so far */
    int error;
};

static struct profile_counters *counters(const struct walk *w)
{
    return profile_counters_edit(w->naming->profile);
}

static void push(struct walk *w, int64_t frame)
{
    int64_t id = frame;
    if (id >= 0)
        id = profile_stack(w->naming->profile, w->stack, (uint32_t)id);
    if (id < 0) {
        w->error = (int)id;
        return;
    }
    w->stack = (uint32_t)id;
    counters(w)->frames++;
}

static void push_text(struct walk *w, enum frame_kind kind, const char *name)
{
    const struct frame frame = {.kind = kind,
                                .name = name,
                                .module = "",
                                .function = name,
                                .arity = FRAME_NO_ARITY,
                                .file = ""};
    push(w, profile_frame(w->naming->profile, &frame));
}

static const struct frames_named *name_address(struct walk *w,
                                               const struct address *a)
{
    static const enum symbol_space spaces[] = {
        [ADDRESS_KERNEL] = SYMBOL_KERNEL,
        [ADDRESS_NATIVE] = SYMBOL_NATIVE,
        [ADDRESS_ERLANG] = SYMBOL_ERLANG,
    };
    static const struct frames_named none = {0};
    const struct symbol_query query = {.at = a->at,
                                       .space = spaces[a->kind],
                                       .seam = a->seam,
                                       .time_ns = w->time_ns};
    const struct frames_named *named;
    int err = frames_name(w->naming->frames, &query, &named);
    if (err)
        w->error = err;
    return err ? &none : named;
}

static bool in_collector(struct walk *w)
{
    for (size_t i = 0; i < w->u->count; i++) {
        if (w->u->list[i].kind == ADDRESS_ELIDED)
            continue;
        if (w->u->list[i].kind == ADDRESS_ERLANG && i > 0 &&
            w->u->list[i - 1].kind == ADDRESS_ERLANG)
            return false; /* past the seam: Erlang's callers */
        if (name_address(w, &w->u->list[i])->gc)
            return true;
    }
    return false;
}

/* In the scheduler's loop a collection is the process's work, all else is
 * not: the process that it has taken up has no part in it then. */
static void settle_scheduling(struct walk *w)
{
    struct unwound *u = w->u;
    if (!u->scheduling)
        return;
    if (u->c_p && w->collecting) {
        u->scheduling = false;
        return;
    }
    size_t own = 0;
    while (own < u->count && u->list[own].kind != ADDRESS_ERLANG)
        own++;
    u->count = own;
    u->c_p = 0;
    u->complete = true;
    u->truncated = u->unverified = false;
}

/* The emulator calls some BIFs through a helper of its own
 * (beam_jit_call_bif): what the user called is the BIF. */
static bool is_bif_helper(struct walk *w, size_t i)
{
    const struct address *list = w->u->list;
    return i > 0 && list[i].seam && list[i - 1].seam &&
           name_address(w, &list[i])->count == 1 &&
           name_address(w, &list[i - 1])->count == 2;
}

static void count_result(struct profile_counters *c, enum symbol_result result)
{
    c->nameless_native_frames += result == SYMBOL_OBJECT_ONLY;
    c->unresolved_frames += result == SYMBOL_UNRESOLVED;
    c->stale_symbols += result == SYMBOL_STALE;
}

static void push_address(struct walk *w, size_t i)
{
    const struct address *a = &w->u->list[i];
    if (a->kind == ADDRESS_ELIDED) {
        push_text(w, FRAME_RUNTIME, "[elided]");
        counters(w)->elided++;
        return;
    }
    /* What leads to the collector and what it does is all [gc]. */
    if (w->collecting && a->kind != ADDRESS_ERLANG)
        return;
    if (is_bif_helper(w, i))
        return;
    const struct frames_named *named = name_address(w, a);
    if (named->gc || named->scheduler)
        return; /* the leaf or the root says it */
    count_result(counters(w), named->result);
    for (size_t k = named->count; k-- > 0;)
        push(w, named->ids[k]);
}

static void push_root(struct walk *w, enum thread_kind kind)
{
    static const char *const threads[] = {
        [THREAD_AUX] = "[aux thread]",
        [THREAD_POLL] = "[poll thread]",
        [THREAD_ASYNC] = "[async thread]",
        [THREAD_OTHER] = "[other thread]",
    };
    if (w->u->truncated)
        push_text(w, FRAME_RUNTIME, "[truncated]");
    else if (kind > THREAD_DIRTY_IO)
        push_text(w, FRAME_RUNTIME, threads[kind]);
    else if (w->u->scheduling)
        push_text(w, FRAME_RUNTIME, "[scheduler]");
}

static enum sample_state state_of(const struct walk *w, enum thread_kind kind)
{
    if (kind > THREAD_DIRTY_IO)
        return STATE_OTHER;
    if (w->u->scheduling)
        return STATE_SCHEDULER;
    if (w->collecting)
        return STATE_GC;
    if (kind == THREAD_NORMAL)
        return STATE_RUNNING;
    if (!w->u->c_p)
        return STATE_SCHEDULER;
    return kind == THREAD_DIRTY_CPU ? STATE_DIRTY_CPU : STATE_DIRTY_IO;
}

int naming_stack(const struct naming *n, struct unwound *u,
                 enum thread_kind kind, uint64_t time_ns, struct named *out)
{
    struct walk w = {
        .naming = n, .u = u, .time_ns = time_ns, .stack = PROFILE_NONE};
    w.collecting = in_collector(&w);
    settle_scheduling(&w);
    push_root(&w, kind);
    for (size_t i = u->count; i-- > 0 && !w.error;)
        push_address(&w, i);
    if (w.collecting)
        push_text(&w, FRAME_GC, "[gc]");
    *out = (struct named){.stack = w.stack, .state = state_of(&w, kind)};
    return w.error;
}
