/*
 * Offsets in struct Process by agreement. Every word of every copied process is
 * tested for each field; the offset at which (nearly) all processes pass the
 * test is the field's. The tests, with the structs of the VM behind them:
 *
 *   id              a pid term (low 4 bits 3) that contains its own table slot
 *   initial         atom, atom, arity below 256 (ErtsCodeMFA)
 *   continuation    an address in JIT code that is not that of a function's
 *                   ErtsCodeInfo (Process.current points there)
 *   hend            the word below it is the return address to normal_exit,
 *                   the bottom of every Erlang stack
 *   reg             0, or a RegProc {next, hvalue, Process *, Port *, name}
 *                   that points back (erts/emulator/beam/register.h)
 *   dictionary      0, or a pointer to something that begins like a ProcDict
 *                   (procdict.h)
 *   state           flags, some of which exclude others, and a word with few
 *                   other flags; the next word is a small count; after it comes
 *                   a message queue, either empty, {0, its own address}, or
 *                   with messages (ErtsSignalInQueue in
 *                   erts/emulator/beam/erl_message.h)
 *   scheduler_data  0, or the ErtsSchedulerData of a known scheduler, or one
 *                   whose first word is the runtime stack
 */
#include <string.h>

#include "base/procstate.h"
#include "base/term.h"
#include "target/layout_parts.h"
#include "target/procdict.h"

enum {
    PICK_MIN = 4,
    CODE_INFO_BYTES = 40 /* sizeof(ErtsCodeInfo), beam/code_ix.h */
};

/* What a word w of the piece points to, if it is a pointer. */
struct pointee {
    uint64_t below;               /* the word at w - 8 */
    uint64_t head[PROCDICT_HEAD]; /* the words at w */
    bool has_below, has_head;
};

static bool is_atom(uint64_t w)
{
    return term_is_atom(w) && w >> TERM_ATOM_BITS < (uint64_t)1 << 32;
}

