/* The walk over the slots of the table (erts/emulator/beam/erl_ptab.h), in
 * batches. Processes that could not be read are tried again at its end. */
#include "target/proctable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/term.h"
#include "target/erlproc.h"
#include "target/proctable_batch.h"
#include "target/proctable_choose.h"

enum {
    /* The fewer are read together, the fewer change in between. */
    SMALL_BATCH = 32,
    TRIES = 4, /* readings of one process */
    /* How long a process waits to be read after its slot: it may end. */
    FRESH_NS = 200000,
    NEW_IDS = 26, /* the release that changed the format of pid terms */
};

struct proctable {
    const struct layout *layout;
    const struct memory *memory;
    uint32_t *again; /* slots whose processes must be read again */
    size_t again_count, again_cap;
    struct proctable_chosen chosen;
    struct proctable_batch batch;
    uint64_t batch_ns; /* when the first slot of the batch was read */
};

/* One call of proctable_read. */
struct walk {
    struct proctable *t;
    proctable_see *see;
    void *ctx;
    struct proctable_counts *counts;
    bool once; /* no process is read a second time; those that are torn are
                  handed out without a stack */
    bool last; /* the last try: what cannot be read now is counted */
};

/* --- is it the table? ----------------------------------------------------- */

static bool knows_enough(const struct layout *l)
{
    static const enum layout_field needed[] = {
        LAYOUT_ID,   LAYOUT_STOP,         LAYOUT_HTOP,
        LAYOUT_HEND, LAYOUT_CONTINUATION, LAYOUT_STATE};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!l->known[needed[i]])
            return false;
    return l->table && l->table_size && l->release &&
           l->table_size <= UINT32_MAX &&
           l->process_bytes <= PROCTABLE_STRUCT_MAX;
}

static bool is_in_table(const struct proctable *t, uint64_t process,
                        uint64_t id)
{
    const struct layout *l = t->layout;
    uint64_t slot = term_slot(id, t->batch.old_ids, l->table_size);
    uint64_t held;
    return slot < l->table_size &&
           memory_read_u64(t->memory, l->table + 8 * slot, &held) == 0 &&
           held == process;
}

/* Does the table hold the process that the scheduler runs? 1: yes; -1: no; 0:
 * it runs none that must be there. A process that exits leaves the table while
 * it still runs. */
static int agrees(const struct proctable *t, const struct layout_scheduler *s)
{
    const struct layout *l = t->layout;
    uint64_t at = s->esdp + l->offset[LAYOUT_CURRENT_PROCESS];
    uint64_t process, id, state, now;
    if (!s->esdp || memory_read_u64(t->memory, at, &process) < 0 || !process ||
        memory_read_u64(t->memory, process + l->offset[LAYOUT_ID], &id) < 0 ||
        !term_is_pid(id) || id == ERLPROC_NO_PID)
        return 0;
    if (is_in_table(t, process, id))
        return 1;
    return memory_read_u64(t->memory, process + l->offset[LAYOUT_STATE],
                           &state) < 0 ||
                   (state & (PROCSTATE_FLAG_EXITING | PROCSTATE_FLAG_FREE)) ||
                   memory_read_u64(t->memory, at, &now) < 0 || now != process
               ? 0
               : -1;
}

static int check_table(const struct proctable *t)
{
    int agree = 0, against = 0;
    if (!t->layout->known[LAYOUT_CURRENT_PROCESS])
        return 0;
    for (size_t i = 0; i < t->layout->scheduler_count; i++) {
        int answer = agrees(t, &t->layout->schedulers[i]);
        agree += answer > 0;
        against += answer < 0;
    }
    return against > agree ? -E_LAYOUT : 0;
}

int proctable_open(const struct layout *l, const struct memory *m,
                   uint64_t normal_exit, struct proctable **out)
{
    if (!knows_enough(l) || !normal_exit)
        return -E_LAYOUT;
    struct proctable *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->layout = l;
    t->memory = m;
    int err = proctable_batch_open(&t->batch, l, m, normal_exit,
                                   l->release < NEW_IDS);
    if (!err)
        err = check_table(t);
    if (err) {
        proctable_close(t);
        return err;
    }
    *out = t;
    return 0;
}

void proctable_close(struct proctable *t)
{
    if (!t)
        return;
    proctable_batch_close(&t->batch);
    free(t->again);
    proctable_chosen_free(&t->chosen);
    free(t);
}

bool proctable_has(const struct proctable *t, enum procfigure figure)
{
    return t->batch.places.known[figure];
}

const struct procfigures_places *proctable_places(const struct proctable *t)
{
    return &t->batch.places;
}

struct sample proctable_sample(const struct proctable_process *p)
{
    return (struct sample){
        .time_ns = p->read_ns,
        .of = SAMPLE_PROCESS,
        .at_rest = {.state = p->state,
                    .has_name = p->has_name,
                    .has_timer = p->has_timer},
        .process = {.c_p = p->address,
                    .id = p->id,
                    .initial = {p->initial[0], p->initial[1], p->initial[2]},
                    .stop = p->stop,
                    .hend = p->hend,
                    .continuation = p->continuation},
        .erlang = {p->stop, p->top, p->top_bytes},
        .erlang_root = {p->hend - p->root_bytes, p->root, p->root_bytes}};
}

