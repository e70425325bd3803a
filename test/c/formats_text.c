#include "profile_make.h"

#include "formats/format.h"

static char *report_of(const struct profile *p, struct format_options o)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_text.write(p, &o, &b), 0);
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

/* As it was before there was own time: by self, with all that is known. */
static char *report(const struct profile *p, unsigned top, bool color)
{
    return report_of(
        p, (struct format_options){.top = top, .color = color, .self = true});
}

static char *brief(const struct profile *p)
{
    return report_of(p, (struct format_options){0});
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
    assert_has(text, "States:   port 75.0 %, scheduling 25.0 %; not counted: "
                     "idle 50.0 % of all\n");
    assert_has(
        text, "Idle:     busy-wait 75.0 %, poll 25.0 %; to avoid busy-wait and "
              "sched_yield, use +sbwt\n          none +sbwtdcpu none");
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
    assert_has(text, "States:   running 75.0 %, gc 25.0 %; not counted: "
                     "scheduler 20.0 % of all");
    /* Wilson, by hand: n = 8, z = 1.96; k = 4: 28.48; k = 6 and 2: 25.96 */
    assert_has(
        text,
        "Error:    at most +-28.48 in any percentage (95 % interval); work "
        "75.00 +-25.96, main 25.00 +-25.96\n");
    assert_has(text, " 75.00  25.96   75.00         6  work ");
    assert_has(text, "  work.erl:7\n");
    assert_has(text, " 25.00  25.96  100.00         2  main ");
    assert_has(text,
               "\n 75.00  25.96         6  <0.1.0>            queue  m:f/1\n");
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
        char pid[32];
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
    assert_has(text, "  m:f/1  x\n");
    assert_has(text,
               "\n 16.00   3.21        80  1,025 processes    m:life/1\n");
    assert_has_not(text, "<0.9.0>");
    assert_has_not(text, "<0.3.0>");
    assert_has_not(text, "in no Erlang process");
    assert_has(text, "\n 16.00  1,025 processes  m:life/1\n"
                     "         10.40  work\n          5.60  main\n");
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
               "17 samples lost: a ring was full, or cprof had no time to read "
               "them\n");
    assert_has(text, "87.50 % of 8 samples in Erlang code");
    assert_has_not(text, "bytes read from the kernel");
    assert_has_not(text, "samples read more than 10 ms");
    assert_has(text,
               "Note:     no \\x{1B}[2Jkernel\\x{202E} symbols\\x{2069}\n");
    free(text);
    profile_destroy(p);
}

/* --- the default report --------------------------------------------------- */

/* A shop at work: own time in C, the collector and the kernel, a loop above
 * all, a port, schedulers that idle. */
static struct profile *shop(void)
{
    static const struct {
        const char *stack;
        uint64_t count;
        enum sample_state state;
    } rows[] = {
        {"E proc_lib:init_p/5;E shop:loop/1;E shop:cart/1;E lists:sort/1", 300,
         STATE_RUNNING},
        {"E proc_lib:init_p/5;E shop:loop/1;E shop:cart/1;B erlang:phash2/1;"
         "C make_hash2",
         200, STATE_RUNNING},
        {"E proc_lib:init_p/5;E shop:loop/1;E shop:cart/1;G [gc]", 100,
         STATE_GC},
        {"E proc_lib:init_p/5;E shop:loop/1;X Shop.Till.pay/2;K [kernel]", 300,
         STATE_RUNNING},
        {"R [port tcp_inet];C writev", 100, STATE_PORT},
        {"R [idle: poll];C epoll_wait", 1000, STATE_IDLE},
    };
    struct profile *p = make_profile();
    struct profile_meta *m = profile_meta_edit(p);
    m->node = made(profile_string(p, "shop@host"));
    m->host = made(profile_string(p, "vm7"));
    m->otp = made(profile_string(p, "27"));
    m->engine = made(profile_string(p, "perf"));
    m->pid = 4711;
    m->rate_asked = 99;
    m->schedulers = 2;
    m->kernel_included = true;
    m->started_unix_ns = 1795825817820740000;
    m->duration_ns = 10000000000;
    m->used_ns = 4000000000;
    m->seen_ns = 3000000000;
    uint32_t q = made(profile_process(p, "<0.1.0>", "till", "", "", ""));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        make_sample(p, make_frames(p, rows[i].stack),
                    state_is_of_process(rows[i].state) ? q : PROFILE_NONE,
                    rows[i].state, rows[i].count);
    profile_counters_edit(p)->samples = 2000;
    profile_counters_edit(p)->frames = 8000;
    profile_counters_edit(p)->truncated = 4;
    return p;
}

