/*
 * Reads are batched, because the thread is stopped meanwhile: all addresses
 * that are known at one time are read together. C code takes three batches
 * (current process; Process; its stack), JIT code two.
 */
#include "engine/ptrace_copy.h"

#include <string.h>

#include "engine/engine.h"
#include "engine/ptrace_owner.h"
#include "target/page.h"

enum {
    SPANS = 16,
    BLIND_PAGES = 2, /* copied from sp when it is unknown what sp points to */
    /* While the mapping of the C stack is unknown, sp is on it if it is at most
     * this far below RS. */
    NEAR_RUNTIME_STACK = 64 * 1024,
};

_Static_assert((int)COPY_ERLANG <= (int)COPY_STACK, "room.stack holds both");
_Static_assert(COPY_SWAPPED / PAGE + 1 <= SPANS, "a run of pages is one batch");

/* The state while one sample is copied. */
struct copying {
    const struct memory *m;
    const struct ptrace_copy_plan *what;
    struct ptrace_copy_room *room;
    struct sample *s;
    struct memory_span spans[SPANS];
    size_t count;
    uint64_t newest;     /* newest entry of the JIT list */
    uint64_t reg[3];     /* RegProc.p, .pt, .name */
    uint64_t port, info; /* of the scheduler: current_port, ssi */
    const struct memory_span *code_span, *name_span; /* requested, or NULL */
};

/* --- asking -------------------------------------------------------------- */

/* Requests a read. Its data are valid after the next answer(), and the span
 * until the next ask(). */
static const struct memory_span *ask(struct copying *c, uint64_t addr, void *to,
                                     size_t len)
{
    struct memory_span *span = &c->spans[c->count++];
    *span = (struct memory_span){.addr = addr, .to = to, .len = len};
    return span;
}

/* A RegProc points back to the process. In a process without a name, the same
 * word has another meaning. */
static void take_name(struct copying *c)
{
    if (c->reg[0] == c->s->process.c_p && c->reg[1] == 0)
        c->s->process.name = c->reg[2];
}

static void answer(struct copying *c)
{
    memory_read_many(c->m, c->spans, c->count);
    if (c->code_span && c->code_span->ok)
        c->s->code.entry = c->newest;
    if (c->name_span && c->name_span->ok)
        take_name(c);
    c->code_span = c->name_span = NULL;
    c->count = 0;
}

static bool keep(struct sample_copy *piece, const struct memory_span *span)
{
    if (!span || !span->ok)
        return false;
    *piece = (struct sample_copy){span->addr, span->to, span->len};
    return true;
}

/* Copies page by page as far as memory is mapped, at most `pages`. Sends the
 * present batch. */
static void copy_pages(struct copying *c, struct sample_copy *piece,
                       uint8_t *room, uint64_t addr, size_t pages)
{
    addr &= ~(uint64_t)7;
    size_t first = c->count, len = 0, there = 0;
    for (size_t i = 0; i < pages; i++) {
        size_t part = PAGE_REST(addr + len);
        ask(c, addr + len, room + len, part);
        len += part;
    }
    answer(c);
    for (size_t i = first; i < first + pages && c->spans[i].ok; i++)
        there += c->spans[i].len;
    if (there)
        *piece = (struct sample_copy){addr, room, there};
}

/* --- the process --------------------------------------------------------- */

static uint64_t field(const struct copying *c, uint32_t offset)
{
    uint64_t value;
    if (offset > c->what->head_bytes - 8) /* COPY_UNKNOWN, too */
        return 0;
    memcpy(&value, c->room->head + offset, sizeof(value));
    return value;
}

static const struct memory_span *ask_head(struct copying *c, uint64_t c_p)
{
    uint32_t bytes = c->what->head_bytes;
    bool can =
        c_p && c_p % 8 == 0 && bytes >= 8 && bytes <= sizeof(c->room->head);
    return can ? ask(c, c_p, c->room->head, bytes) : NULL;
}

static bool take_head(struct copying *c, const struct memory_span *head)
{
    const struct copy_offsets *at = &c->what->at;
    if (!head || !head->ok)
        return false;
    struct sample_process *p = &c->s->process;
    *p = (struct sample_process){.c_p = head->addr,
                                 .id = field(c, at->id),
                                 .stop = field(c, at->stop),
                                 .htop = field(c, at->htop),
                                 .hend = field(c, at->hend),
                                 .continuation = field(c, at->continuation),
                                 .current = field(c, at->current)};
    for (uint32_t i = 0; i < 3 && at->initial != COPY_UNKNOWN; i++)
        p->initial[i] = field(c, at->initial + 8 * i);
    return true;
}

/* Is read in the next batch, as no other read depends on it. */
static void ask_name(struct copying *c)
{
    uint64_t reg = field(c, c->what->at.reg);
    if (reg && reg % 8 == 0)
        c->name_span =
            ask(c, reg + c->what->at.reg_name - 16, c->reg, sizeof(c->reg));
}

