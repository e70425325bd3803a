#include "cli/option_table.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/largest.h"
#include "cli/option_times.h"
#include "cli/option_values.h"
#include "cli/option_words.h"
#include "engine/engine.h"
#include "recorder/sources.h"

#define MAX_SECONDS 86400

/* Of top, in seconds; the least is LIVE_LEAST_MS. */
#define MIN_INTERVAL 0.2
#define MAX_INTERVAL 3600

/* A number as a string literal. */
#define TEXT(number)  TEXT_(number)
#define TEXT_(number) #number

#define MIN_RATE   TEXT(ENGINE_MIN_RATE)
#define MAX_RATE   TEXT(ENGINE_MAX_RATE)
#define CPU_RATE   TEXT(SOURCES_CPU_RATE)
#define WALL_RATE  TEXT(SOURCES_WALL_RATE)
#define WALL_MOST  TEXT(ENGINE_WALL_MAX_RATE)
#define ALLOC_RATE TEXT(SOURCES_ALLOC_RATE)
#define BLOCK_RATE TEXT(SOURCES_BLOCK_RATE)
#define WATCH_RATE TEXT(OPTIONS_WATCH_RATE)
#define SECONDS    TEXT(OPTIONS_SECONDS)
#define TOP        TEXT(FORMAT_TEXT_TOP)
#define SELF_TOP   TEXT(FORMAT_TEXT_SELF_TOP)
#define DIFF_TOP   TEXT(FORMAT_TEXT_DIFF_TOP)
#define MIN_PCT    TEXT(FORMAT_TEXT_MIN_PCT)

/* --- values --------------------------------------------------------------- */

bool option_is_pid(const char *text)
{
    long value;
    return option_whole(text, 1, INT_MAX, &value);
}

static const char *take_pid(struct options *o, const char *text)
{
    if (!option_is_pid(text))
        return "not a process id; `cprof --nodes` lists the nodes";
    if (o->pid)
        return "can be given only once";
    o->pid = (pid_t)strtol(text, NULL, 10);
    return NULL;
}

static const char *take_duration(struct options *o, const char *text)
{
    return option_real(text, "", &o->seconds) && o->seconds > 0 &&
                   o->seconds <= MAX_SECONDS
               ? NULL
               : "give seconds, more than 0 and at most " TEXT(MAX_SECONDS);
}

static const char *take_interval(struct options *o, const char *text)
{
    return option_real(text, "", &o->interval) && o->interval >= MIN_INTERVAL &&
                   o->interval <= MAX_INTERVAL
               ? NULL
               : "give seconds, " TEXT(MIN_INTERVAL) " to " TEXT(MAX_INTERVAL);
}

static const char *take_sort(struct options *o, const char *text)
{
    for (int i = 0; i < MOMENT_COLUMNS; i++)
        if (strcmp(moment_column_name((size_t)i), text) == 0)
            o->sort = (enum moment_column)i;
    return NULL;
}

static const char *take_rate(struct options *o, const char *text)
{
    long value;
    if (!option_whole(text, ENGINE_MIN_RATE, ENGINE_MAX_RATE, &value))
        return "give " MIN_RATE " to " MAX_RATE " samples per second";
    o->rate = (unsigned)value;
    return NULL;
}

static const char *take_events(struct options *o, const char *text)
{
    unsigned events;
    if (event_parse_set(text, &events) != 0 || o->events & events)
        return "give each event once";
    o->events |= events;
    return o->verb == OPTION_DIFF && (o->events & (o->events - 1))
               ? "give one event"
               : NULL;
}

static const char *take_output(struct options *o, const char *text)
{
    if (o->output)
        return "can be given only once; make other files with `cprof report`";
    o->output = text;
    return *text ? NULL : "give a file name";
}

static const char *take_format(struct options *o, const char *text)
{
    o->format = format_by_name(text);
    return NULL;
}

static const char *take_process(struct options *o, const char *text)
{
    return *text ? option_add_text(o->processes, &o->process_count, text)
                 : "give a process's name, label or pid";
}

static const char *take_span(struct options *o, const char *text)
{
    return *text ? option_add_text(o->spans, &o->span_count, text)
                 : "give the name of a span";
}

static const char *take_pattern(const char **out, const char *text)
{
    *out = text;
    int err = filter_check(text);
    return err ? err_text(err) : NULL;
}

static const char *take_focus(struct options *o, const char *text)
{
    return take_pattern(&o->focus, text);
}

