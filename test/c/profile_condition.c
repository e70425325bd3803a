/* Conditions on the figures of a node: what they may say, and when they fire.
 */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/quota.h"
#include "profile/condition.h"

static struct condition parsed(const char *text)
{
    struct condition c;
    char why[CONDITION_WHY] = "";
    if (condition_parse(text, &c, why) != 0)
        fail_msg("%s: %s", text, why);
    return c;
}

static void what_people_write_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum vital vital;
        double limit, for_s;
    } rows[] = {
        {"utilization > 90%", VITAL_UTILIZATION, 90, 0},
        {"utilization>99.5 % for 5s", VITAL_UTILIZATION, 99.5, 5},
        {" run_queue > 50 ", VITAL_RUN_QUEUE, 50, 0},
        {"run_queue > 0", VITAL_RUN_QUEUE, 0, 0},
        {"mailbox > 10000", VITAL_MAILBOX, 10000, 0},
        {"mailbox > 10k", VITAL_MAILBOX, 10000, 0},
        {"mailbox growth > 1000/s", VITAL_MAILBOX_GROWTH, 1000, 0},
        {"mailbox_growth > 1k /s for 2 min", VITAL_MAILBOX_GROWTH, 1000, 120},
        {"mailbox \t growth>1/s", VITAL_MAILBOX_GROWTH, 1, 0},
        {"memory > 2G", VITAL_MEMORY, 2147483648.0, 0},
        {"memory > 512MB", VITAL_MEMORY, 536870912.0, 0},
        {"memory > 2048", VITAL_MEMORY, 2048, 0},
        {"memory growth > 10M/s", VITAL_MEMORY_GROWTH, 10485760, 0},
        {"binary > 1.5G", VITAL_BINARY, 1610612736.0, 0},
        {"binary growth > 1kB/s", VITAL_BINARY_GROWTH, 1024, 0},
        {"processes > 100k", VITAL_PROCESSES, 100000, 0},
        {"processes growth > 1/s for 0.5s", VITAL_PROCESSES_GROWTH, 1, 0.5},
        {"allocation > 500M/s for 3s", VITAL_ALLOCATION, 524288000, 3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct condition c = parsed(rows[i].text);
        assert_ptr_equal(c.text, rows[i].text);
        assert_false(c.at_end);
        assert_int_equal(c.vital, rows[i].vital);
        assert_true(fabs(c.limit - rows[i].limit) < 0.01);
        assert_int_equal(c.for_ns / NS_PER_MS, rows[i].for_s * 1000);
    }
    assert_true(parsed(" ended ").at_end);
    for (int i = 0; i < VITALS; i++)
        assert_int_equal(parsed(vital_kinds[i].example).vital, i);
}

static void what_is_wrong_is_said_with_an_example(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "name one of the figures utilization, run_queue, mailbox"},
        {"cpu > 90%", "name one of the figures"},
        {"> 5", "name one of the figures"},
        {"mailbox", "write a figure, > and a number, such as `mailbox > 1"},
        {"mailbox < 5", "write a figure, > and a number, such as `mailbox"},
        {"mailboxes > 5", "write a figure, > and a number, such as `mailbox"},
        {"mailbox >", "give a number after >, such as `mailbox > 10000`"},
        {"mailbox > many", "give a number after >"},
        {"mailbox > -1", "give a number after >"},
        {"mailbox > 1.2.3", "give a number after >"},
        {"mailbox > .", "give a number after >"},
        {"mailbox > nan", "give a number after >"},
        {"utilization > 0.9", "this figure is a percentage, such as `utiliz"},
        {"utilization > 90", "this figure is a percentage"},
        {"utilization > 100%", "give less than 100 %, which it never exceeds"},
        {"mailbox > 5/s", "this figure is not per second, such as `mailbox >"},
        {"mailbox growth > 5", "this figure is per second, such as `mailb"},
        {"allocation > 500M", "this figure is per second, such as `alloca"},
        {"utilization growth > 5/s", "utilization has no growth; name one of "
                                     "mailbox growth, memory growth, "
                                     "binary growth, processes growth, such as "
                                     "`processes growth > 1000/s`"},
        {"run_queue_growth > 5/s", "run_queue has no growth; name one of mail"},
        {"allocation growth > 5M/s", "allocation has no growth; name one"},
        {"memory growth growth > 5M/s", "memory growth has no growth; name"},
        {"mailbox > 5 %", "`%` does not belong there; only `for` and a time"},
        {"mailbox > 5MB", "`B` does not belong there"},
        {"memory > 2Gb", "`b` does not belong there"},
        {"mailbox > 5 for", "give a time after `for`, at most an hour"},
        {"mailbox > 5 for 5", "give a time after `for`"},
        {"mailbox > 5 for 61 min", "give a time after `for`, at most an hour"},
        {"mailbox > 5 for 5s or so", "`or so` does not belong there"},
        {"mailbox > 5 for min", "give a time after `for`"},
        {"ended > 5",
         "`> 5` does not belong there; nothing may follow `ended`"},
        {"ended for 5s", "`for 5s` does not belong there"},
        {"utilization > 900%", "give less than 100 %, which it never exceeds"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct condition c;
        char why[CONDITION_WHY] = "";
        assert_int_equal(condition_parse(rows[i].text, &c, why), -E_FORMAT);
        if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, why, rows[i].why);
    }
}

