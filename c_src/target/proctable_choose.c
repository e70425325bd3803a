#include "target/proctable_choose.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"
#include "base/term.h"
#include "target/tablecount.h"

enum {
    CHUNK = 4096, /* slots read at once */
    DRAWS = 512,  /* the same, of those that are anywhere */
    /* Reading a slot alone takes about as long as reading 100 in a row. */
    ALONE = 100,
};

/* --- all slots ------------------------------------------------------------ */

int proctable_walk_slots(const struct layout *l, const struct memory *m,
                         proctable_on_slot *see, void *ctx)
{
    uint64_t slots[CHUNK];
    int err = 0;
    for (uint64_t from = 0; from < l->table_size && !err; from += CHUNK) {
        uint64_t count = l->table_size - from;
        count = count < CHUNK ? count : CHUNK;
        err = memory_read(m, l->table + 8 * from, slots,
                          count * sizeof(slots[0]));
        for (uint64_t i = 0; i < count && !err; i++)
            if (slots[i])
                err = see(ctx, (uint32_t)(from + i), slots[i]);
    }
    return err;
}

/* --- choosing ------------------------------------------------------------- */

struct choosing {
    struct proctable_chosen *c;
    const struct layout *layout;
    const struct memory *memory;
    const struct proctable_choice *how;
    uint64_t seen; /* slots in use so far, without those that are picked */
};

static int by_slot(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

bool proctable_chosen_is_picked(const struct proctable_chosen *c, uint32_t slot)
{
    return c->asked &&
           bsearch(&slot, c->picked, c->asked, sizeof(c->picked[0]), by_slot);
}

static void sort_picked(struct choosing *w, bool old_ids)
{
    struct proctable_chosen *c = w->c;
    size_t n = w->how->pid_count;
    c->asked = n < PROCTABLE_PICKED ? n : PROCTABLE_PICKED;
    for (size_t i = 0; i < c->asked; i++)
        c->picked[i] = (uint32_t)term_slot(w->how->pids[i], old_ids,
                                           w->layout->table_size);
    qsort(c->picked, c->asked, sizeof(c->picked[0]), by_slot);
}

/* Of n slots so far, each is chosen with the probability most / n. Those that
 * are picked are put behind the places for these. */
static int choose_slot(void *ctx, uint32_t slot, uint64_t address)
{
    struct choosing *w = ctx;
    struct proctable_chosen *c = w->c;
    const struct proctable_slot one = {slot, address};
    size_t most = w->how->most;
    if (proctable_chosen_is_picked(c, slot)) {
        c->list[most + c->picked_count++] = one;
        return 0;
    }
    uint64_t at =
        w->seen < most ? w->seen : random_next(w->how->random) % (w->seen + 1);
    w->seen++;
    if (at < most)
        c->list[at] = one;
    return 0;
}

/* --- random slots --------------------------------------------------------- */

/* How many random slots hold at least as many processes as are wanted; 0: it is
 * better to look at all, or the number of processes is not known. */
static size_t draws_for(const struct choosing *w, uint64_t *processes)
{
    struct tablecount now;
    uint64_t size = w->layout->table_size;
    if (tablecount_read(w->layout, w->memory, &now) != 0)
        return 0;
    *processes = now.processes;
    uint64_t draws = w->how->most * size / now.processes;
    draws += draws / 10; /* so that there are rarely too few */
    return draws < size / ALONE ? (size_t)draws : 0;
}

/* Each slot at most once. Returns how many there are. */
static size_t draw(struct choosing *w, size_t count)
{
    uint32_t *drawn = w->c->drawn;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        drawn[i] =
            (uint32_t)(random_next(w->how->random) % w->layout->table_size);
    qsort(drawn, count, sizeof(drawn[0]), by_slot);
    for (size_t i = 0; i < count; i++)
        if ((i == 0 || drawn[i] != drawn[i - 1]) &&
            !proctable_chosen_is_picked(w->c, drawn[i]))
            drawn[kept++] = drawn[i];
    return kept;
}

/* Looks at slots that are anywhere in the table. */
static int look_at(struct choosing *w, const uint32_t *slots, size_t count)
{
    uint64_t found[DRAWS];
    struct memory_span spans[DRAWS];
    for (size_t from = 0; from < count; from += DRAWS) {
        size_t n = count - from < DRAWS ? count - from : DRAWS;
        for (size_t i = 0; i < n; i++)
            spans[i] = (struct memory_span){.addr = w->layout->table +
                                                    8ull * slots[from + i],
                                            .to = &found[i],
                                            .len = sizeof(found[i])};
        int result = memory_read_many(w->memory, spans, n);
        if (result < 0)
            return result;
        for (size_t i = 0; i < n; i++)
            if (spans[i].ok && found[i])
                (void)choose_slot(w, slots[from + i], found[i]);
    }
    return 0;
}

static int choose_drawn(struct choosing *w, size_t draws, uint64_t processes)
{
    struct proctable_chosen *c = w->c;
    int err = ARRAY_RESERVE(c->drawn, c->drawn_cap, draws);
    if (!err)
        err = look_at(w, c->drawn, draw(w, draws));
    if (!err)
        err = look_at(w, c->picked, c->asked);
    c->others = processes - c->picked_count;
    return err;
}

static int choose_of_all(struct choosing *w)
{
    int err = proctable_walk_slots(w->layout, w->memory, choose_slot, w);
    w->c->others = w->seen;
    return err;
}

int proctable_chosen_fill(struct proctable_chosen *c, const struct layout *l,
                          const struct memory *m, bool old_ids,
                          const struct proctable_choice *how)
{
    struct choosing w = {.c = c, .layout = l, .memory = m, .how = how};
    uint64_t processes;
    c->count = c->picked_count = 0;
    int err = ARRAY_RESERVE(c->list, c->cap, how->most + PROCTABLE_PICKED);
    if (err)
        return err;
    sort_picked(&w, old_ids);
    size_t draws = draws_for(&w, &processes);
    err = draws ? choose_drawn(&w, draws, processes) : choose_of_all(&w);
    c->count = w.seen < how->most ? w.seen : how->most;
    memmove(c->list + c->count, c->list + how->most,
            c->picked_count * sizeof(c->list[0]));
    return err;
}

void proctable_chosen_free(struct proctable_chosen *c)
{
    free(c->list);
    free(c->drawn);
    *c = (struct proctable_chosen){0};
}