static void the_head_has_five_lines(void **state)
{
    (void)state;
    struct profile *p = shop();
    char *text = brief(p);
    static const char head[] =
        "Node:     shop@host, pid 4711 on vm7, OTP 27, 2 schedulers\n"
        "When:     2026-11-28 00:30:17 UTC, for 10.00 s; engine perf, 99 Hz\n"
        "CPU:      4.00 s used, 75.0 % of it sampled; 2,000 "
        "samples (0.00 s), 1,000 counted below\n"
        "States:   running 80.0 %, gc 10.0 %, port 10.0 %; not counted: idle "
        "50.0 % of all\n"
        "Error:    at most +-3.09 in any percentage (95 % interval); 0.2 % of "
        "stacks truncated\n\n";
    if (strncmp(text, head, sizeof(head) - 1) != 0)
        fail_msg("not the head:\n%s", text);
    free(text);
    profile_destroy(p);
}

static void hot_functions_come_first(void **state)
{
    (void)state;
    struct profile *p = shop();
    char *text = brief(p);
    assert_has(text, "  OWN%    +-  IN C    GC KERNEL TOTAL%  HOT FUNCTION  ");
    const char *const rows[] = {
        "\n 30.00  2.84  20.0  10.0      -  60.00  shop:cart/1\n",
        "\n 30.00  2.84     -     -      -  30.00  lists:sort/1\n",
        "\n 30.00  2.84     -     -   30.0  30.00  Shop.Till.pay/2\n",
        "\n 10.00 in no known Erlang function: port 10.0\n",
        "\nTOTAL%    +-    OWN%  WHERE IT COMES FROM   FILE:LINE\n"
        " 60.00  3.03   30.00  shop:cart/1\n"
        " 30.00  2.84   30.00  Shop.Till.pay/2\n"
        "(not shown: 1 function above nearly all of a process, such as a "
        "server loop)\n",
        "\nTOTAL%    +-   SELF%  BIF OR C FUNCTION     FILE:LINE\n"
        " 20.00  2.48    0.00  erlang:phash2/1\n"
        " 20.00  2.48   20.00  make_hash2\n"
        " 10.00  1.86   10.00  writev\n",
        "SAMPLES  PROCESSES ",
        "\nMore:     -o flame.html draws a flame graph, --tree ",
    };
    const char *at = text;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *hit = strstr(at, rows[i]);
        if (!hit)
            fail_msg("no \"%s\" after \"%.40s\" in:\n%s", rows[i], at, text);
        at = i < 2 ? at : hit;
    }
    free(text);
    profile_destroy(p);
}

static void assert_columns(const char *text, const char *until)
{
    const char *end = strstr(text, until);
    while (text < end) {
        size_t len = strcspn(text, "\n");
        if (len > 100)
            fail_msg("%zu columns: %.*s", len, (int)len, text);
        text += len + 1;
    }
}

static void no_line_is_wider_than_the_screen(void **state)
{
    (void)state;
    struct profile *p = shop();
    char name[301];
    memset(name, 'n', 300);
    name[300] = '\0';
    struct frame f = {.kind = FRAME_ERLANG,
                      .name = name,
                      .module = name,
                      .function = name,
                      .file = name,
                      .line = 4294967295};
    uint32_t frame = made(profile_frame(p, &f));
    make_sample(p, made(profile_stack(p, PROFILE_NONE, frame)), PROFILE_NONE,
                STATE_DIRTY_IO, 5000);
    profile_meta_edit(p)->node = made(profile_string(p, name));
    profile_counters_edit(p)->lost = 900;
    assert_int_equal(profile_note(p, "a rather long note, as they are when "
                                     "something is missing and its cause and "
                                     "the remedy are told of: 17 sysctls"),
                     0);
    char *text = brief(p);
    assert_columns(text, "SAMPLES  PROCESS");
    assert_columns(strstr(text, "Doubt:"), "More:");
    free(text);
    profile_destroy(p);
}

