/* A snapshot as text and as JSON. */
#include "profile_make.h"

#include <string.h>

#include "formats/columns.h"
#include "formats/format.h"
#include "formats/words.h"
#include "profile/snapshot.h"

/* --- words ---------------------------------------------------------------- */

static void assert_bytes(uint64_t bytes, const char *expected)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    words_bytes(&b, bytes);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data, expected);
    buffer_deinit(&b);
}

static void assert_rate(double rate, const char *expected)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    words_rate(&b, rate);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data, expected);
    buffer_deinit(&b);
}

/* As test/cprof_words_tests.erl has them. */
static void figures_are_spelled_as_in_the_node(void **state)
{
    (void)state;
    assert_bytes(0, "0 B");
    assert_bytes(999, "999 B");
    assert_bytes(1000, "0.98 KB");
    assert_bytes(1536, "1.50 KB");
    assert_bytes(15 * 1024, "15.0 KB");
    assert_bytes(150 * 1024, "150 KB");
    assert_bytes(1 << 20, "1.00 MB");
    assert_bytes((uint64_t)5 << 40, "5.00 TB");
    assert_bytes((uint64_t)2000 << 50, "2000 PB");
    assert_rate(0, "0.0");
    assert_rate(9.94, "9.9");
    assert_rate(10, "10");
    assert_rate(-1234.5, "-1,235");
    assert_rate(1234567, "1,234,567");
}

static void columns_are_as_wide_as_their_cells(void **state)
{
    (void)state;
    static const struct column heads[] = {{"n", true}, {"name", false}};
    struct columns c;
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    columns_init(&c, heads, 2);
    columns_write(&c, &b);
    assert_int_equal(b.len, 0);
    columns_init(&c, heads, 2);
    columns_add(&c, "1,000");
    columns_add(&c, "a\x1b");
    columns_add(&c, "2");
    columns_add(&c, "");
    columns_write(&c, &b);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data, "      n  name\n"
                                        "  1,000  a\\x{1B}\n"
                                        "      2\n");
    buffer_deinit(&b);
}

/* --- a snapshot ----------------------------------------------------------- */

static struct dump_member member(struct profile *p, const char *pid,
                                 const char *name)
{
    const struct process_texts texts = {
        .pid = pid, .name = name, .initial_call = *name ? "" : "shop:init/1"};
    return (struct dump_member){made(profile_string(p, pid)),
                                made(profile_process_of(p, &texts))};
}

static void add_group(struct dump *d, enum procstate state, uint32_t stack,
                      uint64_t processes, const char *pid, const char *name)
{
    struct dump_group g = {.state = state,
                           .stack = stack,
                           .processes = processes,
                           .member_count = 1};
    g.members[0] = member(d->profile, pid, name);
    assert_int_equal(dump_groups_add(&d->groups, &g), 0);
}

static void add_waiting(struct snapshot *s, uint32_t stack, uint64_t processes,
                        const char *pid, const char *name)
{
    struct dump_group g = {
        .stack = stack, .processes = processes, .member_count = 1};
    g.members[0] = member(s->dump->profile, pid, name);
    g.initial_call = profile_process_at(s->dump->profile, g.members[0].process)
                         ->initial_call;
    assert_int_equal(dump_groups_add(&s->waiting, &g), 0);
}

static struct snapshot_row *add_row(struct snapshot *s, enum snapshot_top top,
                                    const char *pid, const char *name,
                                    uint32_t stack, uint64_t figure)
{
    struct snapshot_list *l = &s->tops[top];
    l->rows = realloc(l->rows, (l->count + 1) * sizeof(*l->rows));
    l->rows[l->count] =
        (struct snapshot_row){.who = member(s->dump->profile, pid, name),
                              .stack = stack,
                              .figure = figure};
    return &l->rows[l->count++];
}

static void add_schedulers(struct snapshot *s)
{
    enum { COUNT = 7 };
    s->schedulers = calloc(COUNT, sizeof(*s->schedulers));
    s->scheduler_count = COUNT;
    s->schedulers[0] =
        (struct snapshot_scheduler){1, SNAPSHOT_NORMAL, true, 0.5, 0.25};
    s->schedulers[1] = (struct snapshot_scheduler){.id = 2};
    for (uint32_t i = 2; i < COUNT; i++)
        s->schedulers[i] = (struct snapshot_scheduler){
            i - 1, SNAPSHOT_DIRTY_IO, true, i == 3 ? 0.2 : 0, 0};
}

static void add_sums(struct snapshot *s)
{
    struct procsums *sums = &s->sums;
    sums->count = 1006;
    sums->states[PROCSTATE_WAITING] = 1005;
    sums->states[PROCSTATE_RUNNING] = 1;
    sums->queue_total = 23;
    sums->queue_max = 20;
    sums->queue_classes[0] = 1003;
    sums->queue_classes[1] = 2;
    sums->queue_classes[5] = 1;
    sums->vheap_words = 1 << 20;
    sums->heap_words = 1 << 18;
}

