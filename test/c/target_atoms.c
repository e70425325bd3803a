#include "fake_memory.h"

#include <stdio.h>

#include "target/atoms_parts.h"

static void takes_names_apart(void **state)
{
    (void)state;
    struct atoms_mfa mfa;
    assert_int_equal(atoms_parse_mfa("lists:seq/2", &mfa), 0);
    assert_string_equal(mfa.module, "lists");
    assert_string_equal(mfa.function, "seq");
    assert_int_equal(mfa.arity, 2);
    assert_int_equal(atoms_parse_mfa("'Elixir.Enum':'-map/2-fun-0-'/3", &mfa),
                     0);
    assert_string_equal(mfa.module, "Elixir.Enum");
    assert_string_equal(mfa.function, "-map/2-fun-0-");
    assert_int_equal(mfa.arity, 3);
    assert_int_equal(atoms_parse_mfa("erlang:'/'/2", &mfa), 0);
    assert_string_equal(mfa.function, "/");
}

static void unquotes_escapes(void **state)
{
    (void)state;
    struct atoms_mfa mfa;
    assert_int_equal(
        atoms_parse_mfa("m:'it\\'s \\\\ \\n\\001\\x{e9}\\x{1F600}:/'/0", &mfa),
        0);
    assert_string_equal(mfa.function,
                        "it's \\ \n\x01\xc3\xa9\xf0\x9f\x98\x80:/");
}

static void refuses_what_is_no_function(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "lists",
        "lists:",
        "lists:seq",
        "lists:seq/",
        "m:f/x",
        "m:f/2x",
        "m:f/256",
        "'m:f/2",
        "m:'f/2",
        "m:'f\\",
        ":f/1",
        "m:/1",
        "'m'x:f/1",
        "m:'\\x{12'/1",
        "m:f/-1",
        "global::call_light_bif_shared",
    };
    struct atoms_mfa mfa;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(atoms_parse_mfa(bad[i], &mfa), -E_FORMAT);
}

static void a_long_name_is_cut(void **state)
{
    (void)state;
    char name[5000];
    struct atoms_mfa mfa;
    memset(name, 'a', sizeof(name));
    memcpy(name + sizeof(name) - 5, ":f/1", 5);
    assert_int_equal(atoms_parse_mfa(name, &mfa), 0);
    assert_int_equal(strlen(mfa.module), ATOMS_MAX_TEXT - 1);
}

/* --- the table ------------------------------------------------------------ */

enum {
    DATA = 0x400000,
    TABLE_END = DATA + 0x340, /* where seg_table stands */
    HEAP = 0x10000000,
    PAGES = HEAP + 0x100,
    PAGE = HEAP + 0x1000,
    ATOMS = HEAP + 0x10000,
    TEXTS = HEAP + 0x40000,
    COUNT = 100,
};

static uint64_t term(uint64_t index)
{
    return index << 6 | 0x0b;
}

static void add_atom(struct fake *f, uint64_t index, const char *text,
                     bool boxed)
{
    uint64_t atom = ATOMS + index * 64, bytes = TEXTS + index * 33;
    int16_t len = (int16_t)strlen(text);
    if (boxed)
        bytes = TEXTS + index * 64;
    fake_u64(f, PAGE + index * 8, atom);
    fake_u32(f, atom + 16, (uint32_t)index);
    fake_put(f, atom + 24, &len, sizeof(len));
    fake_u64(f, atom + 32, boxed ? bytes + 2 : bytes);
    fake_put(f, boxed ? bytes + 16 : bytes, text, (size_t)len);
}

