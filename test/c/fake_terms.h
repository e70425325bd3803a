/*
 * A process of a node that does not exist, as far as its dictionary: a struct
 * Process, a ProcDict and terms on a heap; and code whose names tell a few
 * atoms. For tests and for the fuzzer.
 */
#ifndef CPROF_TEST_FAKE_TERMS_H
#define CPROF_TEST_FAKE_TERMS_H

#include "fake_memory.h"
#include "jit_entries.h"

#include "target/jit.h"
#include "target/procdict.h"

#define TERMS_EXE     0x400000ull
#define TERMS_LIST    0x600000ull
#define TERMS_CODE    0x650000ull
#define TERMS_PROCESS 0x700000ull
#define TERMS_DICT    0x710000ull
#define TERMS_HEAP    0x800000ull
#define TERMS_BYTES   0x10000ull

enum { TERMS_NIL = 0x3b, TERMS_PID = 0x2903 };

static const char *const terms_atoms[] = {
    "$initial_call", "$ancestors", "$process_label", "shop",    "Elixir.Shop",
    "init",          "shop_sup",   "other",          "$callers"};
enum { TERMS_ATOMS = sizeof(terms_atoms) / sizeof(terms_atoms[0]) };

struct fake_terms {
    struct fake fake;
    struct memory memory;
    struct maps maps;
    struct process process;
    struct jit *jit;
    struct atoms *atoms;
    struct layout layout;
    struct term_node node;
    struct procdict_reader *reader;
    uint64_t top;  /* of the heap */
    uint64_t used; /* slots of the dictionary */
};

/* Index i is atom i + 100, so that no two numbers are alike. */
static inline uint64_t terms_atom(const char *text)
{
    for (uint64_t i = 0; i < TERMS_ATOMS; i++)
        if (strcmp(terms_atoms[i], text) == 0)
            return (i + 100) << 6 | 0x0b;
    fail_msg("no atom %s", text);
    return 0;
}

static inline void terms_link(struct fake *f, uint64_t at, uint64_t next,
                              uint64_t prev, const struct buffer *symfile)
{
    fake_u64(f, at, next);
    fake_u64(f, at + 8, prev);
    fake_u64(f, at + 16, at + 64);
    fake_u64(f, at + 24, symfile->len);
    fake_put(f, at + 64, symfile->data, symfile->len);
}

/* Function i is atom i : atom i + 1, with an arity of 0; its code information
 * holds them (erts/emulator/beam/code_ix.h). */
static inline void terms_code(struct fake *f)
{
    struct buffer b;
    buffer_init(&b, 1 << 16);
    put_module(&b, "m", TERMS_CODE, 0x1000, TERMS_ATOMS - 1);
    for (uint32_t i = 0; i + 1 < TERMS_ATOMS; i++) {
        char name[128];
        uint64_t info = TERMS_CODE + i * 0x40;
        snprintf(name, sizeof(name), "'%s':'%s'/0-CodeInfoPrologue",
                 terms_atoms[i], terms_atoms[i + 1]);
        put_range(&b, name, i * 0x40, i * 0x40 + 0x40, 0);
        fake_u64(f, info + 16, terms_atom(terms_atoms[i]));
        fake_u64(f, info + 24, terms_atom(terms_atoms[i + 1]));
    }
    terms_link(f, TERMS_LIST, TERMS_LIST + 0x1000, 0, &b);
    buffer_clear(&b);
    put_emulator(&b);
    terms_link(f, TERMS_LIST + 0x1000, 0, TERMS_LIST, &b);
    buffer_deinit(&b);
    fake_u32(f, TERMS_EXE + 0x140, 1); /* version */
    fake_u64(f, TERMS_EXE + 0x150, TERMS_LIST);
}

