/* When collections are sampled, and how much those of a window count. */
#include "test.h"

#include <math.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/alloc_windows.h"

enum { HIT_BYTES = 2000 };

/* A node that collects so many times per second, at even intervals. */
struct work {
    uint64_t per_s;       /* during the first half of each period, */
    uint64_t later_per_s; /* and during the second half */
    uint64_t period_ns;
    uint64_t cpu_per_s; /* CPU time per second, ns */
    uint64_t late_ns;   /* by which windows and pauses end late, at most */
    double slowed;      /* part of the collections that a window lacks, because
                           it slows the node down */
    bool counted;       /* the VM's count can be read, */
    uint64_t unread_ns; /* but not before this time has passed */
    uint64_t times;     /* how much larger the collections of the second half
                           are; 0: not at all */
};

struct run {
    struct alloc_windows w;
    double estimate, truth; /* collections */
    double bytes, true_bytes;
    double cost; /* share of the CPU time */
    uint64_t hits;
};

/* Collections in a span, in steps that are short compared with a period; or
 * their bytes. */
static double sum_between(const struct work *work, uint64_t from, uint64_t to,
                          bool bytes)
{
    double sum = 0, times = work->times ? (double)work->times : 1;
    for (uint64_t at = from; at < to;) {
        uint64_t step = to - at < 100000 ? to - at : 100000;
        bool later = at % work->period_ns >= work->period_ns / 2;
        uint64_t per_s = later ? work->later_per_s : work->per_s;
        double each = bytes ? HIT_BYTES * (later ? times : 1) : 1;
        sum += each * (double)per_s * (double)step / NS_PER_S;
        at += step;
    }
    return sum;
}

static double between(const struct work *work, uint64_t from, uint64_t to)
{
    return sum_between(work, from, to, false);
}

static struct run play(const struct work *work, unsigned rate, uint64_t seed,
                       uint64_t for_ns)
{
    struct run r = {.hits = 0};
    uint64_t began = seed * 7919 + 1, now = began, random = seed + 1;
    double cost = 0;
    alloc_windows_begin(&r.w, 0.01, rate, now);
    while (now < began + for_ns) {
        now = r.w.edge_ns;
        if (work->late_ns)
            now += random_next(&random) % work->late_ns;
        if (!r.w.open) {
            alloc_windows_opened(&r.w, now);
            continue;
        }
        uint64_t from = r.w.span_ns, opened = r.w.opened_ns;
        alloc_windows_closed(&r.w, now);
        double hits = between(work, opened, now) * (1 - work->slowed);
        double bytes =
            sum_between(work, opened, now, true) * (1 - work->slowed);
        const struct alloc_seen seen = {
            .bytes = bytes,
            .collections = hits,
            .counted = work->counted && from >= began + work->unread_ns
                           ? between(work, from, now)
                           : -1};
        double cpu = (double)work->cpu_per_s * (double)(now - from) / NS_PER_S;
        const struct alloc_load load = {.ns = now - from,
                                        .open_ns = now - opened,
                                        .hits = (uint64_t)llround(hits),
                                        .cpu_ns = (uint64_t)cpu,
                                        .hit_ns = 2000};
        bool whole = r.w.whole;
        r.estimate += hits * r.w.weight;
        r.bytes += bytes * r.w.weight;
        r.hits += load.hits;
        cost += (double)load.hits * 2000;
        alloc_windows_add(&r.w, &seen);
        alloc_windows_saw(&r.w, &load);
        if (whole && r.w.share >= 1)
            alloc_windows_opened(&r.w, now);
    }
    r.truth = between(work, began, r.w.span_ns);
    r.true_bytes = sum_between(work, began, r.w.span_ns, true);
    r.cost =
        cost / ((double)work->cpu_per_s * (double)(now - began) / NS_PER_S);
    return r;
}

static void steady_work_is_counted_whole(void **state)
{
    (void)state;
    static const struct work work = {.per_s = 140000,
                                     .later_per_s = 140000,
                                     .period_ns = NS_PER_S,
                                     .cpu_per_s = NS_PER_S,
                                     .late_ns = 150000};
    struct run r = play(&work, 10000, 1, 20 * NS_PER_S);
    assert_float_equal(r.estimate / r.truth, 1, 0.001);
    assert_true(r.cost < 0.013 && r.cost > 0.005);
    assert_true(r.w.open_ns < r.w.all_ns / 10);
    assert_true(r.w.windows > 200);
}

static void no_more_samples_than_asked_for(void **state)
{
    (void)state;
    static const struct work work = {.per_s = 140000,
                                     .later_per_s = 140000,
                                     .period_ns = NS_PER_S,
                                     .cpu_per_s = NS_PER_S};
    struct run r = play(&work, 1000, 1, 20 * NS_PER_S);
    assert_true(r.hits > 20 * 700 && r.hits < 20 * 1400);
    assert_float_equal(r.estimate / r.truth, 1, 0.001);
}

