/* Who is waited for, by whom and through whom. A process waits for one answer
 * at a time, so those that are asked form trees whose roots wait for nobody,
 * and circles with trees on them. */
#include "profile/dump.h"

#include <errno.h>
#include <stdlib.h>

/* How many others ask it that are asked themselves. */
static uint32_t *count_askers(const struct dump *d)
{
    uint32_t *askers = calloc(d->asked_count, sizeof(*askers));
    for (size_t i = 0; i < d->asked_count && askers; i++)
        if (d->asked[i].asks != DUMP_NONE)
            askers[d->asked[i].asks]++;
    return askers;
}

/* From the leaves of the trees to their roots: one is done when all that ask it
 * are. What is never done is on a circle. */
static void climb(struct dump *d, uint32_t *askers, uint32_t from)
{
    for (uint32_t at = from; at != DUMP_NONE && askers[at] == 0;) {
        struct dump_asked *a = &d->asked[at];
        askers[at] = DUMP_NONE;
        a->circle = false;
        at = a->asks;
        if (at == DUMP_NONE)
            break;
        d->asked[at].in_all += a->in_all;
        askers[at]--;
    }
}

/* All on a circle wait for each other. */
static void go_around(struct dump *d, uint32_t from)
{
    uint64_t sum = 0;
    uint32_t at = from;
    do {
        sum += d->asked[at].in_all;
        at = d->asked[at].asks;
    } while (at != from);
    do {
        d->asked[at].in_all = sum;
        at = d->asked[at].asks;
    } while (at != from);
}

static void add_up(struct dump *d, uint32_t *askers)
{
    for (size_t i = 0; i < d->asked_count; i++) {
        d->asked[i].in_all = d->asked[i].waiting;
        d->asked[i].circle = true;
    }
    for (uint32_t i = 0; i < d->asked_count; i++)
        if (askers[i] == 0)
            climb(d, askers, i);
    for (uint32_t i = 0; i < d->asked_count; i++)
        if (d->asked[i].circle && askers[i] != DUMP_NONE) {
            go_around(d, i);
            for (uint32_t at = i; askers[at] != DUMP_NONE;
                 at = d->asked[at].asks)
                askers[at] = DUMP_NONE;
        }
}

/* --- their order ---------------------------------------------------------- */

struct place {
    const struct dump_asked *asked;
    uint32_t at;
};

/* Of those for which as many wait, the one that waits for nobody is the reason.
 */
static int by_waiting(const void *a, const void *b)
{
    const struct place *px = a, *py = b;
    const struct dump_asked *x = px->asked, *y = py->asked;
    if (x->in_all != y->in_all)
        return x->in_all < y->in_all ? 1 : -1;
    if ((x->asks == DUMP_NONE) != (y->asks == DUMP_NONE))
        return x->asks == DUMP_NONE ? -1 : 1;
    if (x->waiting != y->waiting)
        return x->waiting < y->waiting ? 1 : -1;
    return px->at < py->at ? -1 : 1;
}

static int sort(struct dump *d)
{
    size_t n = d->asked_count;
    struct place *places = calloc(n, sizeof(*places));
    struct dump_asked *sorted = calloc(n, sizeof(*sorted));
    uint32_t *now = calloc(n, sizeof(*now));
    int err = places && sorted && now ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < n && !err; i++)
        places[i] = (struct place){&d->asked[i], i};
    if (!err)
        qsort(places, n, sizeof(*places), by_waiting);
    for (uint32_t i = 0; i < n && !err; i++)
        now[places[i].at] = i;
    for (uint32_t i = 0; i < n && !err; i++) {
        sorted[i] = *places[i].asked;
        if (sorted[i].asks != DUMP_NONE)
            sorted[i].asks = now[sorted[i].asks];
    }
    free(places);
    free(now);
    if (err) {
        free(sorted);
        return err;
    }
    free(d->asked);
    d->asked = sorted;
    d->asked_cap = n;
    return 0;
}

int dump_settle_asked(struct dump *d)
{
    if (d->asked_count == 0)
        return 0;
    uint32_t *askers = count_askers(d);
    if (!askers)
        return -ENOMEM;
    add_up(d, askers);
    free(askers);
    return sort(d);
}