static void add_rows(struct snapshot *s, uint32_t loop)
{
    struct snapshot_row *row = add_row(s, SNAPSHOT_REDUCTIONS, "<0.92.0>",
                                       "busy", PROFILE_NONE, 3000000);
    row->per_s = 2000000;
    row = add_row(s, SNAPSHOT_MAILBOXES, "<0.80.0>", "till\x1b[2J", loop, 20);
    row->was_seen = true;
    row->per_s = 6.5;
    row->mailbox_bytes = 3 << 20;
    row->mailbox_at_least = true;
    row = add_row(s, SNAPSHOT_MAILBOXES, "<0.95.0>", "", loop, 3);
    row->mailbox_bytes = FIGURE_UNKNOWN;
    row = add_row(s, SNAPSHOT_BINARIES, "<0.90.0>", "", loop, 8 << 20);
    row->was_seen = row->has_heap = true;
    row->heap_bytes = 2 << 20;
    row = add_row(s, SNAPSHOT_LEAKS, "<0.90.0>", "", loop, 8 << 20);
    row->was_seen = row->has_heap = true;
    row->heap_bytes = 2 << 10;
    row->still_ms = 1001;
    row = add_row(s, SNAPSHOT_LEAKS, "<0.91.0>", "", loop, 70000);
    row->has_heap = true;
    row->heap_bytes = 10000;
    add_row(s, SNAPSHOT_HEAPS, "<0.90.0>", "", loop, 2 << 20);
}

static struct snapshot *shop(void)
{
    struct snapshot *s = snapshot_create();
    assert_non_null(s);
    assert_int_equal(dump_create(&s->dump), 0);
    struct profile *p = s->dump->profile;
    struct profile_meta *m = profile_meta_edit(p);
    m->node = made(profile_string(p, "shop@host"));
    m->otp = made(profile_string(p, "27"));
    m->pid = 4711;
    uint32_t loop = make_stack(p, "init_p/3:226;loop/7:394");
    uint32_t other = make_stack(p, "start/0;wait/1:12");
    add_group(s->dump, PROCSTATE_WAITING, loop, 1003, "<0.90.0>", "");
    add_group(s->dump, PROCSTATE_WAITING, other, 2, "<0.80.0>", "till");
    add_group(s->dump, PROCSTATE_RUNNING, PROFILE_NONE, 1, "<0.92.0>", "busy");
    dump_groups_sort(&s->dump->groups);
    add_waiting(s, other, 2, "<0.80.0>", "till");
    add_waiting(s, loop, 1000, "<0.90.0>", "");
    add_waiting(s, loop, 3, "<0.91.0>", "");
    dump_groups_sort(&s->waiting);
    s->dump->counts =
        (struct dump_counts){.used = 1008, .seen = 1004, .torn = 4};
    s->at_us = 1700000000000000;
    s->took_us = 4100;
    s->elapsed_us = 1500000;
    s->processes = 1010;
    s->limit = 262144;
    s->resident = 640 << 20;
    s->top = 10;
    s->knows = (struct snapshot_known){true, true, true, true};
    s->knows_created = true;
    s->created_per_s = 12.3;
    add_schedulers(s);
    add_sums(s);
    add_rows(s, loop);
    return s;
}

