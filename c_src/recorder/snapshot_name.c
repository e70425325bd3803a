#include "recorder/snapshot_name.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "recorder/dump_name.h"
#include "target/mailbox.h"

enum { WORD = 8 }; /* bytes */

/* --- the lists ------------------------------------------------------------ */

static double per_s(const struct snapshot *s, double change)
{
    return s->elapsed_us ? change * 1e6 / (double)s->elapsed_us : 0;
}

static void set_mailbox(const struct snapshot *s, const struct largest_row *of,
                        struct snapshot_row *row)
{
    row->figure = of->key;
    row->was_seen = of->more[0] > 0;
    if (row->was_seen)
        row->per_s = per_s(s, (double)of->key - (double)(of->more[0] - 1));
}

static void set_binaries(const struct largest_row *of, struct snapshot_row *row)
{
    row->figure = of->more[0] * WORD;
    row->has_heap = of->more[1] != FIGURE_UNKNOWN;
    row->heap_bytes = row->has_heap ? of->more[1] * WORD : 0;
    row->was_seen = of->more[2] > 0;
    if (row->was_seen)
        row->still_ms = (double)(of->more[2] - 1);
}

static void set_figures(const struct snapshot *s, enum snapshot_top top,
                        const struct largest_row *of, struct snapshot_row *row)
{
    switch (top) {
    case SNAPSHOT_REDUCTIONS:
        row->figure = of->key;
        row->was_seen = true;
        row->per_s = per_s(s, (double)of->key);
        break;
    case SNAPSHOT_MAILBOXES:
        set_mailbox(s, of, row);
        break;
    case SNAPSHOT_BINARIES:
    case SNAPSHOT_LEAKS:
        set_binaries(of, row);
        break;
    default:
        row->figure = of->key * WORD;
        break;
    }
}

/* The longest mailboxes come first. One that nobody had the time to follow has
 * no figure, and neither has one that changes all the time. */
static void measure_mailbox(const struct attached *node, uint64_t *left,
                            struct snapshot_row *row)
{
    const struct target_state *t = &node->target;
    struct mailbox b;
    row->mailbox_bytes = FIGURE_UNKNOWN;
    if (*left == 0 ||
        mailbox_read(&t->layout, &t->memory, proctable_places(node->table),
                     row->term, *left, &b) != 0)
        return;
    *left -= b.messages;
    row->mailbox_bytes = mailbox_bytes(&b, row->figure);
    row->mailbox_at_least = b.at_least;
}

static int fill(struct snapshot *s, enum snapshot_top top,
                const struct largest *from, const struct attached *node)
{
    enum { FOLLOWED = 1000000 }; /* messages; that takes about a second */
    uint64_t left = FOLLOWED;
    struct snapshot_list *list = &s->tops[top];
    int err = 0;
    list->rows = calloc(from->count + 1, sizeof(*list->rows));
    if (!list->rows)
        return -ENOMEM;
    for (uint32_t i = 0; i < from->count && !err; i++) {
        struct snapshot_row *row = &list->rows[list->count++];
        row->term = from->rows[i].id;
        row->stack = PROFILE_NONE;
        set_figures(s, top, &from->rows[i], row);
        if (top == SNAPSHOT_MAILBOXES)
            measure_mailbox(node, &left, row);
        err = dump_name_member(node, row->term, &row->who);
    }
    return err;
}

/* Reads what the processes of groups are called, in time. */
static int meet(const struct snapshot_gather *g, const struct attached *node)
{
    struct dump_member unused;
    int err = 0;
    for (size_t i = 0; i < g->place_count && !err; i++)
        for (unsigned k = 0; k < g->places[i].pid_count && !err; k++)
            err = dump_name_member(node, g->places[i].pids[k], &unused);
    return err;
}

int snapshot_name_rows(struct snapshot *s, const struct snapshot_gather *g,
                       const struct attached *node)
{
    const struct largest *const from[SNAPSHOT_TOPS] = {
        [SNAPSHOT_REDUCTIONS] = &g->sums.reductions,
        [SNAPSHOT_MAILBOXES] = &g->sums.queues,
        [SNAPSHOT_BINARIES] = &g->sums.binaries,
        [SNAPSHOT_LEAKS] = &g->sums.leaks,
        [SNAPSHOT_HEAPS] = &g->sums.memories};
    int err = 0;
    s->sums = g->sums;
    s->implausible = g->implausible;
    for (int i = 0; i < SNAPSHOT_TOPS && !err; i++)
        err = fill(s, (enum snapshot_top)i, from[i], node);
    return err ? err : meet(g, node);
}

/* --- what they do --------------------------------------------------------- */

static int by_term(const void *a, const void *b)
{
    const struct snapshot_row *x = *(struct snapshot_row *const *)a;
    const struct snapshot_row *y = *(struct snapshot_row *const *)b;
    return (x->term > y->term) - (x->term < y->term);
}

/* All rows of all lists, by pid; the caller frees it. */
static struct snapshot_row **all_rows(const struct snapshot *s, size_t *count)
{
    size_t most = 1, n = 0;
    for (int i = 0; i < SNAPSHOT_TOPS; i++)
        most += s->tops[i].count;
    struct snapshot_row **rows = calloc(most, sizeof(struct snapshot_row *));
    for (int i = 0; i < SNAPSHOT_TOPS && rows; i++)
        for (size_t k = 0; k < s->tops[i].count; k++)
            rows[n++] = &s->tops[i].rows[k];
    if (rows)
        qsort(rows, n, sizeof(struct snapshot_row *), by_term);
    *count = n;
    return rows;
}

/* Those rows of the process with that pid. */
static void set_stack(struct snapshot_row **rows, size_t count, uint64_t pid,
                      uint32_t stack)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows[middle]->term < pid)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && rows[low]->term == pid; low++)
        rows[low]->stack = stack;
}

static int name_rows_stacks(struct snapshot *s, const struct dump_gather *d)
{
    size_t count;
    struct snapshot_row **rows = all_rows(s, &count);
    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < d->asks.known_count; i++) {
        const struct dump_known *k = &d->asks.known[i];
        set_stack(rows, count, k->pid, d->list[k->row].stack);
    }
    free(rows);
    return 0;
}

/* --- where they wait ------------------------------------------------------ */

/* The initial call that all members have, as proc_lib notes it. */
static uint32_t initial_call(const struct profile *p,
                             const struct dump_group *g)
{
    uint32_t call = 0;
    for (unsigned i = 0; i < g->member_count; i++) {
        uint32_t own =
            profile_process_at(p, g->members[i].process)->initial_call;
        if (i > 0 && own != call)
            return 0;
        call = own;
    }
    return call;
}

static int name_place(struct snapshot *s, const struct snapshot_gather *g,
                      const struct snapshot_place *place,
                      const struct attached *node)
{
    struct dump_group group = {.state = PROCSTATE_WAITING,
                               .stack = g->dump.list[place->row].stack,
                               .processes = place->processes,
                               .member_count = place->pid_count};
    int err = 0;
    for (unsigned i = 0; i < place->pid_count && !err; i++)
        err = dump_name_member(node, place->pids[i], &group.members[i]);
    group.initial_call = initial_call(node->dump->profile, &group);
    return err ? err : dump_groups_add(&s->waiting, &group);
}

int snapshot_name_places(struct snapshot *s, const struct snapshot_gather *g,
                         const struct attached *node)
{
    int err = name_rows_stacks(s, &g->dump);
    for (size_t i = 0; i < g->place_count && !err; i++)
        err = name_place(s, g, &g->places[i], node);
    dump_groups_sort(&s->waiting);
    return err;
}
