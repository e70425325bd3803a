/* A sample of a thread that is not under Erlang code at the moment: C frames
 * to the thread's first function. On a dirty scheduler the process's stack
 * comes below them, from Process.stop. */
#include "unwind/unwind_state.h"

static void add_native(struct unwinding *w)
{
    struct native_walk native;
    unwind_native_frames(w->u->native, w->s, w->u->code, &native);
    for (size_t i = 0; i < native.count; i++)
        unwind_list_add(&w->list, native.frames[i], ADDRESS_NATIVE);
    w->out->complete =
        native.end == NATIVE_OUTERMOST || native.end == NATIVE_ERLANG;
    w->out->truncated = !w->out->complete;
    w->out->unverified = native.late;
}

static uint64_t current_process(const struct unwinding *w)
{
    uint64_t c_p;
    if (w->s->c_p)
        return w->s->c_p;
    if (!w->scheduler || !unwind_knows(w, LAYOUT_CURRENT_PROCESS) ||
        memory_read_u64(w->u->config.memory,
                        w->scheduler->esdp +
                            unwind_offset(w, LAYOUT_CURRENT_PROCESS),
                        &c_p) != 0)
        return 0;
    return c_p;
}

/* The process waits in its own stack while its dirty job runs: stop is
 * current, but a collection moves it. */
static void add_waiting_stack(struct unwinding *w)
{
    const struct memory *m = w->u->config.memory;
    uint64_t stop, hend = 0;
    bool native_truncated = w->out->truncated;
    w->out->unverified = true;
    w->out->complete = false;
    w->out->truncated = true;
    if (!unwind_knows(w, LAYOUT_STOP) ||
        memory_read_u64(m, w->out->c_p + unwind_offset(w, LAYOUT_STOP),
                        &stop) != 0)
        return;
    if (unwind_knows(w, LAYOUT_HEND) &&
        memory_read_u64(m, w->out->c_p + unwind_offset(w, LAYOUT_HEND),
                        &hend) != 0)
        return;
    struct unwind_walk walk = unwind_walk_of(w);
    if (unwind_erlang_memory(&walk, m, stop, hend, w->u->scratch) != 0)
        return;
    unwind_walk_done(w, &walk);
    w->out->truncated |= native_truncated;
}

void unwind_thread(struct unwinding *w, enum thread_kind kind)
{
    add_native(w);
    if (kind == THREAD_NORMAL)
        w->out->scheduling = true;
    if (kind != THREAD_DIRTY_CPU && kind != THREAD_DIRTY_IO)
        return;
    w->out->c_p = current_process(w);
    if (w->out->c_p)
        add_waiting_stack(w);
    else
        w->out->scheduling = true;
}