static char *written(const struct format *f, const struct snapshot *s)
{
    const struct format_options o = {.top = 0};
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(f->write_snapshot(s, &o, &b), 0);
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

static void text_is_in_the_words_of_the_node(void **state)
{
    (void)state;
    struct snapshot *s = shop();
    char *text = written(&format_text, s);
    const char *expected =
        "Node:     shop@host, pid 4711, OTP 27\n"
        "snapshot in 4.1 ms, from outside; rates are of the last 1.5 s\n"
        "  incomplete: 4 processes in motion whenever read\n"
        "\n"
        "Schedulers: 2; 4 idle dirty schedulers not shown\n"
        "  id  kind      cpu %  waits for cpu %\n"
        "   1  normal     50.0             25.0\n"
        "   2  normal        -                -\n"
        "   2  dirty IO   20.0              0.0\n"
        "\n"
        "Processes: 1,010 of 262,144, 1 running, 1,005 waiting, 12 created "
        "per s\n"
        "  reductions/s  pid       name or first function  now in\n"
        "     2,000,000  <0.92.0>  busy\n"
        "\n"
        "Mailboxes: 23 messages, longest 20\n"
        "  mailboxes by length: 1: 2, 16-31: 1\n"
        "  length  growth/s    memory  pid       name or first function  now "
        "in\n"
        "      20       6.5  3.00 MB+  <0.80.0>  till\\x{1B}[2J           "
        "loop/7\n"
        "       3         -         -  <0.95.0>  shop:init/1             "
        "loop/7\n"
        "\n"
        "Binaries: held by processes 8.00 MB\n"
        "     held  own heap  unchanged for  pid       name or first function  "
        "now in\n"
        "  8.00 MB   2.00 MB          0.0 s  <0.90.0>  shop:init/1             "
        "loop/7\n"
        "  suspects (small heaps that hold much binary memory):\n"
        "     held  own heap  unchanged for  pid       name or first function  "
        "now in\n"
        "  8.00 MB   2.00 KB          1.0 s  <0.90.0>  shop:init/1             "
        "loop/7\n"
        "\n"
        "Memory: 640 MB in RAM, heaps of processes 2.00 MB\n"
        "     heap  pid       name or first function  now in\n"
        "  2.00 MB  <0.90.0>  shop:init/1             loop/7\n"
        "\n"
        "Waiting: 1,005 processes examined, by where they wait\n"
        "  count  waits in                 began in\n"
        "  1,003  loop/7 (loop/7.erl:394)  shop:init/1\n"
        "      2  wait/1 (wait/1.erl:12)\n"
        "\n"
        "Only known inside the node";
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail_msg("not as expected:\n%s", text);
    free(text);
    s->sums.lower_bounds = 1;
    s->dump->stopped = true;
    text = written(&format_text, s);
    assert_non_null(strstr(text, "longest 20 (at least)\n"));
    assert_non_null(strstr(text, "  a signal had stopped the node"));
    free(text);
    snapshot_destroy(s);
}

static void who_waits_in_the_platform_is_shown_at_its_caller(void **state)
{
    (void)state;
    struct snapshot *s = shop();
    uint32_t sleeps =
        make_frames(s->dump->profile, "E shop:poll/1;E timer:sleep/1");
    add_waiting(s, sleeps, 2000, "<0.70.0>", "");
    add_row(s, SNAPSHOT_HEAPS, "<0.70.0>", "", sleeps, 1 << 20);
    char *text = written(&format_text, s);
    assert_non_null(strstr(text, "  2,000  shop:poll/1 "));
    assert_non_null(strstr(text, "shop:init/1             shop:poll/1\n"));
    assert_null(strstr(text, "timer:sleep/1"));
    free(text);
    snapshot_destroy(s);
}

static void what_is_not_known_is_left_out_and_named(void **state)
{
    (void)state;
    struct snapshot *s = shop();
    s->knows = (struct snapshot_known){0};
    s->knows_created = false;
    char *text = written(&format_text, s);
    static const char *const gone[] = {
        "Mailboxes:", "Binaries:", "heaps of processes", "created per s"};
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        assert_null(strstr(text, gone[i]));
    assert_non_null(strstr(text, "the size of heaps not found in this VM"));
    assert_non_null(strstr(text, "\nMemory: 640 MB in RAM\n"));
    free(text);
    s->resident = FIGURE_UNKNOWN;
    text = written(&format_text, s);
    assert_null(strstr(text, "Memory:"));
    free(text);
    s->resident = 640 << 20;
    text = written(&format_json, s);
    assert_null(strstr(text, "\"mailboxes\": {"));
    assert_null(strstr(text, "\"heaps\""));
    assert_non_null(strstr(text, "\"resident\": 671088640"));
    assert_null(strstr(text, "\"reductions_per_s\""));
    assert_non_null(strstr(text, "\"processes.created_per_s\""));
    assert_non_null(strstr(text, "\"binaries\""));
    free(text);
    snapshot_destroy(s);
}

static void json_has_the_keys_of_the_node(void **state)
{
    (void)state;
    struct snapshot *s = shop();
    char *text = written(&format_json, s);
    static const char *const parts[] = {
        "\"version\": 1,",
        "\"source\": \"outside\"",
        "\"at\": 1700000000000000",
        "\"elapsed_us\": 1500000",
        "\"torn\": 4",
        "\"schedulers.utilization\"",
        "\"type\": \"dirty_io\"",
        "\"waiting_for_cpu\": 0.25",
        "\"count\": 1010",
        "\"limit\": 262144",
        "\"created_per_s\": 12.3",
        "\"reductions_per_s\": 2000000",
        "\"max\": 20",
        "\"exact\": true",
        "\"growth_per_s\": 6.5",
        "\"bytes\": 3145728",
        "\"resident\": 671088640",
        "\"heaps\": 2097152",
        "\"bytes_exact\": false",
        "\"current_function\": \"loop/7\"",
        "\"held\": 8388608",
        "\"examined\": 1006",
        "\"ratio\": 4096",
        "\"still_ms\": 1001",
        "\"initial_call\": \"shop:init/1\"",
        "\"loop/7 (loop/7.erl:394)\"",
        "\"others\": 0",
        "\"answers\": {",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in:\n%s", parts[i], text);
    free(text);
    snapshot_destroy(s);
}

static void groups_that_are_not_listed_are_counted(void **state)
{
    (void)state;
    struct snapshot *s = shop();
    s->top = 1;
    char *text = written(&format_text, s);
    assert_non_null(strstr(text, "by where they wait, 2 elsewhere\n"));
    free(text);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_spelled_as_in_the_node),
        cmocka_unit_test(columns_are_as_wide_as_their_cells),
        cmocka_unit_test(text_is_in_the_words_of_the_node),
        cmocka_unit_test(who_waits_in_the_platform_is_shown_at_its_caller),
        cmocka_unit_test(what_is_not_known_is_left_out_and_named),
        cmocka_unit_test(json_has_the_keys_of_the_node),
        cmocka_unit_test(groups_that_are_not_listed_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