/* --- when it fires -------------------------------------------------------- */

/* A figure each second, and in which of them the condition fires ("f") or says
 * that the figure is not known ("?"); a negative figure is not known. */
static void assert_news(const char *text, const double *figures, size_t n,
                        const char *news)
{
    struct condition c = parsed(text);
    char found[64] = "";
    assert_true(n < sizeof(found));
    for (size_t i = 0; i < n; i++) {
        struct vitals v;
        vitals_unknown(&v);
        v.at_ns = (1000 + i) * NS_PER_S;
        if (figures[i] >= 0)
            v.value[c.vital] = figures[i];
        enum condition_news what = condition_judge(&c, &v);
        found[i] = what == CONDITION_FIRES       ? 'f'
                   : what == CONDITION_NOT_KNOWN ? '?'
                                                 : '.';
    }
    assert_string_equal(found, news);
}

#define NEWS(text, news, ...)                                                  \
    do {                                                                       \
        static const double figures_[] = {__VA_ARGS__};                        \
        assert_news(text, figures_, sizeof(figures_) / sizeof(figures_[0]),    \
                    news);                                                     \
    } while (0)

static void it_fires_once_when_it_begins_to_hold(void **state)
{
    (void)state;
    NEWS("mailbox > 100", ".f.....", 100, 101, 500, 900, 99, 102, 101);
    NEWS("mailbox > 100 for 3s", ".....f.", 99, 50, 101, 102, 103, 104, 105);
    /* It did not hold all the time. */
    NEWS("mailbox > 100 for 3s", ".......f", 101, 102, 103, 100, 101, 102, 103,
         104);
}

static void it_fires_again_after_a_rest(void **state)
{
    (void)state;
    /* Ten seconds at 90 or less, between the first of them and the last. */
    NEWS("mailbox > 100", "f...........f", 200, 90, 90, 90, 90, 90, 90, 90, 90,
         90, 90, 90, 200);
    /* One second was not calm. */
    NEWS("mailbox > 100", "f............", 200, 90, 90, 90, 90, 91, 90, 90, 90,
         90, 90, 90, 200);
    /* Too short. */
    NEWS("mailbox > 100", "f.......", 200, 0, 0, 0, 0, 0, 0, 200);
    NEWS("run_queue > 0", "f...........f", 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
         2);
}

static void a_figure_that_is_not_known_is_said_once(void **state)
{
    (void)state;
    NEWS("mailbox > 100", ".....?.......", -1, -1, -1, -1, -1, -1, -1, -1, -1,
         -1, -1, -1, -1);
    /* A second without it is nothing to speak of. */
    NEWS("mailbox > 100", "......f", -1, 50, -1, -1, 50, -1, 101);
    NEWS("mailbox > 100 for 2s", "......f", 101, -1, 101, 50, 101, 101, 101);
    struct condition c = parsed("ended");
    struct vitals v;
    vitals_unknown(&v);
    for (uint64_t s = 1; s < 100; s++) {
        v.at_ns = s * NS_PER_S;
        assert_int_equal(condition_judge(&c, &v), CONDITION_NOTHING);
    }
}

static enum condition_news news_at(struct condition *c, uint64_t s,
                                   double figure)
{
    struct vitals v;
    vitals_unknown(&v);
    v.at_ns = s * NS_PER_S;
    v.value[c->vital] = figure;
    return condition_judge(c, &v);
}

/* `watch --wait` goes on with the next node of that name. */
static void what_another_node_did_does_not_count(void **state)
{
    (void)state;
    struct condition c = parsed("mailbox > 100 for 3s");
    assert_int_equal(news_at(&c, 10, 101), CONDITION_NOTHING);
    condition_restart(&c);
    assert_int_equal(news_at(&c, 60, 101), CONDITION_NOTHING);
    assert_int_equal(news_at(&c, 63, 101), CONDITION_FIRES);
    condition_restart(&c);
    assert_int_equal(news_at(&c, 70, 101), CONDITION_NOTHING);
    assert_int_equal(news_at(&c, 73, 101), CONDITION_FIRES);
}

static void a_quota_is_of_any_span_of_time(void **state)
{
    (void)state;
    static struct quota q = {.most = 3, .span_ns = 100};
    static const uint64_t taken[] = {1000, 1050, 1060, 1100, 1150, 1160, 1300};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        assert_true(quota_take(&q, taken[i]));
    assert_true(quota_take(&q, 1300));
    assert_true(quota_take(&q, 1301));
    assert_false(quota_take(&q, 1302));
    assert_false(quota_take(&q, 1399));
    assert_true(quota_take(&q, 1400));
    assert_true(quota_take(&q, 1400));
    assert_false(quota_take(&q, 1400));
    static struct quota none;
    for (int i = 0; i < 5000; i++)
        assert_true(quota_take(&none, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_write_is_understood),
        cmocka_unit_test(what_is_wrong_is_said_with_an_example),
        cmocka_unit_test(it_fires_once_when_it_begins_to_hold),
        cmocka_unit_test(it_fires_again_after_a_rest),
        cmocka_unit_test(a_figure_that_is_not_known_is_said_once),
        cmocka_unit_test(what_another_node_did_does_not_count),
        cmocka_unit_test(a_quota_is_of_any_span_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
