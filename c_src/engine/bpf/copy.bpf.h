// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * Copies the contents of a sample from the node's memory as copy_plan.h
 * describes: the Process, the C stack, the Erlang stack and the newest entry of
 * the JIT list.
 */
#ifndef CPROF_ENGINE_BPF_COPY_BPF_H
#define CPROF_ENGINE_BPF_COPY_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "engine/bpf/record.h"
#include "target/page.h"

enum {
    SEARCHED = 512, /* words of the C stack below RS */
    /* All pieces of a sample together are smaller. As a mask, 2^n - 1, it shows
     * the verifier where a piece can begin at most; behind that, there is room
     * for the largest piece. */
    DATA_MASK = 0x1ffff,
    DATA_BYTES = DATA_MASK + 1 + COPY_STACK,
};

/* A sample is assembled here, because the stack of a BPF program has only 512
 * bytes, and a per-CPU value can have only 32 kB. */
struct scratch {
    __u64 at;      /* offset in data where the next piece begins */
    __u64 found;   /* argument and result of find_saved */
    __u64 kept[4]; /* argument of sum_binaries */
    struct bpf_record record;
    __u8 data[DATA_BYTES];
};

/* Hides a value from the compiler, which would omit checks for the verifier. */
#define OPAQUE(x) asm volatile("" : "+r"(x))

/* The state while one sample is copied. */
struct copying {
    struct scratch *s;
    const struct bpf_setup *setup;
    struct copy_thread *thread;
    __u64 sp;
};

/* Copies [addr, addr + len), at most COPY_STACK bytes; not 0 when a part of it
 * is not present. It is not static, so that the verifier checks it once and not
 * for every call. */
__attribute__((noinline)) int copy_bytes(struct scratch *s, __u64 addr,
                                         __u64 len)
{
    if (!s || len == 0 || len > COPY_STACK)
        return -1;
    __u64 at = s->at & DATA_MASK;
    OPAQUE(at);
    OPAQUE(len);
    at &= DATA_MASK;
    if (len > COPY_STACK ||
        bpf_probe_read_user(s->data + at, len, (void *)addr) != 0)
        return -1;
    s->at = at + ((len + 7) & ~7ull);
    return 0;
}

/* Copies page by page as far as memory is present, at most `pages`; returns the
 * number of bytes. */
__attribute__((noinline)) int copy_page_run(struct scratch *s, __u64 addr,
                                            __u32 pages)
{
    __u64 from = addr;
    for (__u32 i = 0; i < COPY_SWAPPED / PAGE && i < pages; i++) {
        __u64 len = PAGE_REST(addr);
        if (copy_bytes(s, addr, len) != 0)
            break;
        addr += len;
    }
    return addr - from;
}

static __always_inline void note_piece(struct copying *c, enum bpf_piece piece,
                                       __u64 addr, __u64 len)
{
    c->s->record.piece[piece].addr = addr;
    c->s->record.piece[piece].len = len;
}

/* Copies at most max bytes; false when a part of them is not present. */
static __always_inline bool copy(struct copying *c, enum bpf_piece piece,
                                 __u64 addr, __u64 len, __u32 max)
{
    if (len > max)
        len = max;
    if (copy_bytes(c->s, addr, len) != 0)
        return false;
    note_piece(c, piece, addr, len);
    return true;
}

/* Copies a piece whose end is not known. */
static __always_inline void copy_pages(struct copying *c, enum bpf_piece piece,
                                       __u64 addr, __u32 pages)
{
    addr &= ~7ull;
    note_piece(c, piece, addr, copy_page_run(c->s, addr, pages));
}

/* A field of the copied Process. */
static __always_inline __u64 field(const struct copying *c, __u32 offset)
{
    __u64 at = offset;
    OPAQUE(at);
    if (at > BPF_HEAD_MAX - 8)
        return 0;
    return *(const __u64 *)(c->s->data + (at & ~7ull));
}