static void what_is_doubtful_and_matters_comes_last(void **state)
{
    (void)state;
    struct profile *p = shop();
    struct profile_counters *c = profile_counters_edit(p);
    c->lost = 100;
    c->unverified = 1;               /* too few */
    c->nameless_native_frames = 160; /* 2 % */
    c->elided = 1000;                /* harmless */
    assert_int_equal(profile_note(p, "no kernel symbols"), 0);
    char *text = brief(p);
    assert_has(text, "\nDoubt:    100 samples lost: a ring was full, or cprof "
                     "had no time to read them, 4.8 %;");
    assert_has(text,
               "\nDoubt:    160 C frames without a symbol (object and offset "
               "only), 2.0 %; install");
    assert_has(text, "\nNote:     no kernel symbols\nFurther:  3 smaller or "
                     "harmless counters: see --self\nMore: ");
    assert_has_not(text, "1000");
    assert_has_not(text, "samples; record for longer");
    free(text);
    text = report(p, 0, false);
    assert_has(text,
               "      1000 very deep Erlang stacks whose middle was left out");
    free(text);
    text =
        report_of(p, (struct format_options){.reader = FORMAT_READER_INSIDE});
    assert_has(text, "counters: `cprof report FILE --self`\n");
    assert_has_not(text, "-o flame.html");
    free(text);
    profile_destroy(p);
}

static void a_filter_is_named_above_the_figures(void **state)
{
    (void)state;
    struct profile *p = shop();
    assert_int_equal(profile_note(p, "filtered: --process till; 9 of 10"), 0);
    char *text = brief(p);
    const char *note = strstr(text, "\nNote:     filtered: --process till; 9");
    assert_non_null(note);
    assert_true(note < strstr(text, "HOT FUNCTION"));
    assert_null(strstr(note + 20, "filtered:"));
    free(text);
    profile_destroy(p);
}

static void what_is_of_the_whole_recording_is_labelled(void **state)
{
    (void)state;
    struct profile *p = shop();
    assert_int_equal(profile_note(p, "filtered: --process till; 9 of 10"), 0);
    profile_counters_edit(p)->lost = 500;
    char *text = brief(p);
    assert_has(text, "UTC, for 10.00 s; engine perf");
    assert_has(text, "CPU:      4.00 s used (whole recording); 2,000 samples");
    assert_has(text, "read them, 20.0 % (whole\n");
    assert_has_not(text, "of it sampled");
    assert_has_not(text, "truncated");
    free(text);
    text = report(p, 0, false);
    assert_has(text, "0.2 % truncated (whole recording)\n");
    assert_has(text, "2000 samples and 8000 frames (whole recording)\n");
    free(text);
    profile_destroy(p);
}

static void a_part_of_the_time_has_no_other_date(void **state)
{
    (void)state;
    struct profile *p = shop();
    assert_int_equal(profile_note(p, "filtered: --from 4 --to 6; 9 of 10"), 0);
    profile_meta_edit(p)->duration_ns = 2000000000;
    char *text = brief(p);
    assert_has(text, "\nWhen:     2026-11-28 00:30:17 UTC (whole recording), "
                     "this part 2.00 s; engine perf");
    free(text);
    profile_destroy(p);
}

static void of_few_samples_it_is_said(void **state)
{
    (void)state;
    struct profile *p = busy();
    char *text = brief(p);
    assert_has(text,
               "\nSamples:  only 8: at most +-28.48 in any percentage (95 % "
               "interval)");
    assert_has(text, "only 8 samples; record for longer (-d), or at a higher "
                     "--rate");
    free(text);
    profile_destroy(p);
}

