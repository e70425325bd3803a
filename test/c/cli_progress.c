#include "test.h"

#include "base/clock.h"
#include "cli/progress.h"

static const char *text_at(struct progress *p, double seconds, uint64_t samples,
                           uint64_t lost)
{
    static char text[128];
    progress_text(p, (uint64_t)(seconds * (double)NS_PER_S), samples, lost,
                  text, sizeof(text));
    return text;
}

static void time_left_and_the_rate_of_late(void **state)
{
    (void)state;
    struct progress p;
    progress_begin(&p, true, 4000);
    assert_string_equal(text_at(&p, 0.1, 10, 0),
                        "1 h 06 min left, 0 samples/s, 0 lost; Ctrl-C ends it");
    assert_string_equal(
        text_at(&p, 0.5, 50, 0),
        "1 h 06 min left, 100 samples/s, 0 lost; Ctrl-C ends it");
    assert_string_equal(
        text_at(&p, 1.2, 1000, 1),
        "1 h 06 min left, 100 samples/s, 1 lost; Ctrl-C ends it");
    assert_string_equal(
        text_at(&p, 1.5, 450, 1),
        "1 h 06 min left, 400 samples/s, 1 lost; Ctrl-C ends it");
    assert_string_equal(text_at(&p, 3695, 450, 7),
                        "5 min 05 s left, 0 samples/s, 7 lost; Ctrl-C ends it");
    assert_non_null(strstr(text_at(&p, 3999.5, 450, 7), "1 s left"));
    assert_non_null(strstr(text_at(&p, 5000, 450, 7), "0 s left"));
}

static void time_passed_where_the_end_is_not_known(void **state)
{
    (void)state;
    struct progress p;
    progress_begin(&p, true, 0);
    assert_string_equal(text_at(&p, 61, 6100, 0),
                        "1 min 01 s, 100 samples/s, 0 lost; Ctrl-C ends it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_left_and_the_rate_of_late),
        cmocka_unit_test(time_passed_where_the_end_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
