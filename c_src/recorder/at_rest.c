#include "recorder/at_rest.h"

static int64_t push(struct profile *p, int64_t stack, int64_t frame)
{
    if (stack < 0 || frame < 0)
        return stack < 0 ? stack : frame;
    return profile_stack(p, (uint32_t)stack, (uint32_t)frame);
}

int64_t at_rest_frame(struct profile *p, const char *name, uint32_t most)
{
    const struct frame frame = {.kind = FRAME_RUNTIME,
                                .name = name,
                                .module = "",
                                .function = name,
                                .arity = FRAME_NO_ARITY,
                                .file = "",
                                .most = most};
    return profile_frame(p, &frame);
}

int64_t at_rest_push(struct profile *p, int64_t stack, const char *name)
{
    return stack < 0 ? stack : push(p, stack, at_rest_frame(p, name, 0));
}

static int64_t push_named(const struct at_rest *to, int64_t stack,
                          enum symbol_space space, uint64_t at)
{
    const struct symbol_query query = {
        .at = at, .space = space, .time_ns = to->time_ns};
    const struct frames_named *named;
    int err = frames_name(to->frames, &query, &named);
    if (err)
        return err;
    struct profile_counters *c = profile_counters_edit(to->profile);
    c->frames += named->count;
    c->unresolved_frames += named->result == SYMBOL_UNRESOLVED;
    c->stale_symbols += named->result == SYMBOL_STALE;
    for (size_t i = named->count; i-- > 0;)
        stack = push(to->profile, stack, named->ids[i]);
    return stack;
}

/* A hibernated process, or one that has not started to run, has an empty stack:
 * it will continue in the VM's own code, which then calls its function. */
static const char *without_frames(enum procstate state)
{
    return state == PROCSTATE_WAITING ? "[hibernated]" : "[at its start]";
}

int64_t at_rest_stack(const struct at_rest *to, enum procstate state,
                      const struct address *list, size_t count)
{
    int64_t stack = PROFILE_NONE;
    for (size_t i = count; i-- > 0 && stack >= 0;)
        stack = list[i].kind == ADDRESS_ERLANG
                    ? push_named(to, stack, SYMBOL_ERLANG, list[i].at)
                    : at_rest_push(to->profile, stack, "[elided]");
    /* It runs on a dirty scheduler: its innermost frame calls a BIF or NIF. */
    if (state == PROCSTATE_RUNNING && count && stack >= 0)
        stack = push_named(to, stack, SYMBOL_CALLED, list[0].at);
    return stack == PROFILE_NONE
               ? at_rest_push(to->profile, stack, without_frames(state))
               : stack;
}
