/* Erlang stacks that the engine copied at the instant of the sample: in one
 * piece, or the two ends of a long one. */
#include <string.h>

#include "unwind/unwind_state.h"

bool unwind_is_exact(const struct unwinding *w)
{
    return w->s->exact && (w->s->process.c_p || w->s->has_current);
}

/* For a dirty NIF it is a trampoline of the VM, which is not JIT code. */
void unwind_continuation(struct unwinding *w)
{
    uint64_t at = w->s->process.continuation;
    if (unwind_is_exact(w) && unwind_code_has(w->u->code, at))
        unwind_list_add(&w->list, at, ADDRESS_ERLANG);
}

static void walk_root(struct unwinding *w, struct unwind_walk *walk,
                      const struct sample_copy *copy)
{
    const struct sample_copy *root = &w->s->erlang_root;
    if (walk->exit_slot || root->len == 0)
        return;
    if (root->addr > copy->addr + copy->len)
        unwind_list_skip(&w->list, ADDRESS_ELIDED);
    unwind_erlang_words(walk, root->addr, root->bytes, root->len);
}

/* If the copy does not contain stop, it was taken while the stack was being
 * moved. The stack that was copied has the same length and ends with
 * normal_exit. 0: it is not there. */
static uint64_t moved_stop(const struct unwinding *w, uint64_t normal_exit)
{
    const struct sample_copy *copy = &w->s->erlang;
    uint64_t length = w->s->process.hend - w->s->process.stop, word;
    for (size_t at = copy->len & ~(size_t)7; at >= 8; at -= 8) {
        memcpy(&word, copy->bytes + at - 8, sizeof(word));
        if (word == normal_exit)
            return length <= at ? copy->addr + at - length : 0;
    }
    return 0;
}

uint64_t unwind_copied_stop(const struct unwinding *w)
{
    const struct sample_copy *copy = &w->s->erlang;
    uint64_t stop = w->s->process.stop;
    if (stop - copy->addr < copy->len || copy->len == 0)
        return stop;
    return moved_stop(w, jit_normal_exit(w->u->config.jit));
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
