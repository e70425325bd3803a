/* Buckets of the timeline: their length and number, and the options for them.
 */
#include "profile_make.h"

#include "base/clock.h"
#include "recorder/timeline.h"

static void a_length_for_every_duration(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms, bucket_ms;
    } rows[] = {{0, 10},      {1, 10},         {1000, 10},   {2001, 20},
                {3000, 20},   {10000, 50},     {10001, 100}, {60000, 500},
                {60001, 500}, {3600000, 20000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(timeline_bucket_ns(rows[i].ms * NS_PER_MS),
                         rows[i].bucket_ms * NS_PER_MS);
    for (uint64_t s = 1; s < 10000000; s = s * 3 / 2 + 1) {
        uint64_t n = s * NS_PER_S / timeline_bucket_ns(s * NS_PER_S);
        assert_true(n >= 80 && n <= 200);
    }
}

static void without_a_timeline_all_samples_are_in_one_bucket(void **state)
{
    (void)state;
    struct timeline t = {.bucket = 70000};
    assert_int_equal(timeline_at(&t, 0), 70000);
    assert_int_equal(timeline_at(&t, UINT64_MAX), 70000);
    t.bucket++;
    assert_int_equal(timeline_at(&t, 1), 70001);
}

static void take(struct timeline *t, struct profile *p, uint64_t ns)
{
    int bucket = timeline_at(t, t->started_ns + ns);
    assert_true(bucket >= 0 && bucket <= TIMELINE_MAX_BUCKETS - 1);
    struct profile_sample s = {.stack = PROFILE_NONE,
                               .process = PROFILE_NONE,
                               .thread = PROFILE_NONE,
                               .bucket = (uint32_t)bucket};
    const uint64_t values[] = {1, 0};
    assert_int_equal(profile_add(p, &s, values), 0);
}

/* One sample each 10 ms for an hour: whatever the length grew to, a bucket
 * holds the samples of its own time. */
static void a_long_recording_joins_buckets(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct timeline t;
    profile_meta_edit(p)->bucket_ns = timeline_bucket_ns(0);
    timeline_begin(&t, p, 77 * NS_PER_S);
    for (uint64_t ms = 0; ms < 3600000; ms += 10)
        take(&t, p, ms * NS_PER_MS);
    uint64_t length = profile_meta(p)->bucket_ns, sum = 0;
    assert_int_equal(length, 10240 * NS_PER_MS);
    size_t n = profile_sample_count(p);
    assert_int_equal(n, (3600000 + 10239) / 10240);
    for (uint32_t i = 0; i < n; i++) {
        const struct profile_sample *s = profile_sample_at(p, i);
        assert_int_equal(s->bucket, i);
        if (i < n - 1)
            assert_int_equal(profile_weight(p, i), 1024);
        sum += profile_weight(p, i);
    }
    assert_int_equal(sum, 360000);
    profile_destroy(p);
}

/* The buckets of one event are those of the other. */
static void events_keep_the_same_buckets(void **state)
{
    (void)state;
    static const struct value_texts wall[] = {VALUE_WALL, VALUE_SAMPLES};
    struct profile *p = make_profile(), *other;
    struct timeline t;
    assert_int_equal(profile_add_event(p, wall, 2, &other), 0);
    profile_meta_edit(p)->bucket_ns = 10 * NS_PER_MS;
    profile_meta_edit(other)->bucket_ns = 10 * NS_PER_MS;
    timeline_begin(&t, p, NS_PER_S);
    for (uint64_t ms = 0; ms < 100000; ms += 10) {
        int bucket = timeline_at(&t, NS_PER_S + ms * NS_PER_MS);
        const struct profile_sample s = {.stack = PROFILE_NONE,
                                         .process = PROFILE_NONE,
                                         .thread = PROFILE_NONE,
                                         .bucket = (uint32_t)bucket};
        const uint64_t values[] = {1, 0};
        assert_int_equal(profile_add(ms % 20 ? p : other, &s, values), 0);
    }
    uint64_t length = profile_meta(p)->bucket_ns;
    assert_true(length > 10 * NS_PER_MS);
    assert_int_equal(profile_meta(other)->bucket_ns, length);
    assert_int_equal(profile_sample_count(p), profile_sample_count(other));
    for (uint32_t i = 0; i < profile_sample_count(p); i++)
        assert_int_equal(profile_sample_at(p, i)->bucket,
                         profile_sample_at(other, i)->bucket);
    profile_destroy(p);
}

/* A part of a recording: its first bucket becomes the first one. */
static void a_timeline_may_begin_later(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    for (uint32_t i = 0; i < 1000; i++) {
        const struct profile_sample s = {.stack = PROFILE_NONE,
                                         .process = PROFILE_NONE,
                                         .thread = PROFILE_NONE,
                                         .bucket = i / 2};
        const uint64_t values[] = {i, 1};
        assert_int_equal(profile_add(p, &s, values), 0);
    }
    assert_int_equal(profile_begin_at(p, 0), 0);
    assert_int_equal(profile_sample_count(p), 500);
    assert_int_equal(profile_begin_at(p, 120), 0);
    assert_int_equal(profile_sample_count(p), 380);
    for (uint32_t i = 0; i < 380; i++) {
        assert_int_equal(profile_sample_at(p, i)->bucket, i);
        assert_int_equal(profile_value(p, i, 0), 4 * (i + 120) + 1);
        assert_int_equal(profile_value(p, i, 1), 2);
    }
    assert_int_equal(profile_begin_at(p, 380), 0);
    assert_int_equal(profile_sample_count(p), 0);
    profile_destroy(p);
}

static void a_sample_from_before_is_at_the_start(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct timeline t = {0};
    assert_int_equal(timeline_at(&t, 5 * NS_PER_S), 0); /* none is kept */
    profile_meta_edit(p)->bucket_ns = NS_PER_S;
    timeline_begin(&t, p, NS_PER_S);
    assert_int_equal(timeline_at(&t, 1), 0);
    assert_int_equal(timeline_at(&t, 3 * NS_PER_S), 2);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_for_every_duration),
        cmocka_unit_test(without_a_timeline_all_samples_are_in_one_bucket),
        cmocka_unit_test(a_long_recording_joins_buckets),
        cmocka_unit_test(events_keep_the_same_buckets),
        cmocka_unit_test(a_timeline_may_begin_later),
        cmocka_unit_test(a_sample_from_before_is_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
