#include "recorder/naming.h"

#include "recorder/blocked.h"
#include "recorder/outside.h"
#include "recorder/stack_check.h"

/* The work on one sample; the first error ends it. */
struct walk {
    const struct naming *naming;
    struct unwound *u;
    const struct sample *s;
    bool collecting;
    bool alloc; /* the collection only shows who has allocated */
    enum stack_check check;
    struct outside outside; /* if u->scheduling */
    struct port_task port;  /* if outside.state is STATE_PORT */
    size_t border; /* index of the first address in Erlang code, where the C
                      frames end; 0: no C frames, or no Erlang code */
    size_t caller; /* index of the first address in a module's code; may be past
                      the end */
    enum symbol_callee callee; /* what is called at the border */
    enum symbol_seam seam;     /* what the outermost C frames may be */
    int64_t called; /* frame of the BIF or NIF that the C code runs for; -1:
                       only its C function can tell its name */
    int64_t named_callee; /* frame of the function that the frame pushed last
                             was calling; -1: not known */
    uint32_t stack;       /* the innermost frame so far */
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

static int64_t text_frame(struct walk *w, enum frame_kind kind,
                          const char *name)
{
    const struct frame frame = {.kind = kind,
                                .name = name,
                                .module = "",
                                .function = name,
                                .arity = FRAME_NO_ARITY,
                                .file = ""};
    return profile_frame(w->naming->profile, &frame);
}

static void push_text(struct walk *w, enum frame_kind kind, const char *name)
{
    push(w, text_frame(w, kind, name));
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
                                  .time_ns = w->s->time_ns});
}

/* --- which BIF or NIF the C code runs for -------------------------------- */

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
                   .at = at, .space = space, .time_ns = w->s->time_ns});
    return named->count ? (int64_t)named->ids[0] : -1;
}

/* The BIF or NIF that the calling Erlang code has called. */
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

static void find_called(struct walk *w)
{
    const struct sample_process *process = &w->s->process;
    w->called = -1;
    if (w->callee == SYMBOL_BIF && process->continuation)
        w->called = called_at(w, SYMBOL_ENTRY, process->continuation);
    if (w->called >= 0 || w->callee == SYMBOL_NO_CALLEE ||
        w->callee == SYMBOL_GUARD_BIF)
        return;
    if (w->callee != SYMBOL_LIGHT_BIF && has_function_name(w))
        return;
    w->called = called_by_caller(w);
    /* Set once the C helper has called something. */
    if (w->called < 0 && w->callee == SYMBOL_NIF && w->border > 1)
        w->called = called_at(w, SYMBOL_MFA, process->current);
}

/* The emulator calls some BIFs and NIFs through a helper of its own, such as
 * beam_jit_call_bif. The helper is not shown, because the user called the BIF.
 */
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

/* --- tail calls ----------------------------------------------------------- */

/* Notes which function the Erlang code at address i was calling. */
static void find_named_callee(struct walk *w, size_t i)
{
    const struct address *a = &w->u->list[i];
    if (i > 0 && a->kind == ADDRESS_ERLANG)
        w->named_callee = called_at(w, SYMBOL_CALLEE, a->at);
}

/* Pushes a frame, and before it the function that the previous frame had
 * called, if that is a different one: such a function ended in a tail call,
 * which gave up its stack frame. The code of its caller still names it, and the
 * return address shows that the call has not returned. */
static void push_called(struct walk *w, int64_t frame)
{
    const struct profile *p = w->naming->profile;
    int64_t callee = w->named_callee;
    w->named_callee = -1;
    if (callee >= 0 && frame >= 0 &&
        profile_frame_at(p, (uint32_t)callee)->function !=
            profile_frame_at(p, (uint32_t)frame)->function) {
        push(w, callee);
        counters(w)->tail_called++;
    }
    push(w, frame);
}

/* --- the whole sample ---------------------------------------------------- */

static bool in_collector(struct walk *w)
{
    for (size_t i = 0; i < w->u->count; i++) {
        if (w->u->list[i].kind == ADDRESS_ELIDED)
            continue;
        if (w->u->list[i].kind == ADDRESS_ERLANG && i > 0 &&
            w->u->list[i - 1].kind == ADDRESS_ERLANG)
            return false; /* past the seam, only Erlang callers follow */
        if (name_address(w, &w->u->list[i])->gc)
            return true;
    }
    return false;
}

/* --- outside processes ---------------------------------------------------- */

/* The name of the innermost C function in user space; "": none, or not known.
 */
static const char *leaf_function(struct walk *w)
{
    const struct profile *p = w->naming->profile;
    size_t i = 0;
    while (i < w->u->count && w->u->list[i].kind == ADDRESS_KERNEL)
        i++;
    if (i == w->u->count || w->u->list[i].kind != ADDRESS_NATIVE)
        return "";
    const struct frames_named *named = name_address(w, &w->u->list[i]);
    if (named->count == 0)
        return "";
    const struct profile_frame *f = profile_frame_at(p, named->ids[0]);
    return profile_text(p, profile_function_at(p, f->function)->name);
}

