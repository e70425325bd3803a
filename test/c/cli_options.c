/* Command lines, and what is said about them. */
#include "cli/help.h" /* before cmocka: it has a macro `fail` */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/largest.h"
#include "cli/option_events.h"
#include "cli/option_table.h"
#include "recorder/sources.h"

enum { WORDS = 24 };

static const struct verb *const shown[] = {
    &verb_record, &verb_report,   &verb_diff,  &verb_top,
    &verb_dump,   &verb_snapshot, &verb_watch, &verb_doctor};

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
    enum option_verb verb = strcmp(argv[0], "report") == 0     ? OPTION_REPORT
                            : strcmp(argv[0], "diff") == 0     ? OPTION_DIFF
                            : strcmp(argv[0], "dump") == 0     ? OPTION_DUMP
                            : strcmp(argv[0], "top") == 0      ? OPTION_TOP
                            : strcmp(argv[0], "snapshot") == 0 ? OPTION_SNAPSHOT
                            : strcmp(argv[0], "watch") == 0    ? OPTION_WATCH
                                                               : OPTION_RECORD;
    int err = options_parse(verb, argc, argv, o, &f);
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
        {"report a.pb.gz --self -f json", "--self: works only with the text"},
        {"report a.pb.gz --self --tree", "--tree: cannot be combined with"},
        {"report a.pb.gz --min 5", "--min: works only with --tree"},
        {"report a.pb.gz --tree --min 0", "--min 0: give a percentage"},
        {"report a.pb.gz --tree --min 101", "--min 101: give a percentage"},
        {"report a.pb.gz --by scheduler", "--by: works only with the format"},
        {"report a.pb.gz --by span", "--by: span works only with the format"},
        {"report a.pb.gz -f collapsed --by process", "--by: works only"},
        {"report a.pb.gz --weights cpu -f json", "--weights: works only with"},
        {"report a.pb.gz -f speedscope --by node", "--by node: choose process"},
        {"report a.pb.gz -f speedscope --weights kg", "--weights kg: choose"},
        {"report a.pb.gz --state awake", "--state awake: choose running"},
        {"report a.pb.gz --scheduler 0", "--scheduler 0: give the number"},
        {"report a.pb.gz --from soon", "--from soon: give seconds"},
        {"report a.pb.gz --to 0", "--to 0: give seconds above 0"},
        {"report a.pb.gz --timeline", "--timeline: no such option"},
        {"report a.pb.gz --to", "--to: needs a value"},
        {"report a.pb.gz --from 3 --to 2", "--to: must be later than --from"},
        {"report a.pb.gz --to 2 --from 2", "--to: must be later than --from"},
        {"diff a b --from 3 --to 2", "--to: must be later than --from"},
        {"report a.pb.gz --f text",
         "--f: could be --format, --focus or --from"},
        {"report a.pb.gz --f=text", "--f=text: could be --format, --focus or"},
        {"diff a b --fo x", "--fo: could be --format or --focus"},
        {"report a.pb.gz --tree=5", "--tree=5: takes no value"},
        {"report a.pb.gz --frm 5", "--frm: no such option"},
        {"report a.pb.gz -x", "-x: no such option"},
        {"record -p 1 --from 1", "--from: also needs --timeline"},
        {"record -p 1 --slower-than 100", "--slower-than 100: give a time"},
        {"record -p 1 --slower-than 0ms", "--slower-than 0ms: give a time"},
        {"record -p 1 --slower-than ms", "--slower-than ms: give a time"},
        {"record -p 1 --slower-than -1s", "--slower-than -1s: give a time"},
        {"report a.pb.gz --slower-than 1s", "--slower-than: no such option"},
        {"record -p 1 --to 1 -f json", "--to: also needs --timeline"},
        {"record -p 1 --event awake",
         "--event awake: choose cpu, wall, alloc or block, or several with "
         "commas between"},
        {"record -p 1 --event cpu,awake",
         "--event cpu,awake: choose cpu, wall, alloc or "
         "block"},
        {"record -p 1 --event cpu,",
         "--event cpu,: choose cpu, wall, alloc or block"},
        {"record -p 1 --event ,cpu",
         "--event ,cpu: choose cpu, wall, alloc or block"},
        {"record -p 1 --clock cpu-clock,cycles",
         "--clock cpu-clock,cycles: choose"},
        {"record -p 1 --event wall,wall",
         "--event wall,wall: give each event once"},
        {"record -p 1 --event wall --event cpu,wall",
         "--event cpu,wall: give each event once"},
        {"report a.pb.gz --event time",
         "--event time: choose cpu, wall, alloc or block"},
        {"record -p 1 --event wall --kernel", "--kernel: only for --event cpu"},
        {"record -p 1 --event wall -r 101", "--rate: give 1 to 100 readings"},
        {"record -p 1 --event block --engine perf",
         "--engine perf: only for --event cpu"},
        {"record -p 1 --event block --force", "--force: only for --event cpu"},
        {"record -p 1 --event alloc --kernel",
         "--kernel: only for --event cpu"},
        {"record -p 1 --event alloc --engine perf",
         "--engine perf: only for --event cpu"},
        {"record -p 1 --event cpu,wall -o a.collapsed",
         "--event: this format shows one event; record them into a .pb.gz"},
        {"diff a b --event wall", "--event wall: choose cpu or alloc"},
        {"dump -p 1 -n shop", "--node shop: give either --pid or --node"},
        {"dump -p 1 --cookie-file c", "--cookie-file c: only for --ask"},
        {"record --", "--: needs a command after it, such as `mix run`"},
        {"record -d 3 -o a.html --", "--: needs a command after it"},
        {"record -o --", "--output --: the file extension is of no known"},
        {"record -d 3 -xq", "-x: no such option"},
        {"report a.pb.gz -qx", "-x: no such option"},
        {"report a.pb.gz -qo", "-o: needs a value"},
        {"report a.pb.gz --output", "--output: needs a value"},
        {"report a.pb.gz --quiet=1", "--quiet=1: takes no value"},
        {"watch -p 1 --folder=", "--folder: needs a value"},
        {"record --node=", "--node: needs a value"},
        {"report a.pb.gz --process=", "--process: give a process's name"},
        {"record -p 1 -p 2", "--pid 2: can be given only once"},
        {"top -p 1 --ask", "--ask: no such option"},
        {"report a.pb.gz --ask", "--ask: no such option"},
        {"top --interval 0.1", "--interval 0.1: give seconds, 0.2 to 3600"},
        {"top --interval soon", "--interval soon: give seconds"},
        {"top --sort name", "--sort name: choose cpu, reductions, mailbox"},
        {"top 4711", "4711: did you mean -p 4711?"},
        {"top -p 1 -o a.txt", "-o: no such option"},
        {"top -p 1 --kernel", "--kernel: no such option"},
        {"dump 4711", "4711: did you mean -p 4711?"},
        {"dump -p 1 -f html", "--format html: choose text or json"},
        {"dump -p 1 -o a.html", "--output a.html: the file extension is of no "
                                "known format; use .txt or .json, or add"},
        {"dump -p 1 --all --top 3", "--top: give either it or --all"},
        {"dump -p 1 --top 0", "--top 0: give a number of rows"},
        {"snapshot -p 1 --top 201",
         "--top 201: give a number of rows, 1 to 200"},
        {"dump -p 1 --tree", "--tree: no such option"},
        {"snapshot -p 1 -f pprof", "--format pprof: choose text or json"},
        {"snapshot -p 1 --min 3", "--min: no such option"},
        {"watch -p 1 --when mailbox>", "--when mailbox>: give a number after"},
        {"watch -p 1 --wait", "--wait: also needs -n NAME"},
        {"watch -p 1 --before 601", "--before 601: give seconds, 0 to 600"},
        {"watch -p 1 --after -1", "--after -1: give seconds, 0 to 300"},
        {"watch -p 1 --at-most 6", "--at-most 6: give a number, 1 to 1000"},
        {"watch -p 1 --at-most 0/h", "--at-most 0/h: give a number, 1 to"},
        {"watch -p 1 --keep 500", "--keep 500: give a size, 1M or more"},
        {"watch -p 1 --keep 2X", "--keep 2X: give a size"},
        {"record -p 1 --max-cost 20", "--max-cost: only for --event alloc"},
        {"record -p 1 --event alloc --max-cost 0", "--max-cost 0: give a"},
        {"record -p 1 --event cpu,cpu", "--event cpu,cpu: give each event"},
        {"watch -p 1 --name a/b", "--name a/b: give letters, digits, _, -"},
        {"watch -p 1 --also pdf", "--also pdf: choose text, html"},
        {"watch -p 1 -o a.pb.gz", "-o: no such option"},
        {"watch 4711", "4711: did you mean -p 4711?"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options o;
        const char *fault = fault_of(rows[i].line, &o);
        if (strncmp(fault, rows[i].fault, strlen(rows[i].fault)) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].line, fault,
                     rows[i].fault);
    }
}

