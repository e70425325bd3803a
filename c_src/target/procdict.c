/*
 * ProcDict (erts/emulator/beam/erl_process_dict.h, the same in OTP 25 to 29)
 * is a hash table that grows by splitting one slot after the other:
 *
 *    +0 u32 sizeMask       2 * (slots before the splitting began) - 1
 *    +4 u32 usedSlots      slots before the splitting began, and splits since
 *    +8 u32 arraySize      slots that there is room for
 *   +12 u32 splitPosition  splits since then
 *   +16     numElements
 *   +24     slots: [] | {Key, Value} | [{Key, Value}, ...]
 *
 * A garbage collection moves what the slots point to and then changes the
 * slots; put/2 creates a new tuple. So if the slots have the same words before
 * and after the reading, everything that was read was still there.
 */
#include "target/procdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_AT = 24,
    FIRST_SLOT = SLOTS_AT / 8,
    MAX_SLOTS = 512,
    MAX_PAIRS = 1024,
    MAX_CHAIN = 32,
    MAX_ARRAY = 1 << 30,
    PAIR_HEADER = 2 << 6, /* make_arityval(2), erl_term.h */
    MAX_ARITY = 255,
    OTHERS = 64,
};

enum key { INITIAL_CALL, ANCESTORS, CALLERS, LABEL, KEYS, OTHER = KEYS };

static const char *const key_names[KEYS] = {
    [INITIAL_CALL] = "$initial_call",
    [ANCESTORS] = "$ancestors",
    [CALLERS] = "$callers",
    [LABEL] = "$process_label",
};

struct pair {
    uint64_t header, key, value;
};

struct procdict_reader {
    const struct layout *layout;
    const struct term_node *node;
    uint64_t keys[KEYS];     /* atoms; 0: not seen yet */
    uint64_t others[OTHERS]; /* atoms that are known to be other keys */
    uint64_t slots[MAX_SLOTS], again[MAX_SLOTS];
    size_t slot_count;
    uint64_t open[MAX_SLOTS]; /* the unread rests of lists */
    size_t open_count;
    uint64_t tuples[MAX_PAIRS];
    struct pair pairs[MAX_PAIRS];
    size_t pair_count;
    struct memory_span spans[MAX_PAIRS];
};

int procdict_open(const struct layout *l, const struct term_node *n,
                  struct procdict_reader **out)
{
    struct procdict_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->layout = l;
    r->node = n;
    *out = r;
    return 0;
}

void procdict_close(struct procdict_reader *r)
{
    free(r);
}

/* --- the slots ------------------------------------------------------------ */

static bool is_slot(uint64_t word)
{
    enum term_kind kind = term_kind(word);
    return kind == TERM_IS_NIL || kind == TERM_IS_LIST || kind == TERM_IS_BOXED;
}

static uint32_t used_slots(const uint64_t *head)
{
    return (uint32_t)(head[0] >> 32);
}

bool procdict_is_head(const uint64_t head[PROCDICT_HEAD])
{
    uint64_t home = ((head[0] & UINT32_MAX) + 1) / 2;
    uint64_t used = used_slots(head), array = head[1] & UINT32_MAX;
    uint64_t split = head[1] >> 32;
    return home && (home & (home - 1)) == 0 && (head[0] & 1) && split <= home &&
           used == home + split && used <= array && array <= MAX_ARRAY &&
           head[2] <= (uint64_t)MAX_ARRAY * MAX_CHAIN &&
           is_slot(head[FIRST_SLOT]) &&
           (used == 1 || is_slot(head[FIRST_SLOT + 1]));
}

static int read_slots(struct procdict_reader *r, uint64_t dictionary)
{
    uint64_t head[PROCDICT_HEAD];
    const struct memory *m = r->node->memory;
    int err = memory_read(m, dictionary, head, sizeof(head));
    if (err)
        return err;
    if (!procdict_is_head(head))
        return -E_TORN;
    r->slot_count = used_slots(head);
    if (r->slot_count > MAX_SLOTS)
        return -E_LIMIT;
    return memory_read(m, dictionary + SLOTS_AT, r->slots,
                       r->slot_count * sizeof(*r->slots));
}

/* Are the slots and the process as they were when they were first read? */
static bool is_unchanged(struct procdict_reader *r, const struct erlproc *p)
{
    struct erlproc now;
    const struct memory *m = r->node->memory;
    size_t bytes = r->slot_count * sizeof(*r->slots);
    return memory_read(m, p->dictionary + SLOTS_AT, r->again, bytes) == 0 &&
           memcmp(r->slots, r->again, bytes) == 0 &&
           erlproc_read(r->layout, m, p->address, &now) == 0 &&
           now.id == p->id && now.dictionary == p->dictionary &&
           now.hend == p->hend;
}

/* --- the pairs ------------------------------------------------------------ */

static int add_pair(struct procdict_reader *r, uint64_t term)
{
    if (term_kind(term) != TERM_IS_BOXED)
        return -E_TORN;
    if (r->pair_count == MAX_PAIRS)
        return -E_LIMIT;
    r->tuples[r->pair_count++] = term;
    return 0;
}

static int begin(struct procdict_reader *r)
{
    int err = 0;
    r->open_count = r->pair_count = 0;
    for (size_t i = 0; i < r->slot_count && !err; i++)
        if (term_kind(r->slots[i]) == TERM_IS_LIST)
            r->open[r->open_count++] = r->slots[i];
        else if (term_kind(r->slots[i]) != TERM_IS_NIL)
            err = add_pair(r, r->slots[i]);
    return err;
}

