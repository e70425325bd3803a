#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "fake_terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A word of the dictionary or of the heap becomes another, in place or while
 * it is read: any bits, or a term that leads into the heap. */
struct patch {
    uint8_t when; /* 0: before it is read; else after that many reads */
    uint8_t kind;
    uint16_t where, what;
};

static struct patch later[256];
static size_t later_count;

static uint64_t word_of(uint8_t kind, uint16_t what)
{
    uint64_t address = TERMS_HEAP + what % 1024 * 8;
    switch (kind % 8) {
    case 0:
        return address | 2;
    case 1:
        return address | 1;
    case 2:
        return terms_atom(terms_atoms[what % TERMS_ATOMS]);
    case 3:
        return (uint64_t)what << 4 | 15;
    case 4:
        return (uint64_t)(what >> 6) << 6 | (what & 0x3c); /* a header */
    case 5:
        return TERMS_NIL;
    case 6:
        return what;
    default:
        return UINT64_MAX / 65535 * what;
    }
}

static void apply(struct fake *f, const struct patch *p)
{
    enum { DICTIONARY = 64 };
    uint64_t at = p->where % 2 ? TERMS_HEAP + p->where / 2 % 1024 * 8
                               : TERMS_DICT + p->where / 2 % DICTIONARY * 8;
    fake_u64(f, at, word_of(p->kind, p->what));
}

static int read_and_change(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int done = fake_read_many(ctx, spans, n);
    for (size_t i = 0; i < later_count; i++)
        if (later[i].when == f->calls)
            apply(f, &later[i]);
    return done;
}

/* A dictionary that makes sense, for the patches to spoil. */
static void fill(struct fake_terms *t)
{
    uint64_t shop = terms_atom("shop");
    uint64_t mfa = TERMS_TUPLE(t, shop, terms_atom("init"), terms_int(1));
    uint64_t chain = terms_cons(
        t, TERMS_TUPLE(t, terms_atom("$ancestors"), terms_cons(t, shop, 0x3b)),
        TERMS_NIL);
    uint64_t label = TERMS_TUPLE(t, shop, terms_string(t, "till"),
                                 terms_binary(t, "one"), TERMS_PID, mfa);
    terms_dictionary(t, 8, 3);
    terms_slot(t, 1, TERMS_TUPLE(t, terms_atom("$initial_call"), mfa));
    terms_slot(t, 9, terms_cons(t, TERMS_TUPLE(t, shop, shop), chain));
    terms_slot(t, 4, TERMS_TUPLE(t, terms_atom("$process_label"), label));
}

static void check(const struct procdict *says)
{
    uint32_t code;
    size_t len = strnlen(says->label, sizeof(says->label));
    require(len < sizeof(says->label));
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(says->label + i, len - i, &code);
        require(n > 0);
    }
    if (says->initial[0]) {
        require(term_kind(says->initial[0]) == TERM_IS_ATOM);
        require(term_kind(says->initial[1]) == TERM_IS_ATOM);
        require(says->initial[2] <= 255);
    }
    enum term_kind ancestor = term_kind(says->ancestor);
    require(says->ancestor == 0 || ancestor == TERM_IS_ATOM ||
            ancestor == TERM_IS_PID);
}

/* Opening it takes longer than all the rest. */
static struct fake_terms *fresh(void)
{
    static struct fake_terms *t;
    if (!t)
        t = fake_terms_open(27);
    memset(fake_at(&t->fake, TERMS_HEAP, TERMS_BYTES), 0, TERMS_BYTES);
    t->memory.read_many = fake_read_many;
    t->top = TERMS_HEAP;
    fill(t);
    return t;
}

/* Whatever is in the node's memory: it ends, and what it says is well formed.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_terms *t = fresh();
    struct procdict says;
    enum { PATCH = 6, MOST_READS = 4000 };
    later_count = 0;
    for (; size >= PATCH && later_count < 256; data += PATCH, size -= PATCH) {
        struct patch p = {data[0] % 64, data[1], 0, 0};
        memcpy(&p.where, data + 2, 2);
        memcpy(&p.what, data + 4, 2);
        if (p.when)
            later[later_count++] = p;
        else
            apply(&t->fake, &p);
    }
    t->memory.read_many = read_and_change;
    t->fake.calls = 0;
    if (terms_read(t, &says) == 0)
        check(&says);
    require(t->fake.calls < MOST_READS);
    return 0;
}
