#include "engine/copy_plan.h"

#include "engine/engine.h"
#include "target/erlproc.h"

_Static_assert(COPY_NO_PID == ERLPROC_NO_PID, "one pid that cannot be");

/* erts/emulator/beam/register.h: struct reg_proc { HashBucket bucket;
 * Process *p; Port *pt; Eterm name; }, the same in OTP 25, 27 and 29. */
enum { REG_NAME = 32 };

static __u32 offset_of(const struct layout *l, enum layout_field field)
{
    return l->known[field] ? l->offset[field] : COPY_UNKNOWN;
}

void copy_plan_offsets(const struct engine_view *view, struct copy_offsets *out)
{
    const struct layout *l = view->layout;
    *out = (struct copy_offsets){
        .current_process = offset_of(l, LAYOUT_CURRENT_PROCESS),
        .stop = offset_of(l, LAYOUT_STOP),
        .htop = offset_of(l, LAYOUT_HTOP),
        .hend = offset_of(l, LAYOUT_HEND),
        .id = offset_of(l, LAYOUT_ID),
        .reg = offset_of(l, LAYOUT_REG),
        .initial = offset_of(l, LAYOUT_INITIAL),
        .continuation = offset_of(l, LAYOUT_CONTINUATION),
        .current = l->known[LAYOUT_INITIAL] ? l->offset[LAYOUT_INITIAL] +
                                                  LAYOUT_CURRENT_AFTER_INITIAL
                                            : COPY_UNKNOWN,
        .scheduler_data = offset_of(l, LAYOUT_SCHEDULER_DATA),
        .reg_name = REG_NAME,
        .sleep_info = offset_of(l, LAYOUT_SLEEP_INFO),
        .current_port = offset_of(l, LAYOUT_CURRENT_PORT),
        .port_owner = offset_of(l, LAYOUT_PORT_OWNER),
        .port_driver = offset_of(l, LAYOUT_PORT_DRIVER),
        .sleep_flags = LAYOUT_SLEEP_FLAGS,
        .code_list = view->code_list,
    };
}

static enum copy_role role_of(const struct engine_view *view, int tid,
                              const struct layout_scheduler *s)
{
    const struct thread *t = threads_find(view->threads, tid);
    if (!s || !t)
        return COPY_OTHER;
    if (s->runtime_stack)
        return COPY_NORMAL;
    return t->kind == THREAD_DIRTY_CPU || t->kind == THREAD_DIRTY_IO
               ? COPY_DIRTY
               : COPY_OTHER;
}

void copy_plan_thread(const struct engine_view *view, int tid,
                      struct copy_thread *out)
{
    const struct layout_scheduler *s = layout_scheduler(view->layout, tid);
    *out = (struct copy_thread){.role = role_of(view, tid, s)};
    if (out->role == COPY_OTHER)
        return;
    out->esdp = s->esdp;
    out->runtime_stack = s->runtime_stack;
    const struct map *stack =
        s->runtime_stack ? maps_find(view->maps, s->runtime_stack) : NULL;
    if (stack) {
        out->stack_low = stack->start;
        out->stack_high = stack->end;
    }
}
