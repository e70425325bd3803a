#include "unwind/unwind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/unwind_state.h"

/* JIT code whose sp is at most this far below RS runs on the runtime stack: it
 * has switched stacks for a call of C code, or has just returned from it (0.6 %
 * of samples). */
enum { NEAR_RUNTIME_STACK = 64 * 1024 };

int unwinder_open(const struct unwind_config *config, struct unwinder **out)
{
    struct unwinder *u = calloc(1, sizeof(*u));
    if (!u)
        return -ENOMEM;
    u->config = *config;
    int err = unwind_code_open(config->memory, config->jit, &u->code);
    if (!err)
        err = unwind_native_open(config->process, config->memory, &u->native);
    if (err) {
        unwinder_close(u);
        return err;
    }
    *out = u;
    return 0;
}

void unwinder_close(struct unwinder *u)
{
    if (!u)
        return;
    unwind_native_close(u->native);
    unwind_code_close(u->code);
    free(u);
}

int unwinder_set_maps(struct unwinder *u, const struct maps *maps)
{
    u->maps = maps;
    unwind_code_set_maps(u->code, maps);
    return unwind_native_set_maps(u->native, maps);
}

void unwinder_prepare(struct unwinder *u)
{
    unwind_native_prepare(u->native);
}

bool unwind_copied_word(const struct sample_copy *copy, uint64_t addr,
                        uint64_t *value)
{
    if (addr < copy->addr || copy->len < 8 || addr - copy->addr > copy->len - 8)
        return false;
    memcpy(value, copy->bytes + (addr - copy->addr), 8);
    return true;
}

uint64_t unwind_current_process(const struct unwinding *w)
{
    uint64_t c_p;
    if (w->s->process.c_p || unwind_is_exact(w))
        return w->s->process.c_p;
    if (!w->scheduler || !unwind_knows(w, LAYOUT_CURRENT_PROCESS) ||
        memory_read_u64(w->u->config.memory,
                        w->scheduler->esdp +
                            unwind_offset(w, LAYOUT_CURRENT_PROCESS),
                        &c_p) != 0)
        return 0;
    return c_p;
}

struct unwind_walk unwind_walk_of(struct unwinding *w)
{
    return (struct unwind_walk){.list = &w->list,
                                .code = w->u->code,
                                .time_ns = w->s->time_ns,
                                .normal_exit =
                                    jit_normal_exit(w->u->config.jit)};
}

void unwind_walk_done(struct unwinding *w, const struct unwind_walk *walk)
{
    w->out->complete = walk->exit_slot != 0;
    w->out->truncated = !w->out->complete;
}

/* RS of the sample's thread. In JIT code it follows from rbx. */
static uint64_t runtime_stack(const struct unwinding *w, bool in_jit)
{
    if (w->scheduler && w->scheduler->runtime_stack)
        return w->scheduler->runtime_stack;
    if (in_jit && !w->s->lost_regs && unwind_knows(w, LAYOUT_XOFF))
        return w->s->regs.r[REGS_RBX] - unwind_offset(w, LAYOUT_XOFF);
    return 0;
}

static void add_kernel(struct unwinding *w)
{
    const struct sample *s = w->s;
    size_t n = s->kernel_ips ? s->kernel_count : 0;
    for (size_t i = 0; i < n && i < SAMPLE_MAX_KERNEL_FRAMES; i++)
        unwind_list_add(&w->list, s->kernel_ips[i], ADDRESS_KERNEL);
    if (n == 0)
        unwind_list_add(&w->list, 0, ADDRESS_KERNEL);
}

static void add_user(struct unwinding *w, enum thread_kind kind)
{
    const struct regs *regs = &w->s->regs;
    uint64_t sp = regs->r[REGS_RSP];
    bool in_jit = unwind_code_has(w->u->code, regs->r[REGS_RIP]);
    if (kind == THREAD_NORMAL || in_jit) {
        w->runtime_stack = runtime_stack(w, in_jit);
        uint64_t below = w->runtime_stack - sp;
        bool on_runtime_stack = w->runtime_stack && sp <= w->runtime_stack &&
                                (!in_jit || below < NEAR_RUNTIME_STACK);
        w->out->erlang = in_jit && !w->s->in_kernel;
        if (in_jit && !on_runtime_stack) {
            unwind_jit(w);
            return;
        }
        if ((on_runtime_stack || !w->runtime_stack) && unwind_scheduler(w))
            return;
    }
    unwind_thread(w, kind);
}

enum unwind_gap unwind_gap_of(const struct unwinding *w,
                              const struct native_walk *native)
{
    bool cut = native->count == NATIVE_FRAMES || w->s->stack_full;
    return native->end == NATIVE_LIMIT && cut ? UNWIND_CUT : UNWIND_UNREADABLE;
}

/* Forgets what is known about code that was replaced. */
static void follow_code(struct unwinder *u)
{
    const struct layout *l = u->config.layout;
    unwind_code_sync(u->code,
                     l->known[LAYOUT_STOP] ? l->offset[LAYOUT_STOP] : 0);
}

void unwinder_unwind(struct unwinder *u, const struct sample *s,
                     enum thread_kind kind, struct unwound *out)
{
    const struct layout *layout = u->config.layout;
    struct unwinding w = {.u = u,
                          .s = s,
                          .scheduler = layout_scheduler(layout, s->tid),
                          .list = unwind_list_of(out),
                          .out = out};
    follow_code(u);
    if (s->in_kernel)
        add_kernel(&w);
    if (s->has_regs)
        add_user(&w, kind);
    else
        out->truncated = true;
    unwind_list_finish(&w.list);
}

void unwinder_at_rest(struct unwinder *u, const struct sample *s,
                      struct unwound *out)
{
    struct sample whole = *s;
    whole.exact = true;
    struct unwinding w = {
        .u = u, .s = &whole, .list = unwind_list_of(out), .out = out};
    out->c_p = s->process.c_p;
    follow_code(u);
    struct unwind_walk walk = unwind_walk_of(&w);
    unwind_continuation(&w);
    unwind_copied(&w, &walk, &s->erlang, s->process.stop);
    unwind_list_finish(&w.list);
}
