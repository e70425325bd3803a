/* More threads than descriptors. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_threads.h"

enum { THREADS = 24, SCHEDULERS = 6, FREE_DESCRIPTORS = 12 };

static struct thread list[THREADS];
static pthread_barrier_t ready, end;

static void *wait_for_end(void *thread)
{
    *(pid_t *)thread = gettid();
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&end);
    return NULL;
}

static int by_tid(const void *a, const void *b)
{
    pid_t x = ((const struct thread *)a)->tid;
    pid_t y = ((const struct thread *)b)->tid;
    return (x > y) - (x < y);
}

/* The threads that matter are the last ones of the list. */
static void start(pthread_t *threads)
{
    pthread_barrier_init(&ready, NULL, THREADS + 1);
    pthread_barrier_init(&end, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, wait_for_end, &list[i].tid), 0);
    pthread_barrier_wait(&ready);
    qsort(list, THREADS, sizeof(list[0]), by_tid);
    for (int i = 0; i < THREADS; i++)
        list[i].kind = i < THREADS - SCHEDULERS ? THREAD_ASYNC : THREAD_NORMAL;
}

static void finish(pthread_t *threads)
{
    pthread_barrier_wait(&end);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static struct rlimit leave_few_descriptors(void)
{
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    close(next);
    few = before;
    few.rlim_cur = (rlim_t)next + FREE_DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return before;
}

static bool is_sampled(const struct perf_threads *set, pid_t tid)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i]->tid == tid)
            return true;
    return false;
}

static void check(const struct perf_threads *set)
{
    assert_within(set->count, SCHEDULERS, FREE_DESCRIPTORS);
    assert_int_equal(set->skipped, THREADS - set->count);
    assert_int_equal(set->why, -EMFILE);
    for (int i = THREADS - SCHEDULERS; i < THREADS; i++)
        assert_true(is_sampled(set, list[i].tid));
}

static void schedulers_come_first(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    const struct threads all = {.list = list, .count = THREADS};
    const struct perf_event_setup setup = {
        .event = ENGINE_CPU_CLOCK, .rate = 99, .period_ns = NS_PER_S / 99};
    struct perf_threads set;
    start(threads);
    assert_int_equal(perf_threads_init(&set, &setup), 0);
    struct rlimit before = leave_few_descriptors();
    int err = perf_threads_open(&set, &all);
    bool opened = err == 0;
    if (opened) {
        check(&set);
        assert_int_equal(perf_threads_add(&set, &all), 0);
        check(&set);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    if (opened) { /* there is room again */
        assert_int_equal(perf_threads_add(&set, &all), 0);
        assert_int_equal(set.count, THREADS);
        assert_int_equal(set.skipped, 0);
    }
    perf_threads_deinit(&set);
    finish(threads);
    if (err == -EACCES || err == -EPERM)
        skip(); /* no right to, here */
    assert_int_equal(err, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedulers_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
