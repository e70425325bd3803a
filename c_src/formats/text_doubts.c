/* The end of the text report: what makes its figures noticeably less certain,
 * with the remedy, and further steps. */
#include "formats/text_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "formats/value.h"
#include "formats/view.h"
#include "profile/filter.h"

/* A doubt matters from this percentage on. */
#define MATTERS_PCT 2.0

/* A sample has many frames, and one frame without a name is enough to spoil the
 * sample. Where C code has no symbols, nearly every sample has such a frame. */
enum among { AMONG_SAMPLES, AMONG_FRAMES, SPOILING_SAMPLES, IN_A_NOTE };

/* What to do about a counter of doubts, and what engine bpf would improve if
 * another engine was used. Some counters are explained by a note, or by the
 * table of spans, instead.
 * Counters of stacks that are right at both ends (short_copies, elided, c_cut)
 * are not in this table: they never make a line. */
static const struct remedy {
    const char *counter;
    enum among among;
    const char *text, *bpf;
} remedies[] = {
    {"lost", AMONG_SAMPLES, "use a lower --rate", ""},
    {"late", AMONG_SAMPLES, "use a lower --rate", ""},
    {"missed", AMONG_SAMPLES, "this machine is too busy for engine ptrace", ""},
    {"throttled", AMONG_SAMPLES, "use a lower --rate", ""},
    {"truncated", AMONG_SAMPLES, "their callers are missing",
     "; engine bpf (as root) has them"},
    {"c_unreadable", AMONG_SAMPLES,
     "build NIFs and libraries with -fasynchronous-unwind-tables", ""},
    {"unverified", AMONG_SAMPLES, "their callers may be from a later moment",
     "; engine bpf (as root) is exact"},
    {"unresolved_frames", SPOILING_SAMPLES, "please report it", ""},
    {"nameless_native_frames", AMONG_FRAMES,
     "install the debug symbols of their objects", ""},
    {"stale_symbols", SPOILING_SAMPLES, "record while no code is loaded", ""},
    {"no_process", AMONG_SAMPLES,
     "the percentages of processes are too low by these", ""},
    {"changed", AMONG_SAMPLES, "their state is known, their stack is not", ""},
    {"unreadable", AMONG_SAMPLES, "their time is missing", ""},
    {"ended", AMONG_SAMPLES, "what they did is not known", ""},
    {"unseen_ms", IN_A_NOTE, "", ""},
    {"stopped_ms", IN_A_NOTE, "", ""},
    {"paused_ms", IN_A_NOTE, "", ""},
    {"span_marks_lost", IN_A_NOTE, "", ""},
    {"span_unmatched", IN_A_NOTE, "", ""},
    {"span_merged", IN_A_NOTE, "", ""},
    {"span_late", IN_A_NOTE, "", ""},
};

struct doubts {
    struct buffer *out;
    const struct profile *p;
    const struct summary *s;
    bool wall_follows;
    size_t further; /* counters that have no line */
};

/* --- lines ---------------------------------------------------------------- */

void text_note_write(struct buffer *out, const char *label, const char *text,
                     size_t len)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, text, len);
    buffer_add(&shown, "", 1);
    if (shown.failed)
        out->failed = true;
    else
        text_cell_wrap(out, label, (char *)shown.data);
    buffer_deinit(&shown);
}

static const struct remedy *remedy_of(const char *counter)
{
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
        if (strcmp(remedies[i].counter, counter) == 0)
            return &remedies[i];
    return NULL;
}

static void counter(struct doubts *d, const struct profile_counter *of,
                    uint64_t value)
{
    const struct profile_counters *c = profile_counters(d->p);
    const struct remedy *remedy = remedy_of(of->name);
    uint64_t samples = c->samples + c->lost;
    bool frames = remedy && remedy->among != AMONG_SAMPLES;
    bool spoils = remedy && remedy->among == SPOILING_SAMPLES;
    double pct = summary_pct(value, frames ? c->frames : samples);
    char line[320];
    if (remedy && remedy->among == IN_A_NOTE)
        return;
    if (!remedy || (spoils ? summary_pct(value, samples) : pct) < MATTERS_PCT) {
        d->further++;
        return;
    }
    bool bpf =
        strcmp(profile_text(d->p, profile_meta(d->p)->engine), "bpf") == 0;
    snprintf(line, sizeof(line), "%llu %s, %.1f %%%s; %s%s",
             (unsigned long long)value, of->text, pct, text_whole(d->p),
             remedy->text, bpf ? "" : remedy->bpf);
    text_note_write(d->out, "Doubt:", line, strlen(line));
}

static void counters(struct doubts *d)
{
    for (size_t i = 0; i < PROFILE_COUNTER_COUNT; i++) {
        const struct profile_counter *of = &profile_counter_list[i];
        uint64_t value = *profile_counter_of(profile_counters(d->p), i);
        if (of->doubt && value)
            counter(d, of, value);
    }
}

bool text_samples_are_few(const struct profile *p, const struct summary *s)
{
    enum { FEW = 100, FEW_TICKS = 50 };
    return s->counted && s->hits < (profile_is_wall(p) ? FEW_TICKS : FEW);
}

/* Samples of allocation are limited by their cost more often than by the rate.
 */
