#include "test.h"

#include "base/procstate.h"
#include "nif/process_table.h"
#include "nif/walk_layout.h"

enum { SIZE = 776 };

/* OTP 25's. */
static const struct walk_layout right = {.state = 640,
                                         .locks = 712,
                                         .queue = 392,
                                         .queue_outer = 672,
                                         .heap_size = 152,
                                         .old_hend = 504,
                                         .old_heap = 520,
                                         .fragments = 584,
                                         .vheap = 544,
                                         .vheap_old = 616,
                                         .reductions = 280,
                                         .pc = 256,
                                         .initial = 448,
                                         .created = 588};

static void each_field_is_within_the_struct(void **state)
{
    (void)state;
    enum { FIELDS = sizeof(right) / sizeof(uint32_t) };
    const uint32_t outside[] = {SIZE,        SIZE - 3,   SIZE + 8,
                                1u << 31,    UINT32_MAX, UINT32_MAX - 7,
                                SIZE * 1000, 1};
    assert_true(walk_layout_fits(&right, SIZE));
    for (unsigned field = 0; field < FIELDS; field++)
        for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
            struct walk_layout wrong = right;
            ((uint32_t *)&wrong)[field] = outside[i];
            if (field == FIELDS - 1 &&
                outside[i] < TABLE_BEFORE + TABLE_AFTER && outside[i] % 4 == 0)
                continue;
            assert_false(walk_layout_fits(&wrong, SIZE));
        }
}

static void the_last_place_is_one(void **state)
{
    (void)state;
    struct walk_layout l = right;
    l.state = SIZE - 4;
    l.queue = SIZE - 8;
    l.initial = SIZE - 24;
    l.created = TABLE_BEFORE + TABLE_AFTER - 4;
    assert_true(walk_layout_fits(&l, SIZE));
    l.initial = SIZE - 16;
    assert_false(walk_layout_fits(&l, SIZE));
    l = right;
    assert_false(walk_layout_fits(&l, 640));
    assert_false(walk_layout_fits(&l, 0));
}

static void flags_are_states(void **state)
{
    (void)state;
    const uint32_t normal = 0xa;
    assert_int_equal(procstate_of(normal), PROCSTATE_WAITING);
    assert_int_equal(procstate_of(normal | PROCSTATE_FLAG_ACTIVE),
                     PROCSTATE_RUNNABLE);
    assert_int_equal(
        procstate_of(normal | PROCSTATE_FLAG_ACTIVE | PROCSTATE_FLAG_RUNNING),
        PROCSTATE_RUNNING);
    assert_int_equal(
        procstate_of(normal | PROCSTATE_FLAG_RUNNING | PROCSTATE_FLAG_GC),
        PROCSTATE_GC);
    assert_int_equal(
        procstate_of(normal | PROCSTATE_FLAG_ACTIVE | PROCSTATE_FLAG_SUSPENDED),
        PROCSTATE_SUSPENDED);
    assert_int_equal(procstate_of(normal | PROCSTATE_FLAG_SUSPENDED |
                                  PROCSTATE_FLAG_EXITING),
                     PROCSTATE_EXITING);
    assert_int_equal(procstate_of(PROCSTATE_FLAG_FREE), PROCSTATE_EXITING);
}

static void an_embryo_is_locked_and_has_done_nothing(void **state)
{
    (void)state;
    const uint32_t normal = 0xa, all = 0x1f,
                   off_heap = PROCSTATE_FLAG_OFF_HEAP_MESSAGES;
    const uint32_t made[] = {0, normal, off_heap, normal | off_heap};
    for (unsigned i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        assert_true(procstate_is_embryo(made[i], all));
        /* sequential tracing: those for status and tracing were given back */
        assert_true(procstate_is_embryo(made[i], PROCSTATE_CREATORS_LOCKS));
        /* others wait for them: 5 more bits */
        assert_true(procstate_is_embryo(made[i], all | all << 5));
        assert_false(procstate_is_embryo(made[i], 0));
        assert_false(procstate_is_embryo(made[i], PROCSTATE_LOCK_MAIN));
        assert_false(procstate_is_embryo(made[i], all << 5));
        assert_false(procstate_is_embryo(made[i] | PROCSTATE_FLAG_ACTIVE, all));
        assert_false(
            procstate_is_embryo(made[i] | PROCSTATE_FLAG_EXITING, all));
        assert_false(
            procstate_is_embryo(made[i] | 0x20, all)); /* was in a run queue */
    }
}

static void a_pid_tells_its_slot(void **state)
{
    (void)state;
    const struct process_table before = {.limit = 1 << 18,
                                         .how = PID_HIGH_WORD};
    const struct process_table since = {.limit = 1 << 20, .how = PID_LOW_BITS};
    assert_int_equal(slot_of_pid(&before, 0x0000007b00000983), 0x7b);
    assert_int_equal(slot_of_pid(&since, 0x12345673), 0x34567);
    assert_true(term_is_pid(0x12345673));
    assert_false(term_is_pid(0x12345677));
    assert_false(term_is_pid(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_within_the_struct),
        cmocka_unit_test(the_last_place_is_one),
        cmocka_unit_test(flags_are_states),
        cmocka_unit_test(an_embryo_is_locked_and_has_done_nothing),
        cmocka_unit_test(a_pid_tells_its_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
