/* What `cprof watch` reports, as lines of text and of JSON. */
#include "test.h"

#include <math.h>

#include "formats/watch_write.h"

static const char *const files[] = {"./w-mailbox.pb.gz", "./\xff\n.json"};

static struct watch_event fired(void)
{
    return (struct watch_event){.kind = WATCH_FIRED,
                                .unix_ns = 1795941111123456789ull,
                                .cause = "mailbox > 10000",
                                .word = "mailbox",
                                .vital = VITAL_MAILBOX,
                                .value = 12034,
                                .limit = 10000,
                                .waited_for_cpu = NAN,
                                .process = "<0.91.0>",
                                .recording = "w-mailbox"};
}

static void assert_lines(const struct watch_event *e, const char *text,
                         const char *json)
{
    struct buffer out;
    buffer_init(&out, 10000);
    watch_write_text(e, &out);
    buffer_add(&out, "", 1);
    assert_string_equal((const char *)out.data, text);
    buffer_clear(&out);
    assert_int_equal(watch_write_json(e, &out), 0);
    buffer_add(&out, "", 1);
    assert_string_equal((const char *)out.data, json);
    buffer_deinit(&out);
}

static void a_condition_has_fired(void **state)
{
    (void)state;
    struct watch_event e = fired();
    assert_lines(&e,
                 "2026-11-29T08:31:51.123Z fired mailbox > 10000: 12,034 "
                 "messages, <0.91.0>; recording w-mailbox\n",
                 "{\"event\": \"fired\", \"time\": "
                 "\"2026-11-29T08:31:51.123Z\", \"figure\": \"mailbox\", "
                 "\"cause\": \"mailbox > 10000\", \"value\": 12034.0, "
                 "\"above\": 10000.0, \"process\": \"<0.91.0>\", "
                 "\"recording\": \"w-mailbox\"}\n");
    e.kind = WATCH_HELD_BACK;
    e.recording = NULL;
    e.process = NULL;
    e.why = "too many";
    assert_lines(&e,
                 "2026-11-29T08:31:51.123Z held_back mailbox > 10000: 12,034 "
                 "messages: too many\n",
                 "{\"event\": \"held_back\", \"time\": "
                 "\"2026-11-29T08:31:51.123Z\", \"figure\": \"mailbox\", "
                 "\"cause\": \"mailbox > 10000\", \"value\": 12034.0, "
                 "\"above\": 10000.0, \"why\": \"too many\"}\n");
}

/* Not all processes were read. */
static void a_value_may_be_higher(void **state)
{
    (void)state;
    struct watch_event e = fired();
    e.at_least = true;
    assert_lines(&e,
                 "2026-11-29T08:31:51.123Z fired mailbox > 10000: at least "
                 "12,034 messages, <0.91.0>; recording w-mailbox\n",
                 "{\"event\": \"fired\", \"time\": "
                 "\"2026-11-29T08:31:51.123Z\", \"figure\": \"mailbox\", "
                 "\"cause\": \"mailbox > 10000\", \"value\": 12034.0, "
                 "\"above\": 10000.0, \"at_least\": true, \"process\": "
                 "\"<0.91.0>\", \"recording\": \"w-mailbox\"}\n");
}

/* How much of that time was left out, because they had no CPU. */
static void schedulers_waited_for_cpus(void **state)
{
    (void)state;
    struct watch_event e = fired();
    e.cause = "utilization > 90%";
    e.word = "utilization";
    e.vital = VITAL_UTILIZATION;
    e.value = 93.4;
    e.limit = 90;
    e.waited_for_cpu = 41.25;
    e.process = NULL;
    assert_lines(&e,
                 "2026-11-29T08:31:51.123Z fired utilization > 90%: 93 %, "
                 "waited for CPUs 41 % of the time; recording w-mailbox\n",
                 "{\"event\": \"fired\", \"time\": "
                 "\"2026-11-29T08:31:51.123Z\", \"figure\": \"utilization\", "
                 "\"cause\": \"utilization > 90%\", \"value\": 93.4, "
                 "\"above\": 90.0, \"waited_for_cpu\": 41.25, "
                 "\"recording\": \"w-mailbox\"}\n");
}