/* Copies the head of the Process, which is the first piece; false when it
 * cannot be read. */
static __always_inline bool take_process(struct copying *c, __u64 c_p)
{
    __u32 bytes = c->setup->head_bytes;
    __u64 name[3]; /* RegProc.p, .pt, .name */
    if (c_p == 0 || c_p % 8 ||
        !copy(c, BPF_PIECE_HEAD, c_p, bytes, BPF_HEAD_MAX))
        return false;
    c->s->record.c_p = c_p;
    __u64 reg =
        c->setup->at.reg == COPY_UNKNOWN ? 0 : field(c, c->setup->at.reg);
    if (reg && reg % 8 == 0 &&
        bpf_probe_read_user(name, sizeof(name),
                            (void *)(reg + c->setup->at.reg_name - 16)) == 0 &&
        name[0] == c_p && name[1] == 0)
        c->s->record.name = name[2];
    return true;
}

/* Copies [from, hend), or its two ends if it is long; false when the first part
 * is not present. */
static __always_inline bool copy_erlang(struct copying *c, enum bpf_piece piece,
                                        __u64 from, __u64 hend)
{
    __u64 len = hend - from;
    if (!copy(c, piece, from, len, COPY_ERLANG))
        return false;
    if (len <= COPY_ERLANG)
        return true;
    __u64 left = len - COPY_ERLANG;
    if (left > COPY_ROOT)
        left = COPY_ROOT;
    copy(c, BPF_PIECE_ROOT, hend - left, left, COPY_ROOT);
    return true;
}

/* The page into which the stack is growing may not be present yet, as nothing
 * was written to the middle of the heap. Then copies from the next page on. */
static __always_inline bool
copy_present(struct copying *c, enum bpf_piece piece, __u64 from, __u64 hend)
{
    __u64 next = (from + PAGE - 1) & ~(__u64)(PAGE - 1);
    return copy_erlang(c, piece, from, hend) ||
           (next < hend && copy_erlang(c, piece, next, hend));
}

/* shrink_new_heap (erl_gc.c) has moved the stack down and returns the rest of
 * the heap with munmap(rdi, rsi), before it updates stop and hend. The stack
 * then ends in the page below rdi. */
static __always_inline void copy_shrunk(struct copying *c, __u64 stop)
{
    __u64 rdi = c->s->record.regs[5], rsi = c->s->record.regs[4];
    if (!(c->s->record.flags & BPF_IN_KERNEL) || rdi % PAGE || rdi < PAGE ||
        stop - rdi >= rsi)
        return;
    if (!copy(c, BPF_PIECE_ERLANG, rdi - COPY_ERLANG, COPY_ERLANG, COPY_ERLANG))
        copy(c, BPF_PIECE_ERLANG, rdi - PAGE, PAGE, PAGE);
}

/* The Erlang stack of a process in C code: from a little below stop upwards.
 * The true stack pointer may be in a register that the C frames saved. It is
 * near, because the stop that emit_enter_runtime stored last is not much older.
 */
static __always_inline void copy_stopped(struct copying *c)
{
    const struct copy_offsets *at = &c->setup->at;
    __u64 stop = field(c, at->stop);
    __u64 htop = field(c, at->htop);
    __u64 hend = field(c, at->hend);
    if (stop < PAGE)
        return;
    if (htop <= stop && copy_is_stack(stop, hend)) {
        __u64 from = stop - COPY_BELOW_STOP;
        if (from < htop)
            from = htop;
        if (!copy_erlang(c, BPF_PIECE_ERLANG, from & ~7ull, hend) &&
            !copy_present(c, BPF_PIECE_ERLANG, stop, hend))
            copy_shrunk(c, stop);
    } else {
        copy_pages(c, BPF_PIECE_ERLANG, stop, COPY_SWAPPED / PAGE);
    }
}

