/* Who is at the end of a chain of processes that wait for each other. */
#include "profile/waits.h"

/* Samples of a process, below which nothing is said of it. */
enum { ENOUGH = 10 };

/* The row for which it waits, if it does so for more than half of its time. */
static uint32_t next(const struct waits *w, uint32_t at)
{
    const struct waits_row *row = &w->rows[at];
    return row->waits_for_ns > row->own_ns / 2 && row->own_samples >= ENOUGH
               ? row->waits_for
               : PROFILE_NONE;
}

static uint32_t after_next(const struct waits *w, uint32_t at)
{
    uint32_t one = next(w, at);
    return one == PROFILE_NONE ? one : next(w, one);
}

/* A row of the circle into which the chain leads (found as Floyd does), or
 * PROFILE_NONE. */
static uint32_t on_circle(const struct waits *w, uint32_t first)
{
    uint32_t slow = first, fast = first;
    do {
        fast = after_next(w, fast);
        if (fast == PROFILE_NONE)
            return fast;
        slow = next(w, slow);
    } while (slow != fast);
    return fast;
}

static void follow_chain(const struct waits *w, uint32_t first,
                         struct waits_cause *c)
{
    for (uint32_t at = first; at != PROFILE_NONE; at = next(w, at)) {
        c->row = at;
        c->length++;
    }
}

/* Does it wait for the next one nearly all of its time? */
static bool stands_still(const struct waits_row *row)
{
    return row->waits_for_ns >= row->own_ns - row->own_ns / 100;
}

static void follow_circle(const struct waits *w, uint32_t first, uint32_t met,
                          struct waits_cause *c)
{
    uint32_t begin = first;
    for (; begin != met; begin = next(w, begin), met = next(w, met))
        c->length++;
    c->deadlock = true;
    do {
        c->row = met;
        c->circle++;
        c->deadlock = c->deadlock && stands_still(&w->rows[met]);
        met = next(w, met);
    } while (met != begin);
    c->length += c->circle;
}

struct waits_cause waits_explain(const struct waits *w, uint64_t duration_ns)
{
    struct waits_cause c = {.row = PROFILE_NONE};
    uint32_t first = 0;
    while (first < w->count && w->rows[first].unknown)
        first++;
    if (first >= w->count || duration_ns == 0 ||
        w->rows[first].ns < duration_ns / 2 || w->rows[first].samples < ENOUGH)
        return c;
    c.first = first;
    uint32_t met = on_circle(w, first);
    if (met == PROFILE_NONE)
        follow_chain(w, first, &c);
    else
        follow_circle(w, first, met, &c);
    return c;
}

const char *waits_kind(const struct waits_cause *cause)
{
    if (cause->row == PROFILE_NONE)
        return "none";
    return cause->deadlock ? "deadlock" : cause->circle ? "circle" : "waiting";
}
