/* A sample on the runtime stack of a normal scheduler. C code that JIT code
 * calls runs on the scheduler's own stack, always below the same address, RS.
 * So its return address into JIT code is at RS - 8
 * (erts/emulator/beam/jit/x86/beam_asm.hpp: emit_enter_runtime). */
#include <string.h>

#include "target/erlproc.h"
#include "unwind/unwind_state.h"

enum {
    RA_BYTES = 16, /* compared below RS: the return address and a word more */
    FIELDS_BYTES = 192,
};

/* The sample at the seam between C code and Erlang code. */
struct seam {
    uint64_t ret;     /* address in JIT code to which the C code returns */
    struct regs regs; /* the registers after this return, if has_regs */
    bool has_regs;
    enum seam_resume resume;
    uint64_t entry; /* call site of a light BIF; 0: none, or not known */
    bool shared;    /* ret is in a shared fragment: modules call these without
                       aligning the return address (safe_fragment_call) */
};

/* What the node's memory says now. */
struct live {
    uint64_t current, stop, htop, hend;
    uint8_t ret[RA_BYTES];
    bool has_current, has_ret, has_stop, has_htop, has_hend;
};

/* A word of the thread's stack: from the copies, or if the sample is not exact,
 * from the node's memory now. */
static bool stack_word(struct unwinding *w, uint64_t addr, uint64_t *value)
{
    if (unwind_copied_word(&w->s->stack, addr, value) ||
        unwind_copied_word(&w->s->seam, addr, value))
        return true;
    if (w->s->exact)
        return false;
    w->out->unverified = true;
    return memory_read_u64(w->u->config.memory, addr, value) == 0;
}

static void add_native(struct unwinding *w, const struct native_walk *native,
                       size_t count)
{
    size_t seam = count > 2 ? count - 2 : 0;
    for (size_t i = 0; i < count; i++) {
        struct address *a =
            unwind_list_add(&w->list, native->frames[i], ADDRESS_NATIVE);
        a->seam = i >= seam;
    }
}

/* Adds the C frames if the unwind tables lead to the seam at the runtime stack,
 * otherwise only the ip. The seam is known in either case. */
static bool cross_native(struct unwinding *w, struct seam *seam)
{
    struct native_walk native;
    unwind_native_frames(w->u->native, w->s, w->u->code, &native);
    bool reached = native.end == NATIVE_ERLANG;
    if (reached && w->runtime_stack == 0)
        w->runtime_stack = native.regs.r[REGS_RSP];
    if (w->runtime_stack == 0 ||
        !stack_word(w, w->runtime_stack - 8, &seam->ret) ||
        !unwind_code_has(w->u->code, seam->ret))
        return false;
    bool whole = reached && native.regs.r[REGS_RIP] == seam->ret &&
                 native.regs.r[REGS_RSP] == w->runtime_stack;
    seam->has_regs = whole && native.saved_known;
    if (seam->has_regs)
        seam->regs = native.regs;
    /* Deep recursion in C code (as in pcre) exceeds what is copied or followed,
     * and lost registers may be needed for the next frame. Then the leaf end
     * and the seam are known, but not the middle. */
    bool deep =
        native.end == NATIVE_LIMIT ||
        ((w->s->seam.len || w->s->lost_regs) && native.end != NATIVE_ERLANG);
    add_native(w, &native, whole || deep ? native.count : 1);
    if (!whole)
        w->out->c_gap = unwind_gap_of(w, &native);
    if (deep)
        unwind_list_skip(&w->list, w->out->c_gap == UNWIND_CUT
                                       ? ADDRESS_CUT
                                       : ADDRESS_UNREADABLE);
    w->out->copy_short = native.late;
    w->out->unverified |= native.late;
    return true;
}

