/* What the node is asked and when, and what happens to the answers. */
#include "profile_make.h"

#include "base/clock.h"
#include "recorder/inquiry.h"

enum { SOON_NS = 1 };

static const uint64_t window = INQUIRY_WINDOW_MS * NS_PER_MS;
static uint64_t now = (uint64_t)5e9;

static void add_processes(struct profile *p, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char pid[24];
        snprintf(pid, sizeof(pid), "<0.%d.0>", i);
        made(profile_process(p, pid, "", "erlang:apply/2", "", ""));
    }
}

/* How many pids are asked about now, 0: none; the first in `pid`. */
static int asked(struct inquiry *q, char pid[static 64])
{
    const char *pids[INQUIRY_BATCH];
    unsigned count = inquiry_ask(q, now, pids);
    if (count > 0)
        snprintf(pid, 64, "%s", pids[0]);
    return (int)count;
}

static int asked_count(struct inquiry *q)
{
    char pid[64];
    return asked(q, pid);
}

/* An answer with a row for that pid, or without any for NULL. */
static void answer(struct inquiry *q, const char *pid, const char *label)
{
    inquiry_answered(q);
    if (pid)
        assert_int_equal(
            inquiry_learn(q, &(struct process_texts){.pid = pid,
                                                     .name = "",
                                                     .initial_call = "m:init/1",
                                                     .label = label,
                                                     .application = "app",
                                                     .parent = "sup"}),
            0);
}

static void asks_once_about_each_and_keeps_the_answer(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct inquiry q = inquiry_of(p);
    char pid[64];
    assert_int_equal(asked(&q, pid), 0);
    made(profile_process(p, "", "", "m:crowd/0", "", ""));
    add_processes(p, 1, 2);
    assert_int_equal(asked(&q, pid), 2);
    assert_string_equal(pid, "<0.1.0>");
    now += SOON_NS;
    assert_int_equal(asked(&q, pid), 0);
    assert_false(inquiry_is_done(&q));
    answer(&q, "<0.2.0>", "job");
    assert_true(inquiry_is_done(&q));
    const struct profile_process *row = profile_process_at(p, 2);
    assert_string_equal(profile_text(p, row->label), "job");
    assert_string_equal(profile_text(p, row->initial_call), "m:init/1");
    assert_string_equal(profile_text(p, row->application), "app");
    assert_string_equal(profile_text(p, row->parent), "sup");
    inquiry_count(&q);
    assert_int_equal(profile_counters(p)->undescribed, 1);
    profile_destroy(p);
}

static void only_so_many_in_a_while(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct inquiry q = inquiry_of(p);
    char pid[64];
    now += window;
    add_processes(p, 0, 50);
    assert_int_equal(asked(&q, pid), 50);
    answer(&q, NULL, "");
    add_processes(p, 50, 1000);
    assert_int_equal(asked(&q, pid), INQUIRY_BATCH - 50);
    answer(&q, NULL, "");
    now += window - SOON_NS;
    assert_int_equal(asked(&q, pid), 0);
    now += SOON_NS;
    assert_int_equal(asked(&q, pid), INQUIRY_BATCH);
    assert_string_equal(pid, "<0.200.0>");
    profile_destroy(p);
}

static void a_node_that_does_not_answer_is_left_alone(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct inquiry q = inquiry_of(p);
    add_processes(p, 0, 10 * INQUIRY_BATCH);
    for (int i = 0; i < INQUIRY_UNANSWERED; i++) {
        now += window;
        assert_int_equal(asked_count(&q), INQUIRY_BATCH);
    }
    now += 100 * window;
    assert_int_equal(asked_count(&q), 0);
    answer(&q, NULL, "");
    assert_int_equal(asked_count(&q), INQUIRY_BATCH);
    profile_destroy(p);
}

static void the_last_are_asked_again_at_the_end(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct inquiry q = inquiry_of(p);
    char pid[64];
    add_processes(p, 0, INQUIRY_AT_END + 300);
    now += window;
    assert_int_equal(asked(&q, pid), INQUIRY_BATCH);
    answer(&q, "<0.1299.0>", "");
    inquiry_end(&q);
    int all = 0;
    for (int n; (n = asked(&q, pid)) > 0; all += n) {
        if (all == 0)
            assert_string_equal(pid, "<0.299.0>");
        assert_false(inquiry_is_done(&q));
        answer(&q, pid, "");
    }
    assert_int_equal(all, INQUIRY_AT_END);
    assert_true(inquiry_is_done(&q));
    profile_destroy(p);
}

static void without_a_node_nothing_is_asked(void **state)
{
    (void)state;
    struct inquiry q = inquiry_of(NULL);
    assert_int_equal(asked_count(&q), 0);
    answer(&q, "<0.1.0>", "job");
    inquiry_end(&q);
    inquiry_count(&q);
    assert_true(inquiry_is_done(&q));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_once_about_each_and_keeps_the_answer),
        cmocka_unit_test(only_so_many_in_a_while),
        cmocka_unit_test(a_node_that_does_not_answer_is_left_alone),
        cmocka_unit_test(the_last_are_asked_again_at_the_end),
        cmocka_unit_test(without_a_node_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