/* Then a window costs many times its length. */
static void windows_with_many_collections_are_short(void **state)
{
    (void)state;
    static const struct work work = {.per_s = 1600000,
                                     .later_per_s = 1600000,
                                     .period_ns = NS_PER_S,
                                     .cpu_per_s = NS_PER_S};
    struct run r = play(&work, 10000, 1, 20 * NS_PER_S);
    assert_true(r.w.open_ns / r.w.windows < 60000);
    assert_true(r.hits / r.w.windows > 40);
    assert_float_equal(r.estimate / r.truth, 1, 0.01);
    assert_true(r.cost < 0.013 && r.cost > 0.005);
}

/* Over many recordings the sum is right, and it is as uncertain as is said. */
static void changing_work_is_counted_without_bias(void **state)
{
    (void)state;
    enum { RUNS = 60 };
    static const struct work work = {.per_s = 100000,
                                     .later_per_s = 5000,
                                     .period_ns = NS_PER_S / 3,
                                     .cpu_per_s = NS_PER_S,
                                     .late_ns = 100000};
    double ratio = 0, squares = 0, said = 0;
    for (uint64_t i = 0; i < RUNS; i++) {
        struct run r = play(&work, 999, i * 104729, 5 * NS_PER_S);
        double error = r.estimate / r.truth - 1;
        ratio += r.estimate / r.truth / RUNS;
        squares += error * error / RUNS;
        said += alloc_windows_error(&r.w) / RUNS;
    }
    assert_float_equal(ratio, 1, 0.03);
    assert_true(said > sqrt(squares) * 0.6 && said < sqrt(squares) * 2.5);
}

/* What windows alone cannot know. */
static void the_count_of_the_vm_corrects_the_sum(void **state)
{
    (void)state;
    struct work work = {.per_s = 100000,
                        .later_per_s = 5000,
                        .period_ns = NS_PER_S / 3,
                        .cpu_per_s = NS_PER_S,
                        .late_ns = 100000,
                        .slowed = 0.25};
    for (uint64_t i = 0; i < 20; i++) {
        work.counted = false;
        struct run r = play(&work, 999, i * 104729, 10 * NS_PER_S);
        assert_true(r.estimate / r.truth < 0.9);
        work.counted = true;
        r = play(&work, 999, i * 104729, 10 * NS_PER_S);
        assert_float_equal(r.estimate / r.truth, 1, 0.02);
        double said = alloc_windows_error(&r.w);
        assert_true(said >= 0 && said < 0.02);
    }
}

/* A node's schedulers may become known only during the recording. Each part of
 * it has its own error then, as if it had been recorded alone. */
static void the_count_may_become_known_later(void **state)
{
    (void)state;
    struct work work = {.per_s = 100000,
                        .later_per_s = 5000,
                        .period_ns = NS_PER_S / 3,
                        .cpu_per_s = NS_PER_S,
                        .late_ns = 100000,
                        .slowed = 0.9,
                        .counted = true,
                        .unread_ns = NS_PER_S / 10};
    struct run r = play(&work, 999, 1, 10 * NS_PER_S);
    assert_true(alloc_windows_error(&r.w) > 1); /* not all is made good */
    work.slowed = 0;
    r = play(&work, 999, 1, 10 * NS_PER_S);
    /* Of so few windows, all bytes are uncertain. */
    assert_within(r.w.timed.count, 1, 4);
    assert_true(alloc_windows_counted(&r.w));
    assert_true(alloc_windows_error(&r.w) < 0.03);
    assert_float_equal(r.estimate / r.truth, 1, 0.01);
    work.unread_ns = 5 * NS_PER_S;
    r = play(&work, 999, 1, 10 * NS_PER_S);
    assert_false(alloc_windows_counted(&r.w));
    double later = alloc_windows_error(&r.w);
    work.counted = false;
    r = play(&work, 999, 1, 10 * NS_PER_S);
    assert_false(alloc_windows_counted(&r.w));
    assert_true(later > 0.005 && later < alloc_windows_error(&r.w));
}

/* What windows lack of many small collections is not made good by few large
 * ones. */
static void other_work_does_not_make_good(void **state)
{
    (void)state;
    enum { RUNS = 20 };
    static const struct work work = {.per_s = 100000,
                                     .later_per_s = 100,
                                     .times = 250,
                                     .period_ns = 4 * NS_PER_S,
                                     .cpu_per_s = NS_PER_S,
                                     .late_ns = 100000,
                                     .slowed = 0.25,
                                     .counted = true};
    double ratio = 0;
    for (uint64_t i = 0; i < RUNS; i++) {
        struct run r = play(&work, 999, i * 104729, 12 * NS_PER_S);
        ratio += r.bytes / r.true_bytes / RUNS;
    }
    assert_float_equal(ratio, 1, 0.08);
}

