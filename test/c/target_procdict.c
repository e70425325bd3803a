/* Dictionaries of an artificial process: complete, strange and changing. */
#include "fake_terms.h"

#include <errno.h>

static uint64_t initial_call(struct fake_terms *t, const char *module)
{
    uint64_t mfa =
        TERMS_TUPLE(t, terms_atom(module), terms_atom("init"), terms_int(1));
    return TERMS_TUPLE(t, terms_atom("$initial_call"), mfa);
}

static uint64_t labelled(struct fake_terms *t, uint64_t label)
{
    return TERMS_TUPLE(t, terms_atom("$process_label"), label);
}

/* A gen_server's, with a label, in slots and in a list. */
static struct fake_terms *whole(void)
{
    struct fake_terms *t = fake_terms_open(27);
    terms_dictionary(t, 8, 3);
    uint64_t ancestors = terms_cons(t, terms_atom("shop_sup"), TERMS_NIL);
    uint64_t list = terms_cons(
        t, TERMS_TUPLE(t, terms_atom("$ancestors"), ancestors), TERMS_NIL);
    list = terms_cons(t, TERMS_TUPLE(t, terms_int(7), TERMS_NIL), list);
    terms_slot(t, 0, initial_call(t, "shop"));
    terms_slot(t, 10, list);
    terms_slot(t, 5, labelled(t, terms_string(t, "till 1")));
    return t;
}

static void reads_what_a_process_says(void **state)
{
    (void)state;
    struct fake_terms *t = whole();
    struct procdict says;
    for (int i = 0; i < 2; i++) { /* the second time with known atoms */
        assert_int_equal(terms_read(t, &says), 0);
        assert_true(says.initial[0] == terms_atom("shop"));
        assert_true(says.initial[1] == terms_atom("init"));
        assert_true(says.initial[2] == 1);
        assert_true(says.ancestor == terms_atom("shop_sup"));
        assert_string_equal(says.label, "till 1");
    }
    fake_terms_close(t);
}

/* Of a task: its supervisor is its ancestor, and it works for its caller. */
static void a_task_has_a_caller(void **state)
{
    (void)state;
    struct fake_terms *t = whole();
    struct procdict says;
    uint64_t callers = terms_cons(t, TERMS_PID, TERMS_NIL);
    assert_int_equal(terms_read(t, &says), 0);
    assert_true(says.caller == 0);
    terms_slot(t, 3, TERMS_TUPLE(t, terms_atom("$callers"), callers));
    assert_int_equal(terms_read(t, &says), 0);
    assert_true(says.caller == TERMS_PID);
    assert_true(says.ancestor == terms_atom("shop_sup"));
    fake_terms_close(t);
}

static void no_dictionary_says_nothing(void **state)
{
    (void)state;
    struct fake_terms *t = whole();
    struct procdict says = {.ancestor = 1};
    fake_u64(&t->fake, TERMS_PROCESS + 408, 0);
    assert_int_equal(terms_read(t, &says), 0);
    assert_true(!says.initial[0] && !says.ancestor && !says.label[0]);
    t->layout.known[LAYOUT_DICTIONARY] = false;
    assert_int_equal(terms_read(t, &says), -E_LAYOUT);
    fake_terms_close(t);
}

/* Entries of the same keys that are somebody else's. */
static void other_values_are_not_known(void **state)
{
    (void)state;
    struct fake_terms *t = fake_terms_open(27);
    struct procdict says;
    const uint64_t shop = terms_atom("shop"), init = terms_atom("init");
    const uint64_t values[] = {
        shop,
        terms_int(1),
        TERMS_NIL,
        terms_string(t, "shop"),
        TERMS_TUPLE(t, shop, init),
        TERMS_TUPLE(t, shop, init, shop),
        TERMS_TUPLE(t, shop, init, terms_int(256)),
        TERMS_TUPLE(t, shop, init, terms_int(-1)),
        TERMS_TUPLE(t, shop, terms_int(1), terms_int(1)),
        terms_binary(t, "shop"),
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        terms_dictionary(t, 8, 0);
        terms_slot(t, 1,
                   TERMS_TUPLE(t, terms_atom("$initial_call"), values[i]));
        terms_slot(t, 2, TERMS_TUPLE(t, terms_atom("$ancestors"), shop));
        assert_int_equal(terms_read(t, &says), 0);
        assert_true(says.initial[0] == 0 && says.ancestor == 0);
    }
    fake_terms_close(t);
}