/* The call site of the light BIF that runs, or 0. */
static uint64_t entry_of(struct unwinding *w, const struct seam *seam,
                         const struct unwind_site *site)
{
    uint64_t entry = 0;
    if (site->entry == SEAM_ENTRY_R15 && seam->has_regs)
        entry = seam->regs.r[REGS_R15];
    if (site->entry == SEAM_ENTRY_MEMORY && unwind_knows(w, LAYOUT_XOFF) &&
        !stack_word(w,
                    w->runtime_stack + unwind_offset(w, LAYOUT_XOFF) +
                        (uint64_t)(int64_t)site->entry_disp,
                    &entry))
        entry = 0;
    return unwind_code_has(w->u->code, entry) ? entry : 0;
}

/* htop, stop and hend are close together in struct process (erl_process.h), so
 * all three are read as one piece of memory, which begins with this field. */
static uint32_t first_field(const struct unwinding *w)
{
    uint32_t stop = unwind_offset(w, LAYOUT_STOP);
    uint32_t htop = unwind_offset(w, LAYOUT_HTOP);
    return htop < stop && unwind_knows(w, LAYOUT_HTOP) ? htop : stop;
}

static bool take_field(const struct unwinding *w, const uint8_t *fields,
                       enum layout_field field, uint64_t *value)
{
    uint32_t at = unwind_offset(w, field) - first_field(w);
    if (!unwind_knows(w, field) || at > FIELDS_BYTES - sizeof(*value))
        return false;
    memcpy(value, fields + at, sizeof(*value));
    return true;
}

/* Reads the bounds of the process's stack; false when they cannot be read. */
static bool read_bounds(const struct unwinding *w, struct live *now)
{
    uint8_t fields[FIELDS_BYTES];
    *now = (struct live){0};
    if (memory_read(w->u->config.memory, w->out->c_p + first_field(w), fields,
                    sizeof(fields)) != 0)
        return false;
    now->has_stop = take_field(w, fields, LAYOUT_STOP, &now->stop);
    now->has_htop = take_field(w, fields, LAYOUT_HTOP, &now->htop);
    now->has_hend = take_field(w, fields, LAYOUT_HEND, &now->hend);
    return true;
}

/* Reads what shows whether the thread is still in the same place. */
static bool read_place(const struct unwinding *w, struct live *now)
{
    uint64_t esdp = w->scheduler ? w->scheduler->esdp : 0;
    *now = (struct live){0};
    struct memory_span spans[] = {
        {.addr = w->out->c_p + unwind_offset(w, LAYOUT_STOP),
         .to = &now->stop,
         .len = 8},
        {.addr = w->runtime_stack - RA_BYTES, .to = now->ret, .len = RA_BYTES},
        {.addr = esdp + unwind_offset(w, LAYOUT_CURRENT_PROCESS),
         .to = &now->current,
         .len = 8},
    };
    if (memory_read_many(w->u->config.memory, spans, 3) < 0)
        return false;
    now->has_stop = spans[0].ok && unwind_knows(w, LAYOUT_STOP);
    now->has_ret = spans[1].ok;
    now->has_current =
        esdp && spans[2].ok && unwind_knows(w, LAYOUT_CURRENT_PROCESS);
    return true;
}

enum moment { SAME_MOMENT, LATER_MOMENT, ANOTHER_PROCESS, UNKNOWN_MOMENT };

/* Are the words below RS those of the sample? If the C function had pushed
 * nothing, only the return address can be compared. */
static enum moment compare_return(const struct unwinding *w,
                                  const struct live *now)
{
    uint64_t then[2];
    if (!now->has_ret ||
        !unwind_copied_word(&w->s->stack, w->runtime_stack - 8, &then[1]))
        return UNKNOWN_MOMENT;
    size_t from =
        unwind_copied_word(&w->s->stack, w->runtime_stack - 16, &then[0]) ? 0
                                                                          : 8;
    return memcmp((uint8_t *)then + from, now->ret + from, RA_BYTES - from) == 0
               ? SAME_MOMENT
               : LATER_MOMENT;
}

/* While a match specification runs, the scheduler's current process is a pseudo
 * process; the process that runs it is in r13, as always. */