static const char *take_ignore(struct options *o, const char *text)
{
    return take_pattern(&o->ignore, text);
}

static const char *take_state(struct options *o, const char *text)
{
    enum sample_state state;
    if (state_parse(text, &state) == 0)
        o->states |= 1u << state;
    return NULL;
}

static const char *take_scheduler(struct options *o, const char *text)
{
    long n;
    if (!option_whole(text, 1, 1024, &n))
        return "give the number of a normal scheduler, 1 or more";
    if (o->scheduler_count == OPTIONS_MAX_VALUES)
        return option_too_many;
    o->schedulers[o->scheduler_count++] = (uint32_t)n;
    return NULL;
}

static const char *take_thread(struct options *o, const char *text)
{
    return *text ? option_add_text(o->threads, &o->thread_count, text)
                 : "give a thread's name or tid";
}

static const char *take_top(struct options *o, const char *text)
{
    long value;
    bool listed = o->verb == OPTION_SNAPSHOT;
    if (!option_whole(text, 1, listed ? LARGEST_ROOM : 1000000, &value))
        return listed ? "give a number of rows, 1 to " TEXT(LARGEST_ROOM)
                      : "give a number of rows, 1 or more";
    o->top = (unsigned)value;
    return NULL;
}

static const char *take_callers(struct options *o, const char *text)
{
    o->callers = text;
    return *text ? NULL : "give a function's name";
}

static const char *take_min(struct options *o, const char *text)
{
    return option_real(text, "%", &o->min_pct) && o->min_pct >= 0.01 &&
                   o->min_pct <= 100
               ? NULL
               : "give a percentage, 0.01 to 100";
}

/* --- the table ------------------------------------------------------------ */

enum {
    RECORD = OPTION_RECORD,
    WATCH = OPTION_WATCH,
    DIFF = OPTION_DIFF,
    NODES = OPTION_RECORD | OPTION_DOCTOR | OPTION_DUMP | OPTION_SNAPSHOT |
            OPTION_TOP | OPTION_WATCH,                    /* use a node */
    SHOWS = OPTION_RECORD | OPTION_REPORT,                /* show a recording */
    ASKS = OPTION_RECORD | OPTION_DUMP | OPTION_SNAPSHOT, /* can ask a node */
    FILTERS = SHOWS | OPTION_DIFF,
    WRITES = FILTERS | OPTION_DUMP | OPTION_SNAPSHOT, /* write a result */
};
#define AT(member) offsetof(struct options, member)
#define ANY        OPTION_ANY
#define WORD       OPTION_WORD
#define WORDS      OPTION_WORDS