static void ask_newest(struct copying *c)
{
    if (c->what->at.code_list)
        ask(c, c->what->at.code_list, &c->newest, sizeof(c->newest));
}

static void ask_code(struct copying *c)
{
    uint64_t *link = c->s->code.link;
    if (c->newest)
        c->code_span = ask(c, c->newest, link, sizeof(c->s->code.link));
}

/* --- its stack ----------------------------------------------------------- */

/* Copies [from, hend), or its two ends if it is long; false when the first part
 * is not mapped. */
static bool copy_erlang(struct copying *c, struct sample_copy *piece,
                        uint8_t *room, uint64_t from, uint64_t hend)
{
    uint64_t len = hend - from, left = 0;
    if (len > COPY_ERLANG) {
        left = len - COPY_ERLANG < COPY_ROOT ? len - COPY_ERLANG : COPY_ROOT;
        len = COPY_ERLANG;
    }
    const struct memory_span *top = ask(c, from, room, len), *root = NULL;
    if (left)
        root = ask(c, hend - left, c->room->root, left);
    answer(c);
    keep(&c->s->erlang_root, root);
    return keep(piece, top);
}

/* shrink_new_heap (erl_gc.c) has moved the stack down and returned the rest of
 * the heap with munmap(rdi, rsi), before it updates stop and hend. The stack
 * then ends in the page below rdi. */
static void copy_shrunk(struct copying *c, uint64_t stop)
{
    const struct regs *regs = &c->s->regs;
    uint64_t rdi = regs->r[REGS_RDI], rsi = regs->r[REGS_RSI];
    if (!c->s->in_kernel || rdi % PAGE || rdi < COPY_ERLANG ||
        stop - rdi >= rsi)
        return;
    uint8_t *room = c->room->erlang;
    const struct memory_span *long_one =
        ask(c, rdi - COPY_ERLANG, room, COPY_ERLANG);
    const struct memory_span *page =
        ask(c, rdi - PAGE, room + COPY_ERLANG, PAGE);
    answer(c);
    if (!keep(&c->s->erlang, long_one))
        keep(&c->s->erlang, page);
}

/* The Erlang stack of a process in C code: from a little below stop upwards.
 * The true stack pointer may be in a register that the C frames saved. It is
 * near, because the stop that emit_enter_runtime stored last is not much older.
 */
static void copy_stopped(struct copying *c)
{
    struct sample_process *p = &c->s->process;
    struct sample_copy *piece = &c->s->erlang;
    uint8_t *room = c->room->erlang;
    if (p->stop < PAGE)
        return;
    if (p->htop > p->stop || !copy_is_stack(p->stop, p->hend)) {
        copy_pages(c, piece, room, p->stop, COPY_SWAPPED / PAGE);
        return;
    }
    uint64_t from = p->stop - COPY_BELOW_STOP;
    if (from < p->htop)
        from = p->htop;
    if (!copy_erlang(c, piece, room, from & ~(uint64_t)7, p->hend) &&
        !copy_erlang(c, piece, room, p->stop, p->hend))
        copy_shrunk(c, p->stop);
}

/* --- while a match specification runs ------------------------------------- */

static bool take_real(struct copying *c)
{
    uint64_t c_p = ptrace_owner_find(c->m, c->what, c->s->regs.r[REGS_RSP],
                                     c->s->process.c_p);
    const struct memory_span *head = ask_head(c, c_p);
    answer(c);
    c->s->process = (struct sample_process){0};
    return take_head(c, head);
}

/* --- where the thread can be: on the C stack, in JIT code, elsewhere ------ */

static void ask_esdp(struct copying *c, uint32_t offset, uint64_t *to)
{
    uint64_t esdp = c->what->thread.esdp;
    if (esdp && offset != COPY_UNKNOWN)
        ask(c, esdp + offset, to, sizeof(*to));
}

static void ask_current(struct copying *c, uint64_t *c_p)
{
    const struct copy_offsets *at = &c->what->at;
    ask_esdp(c, at->current_process, c_p);
    ask_esdp(c, at->current_port, &c->port);
    ask_esdp(c, at->sleep_info, &c->info);
}

/* For a scheduler that runs no process: the port whose task it runs, or if
 * there is none, whether it waits. */
static void take_scheduler(struct copying *c)
{
    const struct copy_offsets *at = &c->what->at;
    struct sample_scheduler *s = &c->s->scheduler;
    const struct memory_span *sleep = NULL;
    if (c->port) {
        s->port = c->port;
        ask(c, c->port, &s->port_id, sizeof(s->port_id));
        ask(c, c->port + at->port_owner, &s->port_owner, sizeof(s->port_owner));
        if (at->port_driver != COPY_UNKNOWN)
            ask(c, c->port + at->port_driver, &s->port_driver,
                sizeof(s->port_driver));
    } else if (c->info) {
        sleep = ask(c, c->info + at->sleep_flags, &s->sleep, sizeof(s->sleep));
    }
    if (c->count)
        answer(c);
    s->has_sleep = sleep && sleep->ok;
}