/* --- labels --------------------------------------------------------------- */

static void is_written(struct fake_terms *t, uint64_t label, const char *text)
{
    char out[ERLPROC_TEXT];
    assert_int_equal(term_text(&t->node, label, out, sizeof(out)), 0);
    assert_string_equal(out, text);
}

static void writes_terms_as_erlang_does(void **state)
{
    (void)state;
    struct fake_terms *t = fake_terms_open(27);
    uint64_t shop = terms_atom("shop");
    is_written(t, shop, "shop");
    is_written(t, terms_atom("Elixir.Shop"), "'Elixir.Shop'");
    is_written(t, terms_int(-12), "-12");
    is_written(t, TERMS_NIL, "[]");
    is_written(t, TERMS_PID, "<0.82.0>");
    is_written(t, terms_string(t, "till 1"), "till 1");
    is_written(t, terms_binary(t, "till \xc3\xa9"), "till \xc3\xa9");
    is_written(t, TERMS_TUPLE(t, shop, terms_int(1), terms_string(t, "a b")),
               "{shop,1,\"a b\"}");
    is_written(t, TERMS_TUPLE(t, terms_binary(t, "bin")), "{<<\"bin\">>}");
    is_written(t, terms_cons(t, shop, terms_cons(t, terms_int(1), TERMS_NIL)),
               "[shop,1]");
    is_written(t, terms_cons(t, shop, shop), "[shop|shop]");
    is_written(t, terms_cons(t, terms_int('\n'), TERMS_NIL), "[10]");
    /* a map: its header's tag is 11 */
    uint64_t map = terms_put(t, (const uint64_t[]){11 << 2, 1}, 2) | 2;
    is_written(t, TERMS_TUPLE(t, shop, map), "{shop,...}");
    t->node.release = 25; /* another form of binaries */
    is_written(t, terms_binary(t, "till"), "");
    is_written(t, TERMS_TUPLE(t, terms_binary(t, "till")), "{...}");
    fake_terms_close(t);
}

static void a_part_of_a_binary_is_a_binary(void **state)
{
    (void)state;
    struct fake_terms *t = fake_terms_open(29);
    uint64_t bytes = terms_put(t, (const uint64_t[]){0x6c6c697420656874}, 1);
    uint64_t sub[] = {4 << 6 | 9 << 2, bytes | 1, 4 * 8, 8 * 8, 0};
    is_written(t, terms_put(t, sub, 5) | 2, "till");
    sub[2]++; /* not of whole bytes */
    is_written(t, terms_put(t, sub, 5) | 2, "");
    sub[2] = 9 * 8; /* it ends before it begins */
    is_written(t, terms_put(t, sub, 5) | 2, "");
    fake_terms_close(t);
}

/* Endless and deep terms end. */
static void long_terms_are_cut(void **state)
{
    (void)state;
    struct fake_terms *t = fake_terms_open(27);
    char out[ERLPROC_TEXT];
    uint64_t circle = terms_cons(t, terms_int('x'), TERMS_NIL);
    fake_u64(&t->fake, (circle & ~7ull) + 8, circle);
    assert_int_equal(term_text(&t->node, circle, out, sizeof(out)), 0);
    assert_true(strlen(out) > 200 && strlen(out) < sizeof(out));
    uint64_t deep = TERMS_NIL;
    for (int i = 0; i < 100; i++)
        deep = TERMS_TUPLE(t, deep, deep);
    size_t before = t->fake.calls;
    assert_int_equal(term_text(&t->node, deep, out, sizeof(out)), 0);
    assert_non_null(strstr(out, "..."));
    assert_true(t->fake.calls - before < 2000);
    fake_terms_close(t);
}

