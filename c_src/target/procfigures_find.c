/*
 * Each word of each copied process is tested for being the beginning of a group
 * of fields (procfigures_relations.c). A place is taken if nearly all processes
 * at rest agree on it, and it is the only one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/procstate.h"
#include "base/random.h"
#include "base/term.h"
#include "target/procfigures_parts.h"

enum {
    COPIES = 1024,    /* processes that are looked at */
    AT_ONCE = 64,     /* structs read with one call */
    CHUNK = 4096,     /* slots read with one call */
    AGREE_MIN = 8,    /* processes that must agree on a place */
    AGAINST_MAX = 32, /* one process in that many may be against it: it was
                         changing */
    BUFFERS_AFTER_STATE = 56,
};

struct search {
    const struct layout *l;
    const struct memory *m;
    size_t words; /* of a struct that are read */
    struct procfigures_copy *copies;
    size_t count;
};

/* --- which place ---------------------------------------------------------- */

/* Do nearly all processes at rest agree? */
static bool stands(const struct search *s, procfigures_relation *is, size_t k)
{
    unsigned agree = 0, against = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct procfigures_copy *c = &s->copies[i];
        int answer = c->rests ? is(s->l, c, k) : 0;
        agree += answer > 0;
        against += answer < 0;
        /* Most places are wrong, and most processes say so. */
        if (against > 1 + s->count / AGAINST_MAX)
            return false;
    }
    return agree >= AGREE_MIN && against * AGAINST_MAX <= agree + against;
}

/* The only word from `from` to before `to` that is the beginning of the group;
 * 0: there is none, or several. */
static size_t only(const struct search *s, procfigures_relation *is,
                   size_t from, size_t to)
{
    size_t found = 0;
    for (size_t k = from; k < to; k++) {
        if (!stands(s, is, k))
            continue;
        if (found)
            return 0;
        found = k;
    }
    return found;
}

/* --- the places ----------------------------------------------------------- */

static void find_heap(const struct search *s, size_t off_heap,
                      struct procfigures_places *out)
{
    size_t hend = s->l->offset[LAYOUT_HEND] / 8;
    if (!off_heap || hend == 0 || hend + 2 >= s->words ||
        !stands(s, procfigures_is_heap, hend))
        return;
    size_t old = only(s, procfigures_is_old_heap,
                      s->l->offset[LAYOUT_CONTINUATION] / 8 + 1, off_heap - 4);
    if (!old)
        return;
    out->heap = (uint32_t)(hend - 1) * 8;
    out->heap_size = (uint32_t)(hend + 2) * 8;
    out->high_water = (uint32_t)(old - 1) * 8;
    out->old_hend = (uint32_t)old * 8;
    out->old_heap = (uint32_t)(old + 2) * 8;
    out->fragments = (uint32_t)(off_heap + 2) * 8;
    out->newest_fragment = (uint32_t)(off_heap - 1) * 8;
    out->known[PROCFIGURE_HEAP] = true;
}

static void take_off_heap(size_t off_heap, struct procfigures_places *out)
{
    if (!off_heap)
        return;
    out->off_heap = (uint32_t)(off_heap - 4) * 8;
    out->vheap = (uint32_t)(off_heap - 3) * 8;
    out->vheap_old = (uint32_t)(off_heap + 6) * 8;
    out->known[PROCFIGURE_VHEAP] = true;
}

static void find_reductions(const struct search *s,
                            struct procfigures_places *out)
{
    size_t i = s->l->offset[LAYOUT_CONTINUATION] / 8;
    if (i + 6 >= s->words || !stands(s, procfigures_is_reductions, i))
        return;
    out->reductions = (uint32_t)(i + 3) * 8;
    out->known[PROCFIGURE_REDUCTIONS] = true;
}