/* A count of something else does not make the sum absurd. */
static void a_count_that_does_not_fit_is_bounded(void **state)
{
    (void)state;
    static const struct work work = {.per_s = 100000,
                                     .later_per_s = 100000,
                                     .period_ns = NS_PER_S,
                                     .cpu_per_s = NS_PER_S,
                                     .slowed = 0.9,
                                     .counted = true};
    struct run r = play(&work, 999, 1, 10 * NS_PER_S);
    assert_true(r.estimate / r.truth < 0.41);
    assert_true(alloc_windows_error(&r.w) > 1); /* and it is said */
}

/* --- long collections ----------------------------------------------------- */

/* One of a thousand times the size of the others, which is in no window. */
static void a_long_one_that_was_not_sampled_is_in_the_error(void **state)
{
    (void)state;
    enum { WINDOWS = 20, OPEN_NS = 50 * 1000, SPAN_NS = 100 * OPEN_NS };
    const double freed = 1e6 * WINDOWS;
    struct alloc_windows w;
    uint64_t now = NS_PER_S;
    alloc_windows_begin(&w, 0.01, 999, now);
    for (int i = 0; i < WINDOWS; i++) {
        const struct alloc_seen seen = {.bytes = 1000,
                                        .collections = 1,
                                        .counted = 100,
                                        .dirty_counted = i == 7,
                                        .dirty_freed = i == 7 ? freed : 0};
        alloc_windows_opened(&w, now + SPAN_NS - OPEN_NS);
        alloc_windows_closed(&w, now += SPAN_NS);
        alloc_windows_add(&w, &seen);
        double sum = 1000.0 * 100 * (i + 1);
        double said = i < 7 ? 0 : freed * sqrt(99) / sum;
        assert_float_equal(alloc_windows_long_error(&w), said, 1e-6);
    }
    assert_float_equal(alloc_windows_error(&w), freed * sqrt(99) / 2e6, 1e-6);
}

/* At even times with a random part, a process allocates LONG_BYTES and its
 * collection is put off; a dirty scheduler does it LONG_LATER_NS later. */
enum { LONG_BYTES = 3 * 1000 * 1000, LONG_LATER_NS = 1000 * 1000 };

/* How many began between the two times. */
static double long_ones(uint64_t per_s, uint64_t seed, uint64_t from,
                        uint64_t to)
{
    uint64_t every = NS_PER_S / per_s, n = 0;
    for (uint64_t i = from / every - 2; i <= to / every; i++) {
        uint64_t random = i * seed + 1;
        random_next(&random);
        uint64_t at = i * every + random_next(&random) % every;
        n += at >= from && at < to;
    }
    return (double)n;
}

/* The VM counts few collections, of no size. */
static struct run play_long(uint64_t per_s, uint64_t seed)
{
    struct run r = {.hits = 0};
    uint64_t began = NS_PER_S, now = began;
    alloc_windows_begin(&r.w, 0.0034, 999, now);
    while (now < began + 4 * NS_PER_S) {
        now = r.w.edge_ns;
        if (!r.w.open) {
            alloc_windows_opened(&r.w, now);
            continue;
        }
        uint64_t from = r.w.span_ns, opened = r.w.opened_ns;
        alloc_windows_closed(&r.w, now);
        double hits = long_ones(per_s, seed, opened, now);
        double dirty =
            long_ones(per_s, seed, opened - LONG_LATER_NS, now - LONG_LATER_NS);
        const struct alloc_seen seen = {
            .bytes = hits * LONG_BYTES,
            .collections = hits - dirty,
            .dirty = dirty,
            .counted = (double)(now / NS_PER_S - from / NS_PER_S)};
        const struct alloc_load load = {.ns = now - from,
                                        .open_ns = now - opened,
                                        .hits = (uint64_t)(hits + dirty),
                                        .cpu_ns = now - from,
                                        .hit_ns = 50000};
        r.estimate += hits * r.w.weight;
        alloc_windows_add(&r.w, &seen);
        alloc_windows_saw(&r.w, &load);
    }
    r.truth = long_ones(per_s, seed, began, r.w.span_ns);
    return r;
}

/* The VM counts none of them, so its count says nothing about the bytes. */
static void long_collections_are_counted_without_the_vm(void **state)
{
    (void)state;
    enum { RUNS = 60 };
    double ratio = 0, squares = 0, said = 0;
    for (uint64_t i = 1; i <= RUNS; i++) {
        struct run r = play_long(300, i * 104729);
        double error = r.estimate / r.truth - 1;
        ratio += r.estimate / r.truth / RUNS;
        squares += error * error / RUNS;
        said += alloc_windows_error(&r.w) / RUNS;
    }
    assert_float_equal(ratio, 1, 0.05);
    assert_true(sqrt(squares) < 0.15);
    assert_true(said > sqrt(squares) * 0.6 && said < sqrt(squares) * 2.5);
}

