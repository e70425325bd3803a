#include "fake_memory.h"

#include "target/layout_parts.h"

/* --- machine code -------------------------------------------------------- */

static void votes_for_the_offsets_in_code(void **state)
{
    (void)state;
    const uint8_t once[] = {0x48, 0x8d, 0x63, 0x80, 0x90, 0x49, 0x8b,
                            0x65, 0x58, 0x4d, 0x8b, 0x7d, 0x50};
    struct layout_code c = {0};
    uint32_t value;
    for (int i = 0; i < 7; i++)
        layout_code_scan(&c, once, sizeof(once));
    assert_false(layout_code_verdict(&c, LAYOUT_XOFF, &value));
    layout_code_scan(&c, once, sizeof(once));
    assert_true(layout_code_verdict(&c, LAYOUT_XOFF, &value));
    assert_int_equal(value, 128);
    assert_true(layout_code_verdict(&c, LAYOUT_STOP, &value));
    assert_int_equal(value, 0x58);
    assert_true(layout_code_verdict(&c, LAYOUT_HTOP, &value));
    assert_int_equal(value, 0x50);
}

static void knows_the_long_forms(void **state)
{
    (void)state;
    const uint8_t once[] = {0x48, 0x8d, 0xa3, 0x00, 0xff, 0xff, 0xff,
                            0x49, 0x8b, 0xa5, 0x90, 0x00, 0x00, 0x00};
    struct layout_code c = {0};
    uint32_t value;
    for (int i = 0; i < 8; i++)
        layout_code_scan(&c, once, sizeof(once));
    assert_true(layout_code_verdict(&c, LAYOUT_XOFF, &value));
    assert_int_equal(value, 256);
    assert_true(layout_code_verdict(&c, LAYOUT_STOP, &value));
    assert_int_equal(value, 0x90);
}

static void a_tie_in_code_is_no_answer(void **state)
{
    (void)state;
    const uint8_t both[] = {0x49, 0x8b, 0x65, 0x58, 0x49, 0x8b, 0x65, 0x60};
    struct layout_code c = {0};
    uint32_t value;
    for (int i = 0; i < 20; i++)
        layout_code_scan(&c, both, sizeof(both));
    assert_false(layout_code_verdict(&c, LAYOUT_STOP, &value));
}

static void a_cut_instruction_is_not_read_past(void **state)
{
    (void)state;
    const uint8_t code[] = {0x48, 0x8d, 0xa3, 0x00, 0xff,
                            0xff, 0x49, 0x8b, 0x65};
    uint8_t *exact = malloc(sizeof(code)); /* for the address sanitizer */
    memcpy(exact, code, sizeof(code));
    struct layout_code c = {0};
    uint32_t value;
    for (int i = 0; i < 20; i++)
        layout_code_scan(&c, exact, sizeof(code));
    assert_false(layout_code_verdict(&c, LAYOUT_XOFF, &value));
    assert_false(layout_code_verdict(&c, LAYOUT_STOP, &value));
    free(exact);
}

/* --- scheduler arrays ---------------------------------------------------- */

enum {
    DATA = 0x400000,
    HEAP = 0x10000000,
    STACKS = 0x20000000, /* one mapping of 64 KiB a thread */
    STACK_GAP = 0x20000,
    STRIDE = 0x340,
    TCB = 0xf000,
};

/* Thread i: registers and TCB in its stack, its ErtsSchedulerData at esdp. */
static void add_thread(struct fake *f, size_t i, uint64_t esdp, uint32_t tid)
{
    uint64_t stack = STACKS + i * STACK_GAP;
    fake_map(f, stack, 0x10000, "");
    fake_u64(f, esdp, stack + 0x8000);
    fake_u64(f, esdp + 32, stack + TCB);
    fake_u32(f, stack + TCB + 0x2d0, tid);
}

/* The array of dirty schedulers begins at HEAP + dirty_at. */
static void arrays_node(struct fake *f, size_t normal, size_t dirty,
                        uint64_t dirty_at)
{
    memset(f, 0, sizeof(*f));
    fake_map(f, DATA, 0x1000, "/usr/lib/erlang/erts-13.1.5/bin/beam.smp");
    fake_map(f, HEAP, 0x100000, "");
    fake_u64(f, DATA + 0x100, HEAP + 0x40);
    fake_u64(f, DATA + 0x208, HEAP + dirty_at);
    fake_u64(f, DATA + 0x300, HEAP + 0x1000); /* leads to nothing */
    for (size_t i = 0; i < normal; i++)
        add_thread(f, i, HEAP + 0x40 + i * STRIDE, 1000 + (uint32_t)i);
    for (size_t i = 0; i < dirty; i++)
        add_thread(f, normal + i, HEAP + dirty_at + i * STRIDE,
                   2000 + (uint32_t)i);
}

static void scheduler_node(struct fake *f, size_t normal, size_t dirty)
{
    arrays_node(f, normal, dirty, 0x80040);
}

static int scan(struct fake *f, const struct layout_thread *threads,
                size_t count, struct layout *l)
{
    struct maps maps = fake_maps(f);
    struct memory m = fake_memory(f);
    struct exedata d;
    int status =
        exedata_read("/usr/lib/erlang/erts-13.1.5/bin/beam.smp", &maps, &m, &d);
    assert_int_equal(status, 0);
    status = layout_schedulers_scan(&d, &maps, &m, threads, count, l);
    exedata_deinit(&d);
    return status;
}

