#include "fake_memory.h"

#include "target/layout_parts.h"

enum { DATA = 0x400000, HEAP = 0x10000000, STACKS = 0x20000000 };

/* --- processes ------------------------------------------------------------ */

enum {
    TAB = HEAP + 0x10000,
    PROCESSES = HEAP + 0x20000,
    PROCESS_SIZE = 0x600,
    FREE_IDS = HEAP + 0x18000,
    NORMAL_EXIT = 0x7f0000,
    ESDP = HEAP + 0x40,
    SLOTS = 1024,
};

/* Process i, in slot 8 * i, with fields where no release has them. */
static uint64_t add_process(struct fake *f, uint64_t i, bool old_ids)
{
    uint64_t p = PROCESSES + i * PROCESS_SIZE, slot = 8 * i;
    uint64_t stack = HEAP + 0x60000 + i * 0x100;
    fake_u64(f, TAB + slot * 8, p);
    fake_u64(f, p, (old_ids ? slot << 32 | i << 4 : slot << 4) | 3);
    fake_u64(f, p + 64, (i + 100) << 6 | 0x0b); /* atoms, not followed */
    fake_u64(f, p + 72, i << 6 | 0x0b);
    fake_u64(f, p + 80, 1 << 20);
    fake_u64(f, p + 304, 7 << 6 | 0x0b); /* initial call */
    fake_u64(f, p + 312, 9 << 6 | 0x0b);
    fake_u64(f, p + 320, i % 4);
    fake_u32(f, p + 480, i ? 0x2a : 0); /* state, of one with priority max */
    fake_u64(f, p + 504, p + 496);      /* an empty queue of messages */
    fake_u64(f, p + 240, stack + 0x80); /* hend */
    fake_u64(f, stack + 0x78, NORMAL_EXIT);
    if (i % 3 == 0) {
        uint64_t reg = HEAP + 0x70000 + i * 64;
        fake_u64(f, p + 56, reg);
        fake_u64(f, reg + 16, p);
        fake_u64(f, reg + 32, (i + 50) << 6 | 0x0b);
    }
    return p;
}

static void process_node(struct fake *f, uint64_t count, bool old_ids)
{
    memset(f, 0, sizeof(*f));
    fake_map(f, DATA, 0x1000, "/beam.smp");
    fake_map(f, HEAP, 0x100000, "");
    uint64_t table = DATA + 0x400;
    fake_u64(f, table, TAB);
    fake_u64(f, table + 8, FREE_IDS);
    fake_u32(f, table + 16, SLOTS);
    if (old_ids)
        fake_u32(f, table + 20, SLOTS - 1);
    else
        fake_u64(f, table + 24, SLOTS - 1);
    for (uint64_t i = 0; i < count; i++)
        add_process(f, i, old_ids);
}

static void read_pieces(struct fake *f, struct layout_pieces *pieces)
{
    struct maps maps = fake_maps(f);
    struct memory m = fake_memory(f);
    struct exedata d;
    assert_int_equal(exedata_read("/beam.smp", &maps, &m, &d), 0);
    assert_int_equal(layout_table_read(&d, &maps, &m, LAYOUT_PROCESSES, pieces),
                     0);
    exedata_deinit(&d);
}

static void tally(struct fake *f, struct layout_tallies *t)
{
    struct layout_pieces pieces;
    struct layout l = {0};
    struct memory m = fake_memory(f);
    read_pieces(f, &pieces);
    struct layout_facts facts = {.l = &l,
                                 .normal_exit = NORMAL_EXIT,
                                 .runtime_stack = STACKS,
                                 .esdp = ESDP,
                                 .old_ids = pieces.old_ids,
                                 .table_size = pieces.table_size};
    for (size_t i = 0; i < pieces.count; i++)
        layout_fields_add(t, &m, &pieces.list[i], &facts);
    free(pieces.list);
}

static void finds_the_process_table(void **state)
{
    (void)state;
    for (int old_ids = 0; old_ids < 2; old_ids++) {
        struct fake f;
        struct layout_pieces pieces;
        process_node(&f, 12, old_ids);
        read_pieces(&f, &pieces);
        assert_int_equal(pieces.count, 12);
        assert_int_equal(pieces.table_size, SLOTS);
        assert_int_equal(pieces.old_ids, old_ids);
        free(pieces.list);
        fake_free(&f);
    }
}

static void a_table_whose_ids_do_not_fit_is_refused(void **state)
{
    (void)state;
    struct fake f;
    struct layout_pieces pieces;
    process_node(&f, 12, false);
    for (uint64_t i = 0; i < 12; i++)
        fake_u64(&f, PROCESSES + i * PROCESS_SIZE, (8 * i + 1) << 4 | 3);
    read_pieces(&f, &pieces);
    assert_int_equal(pieces.count, 0);
    assert_int_equal(pieces.table_size, 0);
    free(pieces.list);
    fake_free(&f);
}