static bool is_pseudo(const struct unwinding *w, uint64_t process)
{
    uint64_t id;
    return unwind_knows(w, LAYOUT_ID) &&
           memory_read_u64(w->u->config.memory,
                           process + unwind_offset(w, LAYOUT_ID), &id) == 0 &&
           id == ERLPROC_NO_PID;
}

/* Does the thread still look as it did in the sample? */
static enum moment compare(const struct unwinding *w, const struct seam *seam,
                           const struct live *before, const struct live *after)
{
    if (after->has_current && after->current != w->out->c_p &&
        !is_pseudo(w, after->current))
        return ANOTHER_PROCESS;
    if (seam->resume != SEAM_SAVED && before->stop != after->stop)
        return LATER_MOMENT;
    if (!seam->ret || !after->has_current) /* no ret: the ip is in JIT code */
        return UNKNOWN_MOMENT;
    return compare_return(w, after);
}

/* The Erlang stack pointer, or 0. */
static uint64_t stack_pointer(const struct seam *seam, const struct live *now)
{
    if (seam->resume == SEAM_SAVED)
        return seam->has_regs ? seam->regs.r[REGS_RBP] : 0;
    return now->has_stop ? now->stop : 0;
}

/* While a garbage collection swaps heaps, the three pointers do not fit
 * together; then the stack is walked up to normal_exit. But code that saves its
 * stack pointer in a register calls nothing that collects garbage. There,
 * pointers out of order mean that this is not its stack. */
static bool in_order(const struct live *now, uint64_t e)
{
    return now->has_htop && now->has_hend && now->htop <= e && e <= now->hend;
}

/* When there is no stack, or only one from another moment: the call site of a
 * light BIF is exact nevertheless. */
static void add_entry_only(struct unwinding *w, const struct seam *seam)
{
    if (seam->entry)
        unwind_list_add(&w->list, seam->entry, ADDRESS_ERLANG);
    w->out->truncated = w->out->unverified = true;
    w->out->complete = false;
}

/* Walks the stack in the node's memory; returns the moment it dates from. */
static enum moment walk_live(struct unwinding *w, const struct seam *seam,
                             struct unwind_walk *walk, bool *ordered)
{
    struct live before, after;
    if (!read_bounds(w, &before))
        return ANOTHER_PROCESS;
    uint64_t e = stack_pointer(seam, &before);
    *ordered = in_order(&before, e);
    if (!e || (!*ordered && seam->resume == SEAM_SAVED) ||
        unwind_erlang_memory(walk, w->u->config.memory, e,
                             *ordered ? before.hend : 0, w->u->scratch) != 0 ||
        !read_place(w, &after))
        return ANOTHER_PROCESS;
    return compare(w, seam, &before, &after);
}

/*
 * Can the stack that was read now be used for the sample? Short C functions
 * return long before the stack can be read. So a stack from a later moment of
 * the same process is accepted if its first function is that of the call site
 * in the sample, or if it calls the shared fragment of the sample. The frames
 * below that are most probably the same as then; they are unverified.
 */
static bool may_stand(struct unwinding *w, const struct seam *seam,
                      const struct unwind_walk *walk, enum moment moment,
                      bool ordered)
{
    if (walk->stale || moment == ANOTHER_PROCESS)
        return false;
    if (moment != LATER_MOMENT)
        return true;
    if (!ordered || walk->found == 0)
        return false;
    /* A process that the scheduler has selected continues where it was. */
    return w->out->scheduling || seam->entry ||
           unwind_code_calls(w->u->code, walk->first, seam->ret - 1,
                             w->s->time_ns);
}

static void add_live_stack(struct unwinding *w, const struct seam *seam)
{
    struct unwind_list then = w->list;
    size_t count = w->out->count;
    struct unwind_walk walk = unwind_walk_of(w);
    walk.entry = seam->entry;
    walk.top_any = seam->shared;
    bool ordered = false;
    enum moment moment = walk_live(w, seam, &walk, &ordered);
    if (!may_stand(w, seam, &walk, moment, ordered)) {
        unwind_list_back(&w->list, &then, count);
        add_entry_only(w, seam);
        return;
    }
    unwind_walk_done(w, &walk);
    w->out->unverified |=
        moment != SAME_MOMENT || !ordered || seam->resume == SEAM_UNKNOWN;
}