static void figures_are_shown_with_their_units(void **state)
{
    (void)state;
    static const struct {
        enum vital which;
        double value;
        const char *text;
    } rows[] = {
        {VITAL_UTILIZATION, 93.4, "93 %"},
        {VITAL_MAILBOX, 12034, "12,034 messages"},
        {VITAL_MAILBOX, 7, "7 messages"},
        {VITAL_MAILBOX_GROWTH, 1234567.4, "1,234,567 messages/s"},
        {VITAL_MEMORY, 1342177280, "1.25 GB"},
        {VITAL_MEMORY, 12, "12 B"},
        {VITAL_BINARY_GROWTH, 15728640, "15.0 MB/s"},
        {VITAL_PROCESSES, 262144, "262,144 processes"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct watch_event e = fired();
        struct buffer out;
        e.vital = rows[i].which;
        e.value = rows[i].value;
        buffer_init(&out, 1000);
        watch_write_text(&e, &out);
        buffer_add(&out, "", 1);
        const char *value = strstr((char *)out.data, "10000: ");
        assert_non_null(value);
        assert_memory_equal(value + strlen("10000: "), rows[i].text,
                            strlen(rows[i].text));
        buffer_deinit(&out);
    }
}

/* The text of a request may be anything; the line remains one line. */
static void a_recording_was_asked_for(void **state)
{
    (void)state;
    struct watch_event e = fired();
    e.word = "request";
    e.cause = "said \"now\"\n\x1b[31m";
    e.value = e.limit = NAN;
    e.process = NULL;
    assert_lines(
        &e,
        "2026-11-29T08:31:51.123Z fired said \"now\"\\x{0A}\\x{1B}[31m; "
        "recording w-mailbox\n",
        "{\"event\": \"fired\", \"time\": "
        "\"2026-11-29T08:31:51.123Z\", \"figure\": \"request\", "
        "\"cause\": \"said \\\"now\\\"\\n\\u001B[31m\", "
        "\"recording\": \"w-mailbox\"}\n");
}

static void a_recording_is_written(void **state)
{
    (void)state;
    const struct watch_event e = {.kind = WATCH_WROTE,
                                  .value = NAN,
                                  .limit = NAN,
                                  .waited_for_cpu = NAN,
                                  .recording = "w-mailbox",
                                  .files = files,
                                  .file_count = 2,
                                  .samples = 1320,
                                  .before_s = 59.96,
                                  .after_s = 10};
    assert_lines(&e,
                 "1970-01-01T00:00:00.000Z wrote ./w-mailbox.pb.gz "
                 "./\\x{FF}\\x{0A}.json (1320 samples, from 60.0 s before to "
                 "10.0 s after)\n",
                 "{\"event\": \"wrote\", \"time\": "
                 "\"1970-01-01T00:00:00.000Z\", \"recording\": \"w-mailbox\", "
                 "\"files\": [\"./w-mailbox.pb.gz\", "
                 "\"./\xef\xbf\xbd\\n.json\"], \"samples\": 1320, "
                 "\"before_s\": 59.96, \"after_s\": 10.0}\n");
}

/* Without its snapshot. */
static void a_recording_is_written_in_part(void **state)
{
    (void)state;
    const struct watch_event e = {.kind = WATCH_WROTE,
                                  .value = NAN,
                                  .limit = NAN,
                                  .waited_for_cpu = NAN,
                                  .recording = "w-mailbox",
                                  .files = files,
                                  .file_count = 1,
                                  .samples = 1,
                                  .before_s = 5,
                                  .after_s = 1,
                                  .why = "there is no snapshot: it failed"};
    assert_lines(&e,
                 "1970-01-01T00:00:00.000Z wrote ./w-mailbox.pb.gz (1 sample, "
                 "from 5.0 s before to 1.0 s after): there is no snapshot: it "
                 "failed\n",
                 "{\"event\": \"wrote\", \"time\": "
                 "\"1970-01-01T00:00:00.000Z\", \"recording\": \"w-mailbox\", "
                 "\"files\": [\"./w-mailbox.pb.gz\"], \"samples\": 1, "
                 "\"before_s\": 5.0, \"after_s\": 1.0, \"why\": "
                 "\"there is no snapshot: it failed\"}\n");
}

static void a_node_is_watched_and_ends(void **state)
{
    (void)state;
    struct watch_event e = {.kind = WATCH_BEGAN,
                            .value = NAN,
                            .limit = NAN,
                            .waited_for_cpu = NAN,
                            .pid = 4711,
                            .node = "shop@host",
                            .engine = "bpf",
                            .rate = 19};
    assert_lines(&e,
                 "1970-01-01T00:00:00.000Z began pid 4711, shop@host, 19 Hz, "
                 "engine bpf\n",
                 "{\"event\": \"began\", \"time\": "
                 "\"1970-01-01T00:00:00.000Z\", \"os_pid\": 4711, \"node\": "
                 "\"shop@host\", \"engine\": \"bpf\", \"rate_asked\": 19}\n");
    e = (struct watch_event){.kind = WATCH_ENDED,
                             .value = NAN,
                             .limit = NAN,
                             .waited_for_cpu = NAN,
                             .pid = 4711,
                             .node = "",
                             .why = "the node has ended"};
    assert_lines(
        &e, "1970-01-01T00:00:00.000Z ended pid 4711: the node has ended\n",
        "{\"event\": \"ended\", \"time\": "
        "\"1970-01-01T00:00:00.000Z\", \"os_pid\": 4711, \"why\": "
        "\"the node has ended\"}\n");
}

static void old_files_are_removed(void **state)
{
    (void)state;
    const struct watch_event e = {.kind = WATCH_REMOVED,
                                  .value = NAN,
                                  .limit = NAN,
                                  .waited_for_cpu = NAN,
                                  .files = files,
                                  .file_count = 1};
    assert_lines(&e, "1970-01-01T00:00:00.000Z removed ./w-mailbox.pb.gz\n",
                 "{\"event\": \"removed\", \"time\": "
                 "\"1970-01-01T00:00:00.000Z\", \"files\": "
                 "[\"./w-mailbox.pb.gz\"]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_has_fired),
        cmocka_unit_test(a_value_may_be_higher),
        cmocka_unit_test(schedulers_waited_for_cpus),
        cmocka_unit_test(figures_are_shown_with_their_units),
        cmocka_unit_test(a_recording_was_asked_for),
        cmocka_unit_test(a_recording_is_written),
        cmocka_unit_test(a_recording_is_written_in_part),
        cmocka_unit_test(a_node_is_watched_and_ends),
        cmocka_unit_test(old_files_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