static void finds_fields_of_an_unknown_release(void **state)
{
    (void)state;
    struct fake f;
    struct layout_tallies t = {0};
    uint32_t offset;
    process_node(&f, 12, false);
    for (uint64_t i = 2; i < 6; i++)
        fake_u64(&f, PROCESSES + i * PROCESS_SIZE + 400, ESDP);
    tally(&f, &t);
    assert_true(layout_fields_pick(&t.of[LAYOUT_ID], &offset));
    assert_int_equal(offset, 0);
    assert_true(layout_fields_pick(&t.of[LAYOUT_INITIAL], &offset));
    assert_int_equal(offset, 304);
    assert_true(layout_fields_pick(&t.of[LAYOUT_HEND], &offset));
    assert_int_equal(offset, 240);
    assert_true(layout_fields_pick(&t.of[LAYOUT_REG], &offset));
    assert_int_equal(offset, 56);
    assert_true(layout_fields_pick(&t.of[LAYOUT_SCHEDULER_DATA], &offset));
    assert_int_equal(offset, 400);
    assert_true(layout_fields_pick(&t.of[LAYOUT_STATE], &offset));
    assert_int_equal(offset, 480);
    fake_free(&f);
}

/* What is put at the place of the state of every process, and whether it may
   be one. */
static bool state_is_found(uint64_t state, uint64_t count, uint64_t first,
                           uint64_t last_of_empty)
{
    struct fake f;
    struct layout_tallies t = {0};
    uint32_t offset;
    process_node(&f, 12, false);
    for (uint64_t i = 0; i < 12; i++) {
        uint64_t p = PROCESSES + i * PROCESS_SIZE;
        fake_u64(&f, p + 480, state);
        fake_u64(&f, p + 488, count);
        /* Most have no message. */
        fake_u64(&f, p + 496, i % 3 ? 0 : first);
        fake_u64(&f, p + 504, i % 3 ? p + last_of_empty : HEAP);
    }
    tally(&f, &t);
    bool found = layout_fields_pick(&t.of[LAYOUT_STATE], &offset);
    fake_free(&f);
    return found && offset == 480;
}

static void tells_the_state_by_what_follows_it(void **state)
{
    (void)state;
    assert_true(state_is_found(0x2a, 0, HEAP, 496));
    assert_true(state_is_found((uint64_t)3 << 32 | 0x1a02a, 77, HEAP, 496));
    assert_false(state_is_found(0x2b, 0, HEAP, 496));           /* priorities */
    assert_false(state_is_found(0x42a, 0, HEAP, 496));          /* free */
    assert_false(state_is_found(0, 0, HEAP, 496));              /* zeroes */
    assert_false(state_is_found(0x7f0000001000, 0, HEAP, 496)); /* an address */
    assert_false(state_is_found(0x2a, HEAP + ((uint64_t)1 << 40), HEAP, 496));
    assert_false(state_is_found(0x2a, 0, 5, 496));    /* no message */
    assert_false(state_is_found(0x2a, 0, HEAP, 504)); /* no queue */
}

static void two_places_that_fit_are_no_answer(void **state)
{
    (void)state;
    struct fake f;
    struct layout_tallies t = {0};
    uint32_t offset;
    process_node(&f, 12, false);
    for (uint64_t i = 0; i < 12; i++) {
        uint64_t p = PROCESSES + i * PROCESS_SIZE;
        fake_u64(&f, p + 800, HEAP + 0x60000 + i * 0x100 + 0x80);
    }
    tally(&f, &t);
    assert_false(layout_fields_pick(&t.of[LAYOUT_HEND], &offset));
    assert_true(layout_fields_allow(&t.of[LAYOUT_HEND], 240, 1));
    assert_false(layout_fields_allow(&t.of[LAYOUT_HEND], 248, 1));
    assert_false(layout_fields_allow(&t.of[LAYOUT_HEND], 1 << 20, 0));
    fake_free(&f);
}

/* The true word was torn once, another is right by chance. */
static void a_close_second_is_no_answer_yet(void **state)
{
    (void)state;
    struct layout_tally t = {.pieces = 5};
    uint32_t offset;
    t.agree[62] = 5;
    t.agree[25] = 4;
    t.against[25] = 1;
    assert_false(layout_fields_pick(&t, &offset));
    t.agree[25] = 44;
    t.against[62] = 40;
    assert_true(layout_fields_pick(&t, &offset));
    assert_int_equal(offset, 200);
    t.against[25] = 10; /* too often wrong */
    assert_false(layout_fields_pick(&t, &offset));
}

