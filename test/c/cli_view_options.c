/* Command lines of `report` and `record` that ask for a part of a recording,
 * or for a way to show it. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/options_view.h"

enum { WORDS = 12 };

/* Splits at spaces; "" when it parses, else "WHAT: WHY". */
static const char *fault_of(const char *line, struct options *o)
{
    static char text[400], copy[256];
    char *argv[WORDS + 1];
    int argc = 0;
    struct options_fault f;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word && argc < WORDS;
         word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    int err = strcmp(argv[0], "report") == 0
                  ? options_parse_report(argc, argv, o, &f)
                  : options_parse_record(argc, argv, o, &f);
    if (!err)
        return "";
    assert_int_equal(err, -E_USAGE);
    snprintf(text, sizeof(text), "%s: %s", f.what, f.why);
    return text;
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *fault;
    } rows[] = {
        {"report a.pb.gz --tree -f json", "--tree: works only with the text"},
        {"report a.pb.gz --callers f -o a.html", "--callers: works only with"},
        {"report a.pb.gz --callers f --tree", "--callers: cannot be combined"},
        {"report a.pb.gz --min 5", "--min: works only with --tree"},
        {"report a.pb.gz --tree --min 0", "--min 0: give a percentage"},
        {"report a.pb.gz --tree --min 101", "--min 101: give a percentage"},
        {"report a.pb.gz --by scheduler", "--by: works only with the format"},
        {"report a.pb.gz --weights cpu -f json", "--weights: works only with"},
        {"report a.pb.gz -f speedscope --by node", "--by node: choose process"},
        {"report a.pb.gz -f speedscope --weights kg", "--weights kg: choose"},
        {"report a.pb.gz --state idle", "--state idle: choose running"},
        {"report a.pb.gz --scheduler 0", "--scheduler 0: give the number"},
        {"report a.pb.gz --from soon", "--from soon: give seconds"},
        {"report a.pb.gz --to 0", "--to 0: give seconds above 0"},
        {"report a.pb.gz --timeline", "--timeline: no such option"},
        {"report a.pb.gz --to", "--to: needs a value"},
        {"record -p 1 --from 1", "--from: also needs --timeline"},
        {"record -p 1 --to 1 -f json", "--to: also needs --timeline"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options o;
        const char *fault = fault_of(rows[i].line, &o);
        if (strncmp(fault, rows[i].fault, strlen(rows[i].fault)) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].line, fault,
                     rows[i].fault);
    }
}

static void values_arrive(void **state)
{
    (void)state;
    struct options o;
    assert_string_equal(fault_of("report a.pb.gz --tree --min 0.5", &o), "");
    struct format_options how = options_view(&o).how;
    assert_true(how.tree);
    assert_true(how.min_pct > 0.49 && how.min_pct < 0.51);
    assert_string_equal(
        fault_of("report a.pb.gz -o a.speedscope.json --by scheduler "
                 "--weights cpu",
                 &o),
        "");
    assert_ptr_equal(o.format, &format_speedscope);
    how = options_view(&o).how;
    assert_int_equal(how.by, FORMAT_BY_SCHEDULER);
    assert_true(how.cpu_weights && !how.tree);
    assert_string_equal(fault_of("report a.pb.gz --callers lists:seq/2", &o),
                        "");
    assert_string_equal(options_view(&o).how.callers, "lists:seq/2");
}

/* The page has a timeline; text has one when it is asked for. */
static void when_a_timeline_is_kept(void **state)
{
    (void)state;
    struct options o;
    assert_string_equal(fault_of("record -p 1 --timeline --from 1", &o), "");
    assert_true(o.timeline);
    assert_string_equal(fault_of("record -p 1 -o a.html --to 1", &o), "");
    assert_true(o.timeline);
    assert_string_equal(fault_of("record -p 1", &o), "");
    assert_false(o.timeline);
}

static void values_are_checked(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *good, *bad;
    } rows[] = {
        {OPT_STATE, "dirty-cpu", "dirty"},
        {OPT_SCHEDULER, "1", "0"},
        {OPT_SCHEDULER, "1024", "-1"},
        {OPT_SCHEDULER, "2", "2x"},
        {OPT_THREAD, "erts_poll_1", ""},
        {OPT_FROM, "0", "-1"},
        {OPT_FROM, "1.5", "soon"},
        {OPT_TO, "2", "0"},
        {OPT_TO, "1e3", "nan"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options o = {0};
        assert_null(options_view_take(&o, rows[i].code, rows[i].good));
        assert_non_null(options_view_take(&o, rows[i].code, rows[i].bad));
    }
}

static void a_filter_is_said_in_words(void **state)
{
    (void)state;
    struct options o = {.focus = "^a"};
    assert_null(options_view_take(&o, OPT_STATE, "gc"));
    assert_null(options_view_take(&o, OPT_SCHEDULER, "2"));
    assert_null(options_view_take(&o, OPT_THREAD, "x"));
    assert_null(options_view_take(&o, OPT_FROM, "0.15"));
    assert_null(options_view_take(&o, OPT_TO, "1.01"));
    struct filter f = options_filter(&o);
    assert_false(filter_is_empty(&f));
    assert_int_equal(f.from_ns, 150 * NS_PER_MS);
    assert_int_equal(f.states, 1u << STATE_GC);
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    view_describe_filter(&f, 50 * NS_PER_MS, &b);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data,
                        " --state gc --scheduler 2 --thread x --from 0.15 "
                        "--to 1.05 --focus ^a");
    buffer_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(when_a_timeline_is_kept),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(a_filter_is_said_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
