/* A sample in JIT code: rsp is the Erlang stack pointer, so the copied stack is
 * the Erlang stack. */
#include <string.h>

#include "unwind/unwind_state.h"

enum { COMPARED = 256 };

/* The end of the stack that contains sp, as the Process has it; *hend is 0 when
 * it is not known. False when the process has another heap now. */
static bool stack_end(const struct unwinding *w, uint64_t sp, uint64_t *hend)
{
    uint64_t c_p = w->out->c_p, htop;
    *hend = 0;
    if (!unwind_knows(w, LAYOUT_HEND) || !unwind_knows(w, LAYOUT_HTOP))
        return true;
    struct memory_span spans[] = {
        {.addr = c_p + unwind_offset(w, LAYOUT_HEND), .to = hend, .len = 8},
        {.addr = c_p + unwind_offset(w, LAYOUT_HTOP), .to = &htop, .len = 8},
    };
    return memory_read_many(w->u->config.memory, spans, 2) == 2 && htop <= sp &&
           sp < *hend;
}

/* Are the last copied bytes still in their place? If not, the stack behind them
 * is no longer that of the sample: a garbage collection has moved it, or its
 * functions have returned and others use it. */
static bool same_as_copied(const struct unwinding *w,
                           const struct sample_copy *copy)
{
    uint8_t now[COMPARED];
    size_t len = copy->len < COMPARED ? copy->len : COMPARED;
    uint64_t addr = copy->addr + copy->len - len;
    return memory_read(w->u->config.memory, addr, now, len) == 0 &&
           memcmp(now, copy->bytes + copy->len - len, len) == 0;
}

/* The copy ended before the stack did: reads the rest from the node. */
static void continue_in_memory(struct unwinding *w, struct unwind_walk *walk,
                               const struct sample_copy *copy)
{
    uint64_t from = (copy->addr + copy->len) & ~(uint64_t)7;
    uint64_t hend;
    if (!stack_end(w, copy->addr, &hend) || (hend && hend <= from) ||
        !same_as_copied(w, copy))
        return;
    if (unwind_erlang_memory(walk, w->u->config.memory, from, hend,
                             w->u->scratch) == 0)
        w->out->unverified = true;
}

static void walk_and_go_on(struct unwinding *w, struct unwind_walk *walk,
                           const struct sample_copy *copy)
{
    unwind_erlang_words(walk, copy->addr, copy->bytes, copy->len);
    w->out->copy_short = walk->exit_slot == 0;
    if (w->out->copy_short)
        continue_in_memory(w, walk, copy);
    unwind_walk_done(w, walk);
}

static void learn(struct unwinding *w, const struct unwind_walk *walk,
                  const struct sample_copy *copy)
{
    const struct regs *regs = &w->s->regs;
    bool in_copy = walk->exit_slot >= copy->addr &&
                   walk->exit_slot - copy->addr < copy->len;
    struct layout_evidence e = {
        .tid = w->s->tid,
        .c_p = regs->r[REGS_R13],
        .rbx = regs->r[REGS_RBX],
        .stack_pointer = regs->r[REGS_RSP],
        .exit_slot = in_copy ? walk->exit_slot : 0,
    };
    layout_learn(w->u->config.layout, w->u->config.memory, &e);
}

void unwind_jit(struct unwinding *w)
{
    const struct regs *regs = &w->s->regs;
    const struct sample_copy *copy = &w->s->stack;
    struct unwind_site leaf;
    unwind_code_leaf(w->u->code, regs->r[REGS_RIP], w->s->time_ns, &leaf);
    unwind_list_add(&w->list, regs->r[REGS_RIP], ADDRESS_ERLANG);
    if (leaf.scheduling) {
        w->out->scheduling = w->out->complete = true;
        return;
    }
    w->out->c_p = w->s->process.c_p ? w->s->process.c_p : regs->r[REGS_R13];
    struct unwind_walk walk = unwind_walk_of(w);
    /* Calls of shared fragments, and of a module's breakpoint trampoline, do
     * not align their return address. */
    walk.top_any = leaf.emulator || !leaf.function_start;
    if (w->s->exact && w->s->process.c_p)
        unwind_copied(w, &walk, copy, copy->addr);
    else
        walk_and_go_on(w, &walk, copy);
    if (!w->s->lost_regs)
        learn(w, &walk, copy);
}
