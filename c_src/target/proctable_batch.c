/*
 * A batch reads the structs, then the stacks that they point to, then the
 * structs again.
 *
 * The fields that must be the same in both readings are those that change when
 * the process runs (struct process, erts/emulator/beam/erl_process.h): its id,
 * the flags about being scheduled, htop, stop, hend, Process.i and the fields
 * behind it: catches, rcount and reds, which grows whenever the process runs.
 * The other fields may differ: they change when messages arrive and locks are
 * taken.
 *
 * The process locks (erts_proc_lock_t: flags and the queues of five locks, 48
 * bytes) lie before scheduler_data in OTP 25 to 29. They distinguish a process
 * that is being created from one that waits. If their place is not known, all
 * processes that may be being created are left out.
 */
#include "target/proctable_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/term.h"

enum {
    TURN_BYTES = 48, /* from Process.i on */
    LOCK_BYTES = 48,
    /* From common.timer to common.u.alive.reg (erl_ptab.h); set_proc_timer puts
     * a timer there, which has TIMED_OUT as its value once it has expired. */
    REG_AFTER_TIMER = 16,
    TIMED_OUT = 1,
    HEAP_BITS = 40, /* a heap with its stack is smaller than 2^40 bytes */
};

struct copies_of_one {
    uint8_t first[PROCTABLE_STRUCT_MAX], second[PROCTABLE_STRUCT_MAX];
    uint8_t stack[PROCTABLE_TOP + PROCTABLE_ROOT];
};

struct proctable_copies {
    struct copies_of_one of[PROCTABLE_BATCH];
    struct memory_span spans[2 * PROCTABLE_BATCH];
    size_t owner[2 * PROCTABLE_BATCH];
    size_t span_count;
};

int proctable_batch_open(struct proctable_batch *b, const struct layout *l,
                         const struct memory *m, uint64_t normal_exit,
                         bool old_ids)
{
    *b = (struct proctable_batch){.layout = l,
                                  .memory = m,
                                  .normal_exit = normal_exit,
                                  .old_ids = old_ids};
    b->copies = malloc(sizeof(*b->copies));
    if (!b->copies)
        return -ENOMEM;
    int err = procfigures_find(l, m, &b->places);
    b->bytes =
        l->process_bytes > b->places.bytes ? l->process_bytes : b->places.bytes;
    return err;
}

void proctable_batch_close(struct proctable_batch *b)
{
    free(b->copies);
    b->copies = NULL;
}

/* --- fields of a copy ----------------------------------------------------- */

static uint64_t word(const struct proctable_batch *b, const uint8_t *copy,
                     enum layout_field f)
{
    uint64_t value;
    memcpy(&value, copy + b->layout->offset[f], sizeof(value));
    return value;
}

static bool has_timer(const struct proctable_batch *b, const uint8_t *copy)
{
    uint64_t timer;
    if (!b->layout->known[LAYOUT_REG] ||
        b->layout->offset[LAYOUT_REG] < REG_AFTER_TIMER)
        return false;
    memcpy(&timer, copy + b->layout->offset[LAYOUT_REG] - REG_AFTER_TIMER,
           sizeof(timer));
    return timer > TIMED_OUT;
}

static uint32_t flags(const struct proctable_batch *b, const uint8_t *copy)
{
    return (uint32_t)word(b, copy, LAYOUT_STATE);
}

/* Not yet filled in? A sender may hold one of the locks of any process, but
 * only the creator holds all of them (procstate_is_embryo). True if their place
 * is not known. */
static bool is_embryo(const struct proctable_batch *b, const uint8_t *copy)
{
    const struct layout *l = b->layout;
    uint32_t held;
    if (!procstate_may_be_embryo(flags(b, copy)))
        return false;
    if (!l->known[LAYOUT_SCHEDULER_DATA] ||
        l->offset[LAYOUT_SCHEDULER_DATA] < LOCK_BYTES)
        return true;
    memcpy(&held, copy + l->offset[LAYOUT_SCHEDULER_DATA] - LOCK_BYTES,
           sizeof(held));
    return procstate_is_embryo(flags(b, copy), held);
}

static bool is_same_turn(const struct proctable_batch *b,
                         const struct copies_of_one *c)
{
    static const enum layout_field own[] = {LAYOUT_ID, LAYOUT_HTOP, LAYOUT_STOP,
                                            LAYOUT_HEND};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (word(b, c->first, own[i]) != word(b, c->second, own[i]))
            return false;
    uint32_t turn = b->layout->offset[LAYOUT_CONTINUATION];
    size_t rest = b->layout->process_bytes - turn;
    return ((flags(b, c->first) ^ flags(b, c->second)) &
            (PROCSTATE_ON_THE_MOVE | PROCSTATE_FLAG_DIRTY_RUNNING)) == 0 &&
           memcmp(c->first + turn, c->second + turn,
                  rest < TURN_BYTES ? rest : TURN_BYTES) == 0;
}

/* --- reading -------------------------------------------------------------- */

static void want(struct proctable_batch *b, size_t owner, uint64_t from,
                 void *to, size_t len)
{
    struct proctable_copies *c = b->copies;
    c->owner[c->span_count] = owner;
    c->spans[c->span_count++] =
        (struct memory_span){.addr = from, .to = to, .len = len};
}

