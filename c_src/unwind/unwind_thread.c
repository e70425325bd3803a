/* A sample of a thread whose C code was not called by Erlang code: C frames up
 * to the thread's first function. On a dirty scheduler, the stack of the
 * process follows them, from Process.stop. */
#include "unwind/unwind_state.h"

/* The outermost frames of a dirty scheduler are its own and the same in every
 * sample: those of libc, then thr_wrapper (lib/ethread),
 * sched_dirty_*_thread_func (erl_process.c) and erts_dirty_process_main
 * (beam_common.c). What the last one calls belongs to the process. */
enum { DIRTY_BASE = 3 };

static size_t dirty_base(const struct unwinding *w,
                         const struct native_walk *native)
{
    size_t libc = 0;
    if (native->end != NATIVE_OUTERMOST || !w->u->maps)
        return 0;
    const struct map *outer =
        maps_find(w->u->maps, native->frames[native->count - 1]);
    while (libc < native->count &&
           maps_find(w->u->maps, native->frames[native->count - 1 - libc]) ==
               outer)
        libc++;
    return native->count > libc + DIRTY_BASE ? libc + DIRTY_BASE : 0;
}

static void add_native(struct unwinding *w, bool dirty)
{
    struct native_walk native;
    unwind_native_frames(w->u->native, w->s, w->u->code, &native);
    size_t base = dirty ? dirty_base(w, &native) : 0;
    size_t count = native.count - (w->out->c_p ? base : 0);
    for (size_t i = 0; i < count; i++) {
        struct address *a =
            unwind_list_add(&w->list, native.frames[i], ADDRESS_NATIVE);
        a->seam = w->out->c_p && base && i + 2 >= count;
    }
    w->out->base = base;
    w->out->complete =
        native.end == NATIVE_OUTERMOST || native.end == NATIVE_ERLANG;
    w->out->truncated = !w->out->complete;
    w->out->c_gap =
        w->out->complete ? UNWIND_NO_GAP : unwind_gap_of(w, &native);
    w->out->unverified = w->out->copy_short = native.late;
}

/* While its dirty job runs, the process itself waits, so Process.stop is
 * current. But a garbage collection may move the stack. */
static void add_waiting_stack(struct unwinding *w)
{
    if (unwind_is_exact(w)) {
        struct unwind_walk walk = unwind_walk_of(w);
        bool cut = w->out->truncated;
        unwind_continuation(w);
        unwind_copied(w, &walk, &w->s->erlang, unwind_copied_stop(w));
        w->out->truncated |= cut;
        return;
    }
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
    bool dirty = kind == THREAD_DIRTY_CPU || kind == THREAD_DIRTY_IO;
    if (dirty)
        w->out->c_p = unwind_current_process(w);
    add_native(w, dirty);
    if (w->out->c_p)
        add_waiting_stack(w);
    w->out->scheduling = kind == THREAD_NORMAL || (dirty && w->out->c_p == 0);
}