static __always_inline __u64 word_at(__u64 addr)
{
    __u64 word = 0;
    bpf_probe_read_user(&word, sizeof(word), (void *)addr);
    return word;
}

/* Finds the real process during a match specification, as ptrace_owner_find
 * does (ptrace_owner.h): JIT code had it in r13, which C code has saved near
 * RS. Other processes may be in uninitialized words of the stack, so its
 * scheduler_data must be this scheduler. */
__attribute__((noinline)) int find_saved(struct scratch *s, __u64 rs, __u64 sp,
                                         __u64 esdp, __u32 scheduler_data)
{
    __u64 pseudo;
    if (!s)
        return -1;
    pseudo = s->found;
    s->found = 0;
    for (__u32 i = 2; i < SEARCHED && rs - 8 * i >= sp; i++) {
        __u64 word = word_at(rs - 8 * i);
        if (word < PAGE || word % 8 || word == pseudo ||
            word_at(word + scheduler_data) != esdp)
            continue;
        s->found = word;
        return 0;
    }
    return -1;
}

/* While a match specification runs (db_prog_match in erl_db_util.c), the
 * scheduler's current process is a pseudo process: without a heap (OTP 25), and
 * with a pid that no process can have. */
static __always_inline bool is_pseudo(const struct copying *c, __u64 c_p)
{
    const struct copy_offsets *at = &c->setup->at;
    return word_at(c_p + at->hend) == 0 ||
           (at->id != COPY_UNKNOWN && word_at(c_p + at->id) == COPY_NO_PID);
}

/* Instead of a pseudo process: the last process that was seen there, if it
 * still runs there, else the one that is found on the C stack. */
static __always_inline __u64 real_process(struct copying *c, __u64 c_p)
{
    const struct copy_offsets *at = &c->setup->at;
    const struct copy_thread *t = c->thread;
    __u64 last = t->last;
    if (c_p == 0 || c_p == last || at->hend == COPY_UNKNOWN ||
        at->scheduler_data == COPY_UNKNOWN)
        return c_p;
    if (is_pseudo(c, c_p)) {
        if (last && word_at(last + at->scheduler_data) == t->esdp)
            return last;
        c->s->found = c_p;
        if (!t->runtime_stack || find_saved(c->s, t->runtime_stack, c->sp,
                                            t->esdp, at->scheduler_data) != 0)
            return 0;
        c_p = c->s->found;
    }
    c->thread->last = c_p;
    return c_p;
}

/* The flag says that a sample without a process has none: it must not stay if
 * there is one that cannot be told. */
static __always_inline __u64 current_process(struct copying *c)
{
    const struct copy_thread *t = c->thread;
    if (!t->esdp || c->setup->at.current_process == COPY_UNKNOWN)
        return 0;
    __u64 current = word_at(t->esdp + c->setup->at.current_process);
    __u64 c_p = real_process(c, current);
    if (current && !c_p)
        c->s->record.flags &= ~BPF_HAS_CURRENT;
    return c_p;
}

/* As long as a field is not known that all of its stack depends on, the process
 * is not taken. */
static __always_inline bool take_current(struct copying *c, __u64 c_p)
{
    if (take_process(c, c_p))
        return true;
    if (c_p)
        c->s->record.flags &= ~BPF_HAS_CURRENT;
    return false;
}

/* For a scheduler that runs no process: the port whose task it runs, or if
 * there is none, whether it waits. */
static __always_inline void take_scheduler(struct copying *c)
{
    const struct copy_offsets *at = &c->setup->at;
    struct bpf_record *r = &c->s->record;
    __u64 esdp = c->thread->esdp;
    if (!esdp)
        return;
    __u64 port =
        at->current_port == COPY_UNKNOWN ? 0 : word_at(esdp + at->current_port);
    if (port) {
        r->port = port;
        r->port_id = word_at(port);
        r->port_owner = word_at(port + at->port_owner);
        r->port_driver = at->port_driver == COPY_UNKNOWN
                             ? 0
                             : word_at(port + at->port_driver);
        return;
    }
    __u64 info =
        at->sleep_info == COPY_UNKNOWN ? 0 : word_at(esdp + at->sleep_info);
    r->has_sleep =
        info && bpf_probe_read_user(&r->sleep, sizeof(r->sleep),
                                    (void *)(info + at->sleep_flags)) == 0;
}

