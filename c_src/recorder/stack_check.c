#include "recorder/stack_check.h"

/* What symbols say of the call at that address; an error of the profile's comes
 * up again when its frame is pushed. */
static struct frames_named room(struct frames *frames, const struct address *a,
                                uint64_t time_ns)
{
    const struct symbol_query query = {
        .at = a->at, .space = SYMBOL_ROOM, .time_ns = time_ns};
    const struct frames_named *named;
    return frames_name(frames, &query, &named) == 0
               ? *named
               : (struct frames_named){.allocates = true};
}

enum stack_check stack_check(struct frames *frames, const struct unwound *u,
                             size_t leaf, uint64_t time_ns)
{
    if (leaf >= u->count || u->list[leaf].kind != ADDRESS_ERLANG)
        return STACK_CHECK_OWN;
    struct frames_named own = room(frames, &u->list[leaf], time_ns);
    if (!own.stack_only || own.allocates)
        return STACK_CHECK_OWN;
    if (leaf + 1 < u->count && u->list[leaf + 1].kind == ADDRESS_ERLANG &&
        room(frames, &u->list[leaf + 1], time_ns).allocates)
        return STACK_CHECK_CALLER;
    return STACK_CHECK_NOBODY;
}