static void a_few_torn_processes_do_not_matter(void **state)
{
    (void)state;
    struct fake f;
    struct layout_tallies t = {0};
    uint32_t offset;
    process_node(&f, 20, true);
    fake_u64(&f, PROCESSES + 3 * PROCESS_SIZE + 240, 0);
    fake_u64(&f, PROCESSES + 3 * PROCESS_SIZE + 304, 0x1238);
    tally(&f, &t);
    assert_true(layout_fields_pick(&t.of[LAYOUT_HEND], &offset));
    assert_int_equal(offset, 240);
    assert_true(layout_fields_pick(&t.of[LAYOUT_INITIAL], &offset));
    assert_int_equal(offset, 304);
    fake_free(&f);
}

/* --- the rest ------------------------------------------------------------- */

static void tells_the_release_from_the_path(void **state)
{
    (void)state;
    assert_int_equal(
        layout_hints_release("/usr/lib/erlang/erts-13.1.5/bin/beam.smp"), 25);
    assert_int_equal(layout_hints_release("/opt/erts-9/x/erts-17.1/beam.smp"),
                     29);
    assert_int_equal(layout_hints_release("/usr/bin/beam.smp"), 0);
    assert_int_equal(layout_hints_release("/erts-/beam.smp"), 0);
}

static void says_what_is_missing(void **state)
{
    (void)state;
    struct layout l = {0};
    char text[256], small[8];
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++)
        l.known[f] = f != LAYOUT_HEND && f != LAYOUT_REG;
    layout_missing(&l, text, sizeof(text));
    assert_string_equal(text, "hend, registered name");
    layout_missing(&l, small, sizeof(small));
    assert_string_equal(small, "hend, r");
    l.known[LAYOUT_HEND] = l.known[LAYOUT_REG] = true;
    layout_missing(&l, text, sizeof(text));
    assert_string_equal(text, "");
}

/* --- learning from samples ------------------------------------------------ */

static void learns_from_samples_alone(void **state)
{
    (void)state;
    struct fake f;
    struct layout l = {.state = calloc(1, sizeof(*l.state))};
    process_node(&f, 6, false);
    fake_u64(&f, ESDP, STACKS + 0x8000);
    layout_set(&l, LAYOUT_XOFF, 128);
    layout_set(&l, LAYOUT_STOP, 88);
    layout_set(&l, LAYOUT_HTOP, 80);
    l.state->normal_exit = NORMAL_EXIT;
    struct memory m = fake_memory(&f);
    for (uint64_t i = 0; i < 30; i++) {
        uint64_t p = PROCESSES + i % 6 * PROCESS_SIZE;
        uint64_t stack = HEAP + 0x60000 + i % 6 * 0x100;
        struct layout_evidence e = {.tid = 77,
                                    .c_p = p,
                                    .rbx = STACKS + 0x8000 + 128,
                                    .exit_slot = stack + 0x78};
        fake_u64(&f, p + 400, ESDP);
        fake_u64(&f, ESDP + 168, p);
        layout_learn(&l, &m, &e);
        fake_u64(&f, p + 400, 0);
    }
    const struct layout_scheduler *s = layout_scheduler(&l, 77);
    assert_non_null(s);
    assert_true(s->runtime_stack == STACKS + 0x8000);
    assert_true(s->esdp == ESDP);
    assert_true(l.known[LAYOUT_HEND] && l.offset[LAYOUT_HEND] == 240);
    assert_true(l.known[LAYOUT_INITIAL] && l.offset[LAYOUT_INITIAL] == 304);
    assert_true(l.known[LAYOUT_SCHEDULER_DATA] &&
                l.offset[LAYOUT_SCHEDULER_DATA] == 400);
    assert_true(l.known[LAYOUT_CURRENT_PROCESS] &&
                l.offset[LAYOUT_CURRENT_PROCESS] == 168);
    assert_int_equal(l.process_bytes, 488);
    layout_deinit(&l);
    fake_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_process_table),
        cmocka_unit_test(a_table_whose_ids_do_not_fit_is_refused),
        cmocka_unit_test(finds_fields_of_an_unknown_release),
        cmocka_unit_test(tells_the_state_by_what_follows_it),
        cmocka_unit_test(two_places_that_fit_are_no_answer),
        cmocka_unit_test(a_close_second_is_no_answer_yet),
        cmocka_unit_test(a_few_torn_processes_do_not_matter),
        cmocka_unit_test(tells_the_release_from_the_path),
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(learns_from_samples_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
