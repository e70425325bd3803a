#include "recorder/naming.h"

/* One sample on its way; the first error stops it. */
struct walk {
    const struct naming *naming;
    struct unwound *u;
    uint64_t time_ns;
    bool collecting;
    size_t border; /* where C frames end: the first address in Erlang code;
                      0: none */
    size_t caller; /* the first one in a module's code, if there is one */
    enum symbol_callee callee; /* what is called there */
    enum symbol_seam seam;     /* what the outermost C frames may be */
    int64_t called; /* frame of the BIF that C code runs for; -1: it is to be
                       known by its C function */
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

static const struct frames_named *ask(struct walk *w,
                                      const struct symbol_query *query)
{
    static const struct frames_named none = {0};
    const struct frames_named *named;
    int err = frames_name(w->naming->frames, query, &named);
    if (err)
        w->error = err;
    return err ? &none : named;
}

static const struct frames_named *name_address(struct walk *w,
                                               const struct address *a)
{
    static const enum symbol_space spaces[] = {
        [ADDRESS_KERNEL] = SYMBOL_KERNEL,
        [ADDRESS_NATIVE] = SYMBOL_NATIVE,
        [ADDRESS_ERLANG] = SYMBOL_ERLANG,
    };
    return ask(
        w, &(struct symbol_query){.at = a->at,
                                  .space = spaces[a->kind],
                                  .seam = a->seam ? w->seam : SYMBOL_NO_SEAM,
                                  .time_ns = w->time_ns});
}

/* --- which BIF or NIF C code runs for ------------------------------------ */

static void find_border(struct walk *w, enum thread_kind kind)
{
    const struct unwound *u = w->u;
    size_t i = 0;
    while (i < u->count && u->list[i].kind != ADDRESS_ERLANG)
        i++;
    bool dirty = kind == THREAD_DIRTY_CPU || kind == THREAD_DIRTY_IO;
    w->seam = SYMBOL_SEAM;
    if (i == 0 || i == u->count)
        return;
    w->border = i;
    w->caller = dirty ? i : i + 1;
    w->callee = dirty ? SYMBOL_NIF : name_address(w, &u->list[i])->callee;
    if (w->callee != SYMBOL_NO_CALLEE)
        w->seam = SYMBOL_SEAM_CALLED;
}

static int64_t called_at(struct walk *w, enum symbol_space space, uint64_t at)
{
    const struct frames_named *named =
        ask(w, &(struct symbol_query){
                   .at = at, .space = space, .time_ns = w->time_ns});
    return named->count ? (int64_t)named->ids[0] : -1;
}

/* The BIF or NIF whose call Erlang code is in. */
static int64_t called_by_caller(struct walk *w)
{
    const struct unwound *u = w->u;
    if (w->caller >= u->count || u->list[w->caller].kind != ADDRESS_ERLANG)
        return -1;
    return called_at(w, SYMBOL_CALLED, u->list[w->caller].at);
}

static bool has_function_name(struct walk *w)
{
    for (size_t i = w->border; i-- > 0 && w->u->list[i].seam;)
        if (name_address(w, &w->u->list[i])->count == 2)
            return true;
    return false;
}

static void find_called(struct walk *w, uint64_t continuation)
{
    w->called = -1;
    if (w->callee == SYMBOL_BIF && continuation)
        w->called = called_at(w, SYMBOL_ENTRY, continuation);
    if (w->called >= 0 || w->callee == SYMBOL_NO_CALLEE ||
        w->callee == SYMBOL_GUARD_BIF)
        return;
    if (w->callee == SYMBOL_LIGHT_BIF || !has_function_name(w))
        w->called = called_by_caller(w);
}

/* The emulator calls some BIFs and NIFs through a helper of its own
 * (beam_jit_call_bif): what the user called is the BIF. */
static bool is_bif_helper(struct walk *w, size_t i)
{
    const struct address *list = w->u->list;
    if (i == 0 || !list[i].seam || !list[i - 1].seam)
        return false;
    if (w->called >= 0)
        return w->callee != SYMBOL_LIGHT_BIF && i + 1 == w->border;
    return name_address(w, &list[i])->count == 1 &&
           name_address(w, &list[i - 1])->count == 2;
}

/* --- the whole sample ---------------------------------------------------- */

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

static void count_result(struct profile_counters *c, enum symbol_result result)
{
    c->nameless_native_frames += result == SYMBOL_OBJECT_ONLY;
    c->unresolved_frames += result == SYMBOL_UNRESOLVED;
    c->stale_symbols += result == SYMBOL_STALE;
}

static const char *const gaps[] = {
    [ADDRESS_ELIDED] = "[elided]",
    [ADDRESS_CUT] = "[C stack cut]",
    [ADDRESS_UNREADABLE] = "[unreadable]",
};

static void push_address(struct walk *w, size_t i)
{
    const struct address *a = &w->u->list[i];
    if (a->kind >= ADDRESS_ELIDED) {
        push_text(w, FRAME_RUNTIME, gaps[a->kind]);
        counters(w)->elided += a->kind == ADDRESS_ELIDED;
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
    size_t count = named->count;
    if (a->seam && w->called >= 0)
        count = 1; /* the BIF's name is there already */
    for (size_t k = count; k-- > 0;)
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
                 enum thread_kind kind, uint64_t time_ns, uint64_t continuation,
                 struct named *out)
{
    struct walk w = {
        .naming = n, .u = u, .time_ns = time_ns, .stack = PROFILE_NONE};
    find_border(&w, kind);
    find_called(&w, continuation);
    w.collecting = in_collector(&w);
    settle_scheduling(&w);
    push_root(&w, kind);
    for (size_t i = u->count; i-- > 0 && !w.error;) {
        push_address(&w, i);
        if (i == w.border && w.called >= 0)
            push(&w, w.called);
    }
    if (w.collecting)
        push_text(&w, FRAME_GC, "[gc]");
    *out = (struct named){.stack = w.stack, .state = state_of(&w, kind)};
    return w.error;
}