static void values_of_watch_arrive(void **state)
{
    (void)state;
    struct options o;
    const struct options_watch *w = &o.watch;
    assert_string_equal(fault_of("watch -n shop", &o), "");
    assert_int_equal(o.rate, OPTIONS_WATCH_RATE);
    assert_int_equal(w->condition_count, 0);
    assert_true(w->before_s > 59.9 && w->after_s > 9.9);
    assert_int_equal(w->at_most_ns / NS_PER_S, 3600);
    assert_int_equal(w->keep_bytes, 500 << 20);
    assert_string_equal(w->name, "watch");
    assert_null(w->also);
    assert_string_equal(
        fault_of("watch -n shop --when mailbox>5k --when memory>1G --before 0 "
                 "--after 2.5 --at-most 3/min --keep 1.5G --also html --wait "
                 "--json-lines",
                 &o),
        "");
    assert_int_equal(w->condition_count, 2);
    assert_int_equal(w->conditions[1].vital, VITAL_MEMORY);
    assert_true(w->before_s < 0.1 && w->after_s > 2.4);
    assert_int_equal(w->at_most, 3);
    assert_int_equal(w->at_most_ns / NS_PER_S, 60);
    assert_int_equal(w->keep_bytes, 1536ull << 20);
    assert_ptr_equal(w->also, &format_html);
    assert_true(w->wait && w->json_lines);
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
    assert_true(how.cpu_weights && !how.tree && !how.self);
    assert_string_equal(fault_of("record -p 1 --self", &o), "");
    assert_true(options_view(&o).how.self);
    assert_string_equal(fault_of("report a.pb.gz -q --from 2 --to 3", &o), "");
    assert_true(o.quiet);
    assert_string_equal(fault_of("report a.pb.gz --callers lists:seq/2", &o),
                        "");
    assert_string_equal(options_view(&o).how.callers, "lists:seq/2");
    assert_string_equal(fault_of("dump -p 1 -o a.json --top 3 -q", &o), "");
    assert_ptr_equal(o.format, &format_json);
    assert_true(o.pid == 1 && o.top == 3 && o.quiet);
    assert_string_equal(fault_of("snapshot -p 1 --top 200", &o), "");
    assert_int_equal(o.top, LARGEST_ROOM);
    assert_string_equal(fault_of("top --sort memory --interval 0.5", &o), "");
    assert_int_equal(o.sort, MOMENT_MEMORY);
    assert_true(o.interval == 0.5 && o.rate == SOURCES_CPU_RATE);
    assert_string_equal(fault_of("top -p 1", &o), "");
    assert_true(o.interval == 1 && o.sort == MOMENT_CPU);
    assert_string_equal(fault_of("dump -n shop", &o), "");
    assert_ptr_equal(o.format, &format_text);
    assert_string_equal(fault_of("snapshot -n shop -o a.json --top 3", &o), "");
    assert_ptr_equal(o.format, &format_json);
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

static unsigned events_of(const char *line, struct options *o)
{
    assert_string_equal(fault_of(line, o), "");
    return o->events;
}

static void events_are_a_list(void **state)
{
    (void)state;
    struct options o;
    const unsigned cpu = EVENT_SET(EVENT_CPU), wall = EVENT_SET(EVENT_WALL);
    assert_int_equal(events_of("record -p 1", &o), cpu);
    assert_int_equal(o.rate, SOURCES_CPU_RATE);
    assert_int_equal(events_of("record -p 1 --event cpu", &o), cpu);
    assert_int_equal(events_of("record -p 1 --event wall", &o), wall);
    assert_int_equal(o.rate, SOURCES_WALL_RATE);
    assert_int_equal(events_of("record -p 1 --event alloc --scheduler 1", &o),
                     EVENT_SET(EVENT_ALLOC));
    assert_int_equal(o.rate, SOURCES_ALLOC_RATE);
    events_of("record -p 1 --event alloc,wall -r 50", &o);
    assert_int_equal(option_events_rate(&o, EVENT_WALL), 50);
    assert_int_equal(option_events_rate(&o, EVENT_ALLOC), SOURCES_ALLOC_RATE);
    assert_int_equal(events_of("record -p 1 --event cpu,wall", &o), cpu | wall);
    assert_int_equal(o.rate, SOURCES_CPU_RATE);
    assert_int_equal(events_of("record -p 1 --event wall,cpu", &o), cpu | wall);
    assert_int_equal(events_of("record -p 1 --event wall --event cpu", &o),
                     cpu | wall);
    assert_int_equal(
        events_of("record -p 1 --event block --kernel --scheduler 1", &o),
        EVENT_SET(EVENT_BLOCK));
    assert_int_equal(o.rate, SOURCES_BLOCK_RATE);
    assert_int_equal(events_of("record -p 1 --event block,wall -r 50", &o),
                     EVENT_SET(EVENT_BLOCK) | wall);
    assert_int_equal(option_events_rate(&o, EVENT_WALL), 50);
    assert_int_equal(option_events_rate(&o, EVENT_BLOCK), SOURCES_BLOCK_RATE);
    events_of("record -p 1 --event cpu,alloc --max-cost 20%", &o);
    assert_true(o.max_cost > 0.199 && o.max_cost < 0.201);
    /* What is only for samples of CPU time is for that part. */
    assert_int_equal(
        events_of("record -p 1 --event cpu,wall --kernel -r 999", &o),
        cpu | wall);
    assert_int_equal(o.rate, 999);
    assert_int_equal(options_view(&o).filter.events, 0);
    assert_int_equal(events_of("report a.pb.gz", &o), 0);
    assert_int_equal(events_of("report a.pb.gz --event wall", &o), wall);
    assert_int_equal(options_view(&o).filter.events, wall);
}

static void values_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *option, *good, *bad;
    } rows[] = {
        {"--state", "dirty-cpu", "dirty"},
        {"--scheduler", "1", "0"},
        {"--scheduler", "1024", "-1"},
        {"--scheduler", "2", "2x"},
        {"--thread", "erts_poll_1", ""},
        {"--from", "0", "-1"},
        {"--from", "1.5", "soon"},
        {"--to", "2", "0"},
        {"--to", "1e3", "nan"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options o;
        struct options_fault f;
        char *argv[] = {"report", (char *)rows[i].option, (char *)rows[i].good,
                        "a.pb.gz", NULL};
        assert_int_equal(options_parse(OPTION_REPORT, 4, argv, &o, &f), 0);
        argv[2] = (char *)rows[i].bad;
        assert_int_equal(options_parse(OPTION_REPORT, 4, argv, &o, &f),
                         -E_USAGE);
        assert_memory_equal(f.what, rows[i].option, strlen(rows[i].option));
    }
}