static void of_few_samples_of_allocation_too(void **state)
{
    (void)state;
    static const struct value_texts heap[] = {VALUE_HEAP, VALUE_BINARY,
                                              VALUE_SAMPLES};
    struct profile *p = make_profile();
    assert_int_equal(profile_set_values(p, heap, 3), 0);
    profile_counters_edit(p)->samples = profile_counters_edit(p)->effective = 8;
    const struct profile_sample row = {.stack = make_stack(p, "main"),
                                       .process = PROFILE_NONE,
                                       .thread = PROFILE_NONE,
                                       .state = STATE_RUNNING};
    assert_int_equal(profile_add(p, &row, (uint64_t[]){1 << 30, 0, 8}), 0);
    char *text = brief(p);
    assert_has(text, ", no binaries seen; 8 samples\n");
    assert_has(text,
               "\nSamples:  only 8, if all were equal: at most +-28.48 in any "
               "percentage (95 % interval); 0.0 % of\n"
               "          stacks truncated\n");
    assert_has(text,
               "only 8 samples, if all were equal; record for longer (-d)\n");
    free(text);
    profile_destroy(p);
}

static void a_node_that_mostly_waits(void **state)
{
    (void)state;
    struct profile *p = busy();
    struct profile_meta *m = profile_meta_edit(p);
    m->used_ns = 1900000000; /* of 10 s */
    char *text = brief(p);
    assert_has(text, "\nHint:     the node used only 19.0 % of one CPU; `cprof "
                     "record --event wall` shows what its\n");
    free(text);
    text =
        report_of(p, (struct format_options){.reader = FORMAT_READER_INSIDE});
    assert_has(text, "; event wall shows what its processes wait for\n");
    free(text);
    m->used_ns = 2000000000;
    text = brief(p);
    assert_has_not(text, "event wall");
    free(text);
    m->used_ns = 100000000;
    m->duration_ns = 1000000000;
    text = brief(p);
    assert_has_not(text, "event wall");
    free(text);
    profile_destroy(p);
}

static void more_than_all_is_explained(void **state)
{
    (void)state;
    struct profile *p = busy();
    struct profile_meta *m = profile_meta_edit(p);
    make_sample(p, make_stack(p, "main:3"), PROFILE_NONE, STATE_RUNNING, 20);
    m->used_ns = 5000000000;
    m->seen_ns = 5050000000;
    char *text = brief(p);
    assert_has(text, "5.00 s used, 101.0 % of it sampled");
    assert_has(text, "\nNote:     more than 100 % of the CPU time was sampled");
    free(text);
    m->seen_ns = 5045000000; /* a rounding error */
    text = brief(p);
    assert_has(text, "100.9 % of it sampled");
    assert_has_not(text, "more than 100 %");
    free(text);
    profile_destroy(p);
}

static void a_node_without_a_name_is_what_it_runs(void **state)
{
    (void)state;
    struct profile *p = busy();
    struct profile_meta *m = profile_meta_edit(p);
    m->node = 0;
    m->command = made(profile_string(p, "/usr/lib/erlang/bin/beam.smp -- x"));
    char *text = brief(p);
    assert_has(text, "Command:  /usr/lib/erlang/bin/beam.smp -- x, pid 4711");
    free(text);
    m->runs = made(profile_string(p, "mix phx.server"));
    text = brief(p);
    assert_has(text, "Command:  mix phx.server, pid 4711");
    free(text);
    profile_destroy(p);
}

static void a_file_is_not_to_be_kept_again(void **state)
{
    (void)state;
    struct profile *p = busy();
    char *text =
        report_of(p, (struct format_options){.reader = FORMAT_READER_REPORT});
    assert_has(text, "\nMore:     -o flame.html draws a flame graph, --tree");
    assert_has_not(text, "keeps the recording");
    free(text);
    text = brief(p);
    assert_has(text, "-o r.pb.gz keeps the recording");
    free(text);
    profile_destroy(p);
}