static void find_queues(const struct search *s, struct procfigures_places *out)
{
    size_t state = s->l->offset[LAYOUT_STATE] / 8;
    if (state + 7 >= s->words || !stands(s, procfigures_is_outer, state))
        return;
    size_t end = s->words - 8; /* words behind the first one are looked at */
    size_t old = only(s, procfigures_is_private_old, 1, end);
    size_t new = old ? 0 : only(s, procfigures_is_private_new, 1, end);
    if (!old && !new)
        return;
    out->state = s->l->offset[LAYOUT_STATE];
    out->queue = (uint32_t)(old ? old + 8 : new + 3) * 8;
    out->queue_middle = new ? (uint32_t)(new + 8) * 8 : 0;
    out->queue_outer = (uint32_t)(state + 4) * 8;
    out->queues[0] = (uint32_t)(old ? old : new) * 8;
    out->queues[1] = (uint32_t)(old ? old + 3 : new + 4) * 8;
    out->queues[2] = (uint32_t)(state + 2) * 8;
    out->buffers = (uint32_t)state * 8 + BUFFERS_AFTER_STATE;
    out->known[PROCFIGURE_QUEUE] = true;
}

/* --- the copies ----------------------------------------------------------- */

/* Does its struct hold still? Then its fields fit together. */
static bool rests(const struct search *s, const uint64_t *word)
{
    const struct layout *l = s->l;
    uint64_t id = word[l->offset[LAYOUT_ID] / 8];
    uint32_t state = (uint32_t)word[l->offset[LAYOUT_STATE] / 8];
    return term_is_pid(id) && !(state & PROCSTATE_ON_THE_MOVE) &&
           !procstate_may_be_embryo(state);
}

static int read_copies(struct search *s, bool later)
{
    struct memory_span spans[AT_ONCE];
    for (size_t from = 0; from < s->count; from += AT_ONCE) {
        size_t n = s->count - from < AT_ONCE ? s->count - from : AT_ONCE;
        struct procfigures_copy *c = &s->copies[from];
        for (size_t i = 0; i < n; i++)
            spans[i] =
                (struct memory_span){.addr = c[i].address,
                                     .to = later ? c[i].later : c[i].word,
                                     .len = 8 * s->words};
        int done = memory_read_many(s->m, spans, n);
        if (done < 0)
            return done;
        for (size_t i = 0; i < n; i++) {
            bool ok = spans[i].ok && rests(s, later ? c[i].later : c[i].word);
            if (later)
                c[i].rests_later = ok && c[i].later[0] == c[i].word[0];
            else
                c[i].rests = ok;
        }
    }
    return 0;
}

/* Chooses up to COPIES processes, each with the same probability, because
 * neighbours in the table are often of one kind. */
static int choose(struct search *s)
{
    uint64_t slots[CHUNK], random = 1, used = 0, size = s->l->table_size;
    int err = 0;
    for (uint64_t from = 0; from < size && !err; from += CHUNK) {
        uint64_t n = size - from < CHUNK ? size - from : CHUNK;
        err = memory_read(s->m, s->l->table + 8 * from, slots, n * 8);
        for (uint64_t i = 0; i < n && !err; i++) {
            if (!slots[i])
                continue;
            uint64_t to =
                used < COPIES ? used : random_next(&random) % (used + 1);
            used++;
            if (to < COPIES)
                s->copies[to].address = slots[i];
        }
    }
    s->count = used < COPIES ? used : COPIES;
    return err;
}

static bool can_search(const struct layout *l)
{
    static const enum layout_field needed[] = {
        LAYOUT_ID, LAYOUT_HEND, LAYOUT_CONTINUATION, LAYOUT_STATE};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!l->known[needed[i]] ||
            l->offset[needed[i]] / 8 + 8 > PROCFIGURES_WORDS)
            return false;
    return l->table && l->table_size;
}

int procfigures_find(const struct layout *l, const struct memory *m,
                     struct procfigures_places *out)
{
    *out = (struct procfigures_places){0};
    if (!can_search(l))
        return 0;
    /* Up to what follows the outer queue; more may not be mapped. */
    size_t words = l->offset[LAYOUT_STATE] / 8 + BUFFERS_AFTER_STATE / 8 + 1;
    struct search s = {.l = l, .m = m, .words = words};
    s.copies = calloc(COPIES, sizeof(*s.copies));
    if (!s.copies)
        return -ENOMEM;
    int err = choose(&s);
    if (!err)
        err = read_copies(&s, false);
    if (!err)
        err = read_copies(&s, true);
    if (!err) {
        size_t off_heap = only(&s, procfigures_is_off_heap, 4, words - 6);
        find_heap(&s, off_heap, out);
        take_off_heap(off_heap, out);
        find_reductions(&s, out);
        find_queues(&s, out);
        out->bytes = (uint32_t)words * 8;
    }
    free(s.copies);
    return err == -EFAULT ? 0 : err;
}