/* --- what does not check out ---------------------------------------------- */

/* A collection has put its marks where terms were. */
static void a_moved_term_is_refused(void **state)
{
    (void)state;
    struct procdict says = {.ancestor = 1};
    for (uint64_t at = TERMS_HEAP;; at += 8) {
        struct fake_terms *t = whole();
        bool end = at >= t->top;
        uint64_t word;
        int err = 0;
        if (!end) {
            memcpy(&word, fake_at(&t->fake, at, 8), 8);
            bool header = (word & 3) == 0;
            fake_u64(&t->fake, at, TERMS_HEAP + 0x8002); /* boxed */
            err = terms_read(t, &says);
            assert_true(header ? err == -E_TORN : err == 0 || err == -E_TORN);
        }
        fake_terms_close(t);
        if (end)
            break;
    }
}

static void a_broken_head_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t at;
        uint32_t value;
    } changes[] = {
        {0, 0},  {0, 14}, {0, 16}, {0, UINT32_MAX}, {4, 7},  {4, 12}, {4, 0},
        {8, 10}, {8, 0},  {12, 4}, {12, 9},         {24, 0}, {28, 1},
    };
    struct procdict says;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct fake_terms *t = whole();
        fake_u32(&t->fake, TERMS_DICT + changes[i].at, changes[i].value);
        assert_int_equal(terms_read(t, &says), -E_TORN);
        fake_terms_close(t);
    }
}

static void a_dictionary_has_limits(void **state)
{
    (void)state;
    struct fake_terms *t = fake_terms_open(27);
    struct procdict says;
    terms_dictionary(t, 1024, 0);
    assert_int_equal(terms_read(t, &says), -E_LIMIT);
    terms_dictionary(t, 8, 0);
    uint64_t pair = TERMS_TUPLE(t, terms_int(1), terms_int(2));
    uint64_t circle = terms_cons(t, pair, TERMS_NIL);
    fake_u64(&t->fake, (circle & ~7ull) + 8, circle);
    terms_slot(t, 0, circle);
    assert_int_equal(terms_read(t, &says), -E_LIMIT);
    fake_u64(&t->fake, TERMS_PROCESS + 408, 0x50000000); /* not mapped */
    assert_int_equal(terms_read(t, &says), -E_TORN);
    fake_terms_close(t);
}

/* The process runs while it is read: after each read one thing is different. */
static struct {
    size_t after;
    uint64_t at, value;
} change;

static int read_and_change(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int done = fake_read_many(ctx, spans, n);
    if (f->calls == change.after)
        fake_u64(f, change.at, change.value);
    return done;
}

static void what_changes_while_it_is_read_is_refused(void **state)
{
    (void)state;
    const uint64_t changed[][2] = {
        {TERMS_PROCESS, 0x2913},                 /* another process */
        {TERMS_PROCESS + 408, TERMS_DICT + 8},   /* it grew */
        {TERMS_PROCESS + 408, 0},                /* it ended */
        {TERMS_DICT + 24, TERMS_HEAP + 0x8002},  /* it was moved */
        {TERMS_DICT + 104, TERMS_HEAP + 0x8001}, /* likewise */
    };
    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
        for (size_t after = 1, last = 100; after < last; after++) {
            struct fake_terms *t = whole();
            struct procdict says;
            struct erlproc p;
            assert_int_equal(
                erlproc_read(&t->layout, &t->memory, TERMS_PROCESS, &p), 0);
            assert_int_equal(procdict_read(t->reader, &p, &says), 0);
            t->memory.read_many = read_and_change;
            size_t before = t->fake.calls;
            change.after = SIZE_MAX;
            assert_int_equal(procdict_read(t->reader, &p, &says), 0);
            last = t->fake.calls - before - 1; /* seen by the last reads */
            change.after = t->fake.calls + after;
            change.at = changed[i][0];
            change.value = changed[i][1];
            if (after < last)
                assert_int_equal(procdict_read(t->reader, &p, &says), -E_TORN);
            fake_terms_close(t);
        }
}

