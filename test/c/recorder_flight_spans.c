/* Spans by the second: those of a part of the time, and what is kept. */
#include "profile_make.h"

#include "profile/span_times.h"
#include "recorder/flight_spans.h"

static void add(struct flight_spans *s, uint32_t span, uint32_t start_s,
                uint32_t end_s, uint64_t ns)
{
    const struct flight_span row = {.end_s = end_s,
                                    .start_s = start_s,
                                    .span = span,
                                    .bucket = span_times_bucket(ns),
                                    .unknown = ns == 0,
                                    .count = 1,
                                    .ns = ns};
    assert_int_equal(flight_spans_add(s, &row), 0);
}

static uint32_t id_of(struct profile *p, const char *outer, const char *name)
{
    uint32_t around = outer ? made(profile_span(p, 0, outer)) : 0;
    return made(profile_span(p, around, name));
}

static void assert_part(const struct flight_spans *s, const struct profile *of,
                        uint32_t first, uint32_t last, const char *outer,
                        const char *name, const struct span_total *want)
{
    const struct flight_part part = {first, last};
    struct profile *p = make_profile();
    /* Other ids than in the profile that it is of. */
    made(profile_span(p, 0, "another"));
    assert_int_equal(flight_spans_copy(s, &part, of, p), 0);
    struct span_total t =
        span_times_of(profile_span_times(p), id_of(p, outer, name));
    assert_int_equal(t.ended, want->ended);
    assert_int_equal(t.ns, want->ns);
    assert_int_equal(t.cut, want->cut);
    profile_destroy(p);
}

#define PART(first, last, outer, name, ended_, ns_, cut_)                      \
    assert_part(                                                               \
        &s, of, first, last, outer, name,                                      \
        &(struct span_total){.ended = (ended_), .ns = (ns_), .cut = (cut_)})

static void a_part_has_the_spans_of_its_time(void **state)
{
    (void)state;
    struct profile *of = make_profile();
    struct flight_spans s;
    flight_spans_init(&s);
    uint32_t a = id_of(of, NULL, "a"), b = id_of(of, "a", "b");
    add(&s, b, 5, 5, 100);
    add(&s, b, 5, 5, 101);
    add(&s, b, 6, 6, 1000);
    add(&s, a, 4, 6, 2000);
    add(&s, b, 5, 6, 0); /* its process is gone, or its start was not seen */
    assert_int_equal(s.rows.len, 4); /* the first two are alike */
    PART(0, 9, "a", "b", 3, 1201, 1);
    PART(0, 9, NULL, "a", 1, 2000, 0);
    /* It began before. */
    PART(5, 6, NULL, "a", 1, 2000, 1);
    PART(6, 6, "a", "b", 1, 1000, 1);
    /* It ended later, so how long it took belongs to no part of that time. */
    PART(4, 5, NULL, "a", 0, 0, 1);
    PART(5, 5, "a", "b", 2, 201, 1);
    PART(7, 9, "a", "b", 0, 0, 0);
    PART(0, 3, NULL, "a", 0, 0, 0);
    flight_spans_deinit(&s);
    profile_destroy(of);
}

static void durations_are_kept(void **state)
{
    (void)state;
    const struct flight_part part = {1, 3};
    struct profile *of = make_profile(), *p = make_profile();
    struct flight_spans s;
    flight_spans_init(&s);
    uint32_t a = id_of(of, NULL, "a");
    for (uint32_t i = 0; i < 1000; i++)
        add(&s, a, 1 + i % 3, 1 + i % 3, 1000000);
    add(&s, a, 2, 2, 5000000);
    assert_int_equal(flight_spans_copy(&s, &part, of, p), 0);
    const struct span_times *t = profile_span_times(p);
    const struct span_duration *d = t->durations.rows;
    assert_int_equal(t->durations.len, 2);
    assert_int_equal(d[0].count, 1000);
    assert_int_equal(d[0].bucket, span_times_bucket(1000000));
    assert_int_equal(d[1].count, 1);
    flight_spans_deinit(&s);
    profile_destroy(of);
    profile_destroy(p);
}

static void what_is_too_old_is_dropped(void **state)
{
    (void)state;
    struct profile *first = make_profile(), *of = make_profile();
    struct flight_spans s;
    flight_spans_init(&s);
    for (uint32_t i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof(name), "kind %u", i);
        add(&s, id_of(first, "a", name), i, i, 10 + i);
    }
    assert_int_equal(flight_spans_renew(&s, 40, first, of), 0);
    profile_destroy(first);
    assert_int_equal(s.rows.len, 10);
    assert_int_equal(profile_span_count(of), 1 + 1 + 10);
    PART(0, 100, "a", "kind 39", 0, 0, 0);
    PART(0, 100, "a", "kind 40", 1, 50, 0);
    PART(0, 100, "a", "kind 49", 1, 59, 0);
    flight_spans_deinit(&s);
    profile_destroy(of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_has_the_spans_of_its_time),
        cmocka_unit_test(durations_are_kept),
        cmocka_unit_test(what_is_too_old_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
