/*
 * Learns from samples. A sample in JIT code shows the register array, the
 * current process and, mostly, the bottom of its stack. The process keeps
 * running while it is read, so a single sample decides nothing: fields are set
 * by agreement (layout_fields.c). A known field is dropped, and learnt anew,
 * when two checks in a row fail; a check of a field in struct Process fails
 * only if a second reading also contradicts it.
 */
#include <string.h>

#include "target/layout_parts.h"

enum {
    CHECK_EVERY = 64,    /* one sample in 64 is checked */
    EAGER_SAMPLES = 256, /* while a field is unknown, all of the first samples
                            are used, */
    LEARN_EVERY = 16,    /* and then one in 16 */
    ESDP_WORDS = 64,
    MIN_CURRENT = 3,
    MAX_FAILURES = 2,
    MAX_XOFF = 4096,
};

static bool all_known(const struct layout *l)
{
    for (int f = 0; f < LAYOUT_TAUGHT_COUNT; f++)
        if (!l->known[f])
            return false;
    return true;
}

static void judge(struct layout *l, enum layout_field f, bool good)
{
    struct layout_state *s = l->state;
    l->checks++;
    if (good) {
        s->failures[f] = 0;
        return;
    }
    l->failed++;
    if (++s->failures[f] < MAX_FAILURES)
        return;
    s->failures[f] = 0;
    l->known[f] = false;
    memset(&s->tallies.of[f], 0, sizeof(s->tallies.of[f]));
    memset(s->current_agree, 0, sizeof(s->current_agree));
}

/* The runtime stack of the sampled thread, checked or learnt; 0: unknown. */
static uint64_t runtime_stack(struct layout *l, const struct layout_evidence *e)
{
    const struct layout_scheduler *known = layout_scheduler(l, e->tid);
    if (!l->known[LAYOUT_XOFF]) {
        uint64_t xoff = known ? e->rbx - known->runtime_stack : 0;
        if (xoff == 0 || xoff >= MAX_XOFF || xoff % 8)
            return 0;
        layout_set(l, LAYOUT_XOFF, (uint32_t)xoff);
    }
    uint64_t rs = e->rbx - l->offset[LAYOUT_XOFF];
    if (known && known->esdp) {
        judge(l, LAYOUT_XOFF, known->runtime_stack == rs);
        return known->runtime_stack == rs ? rs : 0;
    }
    if (known && known->runtime_stack == rs)
        return rs;
    struct layout_scheduler entry = {.tid = e->tid, .runtime_stack = rs};
    return layout_schedulers_put(l, entry) == 0 ? rs : 0;
}

/* Does the scheduler still run the sampled process? True if unknown. */
static bool fresh(const struct layout *l, const struct memory *m, uint64_t esdp,
                  uint64_t c_p)
{
    uint64_t now;
    if (!esdp || !l->known[LAYOUT_CURRENT_PROCESS])
        return true;
    return memory_read_u64(m, esdp + l->offset[LAYOUT_CURRENT_PROCESS], &now) ==
               0 &&
           now == c_p;
}

/* Finds the word of the ErtsSchedulerData that is the running process. */
static void learn_current(struct layout *l, const struct memory *m,
                          uint64_t esdp, uint64_t c_p)
{
    struct layout_state *s = l->state;
    uint64_t words[ESDP_WORDS];
    if (!esdp || l->known[LAYOUT_CURRENT_PROCESS] ||
        memory_read(m, esdp, words, sizeof(words)) < 0)
        return;
    size_t best = 0;
    for (size_t k = 1; k < ESDP_WORDS; k++) {
        s->current_agree[k] += words[k] == c_p && s->current_agree[k] < 1000;
        if (s->current_agree[k] > s->current_agree[best])
            best = k;
    }
    unsigned second = 0;
    for (size_t k = 1; k < ESDP_WORDS; k++)
        if (k != best && s->current_agree[k] > second)
            second = s->current_agree[k];
    if (s->current_agree[best] >= MIN_CURRENT &&
        s->current_agree[best] > 2 * second)
        layout_set(l, LAYOUT_CURRENT_PROCESS, (uint32_t)best * 8);
}