static void both_sides_of_a_comparison(void **state)
{
    (void)state;
    struct options o;
    assert_string_equal(fault_of("diff a.pb.gz b.pb.gz --fail-above 5%", &o),
                        "");
    assert_string_equal(o.base.files[0], "a.pb.gz");
    assert_string_equal(o.now.files[0], "b.pb.gz");
    assert_true(o.has_limit && o.limit > 4.9 && o.limit < 5.1);
    assert_string_equal(fault_of("diff --base a --base b --new c", &o), "");
    assert_int_equal(o.base.count, 2);
    assert_string_equal(fault_of("diff a b --event alloc", &o), "");
    assert_int_equal(options_view(&o).filter.events, EVENT_SET(EVENT_ALLOC));
    assert_string_equal(fault_of("diff a b --event wall", &o),
                        "--event wall: choose cpu or alloc");
    assert_string_equal(fault_of("diff a b --event cpu,alloc", &o),
                        "--event cpu,alloc: give one event");
    assert_non_null(strstr(fault_of("diff a b --event cpu --event alloc", &o),
                           "one event"));
    assert_non_null(strstr(fault_of("diff a", &o), "give two recordings"));
    assert_non_null(strstr(fault_of("diff --base a b", &o), "every file"));
    assert_non_null(strstr(fault_of("diff --base a", &o), "--new: is missing"));
    assert_non_null(
        strstr(fault_of("diff a b -f pprof", &o), "choose text, html or json"));
    assert_non_null(strstr(fault_of("diff a b -o c.pb.gz", &o),
                           "use .txt, .html or .json, or add --format"));
}

