/* The sentence about who is waited for. */
#include "test.h"

#include <string.h>

#include "report/waits_sentence.h"

#define S(n) ((uint64_t)(n)*1000000000)

static struct profile *p;

static int begin(void **state)
{
    (void)state;
    static const struct value_texts values[] = {VALUE_WALL, VALUE_SAMPLES};
    int err = profile_create(&p) || profile_set_values(p, values, 2);
    if (!err) {
        profile_counters_edit(p)->ticks = 100;
        profile_meta_edit(p)->duration_ns = S(10);
    }
    return err;
}

static int end(void **state)
{
    (void)state;
    profile_destroy(p);
    return 0;
}

static uint32_t frame(const char *module, const char *name)
{
    const struct frame f = {.kind = *module ? FRAME_ERLANG : FRAME_RUNTIME,
                            .name = name,
                            .module = module,
                            .function = name,
                            .arity = FRAME_NO_ARITY,
                            .file = ""};
    int64_t id = profile_frame(p, &f);
    assert_true(id >= 0);
    return (uint32_t)id;
}

/* `name` ("" for some customer) is there for that long, in that state. */
static void spends(const char *name, const char *site, const char *leaf,
                   enum sample_state state, uint64_t seconds)
{
    int64_t who =
        profile_process(p, *name ? name : "<0.9.0>", name, "", "", "");
    int64_t stack = profile_stack(p, PROFILE_NONE, frame("shop", site));
    if (leaf)
        stack = profile_stack(p, (uint32_t)stack, frame("", leaf));
    assert_true(who >= 0 && stack >= 0);
    const struct profile_sample s = {.stack = (uint32_t)stack,
                                     .process = (uint32_t)who,
                                     .thread = PROFILE_NONE,
                                     .state = state};
    const uint64_t values[] = {S(seconds), seconds};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static void assert_said(const char *kind, const char *sentence)
{
    struct waits w;
    struct buffer said;
    buffer_init(&said, BUFFER_DEFAULT_MAX);
    assert_int_equal(waits_find(p, &w), 0);
    struct waits_cause cause = waits_explain(&w, profile_meta(p)->duration_ns);
    assert_string_equal(waits_kind(&cause), kind);
    waits_sentence_add(&said, p, &w, &cause, S(3));
    buffer_add(&said, "", 1);
    assert_string_equal((char *)said.data, sentence);
    buffer_deinit(&said);
    waits_deinit(&w);
}

static void a_chain(void **state)
{
    (void)state;
    spends("", "buy", "[waits for till]", STATE_BLOCKED, 30);
    spends("till", "count", "[waits for db]", STATE_BLOCKED, 10);
    spends("db", "query", NULL, STATE_WAITING, 10);
    assert_said("waiting",
                "on average 3.0 processes wait for till, mostly in buy; till "
                "waits for db; db itself is waiting 100 % of its time, mostly "
                "in query");
}

static void a_deadlock(void **state)
{
    (void)state;
    spends("left", "a", "[waits for right]", STATE_BLOCKED, 20);
    spends("right", "b", "[waits for left]", STATE_BLOCKED, 20);
    spends("", "c", "[waits for left]", STATE_BLOCKED, 20);
    assert_said("deadlock",
                "on average 4.0 processes wait for left, for example in b; "
                "left waits for right, right for left: a circle, in which "
                "nothing goes on");
}

/* Of a port nothing more can be said. */
static void a_port(void **state)
{
    (void)state;
    spends("", "buy", "[waits for db]", STATE_BLOCKED, 30);
    spends("db", "query", "[waits for port tcp_inet 10.0.0.1:5432]",
           STATE_BLOCKED, 10);
    assert_said("waiting", "on average 3.0 processes wait for db, mostly in "
                           "buy; db waits for port tcp_inet 10.0.0.1:5432");
}

static void a_part_of_a_recording(void **state)
{
    (void)state;
    spends("", "look", NULL, STATE_WAITING, 10);
    assert_int_equal(profile_note(p, "something else"), 0);
    assert_said("none", "no process is waited for by others for long (on "
                        "average 0.30 processes are blocked)");
    assert_int_equal(profile_note(p, "filtered: --process till; 9 of 10"), 0);
    assert_said("none", "in this part of the recording, no process is waited "
                        "for by others for long (on average 0.30 processes "
                        "are blocked); the filter may leave out those that "
                        "wait, so look at the whole recording");
}

/* It gave what it has to somebody else. */
static void one_that_answers_later(void **state)
{
    (void)state;
    spends("", "take", "[waits for pool]", STATE_BLOCKED, 12);
    spends("pool", "loop", NULL, STATE_IDLE, 10);
    assert_said("waiting", "on average 1.2 processes wait for pool, mostly in "
                           "take (seen only 12 times); pool itself is idle 100 "
                           "% of its time, so it answers later, after others");
}

static void nobody(void **state)
{
    (void)state;
    spends("", "look", NULL, STATE_WAITING, 10);
    assert_said("none", "no process is waited for by others for long (on "
                        "average 0.30 processes are blocked)");
}

static void a_name_that_is_no_text(void **state)
{
    (void)state;
    spends("", "buy", "[waits for \x1b[31mred]", STATE_BLOCKED, 30);
    assert_said("waiting",
                "on average 3.0 processes wait for \\x{1B}[31mred, mostly in "
                "buy; \\x{1B}[31mred itself is not seen here");
}

static void an_answer_of_nobody_knows_whom(void **state)
{
    (void)state;
    struct waits w;
    struct buffer said;
    spends("", "buy", WAITS_UNKNOWN, STATE_BLOCKED, 25);
    buffer_init(&said, BUFFER_DEFAULT_MAX);
    assert_int_equal(waits_find(p, &w), 0);
    waits_unknown_add(&said, p, &w);
    buffer_add(&said, "", 1);
    assert_string_equal((char *)said.data,
                        "on average 2.5 processes wait for an answer, and it "
                        "is not known whose, for example in buy");
    profile_meta_edit(p)->duration_ns = S(51);
    buffer_clear(&said);
    waits_unknown_add(&said, p, &w);
    assert_int_equal(said.len, 0);
    buffer_deinit(&said);
    waits_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain, begin, end),
        cmocka_unit_test_setup_teardown(a_deadlock, begin, end),
        cmocka_unit_test_setup_teardown(a_port, begin, end),
        cmocka_unit_test_setup_teardown(a_part_of_a_recording, begin, end),
        cmocka_unit_test_setup_teardown(one_that_answers_later, begin, end),
        cmocka_unit_test_setup_teardown(nobody, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_is_no_text, begin, end),
        cmocka_unit_test_setup_teardown(an_answer_of_nobody_knows_whom, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