/* A file of another program has no Erlang function, and may count bytes. */
static void other_values_have_their_own_unit(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const struct value_texts types[] = {{"alloc_space", "bytes"}};
    assert_int_equal(profile_set_values(p, types, 1), 0);
    const uint64_t value[] = {5u << 20};
    struct profile_sample row = {make_frames(p, "C main.main;C main.work"),
                                 PROFILE_NONE,
                                 PROFILE_NONE,
                                 STATE_RUNNING,
                                 0,
                                 0};
    assert_int_equal(profile_add(p, &row, value), 0);
    char *text = brief(p);
    assert_has(text, "Values:   alloc_space: 5.00 MB\n");
    assert_has(text, " SELF%     +-  TOTAL%     BYTES  FUNCTION");
    assert_has(text, "100.00   0.00  100.00   5.00 MB  main.work\n");
    assert_has_not(text, "CPU");
    assert_has_not(text, "HOT FUNCTION");
    assert_has_not(text, " s\n");
    free(text);
    text = report_of(p, (struct format_options){.tree = true});
    assert_has(text, "TOTAL%   SELF%     BYTES  CALL TREE");
    assert_has(text, "5.00 MB  ");
    free(text);
    text = report_of(p, (struct format_options){.callers = "main.work"});
    assert_has(text, " OF THIS     BYTES  CALLED BY");
    free(text);
    text = report(p, 0, false);
    assert_has(text, "Values:   alloc_space, 5.00 MB");
    assert_has_not(text, "CPU");
    free(text);
    profile_destroy(p);
}

static void ascii_where_nothing_else_is_shown(void **state)
{
    (void)state;
    struct profile *p = shop();
    make_samples(p, "\xc3\xa9t\xc3\xa9;b", 1000);
    char *text = report_of(p, (struct format_options){.ascii = true});
    assert_has(text, "\\x{E9}t\\x{E9}");
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at < 0x80);
    free(text);
    text = report_of(p, (struct format_options){.ascii = true, .tree = true});
    assert_has(text, "`- ");
    assert_has(text, "|- ");
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at < 0x80);
    free(text);
    text = brief(p);
    assert_has(text, "\xc3\xa9t\xc3\xa9 ");
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
    assert_has(text, "2500 milliseconds for which cprof itself was stopped");
    assert_has(text, "No samples; cprof itself was stopped");
    assert_has_not(text, "idle");
    free(text);
    profile_counters_edit(p)->stopped_ms = 1500;
    text = report(p, 0, false);
    assert_has(text, "1500 milliseconds for which the node was stopped");
    assert_has(text, "No samples: the node was stopped by a signal");
    assert_has_not(text, "idle");
    free(text);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_SCHEDULER, 5);
    text = report(p, 0, false);
    assert_has(text, "The node was idle");
    assert_has(text, "States:   not counted: scheduler 100.0 % of all");
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
    char *plain = report(p, 0, false), *text = report(p, 0, true);
    assert_has_not(plain, "\033");
    assert_has(text, "\033[1m");
    /* A bold line is a whole one. */
    for (char *bold = text; (bold = strstr(bold, "\033[1m")); bold++) {
        assert_true(bold == text || bold[-1] == '\n');
        assert_memory_equal(strchr(bold, '\n') - 4, "\033[0m", 4);
    }
    free(plain);
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
        cmocka_unit_test(the_head_has_five_lines),
        cmocka_unit_test(hot_functions_come_first),
        cmocka_unit_test(no_line_is_wider_than_the_screen),
        cmocka_unit_test(what_is_doubtful_and_matters_comes_last),
        cmocka_unit_test(a_filter_is_named_above_the_figures),
        cmocka_unit_test(what_is_of_the_whole_recording_is_labelled),
        cmocka_unit_test(a_part_of_the_time_has_no_other_date),
        cmocka_unit_test(of_few_samples_it_is_said),
        cmocka_unit_test(of_few_samples_of_allocation_too),
        cmocka_unit_test(a_node_that_mostly_waits),
        cmocka_unit_test(more_than_all_is_explained),
        cmocka_unit_test(a_node_without_a_name_is_what_it_runs),
        cmocka_unit_test(a_file_is_not_to_be_kept_again),
        cmocka_unit_test(other_values_have_their_own_unit),
        cmocka_unit_test(ascii_where_nothing_else_is_shown),
        cmocka_unit_test(the_top_and_how_many_more),
        cmocka_unit_test(an_idle_node_is_said_to_be),
        cmocka_unit_test(columns_are_aligned_whatever_the_names),
        cmocka_unit_test(colour_only_when_asked_for),
        cmocka_unit_test(formats_are_found_by_name_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