/* Reads what was wanted. A process that cannot be read becomes unreadable. */
static int read_wanted(struct proctable_batch *b)
{
    struct proctable_copies *c = b->copies;
    int done = memory_read_many(b->memory, c->spans, c->span_count);
    for (size_t i = 0; i < c->span_count && done >= 0; i++)
        if (!c->spans[i].ok)
            b->items[c->owner[i]].result = PROCTABLE_UNREADABLE;
    c->span_count = 0;
    return done < 0 ? done : 0;
}

static int read_structs(struct proctable_batch *b, bool second)
{
    for (size_t i = 0; i < b->count; i++) {
        struct copies_of_one *c = &b->copies->of[i];
        const struct proctable_process *p = &b->items[i].process;
        if (!second || p->top)
            want(b, i, p->address, second ? c->second : c->first, b->bytes);
    }
    return read_wanted(b);
}

/* --- one process ---------------------------------------------------------- */

static enum proctable_result judge(const struct proctable_batch *b,
                                   const struct proctable_item *item,
                                   const uint8_t *copy)
{
    uint64_t id = word(b, copy, LAYOUT_ID);
    uint32_t state = flags(b, copy);
    /* A slot that is reserved but not filled yet points to a dummy of the VM
     * (erl_ptab.c, invalid_element). */
    if (!term_is_pid(id) ||
        term_slot(id, b->old_ids, b->layout->table_size) != item->slot)
        return PROCTABLE_BEING_MADE;
    if (is_embryo(b, copy))
        return PROCTABLE_BEING_MADE;
    return state & PROCSTATE_FLAG_FREE ? PROCTABLE_ENDED : PROCTABLE_SEEN;
}

static bool is_stack(const struct proctable_process *p, uint64_t htop)
{
    return ((htop | p->stop | p->hend) & 7) == 0 && htop && htop <= p->stop &&
           p->stop < p->hend && (p->hend - htop) >> HEAP_BITS == 0;
}

/* Requests copies of its stack: all of it, or its top and its end. */
static void want_stack(struct proctable_batch *b, size_t i,
                       struct proctable_process *p)
{
    struct copies_of_one *c = &b->copies->of[i];
    uint64_t bytes = p->hend - p->stop;
    p->top = c->stack;
    p->top_bytes = bytes;
    if (bytes > sizeof(c->stack)) {
        p->top_bytes = PROCTABLE_TOP;
        p->root = c->stack + PROCTABLE_TOP;
        p->root_bytes = PROCTABLE_ROOT;
        want(b, i, p->hend - PROCTABLE_ROOT, c->stack + PROCTABLE_TOP,
             PROCTABLE_ROOT);
    }
    want(b, i, p->stop, c->stack, p->top_bytes);
}

static void look_at(struct proctable_batch *b, size_t i)
{
    const uint8_t *copy = b->copies->of[i].first;
    struct proctable_item *item = &b->items[i];
    struct proctable_process *p = &item->process;
    const struct layout *l = b->layout;
    item->result = judge(b, item, copy);
    if (item->result != PROCTABLE_SEEN)
        return;
    uint32_t state = flags(b, copy);
    p->id = word(b, copy, LAYOUT_ID);
    p->state = procstate_of(state);
    p->has_name = l->known[LAYOUT_REG] && word(b, copy, LAYOUT_REG);
    p->has_timer = has_timer(b, copy);
    if (l->known[LAYOUT_INITIAL])
        memcpy(p->initial, copy + l->offset[LAYOUT_INITIAL],
               sizeof(p->initial));
    p->figures = procfigures_of(&b->places, copy);
    if (state & PROCSTATE_ON_THE_MOVE)
        return;
    p->continuation = word(b, copy, LAYOUT_CONTINUATION);
    p->stop = word(b, copy, LAYOUT_STOP);
    p->hend = word(b, copy, LAYOUT_HEND);
    if (is_stack(p, word(b, copy, LAYOUT_HTOP)))
        want_stack(b, i, p);
    else
        item->result = PROCTABLE_UNREADABLE;
}

/* Every stack ends with a return address to normal_exit. */
static bool has_end(const struct proctable_batch *b,
                    const struct proctable_process *p)
{
    const uint8_t *bytes = p->root ? p->root : p->top;
    size_t len = p->root ? p->root_bytes : p->top_bytes;
    uint64_t last;
    memcpy(&last, bytes + len - sizeof(last), sizeof(last));
    return last == b->normal_exit;
}

static void compare(struct proctable_batch *b, size_t i)
{
    struct proctable_item *item = &b->items[i];
    if (!item->process.top)
        return;
    if (!is_same_turn(b, &b->copies->of[i]))
        item->result = PROCTABLE_TORN;
    else if (item->result == PROCTABLE_SEEN && !has_end(b, &item->process))
        item->result = PROCTABLE_UNREADABLE;
}

int proctable_batch_read(struct proctable_batch *b)
{
    b->copies->span_count = 0;
    int err = read_structs(b, false);
    for (size_t i = 0; i < b->count && !err; i++)
        if (b->items[i].result == PROCTABLE_SEEN)
            look_at(b, i);
    if (!err)
        err = read_wanted(b);
    if (!err)
        err = read_structs(b, true);
    uint64_t now_ns = clock_now_ns();
    for (size_t i = 0; i < b->count && !err; i++) {
        compare(b, i);
        b->items[i].process.read_ns = now_ns;
    }
    return err;
}