static void few_samples(struct doubts *d, enum format_reader reader)
{
    bool inside = reader == FORMAT_READER_INSIDE;
    const char *remedy =
        profile_is_alloc(d->p)
            ? (inside ? "repeat the work" : "record for longer (-d)")
        : inside ? "repeat the work, or use a higher rate"
                 : "record for longer (-d), or at a higher --rate";
    char line[256];
    if (!text_samples_are_few(d->p, d->s))
        return;
    snprintf(line, sizeof(line), "only %llu %s; %s",
             (unsigned long long)d->s->hits,
             profile_is_alloc(d->p)   ? "samples, if all were equal"
             : !profile_is_wall(d->p) ? "samples"
             : d->s->hits < profile_counters(d->p)->ticks
                 ? "readings of processes that were not idle"
                 : "readings of the processes",
             remedy);
    text_note_write(d->out, "Doubt:", line, strlen(line));
}

/* A node that used little CPU time is not slow because of what it computes. */
static void mostly_waiting(struct doubts *d, enum format_reader reader)
{
    enum { LITTLE = 5, LEAST_S = 2 }; /* a part of one CPU; seconds */
    const struct profile_meta *m = profile_meta(d->p);
    char line[256];
    if (!value_is_cpu(d->p) || !m->used_ns ||
        m->duration_ns < LEAST_S * NS_PER_S ||
        m->used_ns >= m->duration_ns / LITTLE)
        return;
    snprintf(line, sizeof(line),
             "the node used only %.1f %% of one CPU; %s what its processes "
             "wait for",
             summary_pct(m->used_ns, m->duration_ns),
             d->wall_follows                  ? "see below"
             : reader == FORMAT_READER_INSIDE ? "event wall shows"
                                              : "`cprof record --event wall` "
                                                "shows");
    text_note_write(d->out, "Hint:", line, strlen(line));
}

/* At both ends of a recording, each CPU adds or lacks up to one tick: 0.2 % of
 * ten seconds at 99 Hz, 1 % of two seconds. That rounds the sum, and is worth
 * no note. */
static void more_than_all(struct doubts *d)
{
    static const char line[] =
        "more than 100 % of the CPU time was sampled: each sample stands for "
        "the time since the last tick, which is right only on average";
    enum { SHOWN_AS_101 = 10095 }; /* hundredths of a percent */
    if (text_sampled_pct(d->p, d->s) * 100 >= SHOWN_AS_101)
        text_note_write(d->out, "Note:", line, sizeof(line) - 1);
}

static void note(void *to, const char *text, size_t len)
{
    struct doubts *d = to;
    if (!text_note_is_filter(text))
        text_note_write(d->out, "Note:", text, len);
}

/* --- notes ---------------------------------------------------------------- */

bool text_note_is_filter(const char *note)
{
    return strncmp(note, FILTER_NOTE, sizeof(FILTER_NOTE) - 1) == 0;
}

const char *text_whole(const struct profile *p)
{
    return filter_is_part(p) ? " (whole recording)" : "";
}

static void find_time(void *to, const char *note, size_t len)
{
    static const char *const options[] = {" --" VIEW_FROM " ",
                                          " --" VIEW_TO " "};
    bool *found = to;
    for (size_t i = 0; i < 2 && text_note_is_filter(note); i++)
        *found |= memmem(note, len, options[i], strlen(options[i])) != NULL;
}

bool text_is_part_of_time(const struct profile *p)
{
    bool found = false;
    text_notes_each(p, find_time, &found);
    return found;
}

void text_notes_each(const struct profile *p,
                     void (*tell)(void *to, const char *note, size_t len),
                     void *to)
{
    const char *at = profile_text(p, profile_meta(p)->notes);
    while (*at) {
        size_t len = strcspn(at, "\n");
        tell(to, at, len);
        at += len + (at[len] == '\n');
    }
}

/* --- the whole ------------------------------------------------------------ */

static void further_line(const struct doubts *d, enum format_reader reader)
{
    if (d->further)
        buffer_printf(
            d->out, "Further:  %zu smaller or harmless counter%s: %s\n",
            d->further, d->further == 1 ? "" : "s",
            reader == FORMAT_READER_INSIDE ? "`cprof report FILE --self`"
                                           : "see --self");
}

static const char *const more[] = {
    [FORMAT_READER_RECORD] = "-o flame.html draws a flame graph, --tree shows "
                             "calls, -o r.pb.gz keeps the recording",
    [FORMAT_READER_REPORT] = "-o flame.html draws a flame graph, --tree shows "
                             "calls, --self the functions by self time",
    [FORMAT_READER_INSIDE] = "write flame.html (a flame graph) or r.pb.gz; "
                             "`cprof report r.pb.gz --tree` shows calls",
};

void text_doubts_write(struct buffer *out, const struct profile *p,
                       const struct summary *s, enum format_reader reader,
                       bool wall_follows)
{
    struct doubts d = {
        .out = out, .p = p, .s = s, .wall_follows = wall_follows};
    buffer_text(out, "\n");
    few_samples(&d, reader);
    mostly_waiting(&d, reader);
    counters(&d);
    more_than_all(&d);
    text_notes_each(p, note, &d);
    further_line(&d, reader);
}

void text_more_write(struct buffer *out, enum format_reader reader)
{
    buffer_printf(out, "More:     %s\n", more[reader]);
}