/* On the C stack of a normal scheduler. */
static __always_inline void copy_c_side(struct copying *c)
{
    __u64 rs = c->thread->runtime_stack;
    __u64 end = rs + COPY_SEAM_ABOVE;
    if (end > c->thread->stack_high)
        end = c->thread->stack_high;
    __u64 c_p = current_process(c);
    bool process = take_current(c, c_p);
    /* A large local array that was not written to yet may not be present. */
    bool whole = end - c->sp <= COPY_STACK;
    if (!copy(c, BPF_PIECE_STACK, c->sp, end - c->sp, COPY_STACK)) {
        copy_pages(c, BPF_PIECE_STACK, c->sp, COPY_STACK / PAGE + 1);
        whole = false;
    }
    if (!whole)
        copy(c, BPF_PIECE_SEAM, rs - COPY_SEAM_BELOW,
             end - (rs - COPY_SEAM_BELOW), COPY_SEAM_BELOW + COPY_SEAM_ABOVE);
    if (process)
        copy_stopped(c);
    else if (!c_p)
        take_scheduler(c);
}

/* In JIT code: sp is in the heap of the process in r13. */
static __always_inline void copy_jit_side(struct copying *c, __u64 r13)
{
    if (take_process(c, r13)) {
        __u64 hend = field(c, c->setup->at.hend);
        if (copy_is_stack(c->sp, hend)) {
            copy_present(c, BPF_PIECE_STACK, c->sp, hend);
            return;
        }
        c->s->record.c_p = 0;
        c->s->record.name = 0;
    }
    copy_pages(c, BPF_PIECE_STACK, c->sp, BPF_BLIND / PAGE + 1);
}

/* The C stack of another thread, up to its end if that is known. */
static __always_inline void copy_bounded(struct copying *c)
{
    const struct copy_thread *t = c->thread;
    if (c->sp < t->stack_low || c->sp >= t->stack_high || c->sp % 8 ||
        !copy(c, BPF_PIECE_STACK, c->sp, t->stack_high - c->sp, COPY_STACK))
        copy_pages(c, BPF_PIECE_STACK, c->sp, COPY_STACK / PAGE + 1);
}

static __always_inline void take_code(struct copying *c)
{
    __u64 *code = c->s->record.code;
    __u64 list = c->setup->at.code_list, entry = 0;
    code[0] = 0;
    if (list && bpf_probe_read_user(&entry, 8, (void *)list) == 0 && entry &&
        bpf_probe_read_user(&code[1], 32, (void *)entry) == 0)
        code[0] = entry;
}

static __always_inline void copy_user(struct copying *c)
{
    struct bpf_record *r = &c->s->record;
    const struct copy_thread *t = c->thread;
    c->sp = r->regs[7]; /* REGS_RSP */
    if (t->esdp && c->setup->at.current_process != COPY_UNKNOWN)
        r->flags |= BPF_HAS_CURRENT;
    if (t->role == COPY_NORMAL && c->sp >= t->stack_low &&
        c->sp <= t->runtime_stack) {
        copy_c_side(c);
    } else if (t->role == COPY_NORMAL) {
        copy_jit_side(c, r->regs[13]);
    } else {
        bool process =
            t->role == COPY_DIRTY && take_current(c, current_process(c));
        copy_bounded(c);
        if (process)
            copy_stopped(c);
        else if (t->role == COPY_DIRTY)
            take_scheduler(c);
    }
}

#endif