static void atom_node(struct fake *f, bool boxed)
{
    memset(f, 0, sizeof(*f));
    fake_map(f, DATA, 0x1000, "/beam.smp");
    fake_map(f, HEAP, 0x80000, "");
    fake_u32(f, TABLE_END - 16, 1024);
    fake_u32(f, TABLE_END - 12, 1 << 20);
    fake_u32(f, TABLE_END - 8, COUNT);
    fake_u64(f, TABLE_END, PAGES);
    fake_u64(f, PAGES, PAGE);
    for (uint64_t i = 0; i < COUNT; i++) {
        char text[32];
        snprintf(text, sizeof(text), "atom number %u", (unsigned)i);
        add_atom(f, i, text, boxed);
    }
}

static const struct atoms_known known[] = {
    {3 << 6 | 0x0b, "atom number 3"},   {4 << 6 | 0x0b, "atom number 4"},
    {17 << 6 | 0x0b, "atom number 17"}, {18 << 6 | 0x0b, "atom number 18"},
    {19 << 6 | 0x0b, "atom number 19"}, {25 << 6 | 0x0b, "atom number 25"},
    {50 << 6 | 0x0b, "atom number 50"}, {60 << 6 | 0x0b, "atom number 60"},
    {61 << 6 | 0x0b, "atom number 61"},
};

static int find(struct fake *f, size_t count, struct atoms_table *t)
{
    struct maps maps = fake_maps(f);
    struct memory m = fake_memory(f);
    struct exedata d;
    assert_int_equal(exedata_read("/beam.smp", &maps, &m, &d), 0);
    int status = atoms_table_find(&d, &maps, &m, known, count, t);
    exedata_deinit(&d);
    return status;
}

static void finds_the_table_and_names_any_atom(void **state)
{
    (void)state;
    for (int boxed = 0; boxed < 2; boxed++) {
        struct fake f;
        struct atoms_table t;
        char text[ATOMS_MAX_TEXT];
        atom_node(&f, boxed);
        struct memory m = fake_memory(&f);
        assert_int_equal(find(&f, 9, &t), 0);
        assert_int_equal(t.boxed, boxed);
        assert_int_equal(atoms_table_text(&t, &m, term(99), text), 0);
        assert_string_equal(text, "atom number 99");
        assert_true(atoms_table_text(&t, &m, term(100), text) < 0);
        assert_int_equal(atoms_table_text(&t, &m, 99 << 4 | 3, text),
                         -E_NOT_FOUND);
        fake_free(&f);
    }
}

static void too_few_known_atoms_find_nothing(void **state)
{
    (void)state;
    struct fake f;
    struct atoms_table t;
    atom_node(&f, false);
    assert_int_equal(find(&f, 7, &t), -E_NOT_FOUND);
    fake_free(&f);
}

static void a_table_with_other_texts_is_refused(void **state)
{
    (void)state;
    struct fake f;
    struct atoms_table t;
    atom_node(&f, false);
    for (uint64_t i = 0; i < 5; i++)
        add_atom(&f, known[i].term >> 6, "something else", false);
    assert_int_equal(find(&f, 9, &t), -E_NOT_FOUND);
    fake_free(&f);
}

static void a_slot_without_its_index_is_refused(void **state)
{
    (void)state;
    struct fake f;
    char text[ATOMS_MAX_TEXT];
    atom_node(&f, false);
    struct memory m = fake_memory(&f);
    struct atoms_table t = {.segments = PAGES};
    int16_t huge = 30000;
    fake_u32(&f, ATOMS + 7 * 64 + 16, 8);
    fake_put(&f, ATOMS + 9 * 64 + 24, &huge, sizeof(huge));
    assert_int_equal(atoms_table_text(&t, &m, term(7), text), -E_NOT_FOUND);
    assert_int_equal(atoms_table_text(&t, &m, term(9), text), -E_NOT_FOUND);
    fake_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_names_apart),
        cmocka_unit_test(unquotes_escapes),
        cmocka_unit_test(refuses_what_is_no_function),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(finds_the_table_and_names_any_atom),
        cmocka_unit_test(too_few_known_atoms_find_nothing),
        cmocka_unit_test(a_table_with_other_texts_is_refused),
        cmocka_unit_test(a_slot_without_its_index_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