/* clang-format off: one row, one option */
const struct option_row option_table[] = {
    {"pid", 'p', NODES, "PID", NULL, ANY, take_pid, 0,
     "the operating system pid of the node"},
    {"node", 'n', NODES, "NAME", NULL, ANY, NULL, AT(node),
     "the node with this name, such as shop or shop@host"},
    {"ask", 0, ASKS, NULL, NULL, ANY, NULL, AT(ask),
     "connect to the node as a hidden node, with its cookie, and ask it for "
     "names of processes: applications, ids of supervisors' children, labels"},
    {"cookie-file", 0, ASKS, "FILE", NULL, ANY, NULL, AT(cookie_file),
     "--ask: the file with the cookie (default: CPROF_COOKIE in the "
     "environment, or .erlang.cookie in the home of the node's user)"},
    {"duration", 'd', RECORD | OPTION_TOP | WATCH, "S", NULL, ANY,
     take_duration, 0,
     "how many seconds to record (default " SECONDS "; a command: until it "
     "ends); top: to show (default: until q is pressed); watch: to watch "
     "(default: until Ctrl-C)"},
    {"interval", 0, OPTION_TOP, "S", NULL, ANY, take_interval, 0,
     "seconds from one look at the node to the next (default " TEXT(
         OPTIONS_INTERVAL) ")"},
    {"sort", 0, OPTION_TOP, "COLUMN", option_words_columns, WORD, take_sort, 0,
     "sort processes by {} (default {first}); keys change that later"},
    {"when", 0, WATCH, "CONDITION", NULL, ANY, option_take_when, 0,
     "record when this holds, such as 'mailbox > 10000' or 'utilization > 90% "
     "for 5s'; `ended`: when the node ends (repeatable: any of them)"},
    {"before", 0, WATCH, "S", NULL, ANY, option_take_before, 0,
     "seconds of a recording from before its condition held (default " TEXT(
         OPTIONS_BEFORE) ")"},
    {"after", 0, WATCH, "S", NULL, ANY, option_take_after, 0,
     "seconds of it from after that (default " TEXT(OPTIONS_AFTER) ")"},
    {"at-most", 0, WATCH, "N/h", NULL, ANY, option_take_at_most, 0,
     "how many recordings to make within an hour, or N/min, or N/d for a day "
     "(default " TEXT(OPTIONS_AT_MOST) "/h)"},
    {"folder", 0, WATCH, "DIR", NULL, ANY, NULL, AT(watch.folder),
     "an existing folder for recordings (default: the current one)"},
    {"name", 0, WATCH, "NAME", NULL, ANY, option_take_name, 0,
     "how the names of the files begin (default watch)"},
    {"keep", 0, WATCH, "SIZE", NULL, ANY, option_take_keep, 0,
     "space for all files of that name in the folder, such as 500M or 2G "
     "(default " TEXT(OPTIONS_KEEP_M) "M): the oldest make room for new ones"},
    {"also", 0, WATCH, "FORMAT", option_words_formats, WORD, option_take_also,
     0, "also write each recording as {}"},
    {"wait", 0, WATCH, NULL, NULL, ANY, NULL, AT(watch.wait),
     "with -n: wait until there is such a node, and again when it has ended"},
    {"json-lines", 0, WATCH, NULL, NULL, ANY, NULL, AT(watch.json_lines),
     "write a line of JSON on stdout instead of one for people"},
    {"rate", 'r', RECORD | OPTION_TOP | WATCH, "HZ", NULL, ANY, take_rate, 0,
     "samples per second of CPU time (default " CPU_RATE
     ", of watch " WATCH_RATE
     "); with --event wall, readings of the processes per second "
     "(default " WALL_RATE ", at most " WALL_MOST
     "); with --event alloc, samples per second, at most (default " ALLOC_RATE
     "); with --event block, samples per second of blocked time "
     "(default " BLOCK_RATE
     "); with several events, the rate is for cpu, or else for wall"},
    {"base", 0, DIFF, "FILE", NULL, ANY, option_take_base, 0,
     "a recording from before the change (repeatable)"},
    {"new", 0, DIFF, "FILE", NULL, ANY, option_take_new, 0,
     "a recording from after the change (repeatable)"},
    {"output", 'o', WRITES, "FILE", option_words_extensions, ANY, take_output,
     0,
     "the output file (default: stdout); its extension chooses the format: {}"},
    {"format", 'f', WRITES, "FORMAT", option_words_formats, WORD, take_format,
     0, "the output format: {} (default {first})"},
    {"fail-above", 0, DIFF, "P", NULL, ANY, option_take_fail_above, 0,
     "exit with status 3 if a function grew significantly and by more than P "
     "percent"},
    {"min-effect", 0, DIFF, "P", NULL, ANY, option_take_min_effect, 0,
     "ignore changes below P percent (default " TEXT(DIFF_MIN_EFFECT_PCT) ")"},
    {VIEW_PROCESS, 0, FILTERS, "P", NULL, ANY, take_process, 0,
     "only the Erlang process with this name (as the report shows it, such as "
     "my_server or shop:init/1), label or pid (repeatable)"},
    {VIEW_SPAN, 0, FILTERS, "SPAN", NULL, ANY, take_span, 0,
     "only samples in this span: an event, such as [:phoenix, :endpoint], an "
     "event with metadata, or the metadata alone (repeatable)"},
    {"slower-than", 0, RECORD, "TIME", NULL, ANY, option_take_slower_than, 0,
     "only samples in a span that takes as long, such as 100ms, 1.5s or 250us; "
     "with --span, in one of those"},
    {VIEW_FOCUS, 0, FILTERS, "RE", NULL, ANY, take_focus, 0,
     "only stacks with a function that matches this regular expression"},
    {VIEW_IGNORE, 0, FILTERS, "RE", NULL, ANY, take_ignore, 0,
     "only stacks without a function that matches this regular expression"},
    {VIEW_STATE, 0, FILTERS, "STATE", option_words_states, WORD, take_state, 0,
     "only samples in this state: {} (repeatable)"},
    {VIEW_SCHEDULER, 0, FILTERS, "N", NULL, ANY, take_scheduler, 0,
     "only normal scheduler N (repeatable)"},
    {VIEW_THREAD, 0, FILTERS, "T", NULL, ANY, take_thread, 0,
     "only the thread with this name or tid (repeatable)"},
    {VIEW_FROM, 0, FILTERS, "S", NULL, ANY, option_take_from, 0,
     "only samples from this second of the recording on; needs a timeline"},
    {VIEW_TO, 0, FILTERS, "S", NULL, ANY, option_take_to, 0,
     "only samples until this second of the recording; needs a timeline"},
    {"top", 0, WRITES, "N", NULL, ANY, take_top, 0,
     "text: rows of each table (default " TOP "; with --self " SELF_TOP "; in "
     "a comparison " DIFF_TOP
     "); groups of a dump, and rows of its table (20); rows of each list of a "
     "snapshot (10, at most " TEXT(LARGEST_ROOM) "), also in JSON"},
    {"all", 0, OPTION_DUMP, NULL, NULL, ANY, NULL, AT(all),
     "text: all groups of processes, all rows of the table, and the stacks of "
     "idle threads"},
    {"self", 0, SHOWS, NULL, NULL, ANY, NULL, AT(self),
     "text: one table of functions by self time, and all counters and notes"},
    {"callers", 0, SHOWS, "NAME", NULL, ANY, take_callers, 0,
     "text: the callers and callees of a function"},
    {"tree", 0, SHOWS, NULL, NULL, ANY, NULL, AT(tree), "text: the call tree"},
    {"min", 0, SHOWS, "PERCENT", NULL, ANY, take_min, 0,
     "text: the smallest branch of the call tree to show (default " MIN_PCT
     ")"},
    {"by", 0, SHOWS, "WHAT", option_words_owners, WORD, NULL, AT(by),
     "speedscope: a profile for each process or scheduler (default {first}); "
     "collapsed: span, stacks begin with the spans that they are in"},
    {"weights", 0, SHOWS, "WHAT", option_words_weights, WORD, NULL, AT(weights),
     "speedscope: {} time (default {first})"},
    {"timeline", 0, RECORD, NULL, NULL, ANY, NULL, AT(timeline),
     "keep the time of each sample (always with html)"},
    {"kernel", 0, RECORD, NULL, NULL, ANY, NULL, AT(kernel),
     "also show kernel functions (needs root)"},
    {"event", 0, FILTERS, "EVENT[,...]", option_words_events, WORDS,
     take_events, 0,
     "which event, {}: record samples it (default {first}), or several with "
     "commas between; report shows only that; diff compares that one; wall is "
     "the time of all processes, and shows what they wait for; alloc is what "
     "functions allocate, in bytes; block is the time for which schedulers "
     "are blocked while they run a process"},
    {"max-cost", 0, RECORD, "P", NULL, ANY, option_take_max_cost, 0,
     "event alloc: the percentage of the node's CPU time that it may cost, "
     "0.1 to 90 (default 0.85); more gives more samples"},
    {"clock", 0, RECORD, "CLOCK", option_words_clocks, WORD, NULL, AT(clock),
     "what triggers samples of CPU time: {} (default {first})"},
    {"engine", 0, RECORD | OPTION_TOP | OPTION_DUMP | WATCH, "ENGINE",
     option_words_engines, WORD, NULL, AT(engine),
     "how samples are taken: {} (default {first})"},
    {"force", 0, RECORD | OPTION_DUMP, NULL, NULL, ANY, NULL, AT(force),
     "engine ptrace: work even on a machine without a spare CPU, where "
     "stopped threads may have to wait for a long time"},
    {"no-command", 0, RECORD | WATCH, NULL, NULL, ANY, NULL, AT(no_command),
     "leave the node's command line out of the result"},
    {"quiet", 'q', WRITES | OPTION_TOP | WATCH, NULL, NULL, ANY, NULL,
     AT(quiet),
     "do not print progress or the names of written files on stderr"},
    {"help", 'h', WRITES | NODES, NULL, NULL, ANY, NULL, AT(help),
     "show this help"},
    {NULL, 0, 0, NULL, NULL, ANY, NULL, 0, NULL},
};
/* clang-format on */

const struct option_row *option_row(const char *name)
{
    const struct option_row *row = option_table;
    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row;
}

const char *option_first_word(const char *name, enum option_verb verb)
{
    return option_row(name)->words(verb, 0);
}
