#include "profile_make.h"

#include "formats/format.h"

static char *report(const struct profile *p, unsigned top, bool color)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    struct format_options o = {.top = top, .color = color};
    assert_int_equal(format_text.write(p, &o, &b), 0);
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static struct profile *busy(void)
{
    struct profile *p = make_profile();
    struct profile_meta *m = profile_meta_edit(p);
    m->node = made(profile_string(p, "rabbit@host"));
    m->otp = made(profile_string(p, "25"));
    m->engine = made(profile_string(p, "perf"));
    m->event = made(profile_string(p, "cpu-clock"));
    m->pid = 4711;
    m->rate_asked = 99;
    m->duration_ns = 10000000000;
    m->jit = true;
    uint32_t q = made(profile_process(p, "<0.1.0>", "queue", "m:f/1", "", ""));
    make_sample(p, make_stack(p, "main:3;work:7"), q, STATE_RUNNING, 6);
    make_sample(p, make_stack(p, "main:4"), PROFILE_NONE, STATE_GC, 2);
    make_sample(p, make_stack(p, "[scheduler]"), PROFILE_NONE, STATE_SCHEDULER,
                2);
    return p;
}

static void idling_is_apart_with_its_parts(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_sample(p, make_stack(p, "[port tcp_inet];recv"), PROFILE_NONE,
                STATE_PORT, 6);
    make_sample(p, make_stack(p, "[scheduling];f"), PROFILE_NONE,
                STATE_SCHEDULING, 2);
    make_sample(p, make_stack(p, "[idle: busy-wait]:0;f"), PROFILE_NONE,
                STATE_IDLE, 6);
    make_sample(p, make_stack(p, "[idle: poll]:0;f;g"), PROFILE_NONE,
                STATE_IDLE, 2);
    char *text = report(p, 0, false);
    assert_has(text, "States:   port 75.0 %, scheduling 25.0 %; idle 50.0 % of "
                     "all samples, not counted below\n");
    assert_has(text, "Idle:     busy-wait 75.0 %, poll 25.0 %; busy-wait and "
                     "sched_yield end with +sbwt none +sbwtdcpu none");
    free(text);
    profile_destroy(p);
}

static void says_what_was_measured_and_where_time_went(void **state)
{
    (void)state;
    struct profile *p = busy();
    char *text = report(p, 0, false);
    assert_has(text, "node rabbit@host pid 4711");
    assert_has(text, "OTP 25, JIT");
    assert_has(text, "engine perf, event cpu-clock, 99 Hz requested");
    assert_has(text, "10 in 10.00 s");
    assert_has(text, "States:   running 75.0 %, gc 25.0 %; scheduler "
                     "20.0 % of all samples");
    /* Wilson, by hand: n = 8, z = 1.96; k = 4: 28.48; k = 6 and 2: 25.96 */
    assert_has(
        text,
        "Error:    at most +-28.48 in any percentage (95 % interval); work "
        "75.00 +-25.96, main 25.00 +-25.96\n");
    assert_has(text, " 75.00  25.96   75.00         6  work ");
    assert_has(text, "  work.erl:7\n");
    assert_has(text, " 25.00  25.96  100.00         2  main ");
    assert_has(text, "\n 75.00  25.96         6  <0.1.0>              queue  ");
    assert_has(text, "\n 25.00  25.96         2  in no Erlang process\n");
    assert_has(text, "\n 75.00  <0.1.0>  queue  m:f/1\n"
                     "         75.00  work\n");
    assert_has_not(text, "Doubts");
    assert_has_not(text, "more function");
    assert_has_not(text, "\033");
    free(text);
    profile_destroy(p);
}

static void many_alike_are_one_row(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t crowd = made(profile_process(p, "", "", "m:life/1", "", ""));
    assert_int_equal(profile_set_members(p, crowd, 1016), 0);
    make_sample(p, make_stack(p, "main;work"), crowd, STATE_RUNNING, 52);
    for (int i = 0; i < 8; i++) {
        char pid[16];
        snprintf(pid, sizeof(pid), "<0.%d.0>", i);
        uint32_t q = made(profile_process(p, pid, "", "m:life/1", "", ""));
        make_sample(p, make_stack(p, "main"), q, STATE_RUNNING, 1);
    }
    uint32_t q = made(profile_process(p, "<0.9.0>", "", "m:life/1", "", ""));
    make_sample(p, make_stack(p, "main"), q, STATE_RUNNING, 20);
    uint32_t r = made(profile_process(p, "<0.10.0>", "", "m:f/1", "x", ""));
    make_sample(p, make_stack(p, "other"), r, STATE_RUNNING, 420);
    char *text = report(p, 0, false);
    assert_has(text, "\n 84.00   3.21       420  <0.10.0>  ");
    assert_has(text, "  x                         m:f/1\n");
    assert_has(text, "\n 12.00   2.85        60  1,024 processes  ");
    assert_has(text, "\n  4.00   1.75        20  <0.9.0>  ");
    assert_has_not(text, "<0.3.0>");
    assert_has_not(text, "in no Erlang process");
    assert_has(text, "\n 12.00  1,024 processes  m:life/1\n"
                     "         10.40  work\n          1.60  main\n");
    free(text);
    profile_destroy(p);
}