/* Reads n spans; if one cannot be read, the dictionary has changed. */
static int read_all(struct procdict_reader *r, size_t n)
{
    int done = memory_read_many(r->node->memory, r->spans, n);
    return done < 0 ? done : (size_t)done == n ? 0 : -E_TORN;
}

/* Reads the next cell of each list. */
static int follow(struct procdict_reader *r)
{
    uint64_t cells[MAX_SLOTS][2];
    size_t n = r->open_count;
    for (size_t i = 0; i < n; i++)
        r->spans[i] = (struct memory_span){term_address(r->open[i]), cells[i],
                                           sizeof(cells[i]), false};
    int err = read_all(r, n);
    r->open_count = 0;
    for (size_t i = 0; i < n && !err; i++) {
        enum term_kind rest = term_kind(cells[i][1]);
        err = rest == TERM_IS_LIST || rest == TERM_IS_NIL
                  ? add_pair(r, cells[i][0])
                  : -E_TORN;
        if (rest == TERM_IS_LIST)
            r->open[r->open_count++] = cells[i][1];
    }
    return err;
}

static int read_pairs(struct procdict_reader *r)
{
    int err = begin(r);
    for (int i = 0; i < MAX_CHAIN && r->open_count && !err; i++)
        err = follow(r);
    if (err || r->open_count)
        return err ? err : -E_LIMIT;
    for (size_t i = 0; i < r->pair_count; i++)
        r->spans[i] =
            (struct memory_span){term_address(r->tuples[i]), &r->pairs[i],
                                 sizeof(r->pairs[i]), false};
    err = read_all(r, r->pair_count);
    for (size_t i = 0; i < r->pair_count && !err; i++)
        err = r->pairs[i].header == PAIR_HEADER ? 0 : -E_TORN;
    return err;
}

/* --- what the pairs mean -------------------------------------------------- */

static enum key learn_key(struct procdict_reader *r, uint64_t atom)
{
    char text[ERLPROC_TEXT];
    if (atoms_text(r->node->atoms, atom, text, sizeof(text)) != 0)
        return OTHER;
    for (int k = 0; k < KEYS; k++)
        if (strcmp(text, key_names[k]) == 0) {
            r->keys[k] = atom;
            return (enum key)k;
        }
    r->others[(atom >> 6) % OTHERS] = atom;
    return OTHER;
}

static enum key key_of(struct procdict_reader *r, uint64_t term)
{
    if (term_kind(term) != TERM_IS_ATOM)
        return OTHER;
    for (int k = 0; k < KEYS; k++)
        if (r->keys[k] == term)
            return (enum key)k;
    return r->others[(term >> 6) % OTHERS] == term ? OTHER : learn_key(r, term);
}

static int take_initial_call(struct procdict_reader *r, uint64_t value,
                             struct procdict *out)
{
    uint64_t mfa[3];
    int err = term_tuple(r->node->memory, value, 3, mfa);
    if (err)
        return err == -E_NOT_FOUND ? 0 : err; /* not written by proc_lib */
    if (term_kind(mfa[0]) != TERM_IS_ATOM ||
        term_kind(mfa[1]) != TERM_IS_ATOM ||
        term_kind(mfa[2]) != TERM_IS_SMALL || term_small(mfa[2]) < 0 ||
        term_small(mfa[2]) > MAX_ARITY)
        return 0;
    out->initial[0] = mfa[0];
    out->initial[1] = mfa[1];
    out->initial[2] = (uint64_t)term_small(mfa[2]);
    return 0;
}

/* The first of a list of processes. */
static int take_first(struct procdict_reader *r, uint64_t value, uint64_t *out)
{
    uint64_t cell[2];
    if (term_kind(value) != TERM_IS_LIST)
        return 0;
    int err = term_cell(r->node->memory, value, cell);
    if (err)
        return err;
    enum term_kind kind = term_kind(cell[0]);
    if (kind == TERM_IS_ATOM || kind == TERM_IS_PID)
        *out = cell[0];
    return 0;
}

static int take(struct procdict_reader *r, const struct pair *pair,
                struct procdict *out)
{
    switch (key_of(r, pair->key)) {
    case INITIAL_CALL:
        return take_initial_call(r, pair->value, out);
    case ANCESTORS:
        return take_first(r, pair->value, &out->ancestor);
    case CALLERS:
        return take_first(r, pair->value, &out->caller);
    case LABEL:
        return term_text(r->node, pair->value, out->label, sizeof(out->label));
    default:
        return 0;
    }
}

/* What is no longer mapped has been moved. */
static int torn(int err)
{
    return err == -EFAULT ? -E_TORN : err;
}

int procdict_read(struct procdict_reader *r, const struct erlproc *p,
                  struct procdict *out)
{
    struct procdict found = {.initial = {0}};
    if (!r->layout->known[LAYOUT_DICTIONARY])
        return -E_LAYOUT;
    if (p->dictionary) {
        int err = read_slots(r, p->dictionary);
        if (!err)
            err = read_pairs(r);
        for (size_t i = 0; i < r->pair_count && !err; i++)
            err = take(r, &r->pairs[i], &found);
        if (err)
            return torn(err);
        if (!is_unchanged(r, p))
            return -E_TORN;
    }
    *out = found;
    return 0;
}