/* --- maps ----------------------------------------------------------------- */

enum { MAP = 0x12c, OLD_MAP = 0x13c, HASHMAP = 0x1ec };

/* A map with these words, whose keys are a tuple of that many. */
static uint64_t map(struct fake_terms *t, uint64_t header, uint64_t count,
                    uint64_t keys_header)
{
    const uint64_t keys[] = {keys_header, terms_atom("shop"),
                             terms_atom("init")};
    uint64_t tuple = terms_put(t, keys, 3) | 2;
    const uint64_t words[] = {header, count, tuple, TERMS_PID, terms_int(7)};
    return terms_put(t, words, 5) | 2;
}

static int values_of(uint64_t header, uint64_t count, uint64_t keys_header,
                     size_t most)
{
    struct fake_terms *t = fake_terms_open(27);
    uint64_t values[2] = {0}, term = map(t, header, count, keys_header);
    size_t found = 9;
    int err = term_map_values(&t->memory, term, most, values, &found);
    if (err == 0) {
        assert_int_equal(found, 2);
        assert_int_equal(values[0], TERMS_PID);
        assert_int_equal(values[1], terms_int(7));
    }
    fake_terms_close(t);
    return err;
}

static void values_of_small_maps_are_read(void **state)
{
    (void)state;
    assert_int_equal(values_of(MAP, 2, 2 << 6, 2), 0);
    assert_int_equal(values_of(OLD_MAP, 2, 2 << 6, 8), 0);
    assert_int_equal(values_of(MAP, 2, 2 << 6, 1), -E_NOT_FOUND);
    assert_int_equal(values_of(HASHMAP, 2, 2 << 6, 8), -E_NOT_FOUND);
    assert_int_equal(values_of(2 << 6, 2, 2 << 6, 8), -E_NOT_FOUND);
    assert_int_equal(values_of(MAP, UINT64_MAX, 2 << 6, 8), -E_NOT_FOUND);
    assert_int_equal(values_of(MAP, 2, 3 << 6, 8), -E_TORN);
    assert_int_equal(values_of(MAP, 2, TERMS_HEAP | 2, 8), -E_TORN);
    assert_int_equal(values_of(TERMS_HEAP | 2, 2, 2 << 6, 8), -E_TORN);
}

static void a_map_that_is_not_there_is_no_map(void **state)
{
    (void)state;
    struct fake_terms *t = fake_terms_open(27);
    uint64_t values[2];
    size_t found;
    static const uint64_t terms[] = {TERMS_PID, TERMS_NIL, 0, 0x1232,
                                     TERMS_HEAP | 1};
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
        assert_int_equal(
            term_map_values(&t->memory, terms[i], 2, values, &found),
            -E_NOT_FOUND);
    assert_true(term_map_values(&t->memory, 0x7f1234567002, 2, values, &found) <
                0);
    fake_terms_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_process_says),
        cmocka_unit_test(a_task_has_a_caller),
        cmocka_unit_test(no_dictionary_says_nothing),
        cmocka_unit_test(other_values_are_not_known),
        cmocka_unit_test(writes_terms_as_erlang_does),
        cmocka_unit_test(a_part_of_a_binary_is_a_binary),
        cmocka_unit_test(long_terms_are_cut),
        cmocka_unit_test(a_moved_term_is_refused),
        cmocka_unit_test(a_broken_head_is_refused),
        cmocka_unit_test(a_dictionary_has_limits),
        cmocka_unit_test(values_of_small_maps_are_read),
        cmocka_unit_test(a_map_that_is_not_there_is_no_map),
        cmocka_unit_test(what_changes_while_it_is_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