static void read_pointees(const struct memory *m,
                          const struct layout_piece *piece, struct pointee *out)
{
    struct memory_span spans[2 * LAYOUT_WORDS];
    size_t owner[2 * LAYOUT_WORDS];
    size_t n = 0;
    memset(out, 0, LAYOUT_WORDS * sizeof(*out));
    for (size_t k = 0; k < piece->words; k++) {
        uint64_t w = piece->word[k];
        if (!layout_is_pointer(w))
            continue;
        owner[n] = k;
        spans[n++] = (struct memory_span){w - 8, &out[k].below, 8, false};
        owner[n] = k;
        spans[n++] =
            (struct memory_span){w, out[k].head, sizeof(out[k].head), false};
    }
    if (memory_read_many(m, spans, n) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (spans[i].len == 8)
            out[owner[i]].has_below = spans[i].ok;
        else
            out[owner[i]].has_head = spans[i].ok;
}

/* The tests. Result: 1 it is the field, -1 it is not, 0 it may be. */

static int answer_id(const struct layout_piece *p, size_t k,
                     const struct layout_facts *f)
{
    uint64_t w = p->word[k];
    if (!term_is_pid(w))
        return -1;
    if (!p->has_index)
        return 1;
    uint64_t slot = term_slot(w, f->old_ids, f->table_size);
    return slot == p->index ? 1 : -1;
}

static int answer_initial(const struct layout_piece *p, size_t k)
{
    return k + 2 < p->words && is_atom(p->word[k]) && is_atom(p->word[k + 1]) &&
                   p->word[k + 2] <= TERM_MAX_ARITY
               ? 1
               : -1;
}

static int answer_continuation(uint64_t w, const struct layout_facts *f)
{
    const struct jit_module *module;
    if (!f->jit)
        return 0;
    if (jit_find(f->jit, w, JIT_FOREVER, &module) != 0)
        return -1;
    const struct jit_function *at = jit_function_at(module, w);
    return at && (!at->info || w - at->info >= CODE_INFO_BYTES) ? 1 : -1;
}

static int answer_hend(uint64_t w, const struct pointee *to,
                       const struct layout_facts *f)
{
    if (f->exit_slot && w == f->exit_slot + 8)
        return 1;
    bool bottom = f->normal_exit && to->has_below &&
                  (to->below & ~(uint64_t)3) == (f->normal_exit & ~(uint64_t)3);
    return bottom ? 1 : -1;
}

static int answer_reg(const struct layout_piece *p, uint64_t w,
                      const struct pointee *to)
{
    if (w == 0)
        return 0;
    return to->has_head && to->head[2] == p->address && is_atom(to->head[4])
               ? 1
               : -1;
}

static int answer_dictionary(uint64_t w, const struct pointee *to)
{
    if (w == 0)
        return 0;
    return to->has_head && procdict_is_head(to->head) ? 1 : -1;
}

/* The present priority of a process is its own or a higher one, that is, a
 * lower number. Only few of the flags in the word behind the state are used
 * (OTP 27: Process.xstate, before that dirty_state). */
static bool may_be_state(uint64_t w)
{
    enum { OTHER_FLAGS_MAX = 1 << 12 };
    uint32_t state = (uint32_t)w;
    return (state & 3) <= (state >> 2 & 3) && !(state & 1u << 31) &&
           !(state & PROCSTATE_FLAG_FREE) && w >> 32 < OTHER_FLAGS_MAX;
}

/* A word of 0 can be a state, but it proves nothing. */
static int answer_state(const struct layout_piece *p, size_t k)
{
    if (k + 3 >= p->words || !may_be_state(p->word[k]) ||
        p->word[k + 1] > UINT32_MAX || !layout_is_pointer(p->word[k + 3]))
        return -1;
    uint64_t first = p->word[k + 2], queue = p->address + (k + 2) * 8;
    if (first == 0 && p->word[k + 3] != queue)
        return -1;
    if (first != 0)
        return layout_is_pointer(first) ? 0 : -1;
    return p->word[k] != 0;
}

static int answer_scheduler(uint64_t w, const struct pointee *to,
                            const struct layout_facts *f)
{
    if (w == 0)
        return f->running ? -1 : 0;
    if (f->esdp && w == f->esdp)
        return 1;
    if (f->runtime_stack && to->has_head && to->head[0] == f->runtime_stack)
        return 1;
    for (size_t i = 0; i < f->l->scheduler_count; i++)
        if (f->l->schedulers[i].esdp == w)
            return 1;
    return -1;
}

static void count(struct layout_tally *t, size_t k, int answer)
{
    if (answer > 0 && t->agree[k] < UINT16_MAX)
        t->agree[k]++;
    if (answer < 0 && t->against[k] < UINT16_MAX)
        t->against[k]++;
}

void layout_fields_add(struct layout_tallies *t, const struct memory *m,
                       const struct layout_piece *piece,
                       const struct layout_facts *facts)
{
    struct pointee to[LAYOUT_WORDS];
    read_pointees(m, piece, to);
    for (size_t k = 0; k < LAYOUT_WORDS; k++) {
        bool in = k < piece->words;
        uint64_t w = in ? piece->word[k] : 0;
        count(&t->of[LAYOUT_HEND], k, in ? answer_hend(w, &to[k], facts) : -1);
        count(&t->of[LAYOUT_SCHEDULER_DATA], k,
              answer_scheduler(w, &to[k], facts));
        if (facts->again)
            continue;
        count(&t->of[LAYOUT_ID], k, in ? answer_id(piece, k, facts) : -1);
        count(&t->of[LAYOUT_INITIAL], k, in ? answer_initial(piece, k) : -1);
        count(&t->of[LAYOUT_CONTINUATION], k, answer_continuation(w, facts));
        count(&t->of[LAYOUT_REG], k, answer_reg(piece, w, &to[k]));
        count(&t->of[LAYOUT_DICTIONARY], k, answer_dictionary(w, &to[k]));
        count(&t->of[LAYOUT_STATE], k, in ? answer_state(piece, k) : -1);
    }
    for (int field = 0; field < LAYOUT_FIELD_COUNT; field++)
        t->of[field].pieces += !facts->again || field == LAYOUT_HEND ||
                               field == LAYOUT_SCHEDULER_DATA;
}

/* One in eight may disagree, because some processes are just being created,
   exit or are garbage collected. */
static bool stands(const struct layout_tally *t, size_t k, unsigned min_agree)
{
    return t->agree[k] >= min_agree &&
           t->against[k] * 8u <= t->agree[k] + t->against[k];
}

/* A word that passes only by chance (such as the end of an old heap, where the
   stack used to end) must not win because the true field was read during a
   garbage collection. So nothing is decided while another word is nearly as
   good. */
bool layout_fields_pick(const struct layout_tally *t, uint32_t *offset)
{
    size_t best = 0;
    for (size_t k = 1; k < LAYOUT_WORDS; k++)
        if (t->agree[k] > t->agree[best])
            best = k;
    if (!stands(t, best, PICK_MIN))
        return false;
    for (size_t k = 0; k < LAYOUT_WORDS; k++)
        if (k != best && t->agree[k] * 4u >= t->agree[best] * 3u)
            return false;
    *offset = (uint32_t)best * 8;
    return true;
}

bool layout_fields_is_code(const struct layout_tally *t, uint32_t offset)
{
    return offset / 8 < LAYOUT_WORDS && t->agree[offset / 8] >= PICK_MIN;
}

bool layout_fields_allow(const struct layout_tally *t, uint32_t offset,
                         unsigned min_agree)
{
    size_t k = offset / 8;
    if (k >= LAYOUT_WORDS || t->agree[k] < min_agree)
        return false;
    return t->against[k] * 8u <= t->pieces;
}
