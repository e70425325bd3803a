#include "profile_make.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/unseen.h"

/* 1,900 samples at 1,000 Hz of 2 s. */
static struct unseen_gap gap_of(uint64_t used_ns)
{
    return (struct unseen_gap){.used_ns = used_ns,
                               .seen_ns = 1900 * NS_PER_MS,
                               .samples = 1900,
                               .period_ns = NS_PER_MS};
}

static void what_may_be_chance_is_not_told(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(2 * NS_PER_S);
    assert_false(unseen_explain(&g, line, sizeof(line)));
    g.used_ns = NS_PER_S;
    assert_false(unseen_explain(&g, line, sizeof(line)));
}

static void each_measured_cause_is_told(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(3 * NS_PER_S);
    g.lost_ns = 300 * NS_PER_MS;
    g.ended_ns = 500 * NS_PER_MS;
    g.kinds[THREAD_DIRTY_IO] = 900 * NS_PER_MS;
    g.kinds[THREAD_AUX] = -20 * (int64_t)NS_PER_MS;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_string_equal(
        line, "of 3.00 s of CPU time that the node used, 1.10 s were not "
              "sampled: 0.30 s lost in a full ring, 0.50 s of threads that "
              "ended, 0.30 s for an unknown reason; 0.90 s dirty-io");
}

static void too_few_samples_are_a_cause(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(3 * NS_PER_S);
    g.unweighted_ns = 800 * NS_PER_MS;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "sampled: 0.80 s of threads with too few "
                                 "samples to stand for it, 0.30 s for"));
}

/* No more is explained than there is. */
static void causes_add_up(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(3 * NS_PER_S);
    g.lost_ns = g.new_ns = 5 * NS_PER_S;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "sampled: 1.10 s lost in a full ring"));
    assert_null(strstr(line, "noticed"));
    assert_null(strstr(line, "reason"));
}

static void our_own_stop_is_a_reason(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(3 * NS_PER_S);
    g.paused = true;
    g.untaken_ns = 100 * NS_PER_MS;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "sampled: 0.10 s that cprof had no time to "
                                 "read, 1.00 s while cprof was stopped"));
    g.throttled = true;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "stopped or the kernel held samples back"));
}

static void throttling_is_a_reason(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(3 * NS_PER_S);
    g.throttled = true;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(
        strstr(line, "sampled: 1.10 s while the kernel held samples back"));
}

/* With an event on each CPU, up to 10 us a switch may be the cause. */
static void context_switches_are_a_reason(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(3 * NS_PER_S);
    g.switches = 200000;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "1.10 s for an unknown reason"));
    g.per_cpu = true;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "sampled: 1.10 s of context switches, which"));
    g.switches = 100000;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_non_null(strstr(line, "1.10 s for an unknown reason"));
}

/* The sum is right, but two kinds of thread are not. */
static void a_shift_between_kinds_is_told(void **state)
{
    (void)state;
    char line[512];
    struct unseen_gap g = gap_of(1900 * NS_PER_MS);
    g.per_cpu = true;
    g.switches = 50000;
    g.kinds[THREAD_NORMAL] = 310 * NS_PER_MS;
    g.kinds[THREAD_DIRTY_IO] = -300 * (int64_t)NS_PER_MS;
    g.kinds[THREAD_AUX] = -10 * (int64_t)NS_PER_MS;
    assert_true(unseen_explain(&g, line, sizeof(line)));
    assert_string_equal(
        line, "the kernel charged 0.31 s more to scheduler, 0.30 s less to "
              "dirty-io threads than was sampled: it divides the time of "
              "context switches between threads at another moment than a "
              "timer does");
    g.switches = 20000;
    assert_false(unseen_explain(&g, line, sizeof(line)));
    g.switches = 50000;
    g.kinds[THREAD_NORMAL] = 100 * NS_PER_MS;
    g.kinds[THREAD_DIRTY_IO] = -100 * (int64_t)NS_PER_MS;
    assert_false(unseen_explain(&g, line, sizeof(line)));
}

static void *spin(void *ns)
{
    struct timespec t;
    uint64_t now = 0;
    while (now < *(uint64_t *)ns) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        now = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
    }
    return NULL;
}

/* The test's own process: a thread that comes and goes between two looks is in
 * the sum, and its end is the cause. */
static void a_thread_that_ended_is_the_cause(void **state)
{
    (void)state;
    struct unseen *u;
    struct threads now;
    struct profile *p = make_profile();
    int64_t clock = profile_string(p, engine_event_names[ENGINE_CPU_CLOCK]);
    profile_meta_edit(p)->rate_asked = 1000;
    profile_meta_edit(p)->event = (uint32_t)clock;
    profile_meta_edit(p)->kernel_included = true;
    const struct engine_counters counters = {0};
    const struct engine_info per_thread = {.threads = 1};
    const struct unseen_reasons why = {.engine = &counters,
                                       .info = &per_thread};
    uint64_t ns = 300 * NS_PER_MS;
    assert_int_equal(threads_read(getpid(), &now), 0);
    assert_int_equal(unseen_open(getpid(), &now, &u), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, spin, &ns), 0);
    pthread_join(thread, NULL);
    threads_deinit(&now);
    assert_int_equal(threads_read(getpid(), &now), 0);
    assert_int_equal(unseen_look(u, &now), 0);
    unseen_stop(u);
    assert_int_equal(unseen_note(u, p, &why), 0);
    const char *notes = profile_text(p, profile_meta(p)->notes);
    assert_non_null(strstr(notes, "were not sampled"));
    assert_true(profile_meta(p)->used_ns >= ns);
    assert_int_equal(profile_meta(p)->seen_ns, 0);
    unseen_close(u);
    threads_deinit(&now);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_chance_is_not_told),
        cmocka_unit_test(each_measured_cause_is_told),
        cmocka_unit_test(too_few_samples_are_a_cause),
        cmocka_unit_test(causes_add_up),
        cmocka_unit_test(our_own_stop_is_a_reason),
        cmocka_unit_test(throttling_is_a_reason),
        cmocka_unit_test(context_switches_are_a_reason),
        cmocka_unit_test(a_shift_between_kinds_is_told),
        cmocka_unit_test(a_thread_that_ended_is_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
