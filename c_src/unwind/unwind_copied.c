/* Erlang stacks that the engine copied at the instant of the sample, in one
 * piece, or as the two ends of a long one. */
#include "unwind/unwind_state.h"

bool unwind_is_exact(const struct unwinding *w)
{
    return w->s->exact &&
           (w->s->process.c_p || (w->scheduler && w->scheduler->esdp &&
                                  unwind_knows(w, LAYOUT_CURRENT_PROCESS)));
}

static void walk_root(struct unwinding *w, struct unwind_walk *walk,
                      const struct sample_copy *copy)
{
    const struct sample_copy *root = &w->s->erlang_root;
    if (walk->exit_slot || root->len == 0)
        return;
    if (root->addr > copy->addr + copy->len)
        unwind_list_skip(&w->list);
    unwind_erlang_words(walk, root->addr, root->bytes, root->len);
}

void unwind_copied(struct unwinding *w, struct unwind_walk *walk,
                   const struct sample_copy *copy, uint64_t from)
{
    if (from % 8 == 0 && from >= copy->addr && from - copy->addr < copy->len) {
        uint64_t skip = from - copy->addr;
        unwind_erlang_words(walk, from, copy->bytes + skip, copy->len - skip);
        walk_root(w, walk, copy);
    }
    unwind_walk_done(w, walk);
}