/* Words of the table reach the user, wherever they are shown. */
static void the_table_is_what_is_shown(void **state)
{
    (void)state;
    struct buffer help, man, bash;
    buffer_init(&help, BUFFER_DEFAULT_MAX);
    buffer_init(&man, BUFFER_DEFAULT_MAX);
    buffer_init(&bash, BUFFER_DEFAULT_MAX);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        help_verb(&help, shown[i]);
    help_man(&man);
    assert_true(help_completion(&bash, "bash"));
    assert_false(help_completion(&bash, "fish"));
    buffer_add(&help, "", 1);
    buffer_add(&man, "", 1);
    buffer_add(&bash, "", 1);
    for (const struct option_row *row = option_table; row->name; row++) {
        char option[40];
        snprintf(option, sizeof(option), "--%s", row->name);
        assert_non_null(strstr((char *)help.data, option));
        assert_non_null(strstr((char *)bash.data, option));
    }
    assert_non_null(strstr((char *)man.data, "\\-\\-fail\\-above"));
    for (const char *line = (char *)help.data; *line;) {
        size_t length = strcspn(line, "\n");
        assert_true(length < 80);
        line += length + (line[length] == '\n');
    }
    buffer_deinit(&help);
    buffer_deinit(&man);
    buffer_deinit(&bash);
}

static void a_filter_is_said_in_words(void **state)
{
    (void)state;
    struct options o;
    assert_string_equal(fault_of("report a.pb.gz --state gc --scheduler 2 "
                                 "--thread x --from 0.15 --to 1.01 --focus ^a",
                                 &o),
                        "");
    struct filter f = options_view(&o).filter;
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
        cmocka_unit_test(values_of_watch_arrive),
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(when_a_timeline_is_kept),
        cmocka_unit_test(events_are_a_list),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(both_sides_of_a_comparison),
        cmocka_unit_test(the_table_is_what_is_shown),
        cmocka_unit_test(a_filter_is_said_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