/* The engine copied the Erlang stack at the instant of the sample. If the saved
 * register could not be recovered, Process.stop is used instead, which is
 * close: it was stored at an earlier call of C code, by the same function or
 * one near it. */
static void add_copied_stack(struct unwinding *w, const struct seam *seam)
{
    const struct sample *s = w->s;
    struct unwind_walk walk = unwind_walk_of(w);
    walk.top_any = seam->shared && !w->out->scheduling;
    if (w->out->scheduling)
        unwind_continuation(w);
    uint64_t from = unwind_copied_stop(w);
    if (seam->resume == SEAM_SAVED && seam->has_regs)
        from = seam->regs.r[REGS_RBP];
    w->out->unverified |= seam->resume == SEAM_SAVED && !seam->has_regs;
    unwind_copied(w, &walk, &s->erlang, from);
}

static uint64_t process_of(struct unwinding *w, const struct seam *seam)
{
    if (unwind_is_exact(w))
        return w->s->process.c_p;
    if (!w->out->scheduling && seam->has_regs)
        return seam->regs.r[REGS_R13];
    w->out->unverified = true;
    return unwind_current_process(w);
}

/* An exact sample that was taken before the place of the current process was
 * known: the C code runs for an unknown Erlang process. */
static bool is_of_unknown_process(const struct unwinding *w, bool scheduling)
{
    return w->s->exact && !w->s->has_current && !scheduling;
}

/* Adds the Erlang frames after the first. The scheduler itself sometimes works
 * for a process: in erts_schedule (erl_process.c) it does the garbage
 * collection that a process needed when its time slice ended. Then the stack of
 * that process is added. */
static void add_erlang(struct unwinding *w, const struct seam *seam,
                       bool scheduling)
{
    w->out->scheduling = scheduling;
    w->out->c_p = process_of(w, seam);
    if (w->out->c_p == 0 && is_of_unknown_process(w, scheduling)) {
        w->out->complete = w->out->unverified = false;
        w->out->truncated = true;
    } else if (w->out->c_p == 0) {
        w->out->scheduling = w->out->complete = true;
        w->out->truncated = w->out->unverified = false;
    } else if (unwind_is_exact(w)) {
        add_copied_stack(w, seam);
    } else {
        add_live_stack(w, seam);
    }
}

/* JIT code on the runtime stack, just before or after a call of C code. */
static void from_jit(struct unwinding *w)
{
    struct seam seam = {.regs = w->s->regs, .has_regs = !w->s->lost_regs};
    struct unwind_site leaf;
    unwind_code_leaf(w->u->code, seam.regs.r[REGS_RIP], w->s->time_ns, &leaf);
    unwind_code_leaf_resume(w->u->code, &leaf);
    seam.resume = leaf.resume;
    seam.shared = leaf.emulator;
    unwind_list_add(&w->list, seam.regs.r[REGS_RIP], ADDRESS_ERLANG);
    add_erlang(w, &seam, leaf.scheduling);
}

bool unwind_scheduler(struct unwinding *w)
{
    struct seam seam = {0};
    if (unwind_code_has(w->u->code, w->s->regs.r[REGS_RIP])) {
        from_jit(w);
        return true;
    }
    if (!cross_native(w, &seam))
        return false;
    const struct unwind_site *site =
        unwind_code_site(w->u->code, seam.ret, w->s->time_ns);
    seam.resume = site->resume;
    seam.shared = site->emulator;
    seam.entry = entry_of(w, &seam, site);
    unwind_list_add(&w->list, seam.ret - 1, ADDRESS_ERLANG);
    add_erlang(w, &seam, site->scheduling);
    return true;
}
