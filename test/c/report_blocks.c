/* Where schedulers are blocked: the rows, and the sentence. */
#include "test.h"

#include <string.h>

#include "profile/summary.h"
#include "profile/thread_names.h"
#include "profile_make.h"
#include "report/blocks_sentence.h"

#define MS(n) ((uint64_t)(n)*1000000)

static struct profile *p;
static struct blocks blocks;

static int begin(void **state)
{
    (void)state;
    static const struct value_texts values[] = {VALUE_BLOCKED, VALUE_TIMES,
                                                VALUE_SAMPLES};
    int err = profile_create(&p) || profile_set_values(p, values, 3);
    if (!err)
        profile_meta_edit(p)->duration_ns = MS(10000);
    return err;
}

static int end(void **state)
{
    (void)state;
    blocks_deinit(&blocks);
    profile_destroy(p);
    return 0;
}

static void is_blocked(const char *thread, const char *stack,
                       enum sample_state state, uint64_t ms, uint64_t times)
{
    const struct profile_sample s = {
        .stack = *stack ? make_frames(p, stack) : PROFILE_NONE,
        .process = PROFILE_NONE,
        .thread = made(profile_thread(p, 17, thread)),
        .state = state};
    const uint64_t values[] = {MS(ms), times, 1};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static const char *name_of(uint32_t function)
{
    return function == PROFILE_NONE
               ? ""
               : profile_text(p, profile_function_at(p, function)->name);
}

static void find(void)
{
    assert_int_equal(blocks_find(p, &blocks), 0);
}

static void assert_row(size_t i, const char *function, const char *called,
                       const char *leaf, uint64_t ms)
{
    assert_true(i < blocks.count);
    assert_string_equal(name_of(blocks.rows[i].function), function);
    assert_string_equal(name_of(blocks.rows[i].called), called);
    assert_string_equal(name_of(blocks.rows[i].leaf), leaf);
    assert_int_equal(blocks.rows[i].ns, MS(ms));
}

/* The function of the application, and whether it is said beside the innermost
 * one. */
static void assert_sites(size_t i, const char *site, const char *reached_from)
{
    assert_string_equal(name_of(blocks.rows[i].site), site);
    assert_string_equal(name_of(blocks_reached_from(&blocks.rows[i])),
                        reached_from);
}

static void assert_said(enum blocks_kind kind, const char *sentence)
{
    struct buffer said;
    buffer_init(&said, BUFFER_DEFAULT_MAX);
    find();
    assert_int_equal(blocks_kind_of(p, &blocks), kind);
    blocks_sentence_add(&said, p, &blocks);
    buffer_add(&said, "", 1);
    assert_string_equal((char *)said.data, sentence);
    buffer_deinit(&said);
}

static void rows_are_by_place_and_cause(void **state)
{
    (void)state;
    is_blocked("erts_dios_1",
               "E shop:load/1;E file:read/2;N prim_file:read_nif/2;C read;"
               "R [blocked in read]",
               STATE_IO, 200, 20);
    is_blocked("erts_dios_2",
               "E shop:save/1;E file:read/2;N prim_file:read_nif/2;C read;"
               "R [blocked in read]",
               STATE_IO, 300, 5);
    is_blocked("erts_dios_2",
               "E shop:all/0;E lists:map/2;E shop:save/1;E file:read/2;"
               "N prim_file:read_nif/2;C read;R [blocked in read]",
               STATE_IO, 10, 2);
    is_blocked("2_scheduler",
               "E shop:put/1;B ets:insert/2;C ethr;R [blocked in futex]",
               STATE_LOCK, 50, 7);
    is_blocked("erts_dios_1",
               "E file:read/2;N prim_file:read_nif/2;R [page fault]",
               STATE_FAULT, 10, 1);
    is_blocked("1_scheduler", "R [port tcp_inet];C send;R [blocked in sendto]",
               STATE_SOCKET, 5, 1);
    is_blocked("1_scheduler", "E shop:put/1;R [no CPU]", STATE_NO_CPU, 7000,
               900);
    find();
    assert_int_equal(blocks.count, 5);
    assert_row(0, "file:read/2", "prim_file:read_nif/2", "[blocked in read]",
               310);
    assert_sites(0, "shop:save/1", "shop:save/1");
    assert_int_equal(blocks.rows[0].times, 7);
    assert_int_equal(blocks.rows[0].normal_ns, 0);
    assert_row(1, "file:read/2", "prim_file:read_nif/2", "[blocked in read]",
               200);
    assert_sites(1, "shop:load/1", "shop:load/1");
    assert_row(2, "shop:put/1", "ets:insert/2", "[blocked in futex]", 50);
    assert_sites(2, "shop:put/1", "");
    assert_int_equal(blocks.rows[2].normal_ns, MS(50));
    assert_row(3, "file:read/2", "prim_file:read_nif/2", "[page fault]", 10);
    assert_sites(3, "", "");
    assert_row(4, "[port tcp_inet]", "", "[blocked in sendto]", 5);
    assert_sites(4, "", "");
    assert_int_equal(blocks.ns, MS(575));
    assert_int_equal(blocks.normal_ns, MS(55));
    assert_int_equal(blocks.times, 36);
    assert_int_equal(blocks.no_cpu_ns, MS(7000));
}

static void a_wait_without_a_stack_has_only_its_state(void **state)
{
    (void)state;
    is_blocked("1_scheduler", "", STATE_LOCK, 100, 1);
    assert_said(BLOCKS_NORMAL, "normal schedulers were blocked for 100 ms "
                               "(0.01 of them on average), 100 % of it (lock)");
}

static void normal_schedulers_are_named_first(void **state)
{
    (void)state;
    profile_meta_edit(p)->longest_ns = MS(1250);
    is_blocked("erts_dios_1", "E shop:load/1;R [blocked in read]", STATE_IO,
               9000, 20);
    is_blocked("erts_sched_1",
               "E shop:put/1;B ets:insert/2;R [blocked in futex]", STATE_LOCK,
               300, 20);
    is_blocked("erts_sched_2", "E shop:get/1;B ets:lookup/2;R [page fault]",
               STATE_FAULT, 100, 20);
    assert_said(
        BLOCKS_NORMAL,
        "normal schedulers were blocked for 400 ms (0.04 of them on average), "
        "75 % of it in ets:insert/2, called by shop:put/1 (lock: "
        "[blocked in futex]); dirty schedulers, which are meant for "
        "that, for 9.00 s; the longest wait was 1.25 s");
}

static void dirty_schedulers_are_named_if_normal_ones_are_not(void **state)
{
    (void)state;
    is_blocked("1_dirty_io_sche", "E shop:load/1;R [blocked in read]", STATE_IO,
               5000, 20);
    assert_said(
        BLOCKS_DIRTY,
        "dirty schedulers were blocked for 5.00 s (0.50 of them on average), "
        "100 % of it in shop:load/1 (io: [blocked in read])");
}

static void the_application_is_named_beside_otp(void **state)
{
    (void)state;
    is_blocked("1_dirty_io_sche",
               "E shop:load/1;E lists:map/2;E file:read/2;"
               "N prim_file:read_nif/2;R [blocked in read]",
               STATE_IO, 5000, 20);
    assert_said(
        BLOCKS_DIRTY,
        "dirty schedulers were blocked for 5.00 s (0.50 of them on average), "
        "100 % of it in prim_file:read_nif/2, called by file:read/2, reached "
        "from shop:load/1 (io: [blocked in read])");
}

static void short_blocked_time_names_nobody(void **state)
{
    (void)state;
    is_blocked("1_scheduler", "E shop:put/1;R [page fault]", STATE_FAULT, 9, 3);
    is_blocked("erts_dcpus_1", "E shop:load/1;R [page fault]", STATE_FAULT, 80,
               3);
    is_blocked("1_scheduler", "E shop:put/1;R [no CPU]", STATE_NO_CPU, 2000,
               900);
    assert_said(BLOCKS_NONE,
                "no scheduler was blocked for long while it ran a process "
                "(89.0 ms in all); schedulers that could run had no CPU for "
                "2.00 s");
}

static void other_recordings_have_no_blocked_time(void **state)
{
    (void)state;
    struct profile *cpu = make_profile();
    assert_int_equal(blocks_find(cpu, &blocks), 0);
    assert_int_equal(blocks.count, 0);
    profile_destroy(cpu);
}

static void normal_schedulers_are_known_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(thread_names_scheduler("1_scheduler"), 1);
    assert_int_equal(thread_names_scheduler("128_scheduler"), 128);
    assert_int_equal(thread_names_scheduler("erts_sched_12"), 12);
    static const char *const others[] = {"1_dirty_cpu_sch",
                                         "erts_dios_1",
                                         "erts_aux_1",
                                         "erts_sched_",
                                         "erts_sched_1x",
                                         "_scheduler",
                                         "0_scheduler",
                                         "-1_scheduler",
                                         "1_schedulers",
                                         "erts_sched_+1",
                                         ""};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(thread_names_scheduler(others[i]), 0);
}

/* Short waits stand for 1 ms each, long ones for themselves. */
static void the_error_is_that_of_short_waits(void **state)
{
    (void)state;
    struct summary s;
    profile_meta_edit(p)->all_from_ns = MS(1);
    is_blocked("1_scheduler", "E a:a/0;R [page fault]", STATE_FAULT, 600, 1);
    is_blocked("1_scheduler", "E b:b/0;R [page fault]", STATE_FAULT, 400, 1);
    assert_int_equal(summary_compute(p, &s), 0);
    assert_int_equal(s.hits, 1000);
    summary_deinit(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_by_place_and_cause),
        TEST(a_wait_without_a_stack_has_only_its_state),
        TEST(normal_schedulers_are_named_first),
        TEST(dirty_schedulers_are_named_if_normal_ones_are_not),
        TEST(the_application_is_named_beside_otp),
        TEST(short_blocked_time_names_nobody),
        TEST(other_recordings_have_no_blocked_time),
        TEST(normal_schedulers_are_known_by_their_names),
        TEST(the_error_is_that_of_short_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