static inline struct fake_terms *fake_terms_open(int release)
{
    struct fake_terms *t = calloc(1, sizeof(*t));
    struct fake *f = &t->fake;
    strcpy(t->process.exe, "/fake/beam.smp");
    fake_map(f, TERMS_EXE, 0x1000, "/fake/beam.smp");
    fake_map(f, TERMS_LIST, 0x2000, "");
    fake_map(f, TERMS_CODE, 0x1000, "");
    fake_map(f, TERMS_PROCESS, 0x1000, "");
    fake_map(f, TERMS_DICT, 0x10000, "");
    fake_map(f, TERMS_HEAP, TERMS_BYTES, "");
    terms_code(f);
    t->memory = fake_memory(f);
    t->maps = fake_maps(f);
    assert_int_equal(jit_open(&t->process, &t->maps, &t->memory, &t->jit), 0);
    assert_int_equal(
        atoms_open(&t->process, &t->maps, &t->memory, t->jit, &t->atoms), 0);
    t->node = (struct term_node){&t->memory, t->atoms, release, 0};
    assert_int_equal(procdict_open(&t->layout, &t->node, &t->reader), 0);
    t->layout.known[LAYOUT_ID] = t->layout.known[LAYOUT_DICTIONARY] = true;
    t->layout.offset[LAYOUT_DICTIONARY] = 408;
    t->layout.process_bytes = 416;
    fake_u64(f, TERMS_PROCESS, TERMS_PID);
    fake_u64(f, TERMS_PROCESS + 408, TERMS_DICT);
    t->top = TERMS_HEAP;
    return t;
}

static inline void fake_terms_close(struct fake_terms *t)
{
    procdict_close(t->reader);
    atoms_close(t->atoms);
    jit_close(t->jit);
    fake_free(&t->fake);
    free(t);
}

/* --- terms ---------------------------------------------------------------- */

static inline uint64_t terms_put(struct fake_terms *t, const uint64_t *words,
                                 size_t n)
{
    uint64_t at = t->top;
    fake_put(&t->fake, at, words, n * 8);
    t->top += n * 8;
    return at;
}

static inline uint64_t terms_int(int64_t value)
{
    return (uint64_t)value << 4 | 15;
}

static inline uint64_t terms_cons(struct fake_terms *t, uint64_t head,
                                  uint64_t tail)
{
    return terms_put(t, (const uint64_t[]){head, tail}, 2) | 1;
}

static inline uint64_t terms_tuple_n(struct fake_terms *t,
                                     const uint64_t *elements, size_t n)
{
    uint64_t words[32] = {n << 6};
    assert_true(n < 32);
    memcpy(words + 1, elements, n * 8);
    return terms_put(t, words, n + 1) | 2;
}

#define TERMS_TUPLE(t, ...)                                                    \
    terms_tuple_n(t, (const uint64_t[]){__VA_ARGS__},                          \
                  sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

static inline uint64_t terms_string(struct fake_terms *t, const char *text)
{
    uint64_t list = TERMS_NIL;
    for (size_t i = strlen(text); i-- > 0;)
        list = terms_cons(t, terms_int((uint8_t)text[i]), list);
    return list;
}

/* Heap bits, erts/emulator/beam/erl_bits.h. */
static inline uint64_t terms_binary(struct fake_terms *t, const char *text)
{
    uint64_t words[16] = {0, strlen(text) * 8};
    size_t n = (strlen(text) + 7) / 8;
    words[0] = (n + 1) << 6 | 8 << 2;
    memcpy(words + 2, text, strlen(text));
    return terms_put(t, words, n + 2) | 2;
}

/* --- the dictionary: home slots, a power of two, and splits of them ------- */

static inline void terms_dictionary(struct fake_terms *t, uint32_t home,
                                    uint32_t splits)
{
    struct fake *f = &t->fake;
    fake_u32(f, TERMS_DICT, 2 * home - 1);
    fake_u32(f, TERMS_DICT + 4, home + splits);
    fake_u32(f, TERMS_DICT + 8, 2 * home);
    fake_u32(f, TERMS_DICT + 12, splits);
    fake_u64(f, TERMS_DICT + 16, 0);
    t->used = home + splits;
    for (uint32_t i = 0; i < 2 * home; i++)
        fake_u64(f, TERMS_DICT + 24 + 8 * i, TERMS_NIL);
}

static inline void terms_slot(struct fake_terms *t, uint64_t slot,
                              uint64_t term)
{
    assert_true(slot < t->used);
    fake_u64(&t->fake, TERMS_DICT + 24 + 8 * slot, term);
}

static inline int terms_read(struct fake_terms *t, struct procdict *out)
{
    struct erlproc p;
    int err = erlproc_read(&t->layout, &t->memory, TERMS_PROCESS, &p);
    return err ? err : procdict_read(t->reader, &p, out);
}

#endif