static struct outside_code outside_code(struct walk *w)
{
    const struct unwound *u = w->u;
    struct outside_code code = {.leaf = leaf_function(w),
                                .whole = u->c_gap == UNWIND_NO_GAP};
    size_t natives = 0;
    for (size_t i = 0; i < u->count; i++)
        natives += u->list[i].kind == ADDRESS_NATIVE;
    code.depth = natives > u->base ? natives - u->base : 0;
    return code;
}

static void strip_process(struct unwound *u)
{
    size_t own = 0;
    while (own < u->count && u->list[own].kind != ADDRESS_ERLANG)
        own++;
    u->count = own;
    u->c_p = 0;
    u->complete = true;
    u->truncated = u->unverified = false;
}

/* A garbage collection that the scheduler's loop starts is work of the process.
 * Everything else that the loop does with a process, which is scheduling it in
 * or out, counts as scheduling for that process, if an exact sample shows that
 * the scheduler had it at that instant. */
static void settle_scheduling(struct walk *w)
{
    struct unwound *u = w->u;
    w->port = (struct port_task){PROFILE_NONE, PROFILE_NONE, PROFILE_NONE};
    if (!u->scheduling)
        return;
    if (u->c_p && w->collecting) {
        u->scheduling = false;
        return;
    }
    if (u->c_p && w->s->exact) {
        w->outside = (struct outside){.state = STATE_SCHEDULING};
        return;
    }
    strip_process(u);
    struct outside_code code = outside_code(w);
    w->outside = outside_of(w->s, &code);
    if (w->outside.state == STATE_PORT)
        w->error =
            port_tasks_find(w->naming->ports, &w->s->scheduler, &w->port);
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
        w->named_callee = -1;
        counters(w)->elided += a->kind == ADDRESS_ELIDED;
        return;
    }
    /* One [gc] stands for the collector and all frames between it and its
     * Erlang caller. Of C code that has allocated, its BIF or NIF is shown. */
    bool hidden = w->collecting && a->kind != ADDRESS_ERLANG;
    if (hidden && w->alloc && a->seam && w->called < 0 &&
        name_address(w, a)->count == 2)
        push_called(w, name_address(w, a)->ids[1]);
    if (hidden || (w->check == STACK_CHECK_CALLER && i == w->caller) ||
        is_bif_helper(w, i))
        return;
    const struct frames_named *named = name_address(w, a);
    if (named->scheduler && w->u->scheduling)
        push_text(w, FRAME_RUNTIME, "[scheduling]"); /* of a process */
    if (named->gc || named->scheduler)
        return; /* the leaf or the root of the stack shows it already */
    count_result(counters(w), named->result);
    size_t count = named->count;
    if (a->seam && w->called >= 0)
        count = 1; /* the BIF's name was pushed already */
    for (size_t k = count; k-- > 0;)
        push_called(w, named->ids[k]);
    if (count)
        find_named_callee(w, i);
}

static void push_outside(struct walk *w)
{
    enum sample_state state = w->outside.state;
    if (state != STATE_PORT) {
        push_text(w, FRAME_RUNTIME,
                  state == STATE_IDLE         ? idle_part_frame(w->outside.part)
                  : state == STATE_SCHEDULING ? "[scheduling]"
                                              : "[scheduler]");
        return;
    }
    push(w, w->port.driver);
    if (w->port.port != PROFILE_NONE)
        push(w, w->port.port);
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
    else if (w->u->scheduling && !w->u->c_p)
        push_outside(w);
}

static enum sample_state state_of(const struct walk *w, enum thread_kind kind)
{
    if (kind > THREAD_DIRTY_IO)
        return STATE_OTHER;
    if (w->u->scheduling)
        return w->outside.state;
    if (w->collecting && !w->alloc)
        return STATE_GC;
    if (kind == THREAD_NORMAL)
        return STATE_RUNNING;
    return kind == THREAD_DIRTY_CPU ? STATE_DIRTY_CPU : STATE_DIRTY_IO;
}

int naming_stack(const struct naming *n, struct unwound *u,
                 enum thread_kind kind, const struct sample *s,
                 struct named *out)
{
    struct walk w = {
        .naming = n, .u = u, .s = s, .stack = PROFILE_NONE, .named_callee = -1};
    find_border(&w, kind);
    find_called(&w);
    w.alloc = s->of == SAMPLE_ALLOC;
    w.collecting = w.alloc || in_collector(&w);
    if (w.alloc && w.border && name_address(&w, &u->list[w.border])->gc)
        w.check = stack_check(n->frames, u, w.caller, s->time_ns);
    settle_scheduling(&w);
    push_root(&w, kind);
    for (size_t i = u->count; i-- > 0 && !w.error;) {
        push_address(&w, i);
        if (i == w.border && w.called >= 0)
            push_called(&w, w.called);
    }
    if (w.collecting && !w.alloc)
        push_called(&w, text_frame(&w, FRAME_GC, "[gc]"));
    enum sample_state state = state_of(&w, kind);
    if (s->of == SAMPLE_BLOCK) { /* a leaf frame says for what it waited, too */
        struct blocked blocked = blocked_of(s);
        push_text(&w, FRAME_RUNTIME, blocked.frame);
        state = blocked.state;
    }
    *out = (struct named){w.stack, state, w.port.owner,
                          w.check == STACK_CHECK_NOBODY};
    return w.error;
}
