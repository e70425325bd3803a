#include "target/proctable_choose.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/minus.h"
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
                         const struct proctable_slots *to)
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
                err = to->see(to->ctx, (uint32_t)(from + i), slots[i]);
        if (!err)
            err = to->pause(to->ctx);
    }
    return err;
}

static int count_slot(void *ctx, uint32_t slot, uint64_t address)
{
    (void)slot;
    (void)address;
    ++*(uint64_t *)ctx;
    return 0;
}

static int go_on(void *ctx)
{
    (void)ctx;
    return 0;
}

/* By the VM's counter; if that is not known, the slots that are in use. */
static int count_processes(const struct layout *l, const struct memory *m,
                           uint64_t *count)
{
    struct tablecount now;
    const struct proctable_slots counting = {count_slot, go_on, count};
    *count = 0;
    if (tablecount_read(l, m, &now) != 0)
        return proctable_walk_slots(l, m, &counting);
    *count = now.processes;
    return 0;
}

/* --- choosing ------------------------------------------------------------- */

struct choosing {
    struct proctable_chosen *c;
    const struct layout *layout;
    const struct memory *memory;
    const struct proctable_choice *how;
    const struct proctable_slots *to;
    struct proctable_part *part;
    uint64_t processes; /* in the table */
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

/* The number of processes may have grown meanwhile, or be wrong. */
static bool is_chosen(const struct choosing *w)
{
    uint64_t most = w->how->most;
    if (w->part->chosen >= 2 * most)
        return false;
    return w->processes <= most ||
           random_next(w->how->random) % w->processes < most;
}

static int choose_slot(void *ctx, uint32_t slot, uint64_t address)
{
    struct choosing *w = ctx;
    if (proctable_chosen_is_picked(w->c, slot)) {
        w->part->picked++;
        return w->to->see(w->to->ctx, slot, address);
    }
    w->part->others++;
    if (!is_chosen(w))
        return 0;
    w->part->chosen++;
    return w->to->see(w->to->ctx, slot, address);
}

static int pause_choosing(void *ctx)
{
    const struct choosing *w = ctx;
    return w->to->pause(w->to->ctx);
}

static int choose_of_all(struct choosing *w)
{
    const struct proctable_slots to = {choose_slot, pause_choosing, w};
    return proctable_walk_slots(w->layout, w->memory, &to);
}

/* --- random slots --------------------------------------------------------- */

/* How many random slots hold about as many processes as are wanted; 0: it is
 * better to look at all. */
static size_t draws_for(const struct choosing *w)
{
    uint64_t size = w->layout->table_size;
    uint64_t draws = w->processes ? w->how->most * size / w->processes : size;
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
static int look_at(struct choosing *w, const uint32_t *slots, size_t count,
                   uint64_t *met)
{
    uint64_t found[DRAWS];
    struct memory_span spans[DRAWS];
    int err = 0;
    for (size_t from = 0; from < count && !err; from += DRAWS) {
        size_t n = count - from < DRAWS ? count - from : DRAWS;
        for (size_t i = 0; i < n; i++)
            spans[i] = (struct memory_span){.addr = w->layout->table +
                                                    8ull * slots[from + i],
                                            .to = &found[i],
                                            .len = sizeof(found[i])};
        int result = memory_read_many(w->memory, spans, n);
        err = result < 0 ? result : 0;
        for (size_t i = 0; i < n && !err; i++)
            if (spans[i].ok && found[i]) {
                ++*met;
                err = w->to->see(w->to->ctx, slots[from + i], found[i]);
            }
        if (!err)
            err = pause_choosing(w);
    }
    return err;
}

static int choose_drawn(struct choosing *w, size_t draws)
{
    struct proctable_chosen *c = w->c;
    struct proctable_part *part = w->part;
    int err = ARRAY_RESERVE(c->drawn, c->drawn_cap, draws);
    if (!err)
        err = look_at(w, c->drawn, draw(w, draws), &part->chosen);
    if (!err)
        err = look_at(w, c->picked, c->asked, &part->picked);
    part->others = minus_capped(w->processes, part->picked);
    return err;
}

int proctable_walk_chosen(struct proctable_chosen *c, const struct layout *l,
                          const struct memory *m, bool old_ids,
                          const struct proctable_choice *how,
                          const struct proctable_slots *to,
                          struct proctable_part *part)
{
    struct choosing w = {
        .c = c, .layout = l, .memory = m, .how = how, .to = to, .part = part};
    *part = (struct proctable_part){0};
    int err = count_processes(l, m, &w.processes);
    if (err)
        return err;
    sort_picked(&w, old_ids);
    size_t draws = draws_for(&w);
    part->wanted = w.processes < how->most ? w.processes : how->most;
    return draws ? choose_drawn(&w, draws) : choose_of_all(&w);
}

void proctable_chosen_free(struct proctable_chosen *c)
{
    free(c->drawn);
    *c = (struct proctable_chosen){0};
}