static void says_what_is_in_doubt(void **state)
{
    (void)state;
    struct profile *p = busy();
    profile_counters_edit(p)->lost = 17;
    profile_counters_edit(p)->samples = 10;
    profile_counters_edit(p)->erlang_leaf = 8;
    profile_counters_edit(p)->erlang_leaf_complete = 7;
    assert_int_equal(profile_note(p, "no \033[2Jkernel\u202e symbols\u2069"),
                     0);
    char *text = report(p, 0, false);
    assert_has(text,
               "17 samples dropped: a ring was full, or there was no time for "
               "them\n");
    assert_has(text, "87.50 % of 8 samples in Erlang code");
    assert_has_not(text, "bytes read from the kernel");
    assert_has_not(text, "samples read more than 10 ms");
    assert_has(text,
               "Note:     no \\x{1B}[2Jkernel\\x{202E} symbols\\x{2069}\n");
    free(text);
    profile_destroy(p);
}

static void the_top_and_how_many_more(void **state)
{
    (void)state;
    struct profile *p = busy();
    char *text = report(p, 1, false);
    assert_has(text, "  work ");
    assert_has(text, "and 1 more function\n");
    free(text);
    profile_destroy(p);
}

static void an_idle_node_is_said_to_be(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    char *text = report(p, 0, false);
    assert_has(text, "the node was idle");
    assert_has_not(text, "SELF%");
    assert_has_not(text, "nan");
    free(text);
    profile_counters_edit(p)->paused_ms = 2500;
    text = report(p, 0, false);
    assert_has(text, "2500 milliseconds in which cprof itself was stopped");
    assert_has(text, "No samples; cprof itself was stopped");
    assert_has_not(text, "idle");
    free(text);
    profile_counters_edit(p)->stopped_ms = 1500;
    text = report(p, 0, false);
    assert_has(text, "1500 milliseconds in which the node was stopped");
    assert_has(text, "No samples: the node was stopped by a signal");
    assert_has_not(text, "idle");
    free(text);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_SCHEDULER, 5);
    text = report(p, 0, false);
    assert_has(text, "The node was idle");
    assert_has(text, "States:   scheduler 100.0 % of all samples");
    assert_has_not(text, "SELF%");
    free(text);
    profile_counters_edit(p)->samples = 7; /* of the whole recording */
    text = report(p, 0, false);
    assert_has(text, "Only samples in states that are not counted match");
    free(text);
    profile_destroy(p);
}

static size_t columns(const char *line, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

/* Where "x.erl" begins is the same column in every row. */
static void columns_are_aligned_whatever_the_names(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const char *names[] = {"short/1", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/2",
                           "with\nnewline/0",
                           "a_very_long_module_name_indeed:and_a_function_"
                           "that_is_even_longer_than_its_module/11"};
    for (size_t i = 0; i < 4; i++) {
        struct frame f = {.kind = FRAME_ELIXIR,
                          .name = names[i],
                          .module = "m",
                          .function = "f",
                          .file = "/very/deep/lib/x.erl",
                          .line = 1};
        uint32_t frame = made(profile_frame(p, &f));
        make_sample(p, made(profile_stack(p, PROFILE_NONE, frame)),
                    PROFILE_NONE, STATE_RUNNING, i + 1);
    }
    char *text = report(p, 0, false), *at = text, *hit;
    assert_has(text, "with\\x{0A}newline/0");
    assert_has(text, "/11 ");
    size_t column = 0, rows = 0;
    while ((hit = strstr(at, "lib/x.erl:1\n"))) {
        char *line = hit;
        while (line > text && line[-1] != '\n')
            line--;
        size_t here = columns(line, (size_t)(hit - line));
        assert_true(rows == 0 || here == column);
        assert_true(columns(line, strcspn(line, "\n")) <= 100);
        column = here;
        rows++;
        at = hit + 1;
    }
    assert_int_equal(rows, 4);
    free(text);
    profile_destroy(p);
}

static void colour_only_when_asked_for(void **state)
{
    (void)state;
    struct profile *p = busy();
    char *text = report(p, 0, true);
    assert_has(text, "\033[1m");
    free(text);
    profile_destroy(p);
}

static void formats_are_found_by_name_and_path(void **state)
{
    (void)state;
    assert_ptr_equal(format_by_name("text"), &format_text);
    assert_ptr_equal(format_by_name("pprof"), &format_pprof);
    assert_null(format_by_name("TEXT"));
    assert_ptr_equal(format_by_path("/tmp/a.pb.gz"), &format_pprof);
    assert_ptr_equal(format_by_path("a.b.json"), &format_json);
    assert_ptr_equal(format_by_path("x.html"), &format_html);
    assert_null(format_by_path("x.gz"));
    assert_null(format_by_path(".json"));
    assert_null(format_by_path(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idling_is_apart_with_its_parts),
        cmocka_unit_test(says_what_was_measured_and_where_time_went),
        cmocka_unit_test(many_alike_are_one_row),
        cmocka_unit_test(says_what_is_in_doubt),
        cmocka_unit_test(the_top_and_how_many_more),
        cmocka_unit_test(an_idle_node_is_said_to_be),
        cmocka_unit_test(columns_are_aligned_whatever_the_names),
        cmocka_unit_test(colour_only_when_asked_for),
        cmocka_unit_test(formats_are_found_by_name_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