static void few_collections_are_all_sampled(void **state)
{
    (void)state;
    static const struct work work = {.per_s = 300,
                                     .later_per_s = 300,
                                     .period_ns = NS_PER_S,
                                     .cpu_per_s = NS_PER_S / 2};
    struct run r = play(&work, 999, 1, 10 * NS_PER_S);
    assert_float_equal(r.estimate / r.truth, 1, 0.01);
    assert_true(r.w.share == 1);
    assert_true(r.w.open_ns > r.w.all_ns * 9 / 10);
    assert_true(alloc_windows_error(&r.w) < 0); /* of the first window only */
}

static void an_idle_node_is_watched_all_the_time(void **state)
{
    (void)state;
    static const struct work work = {.period_ns = NS_PER_S, .cpu_per_s = 1000};
    struct run r = play(&work, 999, 1, 5 * NS_PER_S);
    assert_true(r.w.share == 1);
    assert_true(alloc_windows_error(&r.w) < 0);
}

static void an_error_that_is_not_known_is_not_zero(void **state)
{
    (void)state;
    struct alloc_windows w;
    alloc_windows_begin(&w, 0.01, 999, 0);
    assert_true(alloc_windows_error(&w) == 0); /* nothing was left out */
    for (uint64_t i = 1; i <= 20; i++) {
        alloc_windows_opened(&w, i * NS_PER_MS - 1000);
        alloc_windows_closed(&w, i * NS_PER_MS);
        const struct alloc_seen seen = {.bytes = i < 11 ? 0 : 100,
                                        .counted = -1};
        alloc_windows_add(&w, &seen);
        assert_true((alloc_windows_error(&w) < 0) == (i < 11));
    }
    assert_true(alloc_windows_error(&w) > 0.05);
}

/* Threads get the time that a window costs them, and no more: meanwhile no
 * other window can begin. */
static void a_window_lasts_longer_where_it_costs_more(void **state)
{
    (void)state;
    struct alloc_windows w;
    alloc_windows_begin(&w, 0.01, 999, 0);
    for (uint64_t per_ms = 1; per_ms <= 1000; per_ms *= 1000) {
        const struct alloc_load load = {.ns = 10 * NS_PER_MS,
                                        .open_ns = NS_PER_MS,
                                        .hits = per_ms,
                                        .cpu_ns = 10 * NS_PER_MS,
                                        .hit_ns = 13000};
        alloc_windows_opened(&w, w.edge_ns);
        if (per_ms == 1) /* nothing is known yet */
            assert_true(alloc_windows_longer_ns(&w) >
                        23 * (w.edge_ns - w.opened_ns));
        alloc_windows_closed(&w, w.edge_ns);
        for (int i = 0; i < 20; i++)
            alloc_windows_saw(&w, &load);
        alloc_windows_opened(&w, w.edge_ns);
        uint64_t length = w.edge_ns - w.opened_ns;
        uint64_t longer = alloc_windows_longer_ns(&w);
        assert_true(per_ms == 1 ? longer == length : longer > 13 * length);
        alloc_windows_closed(&w, w.edge_ns);
    }
}

/* A recording may end between the planning of a window and its beginning. */
static void a_window_may_end_before_it_begins(void **state)
{
    (void)state;
    struct alloc_windows w;
    alloc_windows_begin(&w, 0.01, 999, 1000);
    alloc_windows_opened(&w, 5000);
    alloc_windows_closed(&w, 2000);
    assert_int_equal(w.open_ns, 0);
    assert_int_equal(w.all_ns, 4000);
    assert_int_equal(w.span_ns, 5000);
    assert_true(w.weight == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_work_is_counted_whole),
        cmocka_unit_test(no_more_samples_than_asked_for),
        cmocka_unit_test(windows_with_many_collections_are_short),
        cmocka_unit_test(changing_work_is_counted_without_bias),
        cmocka_unit_test(the_count_of_the_vm_corrects_the_sum),
        cmocka_unit_test(the_count_may_become_known_later),
        cmocka_unit_test(other_work_does_not_make_good),
        cmocka_unit_test(a_count_that_does_not_fit_is_bounded),
        cmocka_unit_test(a_long_one_that_was_not_sampled_is_in_the_error),
        cmocka_unit_test(long_collections_are_counted_without_the_vm),
        cmocka_unit_test(few_collections_are_all_sampled),
        cmocka_unit_test(an_idle_node_is_watched_all_the_time),
        cmocka_unit_test(an_error_that_is_not_known_is_not_zero),
        cmocka_unit_test(a_window_lasts_longer_where_it_costs_more),
        cmocka_unit_test(a_window_may_end_before_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