/* --- the result of each process ------------------------------------------- */

static int read_again(struct walk *w, uint32_t slot)
{
    struct proctable *t = w->t;
    int err = ARRAY_RESERVE(t->again, t->again_cap, t->again_count + 1);
    if (!err)
        t->again[t->again_count++] = slot;
    return err;
}

/* Its state was read at once, so it was right at one moment. Its stack may have
 * been of another one. */
static int see_torn(struct walk *w, struct proctable_item *item)
{
    struct proctable_process *p = &item->process;
    p->torn = true;
    p->top = p->root = NULL;
    p->top_bytes = p->root_bytes = 0;
    return w->see(w->ctx, p);
}

static int take(struct walk *w, struct proctable_item *item)
{
    struct proctable_counts *c = w->counts;
    item->process.picked =
        proctable_chosen_is_picked(&w->t->chosen, item->slot);
    switch (item->result) {
    case PROCTABLE_SEEN:
        c->seen++;
        return w->see(w->ctx, &item->process);
    case PROCTABLE_ENDED:
        c->ended++;
        return 0;
    default:
        break;
    }
    if (!w->last)
        return read_again(w, item->slot);
    c->torn += item->result == PROCTABLE_TORN;
    c->unreadable += item->result == PROCTABLE_UNREADABLE;
    c->being_made += item->result == PROCTABLE_BEING_MADE;
    return item->result == PROCTABLE_TORN && w->once ? see_torn(w, item) : 0;
}

static int finish_batch(struct walk *w)
{
    struct proctable_batch *b = &w->t->batch;
    int err = proctable_batch_read(b);
    for (size_t i = 0; i < b->count && !err; i++)
        err = take(w, &b->items[i]);
    b->count = 0;
    return err;
}

static int add(struct walk *w, uint32_t slot, uint64_t address)
{
    struct proctable_batch *b = &w->t->batch;
    if (b->count == 0)
        w->t->batch_ns = clock_now_ns();
    b->items[b->count++] =
        (struct proctable_item){.slot = slot, .process.address = address};
    return b->count == (w->once ? SMALL_BATCH : PROCTABLE_BATCH)
               ? finish_batch(w)
               : 0;
}

/* --- the slots ------------------------------------------------------------ */

static int read_slot(void *ctx, uint32_t slot, uint64_t address)
{
    struct walk *w = ctx;
    w->counts->used++;
    return add(w, slot, address);
}

static int read_waiting(void *ctx)
{
    struct walk *w = ctx;
    bool waits =
        w->t->batch.count > 0 && clock_now_ns() - w->t->batch_ns > FRESH_NS;
    return waits ? finish_batch(w) : 0;
}

/* Reads the processes of these slots again, whichever processes the slots hold
 * now. Those that fail again form the next list. */
static int walk_again(struct walk *w)
{
    struct proctable *t = w->t;
    size_t count = t->again_count;
    uint32_t *slots = t->again;
    int err = 0;
    t->again = NULL;
    t->again_count = t->again_cap = 0;
    for (size_t i = 0; i < count && !err; i++) {
        uint64_t address;
        err = memory_read_u64(t->memory, t->layout->table + 8ull * slots[i],
                              &address);
        if (!err && address)
            err = add(w, slots[i], address);
        else if (!err)
            w->counts->ended++;
    }
    free(slots);
    return err ? err : finish_batch(w);
}

static struct walk begin(struct proctable *t, proctable_see *see, void *ctx,
                         struct proctable_counts *counts)
{
    *counts = (struct proctable_counts){0};
    t->again_count = t->batch.count = 0;
    return (struct walk){.t = t, .see = see, .ctx = ctx, .counts = counts};
}

static int finish(struct walk *w)
{
    int err = finish_batch(w);
    for (int i = 1; i < TRIES && w->t->again_count && !err; i++) {
        w->last = i + 1 == TRIES;
        err = walk_again(w);
    }
    return err;
}

int proctable_read(struct proctable *t, proctable_see *see, void *ctx,
                   struct proctable_counts *counts)
{
    t->chosen.asked = 0;
    struct walk w = begin(t, see, ctx, counts);
    const struct proctable_slots to = {read_slot, read_waiting, &w};
    int err = proctable_walk_slots(t->layout, t->memory, &to);
    return err ? err : finish(&w);
}

int proctable_read_part(struct proctable *t,
                        const struct proctable_choice *choice,
                        proctable_see *see, void *ctx,
                        struct proctable_counts *counts,
                        struct proctable_part *part)
{
    struct walk w = begin(t, see, ctx, counts);
    w.once = w.last = true;
    const struct proctable_slots to = {read_slot, read_waiting, &w};
    int err = proctable_walk_chosen(&t->chosen, t->layout, t->memory,
                                    t->batch.old_ids, choice, &to, part);
    return err ? err : finish(&w);
}