/* The reads that depend on the first batch. */
static void follow_process(struct copying *c, uint64_t c_p)
{
    const struct memory_span *head = ask_head(c, c_p);
    ask_code(c);
    answer(c);
    if (!take_head(c, head)) {
        c->s->has_current = c->s->has_current && c_p == 0;
        if (c_p == 0)
            take_scheduler(c);
        return;
    }
    if (ptrace_owner_is_pseudo(&c->s->process) && !take_real(c))
        return;
    ask_name(c);
    copy_stopped(c);
    if (c->count)
        answer(c);
}

/* On the C stack of a normal scheduler. */
static void copy_c_side(struct copying *c)
{
    const struct copy_thread *t = &c->what->thread;
    uint64_t sp = c->s->regs.r[REGS_RSP], rs = t->runtime_stack, c_p = 0;
    uint64_t end = rs + COPY_SEAM_ABOVE, len;
    if (t->stack_high && end > t->stack_high)
        end = t->stack_high;
    len = end - sp;
    const struct memory_span *seam = NULL;
    if (len > COPY_STACK) {
        uint64_t below = rs - COPY_SEAM_BELOW;
        seam = ask(c, below, c->room->seam, end - below);
        len = COPY_STACK;
    }
    const struct memory_span *stack = ask(c, sp, c->room->stack, len);
    ask_current(c, &c_p);
    ask_newest(c);
    answer(c);
    keep(&c->s->stack, stack);
    keep(&c->s->seam, seam);
    follow_process(c, c_p);
}

/* In JIT code: the process in r13, or if that is not known, the current one. */
static uint64_t running_process(struct copying *c)
{
    uint64_t c_p = c->s->regs.r[REGS_R13];
    if (!(c->s->lost_regs & 1u << REGS_R13))
        return c_p;
    ask_esdp(c, c->what->at.current_process, &c_p);
    answer(c);
    return c_p;
}

/* In JIT code: sp is in the heap of the process that runs. */
static void copy_jit_side(struct copying *c)
{
    uint64_t sp = c->s->regs.r[REGS_RSP];
    uint8_t *room = c->room->stack;
    const struct memory_span *head = ask_head(c, running_process(c));
    ask_newest(c);
    answer(c);
    bool process = take_head(c, head);
    ask_code(c);
    if (process && copy_is_stack(sp, c->s->process.hend)) {
        ask_name(c);
        if (copy_erlang(c, &c->s->stack, room, sp, c->s->process.hend))
            return;
    } else {
        c->s->process = (struct sample_process){0};
    }
    copy_pages(c, &c->s->stack, room, sp, BLIND_PAGES);
}

static void copy_other(struct copying *c)
{
    uint64_t sp = c->s->regs.r[REGS_RSP], c_p = 0;
    ask_current(c, &c_p);
    ask_newest(c);
    answer(c);
    copy_pages(c, &c->s->stack, c->room->stack, sp, COPY_STACK / PAGE);
    follow_process(c, c->what->thread.role == COPY_DIRTY ? c_p : 0);
}

static bool on_runtime_stack(const struct copy_thread *t, uint64_t sp)
{
    uint64_t low =
        t->stack_high ? t->stack_low : t->runtime_stack - NEAR_RUNTIME_STACK;
    return sp >= low && sp <= t->runtime_stack;
}

void ptrace_copy_plan_of(const struct engine_view *view,
                         struct ptrace_copy_plan *out)
{
    uint32_t bytes = view->layout->process_bytes;
    *out = (struct ptrace_copy_plan){.head_bytes = 0};
    copy_plan_offsets(view, &out->at);
    if (bytes <= PTRACE_COPY_HEAD_MAX && out->at.stop != COPY_UNKNOWN &&
        out->at.htop != COPY_UNKNOWN && out->at.hend != COPY_UNKNOWN)
        out->head_bytes = bytes;
}

void ptrace_copy(const struct memory *m, const struct ptrace_copy_plan *what,
                 struct ptrace_copy_room *room, struct sample *s)
{
    struct copying c = {.m = m, .what = what, .room = room, .s = s};
    s->has_current =
        what->thread.esdp && what->at.current_process != COPY_UNKNOWN;
    if (what->thread.role != COPY_NORMAL)
        copy_other(&c);
    else if (on_runtime_stack(&what->thread, s->regs.r[REGS_RSP]))
        copy_c_side(&c);
    else
        copy_jit_side(&c);
}