static const struct layout_thread five[] = {{51000, 1000, false},
                                            {51001, 1001, false},
                                            {51002, 1002, false},
                                            {52000, 2000, true},
                                            {52001, 2001, true}};

static void follows_the_arrays_by_their_stride(void **state)
{
    (void)state;
    struct fake f;
    struct layout l = {0};
    scheduler_node(&f, 3, 2);
    assert_int_equal(scan(&f, five, 5, &l), 0);
    assert_int_equal(l.scheduler_count, 5);
    const struct layout_scheduler *s = layout_scheduler(&l, 51002);
    assert_non_null(s);
    assert_true(s->esdp == HEAP + 0x40 + 2 * STRIDE);
    assert_true(s->runtime_stack == STACKS + 2 * STACK_GAP + 0x8000);
    assert_non_null(layout_scheduler(&l, 52001));
    assert_null(layout_scheduler(&l, 1000)); /* the node's own number */
    assert_true(f.calls < 20);
    layout_deinit(&l);
    fake_free(&f);
}

/* The distance from the only normal scheduler to the next array is no stride.
 */
static void one_scheduler_has_no_stride(void **state)
{
    (void)state;
    struct fake f;
    struct layout l = {0};
    const struct layout_thread four[] = {{51000, 1000, false},
                                         {52000, 2000, true},
                                         {52001, 2001, true},
                                         {52002, 2002, true}};
    arrays_node(&f, 1, 3, 0x40 + STRIDE + 0xc0);
    assert_int_equal(scan(&f, four, 4, &l), 0);
    assert_int_equal(l.scheduler_count, 4);
    layout_deinit(&l);
    fake_free(&f);
}

static void a_thread_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    struct fake f;
    struct layout l = {0};
    scheduler_node(&f, 3, 2);
    assert_int_equal(scan(&f, five, 2, &l), 0); /* 51000 and 51001 only */
    assert_int_equal(l.scheduler_count, 2);
    layout_deinit(&l);
    fake_free(&f);
}

static void registers_outside_the_stack_are_refused(void **state)
{
    (void)state;
    struct fake f;
    struct layout l = {0};
    scheduler_node(&f, 1, 1);
    fake_u64(&f, HEAP + 0x40, HEAP + 0x2000);
    fake_u64(&f, HEAP + 0x80040, HEAP + 0x2000); /* dirty: as it should be */
    assert_int_equal(scan(&f, five, 5, &l), 0);
    assert_int_equal(l.scheduler_count, 1);
    assert_non_null(layout_scheduler(&l, 52000));
    assert_int_equal(layout_scheduler(&l, 52000)->runtime_stack, 0);
    layout_deinit(&l);
    fake_free(&f);
}

static void current_process_is_the_word_before_type(void **state)
{
    (void)state;
    struct fake f;
    struct layout l = {0};
    scheduler_node(&f, 3, 2);
    assert_int_equal(scan(&f, five, 5, &l), 0);
    struct thread list[5];
    for (size_t i = 0; i < 5; i++) {
        bool dirty = i >= 3;
        uint64_t number = dirty ? i - 2 : i + 1;
        uint64_t esdp = layout_scheduler(&l, five[i].tid)->esdp;
        list[i] =
            (struct thread){.tid = five[i].tid,
                            .kind = dirty ? THREAD_DIRTY_IO : THREAD_NORMAL,
                            .number = (unsigned)number};
        fake_u64(&f, esdp + 168, i % 2 ? 0 : 0x1234560);
        fake_u32(&f, esdp + 176, dirty ? 2 : 0);
        fake_u64(&f, esdp + 184, dirty ? 0 : number);
        fake_u64(&f, esdp + 192, dirty ? number : 0);
    }
    struct threads threads = {.list = list, .count = 5};
    struct memory m = fake_memory(&f);
    uint32_t offset;
    assert_true(layout_schedulers_current(&l, &m, &threads, &offset));
    assert_int_equal(offset, 168);
    list[1].number = 9; /* contradicts */
    assert_false(layout_schedulers_current(&l, &m, &threads, &offset));
    layout_deinit(&l);
    fake_free(&f);
}

static void keeps_schedulers_in_order(void **state)
{
    (void)state;
    struct layout l = {0};
    const pid_t tids[] = {30, 10, 20, 10};
    for (size_t i = 0; i < 4; i++) {
        struct layout_scheduler s = {.tid = tids[i], .runtime_stack = i + 1};
        assert_int_equal(layout_schedulers_put(&l, s), 0);
    }
    assert_int_equal(l.scheduler_count, 3);
    assert_int_equal(l.schedulers[0].tid, 10);
    assert_int_equal(l.schedulers[0].runtime_stack, 4);
    assert_int_equal(l.schedulers[2].tid, 30);
    layout_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes_for_the_offsets_in_code),
        cmocka_unit_test(knows_the_long_forms),
        cmocka_unit_test(a_tie_in_code_is_no_answer),
        cmocka_unit_test(a_cut_instruction_is_not_read_past),
        cmocka_unit_test(follows_the_arrays_by_their_stride),
        cmocka_unit_test(one_scheduler_has_no_stride),
        cmocka_unit_test(a_thread_that_is_not_ours_is_refused),
        cmocka_unit_test(registers_outside_the_stack_are_refused),
        cmocka_unit_test(current_process_is_the_word_before_type),
        cmocka_unit_test(keeps_schedulers_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