static bool seen_lately(struct layout_state *s, uint64_t c_p)
{
    size_t n = sizeof(s->recent) / sizeof(s->recent[0]);
    for (size_t i = 0; i < n; i++)
        if (s->recent[i] == c_p)
            return true;
    s->recent[s->recent_at++ % n] = c_p;
    return false;
}

/* For a scheduler that is known only from samples: its ErtsSchedulerData is
   found through the process that it runs. */
static void learn_esdp(struct layout *l, const struct memory *m,
                       const struct layout_piece *piece, pid_t tid, uint64_t rs)
{
    const struct layout_scheduler *known = layout_scheduler(l, tid);
    if (!known || known->esdp || !l->known[LAYOUT_SCHEDULER_DATA] || !rs)
        return;
    size_t k = l->offset[LAYOUT_SCHEDULER_DATA] / 8;
    uint64_t first;
    if (k >= piece->words || piece->word[k] == 0 ||
        memory_read_u64(m, piece->word[k], &first) < 0 || first != rs)
        return;
    struct layout_scheduler entry = {
        .tid = tid, .esdp = piece->word[k], .runtime_stack = rs};
    if (layout_schedulers_put(l, entry) < 0)
        l->failed++;
}

/* 1: the piece agrees with the field's offset; -1: it contradicts; 0: neither.
 */
static int verdict(const struct layout *l, const struct layout_tallies *t,
                   enum layout_field f)
{
    size_t k = l->offset[f] / 8;
    if (k >= LAYOUT_WORDS)
        return -1;
    return t->of[f].agree[k] ? 1 : t->of[f].against[k] ? -1 : 0;
}

static void check(struct layout *l, const struct memory *m,
                  struct layout_piece *piece, const struct layout_facts *facts)
{
    static const enum layout_field fields[] = {
        LAYOUT_ID,         LAYOUT_INITIAL, LAYOUT_HEND,          LAYOUT_REG,
        LAYOUT_DICTIONARY, LAYOUT_STATE,   LAYOUT_SCHEDULER_DATA};
    struct layout_facts full = *facts;
    struct layout_tallies first = {0}, second = {0};
    full.again = false;
    layout_fields_add(&first, m, piece, &full);
    bool looked_again = false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        enum layout_field f = fields[i];
        int v = l->known[f] ? verdict(l, &first, f) : 0;
        if (v < 0 && !looked_again) {
            looked_again = true;
            if (layout_table_piece(m, piece->address, piece) < 0)
                return;
            layout_fields_add(&second, m, piece, &full);
        }
        if (v < 0)
            v = verdict(l, &second, f);
        if (v)
            judge(l, f, v > 0);
    }
}

/* Is this sample used? When nothing is missing, one in 64 is enough. */
static bool wanted(struct layout *l)
{
    uint64_t n = l->state->seen++;
    if (all_known(l))
        return n % CHECK_EVERY == 0;
    return n < EAGER_SAMPLES || n % LEARN_EVERY == 0;
}

void layout_learn(struct layout *l, const struct memory *m,
                  const struct layout_evidence *e)
{
    if (!l->state || e->c_p == 0 || e->c_p % 8 ||
        (!wanted(l) && layout_scheduler(l, e->tid)))
        return;
    uint64_t rs = runtime_stack(l, e);
    const struct layout_scheduler *s = layout_scheduler(l, e->tid);
    uint64_t esdp = s ? s->esdp : 0;
    struct layout_piece piece = {0};
    if (!fresh(l, m, esdp, e->c_p) ||
        layout_table_piece(m, e->c_p, &piece) < 0 || !fresh(l, m, esdp, e->c_p))
        return;
    struct layout_facts facts = {.l = l,
                                 .jit = l->state->jit,
                                 .normal_exit = l->state->normal_exit,
                                 .exit_slot = e->exit_slot,
                                 .runtime_stack = rs,
                                 .esdp = esdp};
    facts.running = esdp && l->known[LAYOUT_CURRENT_PROCESS];
    if ((l->state->seen - 1) % CHECK_EVERY == 0)
        check(l, m, &piece, &facts);
    if (all_known(l) && esdp)
        return;
    facts.again = seen_lately(l->state, e->c_p);
    layout_fields_add(&l->state->tallies, m, &piece, &facts);
    learn_current(l, m, esdp, e->c_p);
    layout_take(l, true);
    learn_esdp(l, m, &piece, e->tid, rs);
}
