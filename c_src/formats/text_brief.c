/* The head of the text report: what, when, how much, in which states, and how
 * certain. text_head.c writes the full head. */
#include "formats/text_parts.h"

#include "base/clock.h"
#include "formats/value.h"
#include "profile/filter.h"
#include "report/figures.h"

/* With fewer samples, the share of the CPU time that they stand for is only
 * chance. */
enum { SHARE_NEEDS = 20 };

/* The rate that was reached is shown if it is further away from what was asked.
 */
#define NEARLY 0.9

struct brief {
    struct buffer *out;
    const struct profile *p;
    const struct profile_meta *m;
    const struct summary *s;
};

/* Makes a line in a buffer of its own and cuts it to the width of the report.
 */
static void add_line(struct brief *b, void (*make)(struct brief *line))
{
    struct buffer text;
    struct brief line = *b;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    line.out = &text;
    make(&line);
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    bool empty = text.len == 0;
    buffer_add(&text, "", 1);
    if (text.failed)
        b->out->failed = true;
    else if (!empty)
        text_cell_add(b->out, (char *)text.data,
                      text_cell_width((char *)text.data) > TEXT_COLUMNS
                          ? TEXT_COLUMNS
                          : 0);
    buffer_text(b->out, empty ? "" : "\n");
    buffer_deinit(&text);
}

static void part(struct brief *b, const char *before, uint32_t string)
{
    text_part_add(b->out, b->p, before, string);
}

/* A file of another program has neither a node nor our states. */
static bool is_foreign(const struct profile_meta *m)
{
    return !m->version && !m->pid && !m->node && !m->command && !m->otp;
}

/* The node: its name, or else what it runs, or else its command line, which is
 * often very long. */
static void subject(struct buffer *out, const struct profile *p)
{
    enum { WIDTH = 44 };
    const struct profile_meta *m = profile_meta(p);
    const uint32_t known[] = {m->node, m->runs, m->command};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const char *text = profile_text(p, known[i]);
        bool cut = i > 0 && text_cell_width(text) > WIDTH;
        if (*text == '\0')
            continue;
        text_cell_add(out, text, cut ? WIDTH : 0);
        return;
    }
    buffer_text(out, m->pid ? "a node without a name" : "");
}

void text_node_add(struct buffer *out, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    if (is_foreign(m))
        return;
    buffer_text(out, m->node || !m->command ? "Node:     " : "Command:  ");
    subject(out, p);
    if (m->pid)
        buffer_printf(out, ", pid %u", m->pid);
    text_part_add(out, p, " on ", m->host);
    text_part_add(out, p, ", OTP ", m->otp);
    if (m->schedulers)
        buffer_printf(out, ", %u scheduler%s", m->schedulers,
                      m->schedulers == 1 ? "" : "s");
}

static void what(struct brief *b)
{
    text_node_add(b->out, b->p);
}

/* The date is that of the recording, also if only a part of its time is shown.
 */
static void how_long_it_took(struct brief *b)
{
    bool part = text_is_part_of_time(b->p), dated = b->m->started_unix_ns != 0;
    buffer_text(b->out, part && dated ? text_whole(b->p) : "");
    if (b->m->duration_ns)
        buffer_printf(b->out, "%s%s%.2f s", dated ? ", " : "",
                      part ? "this part " : "for ",
                      (double)b->m->duration_ns / (double)NS_PER_S);
}

static void when(struct brief *b)
{
    double reached = b->s->rate_reached, asked = b->m->rate_asked;
    if (!b->m->started_unix_ns && !b->m->duration_ns)
        return;
    buffer_text(b->out, "When:     ");
    text_date_add(b->out, b->p);
    how_long_it_took(b);
    part(b, "; engine ", b->m->engine);
    if (b->m->rate_asked)
        buffer_printf(b->out, ", %u Hz", b->m->rate_asked);
    if (b->m->rate_asked && reached > 0 && reached < NEARLY * asked)
        buffer_printf(b->out, " (%.0f reached)", reached);
    if (b->m->engine && !b->m->kernel_included && !profile_is_wall(b->p))
        buffer_text(b->out, ", without the kernel");
}

/* Of process time: all of it, and that of processes which do not idle. */
static void how_long(struct brief *b)
{
    uint64_t ns = b->m->duration_ns;
    buffer_text(b->out, "Time:     ");
    value_say(b->out, b->p, b->s->samples);
    buffer_text(b->out, " of process time");
    if (ns)
        buffer_printf(b->out, " (%.1f processes on average)",
                      (double)b->s->samples / (double)ns);
    buffer_text(b->out, ", ");
    value_say(b->out, b->p, b->s->counted);
    buffer_text(b->out, b->s->is_counted[STATE_IDLE] ? " counted below"
                                                     : " of it not idle");
}

double text_sampled_pct(const struct profile *p, const struct summary *s)
{
    const struct profile_meta *m = profile_meta(p);
    return value_is_cpu(p) && s->samples >= SHARE_NEEDS && !filter_is_part(p)
               ? summary_pct(m->seen_ns, m->used_ns)
               : 0;
}

/* Of blocked time: in how many waits. */
static void how_often(struct brief *b)
{
    uint64_t times = figures_sum(b->p, VALUE_TIMES);
    buffer_text(b->out, "Time:     ");
    value_say(b->out, b->p, b->s->samples);
    buffer_text(b->out, " of blocked time, in ");
    text_cell_number(b->out, times);
    buffer_text(b->out, times == 1 ? " wait" : " waits");
}

/* Who collects seldom is in no sample, so none seen does not mean none made. */
static void how_much_in_binaries(struct brief *b)
{
    uint64_t bytes = figures_sum(b->p, VALUE_BINARY);
    if (bytes)
        value_say(b->out, b->p, bytes);
    buffer_text(b->out, bytes ? " in binaries" : "no binaries seen");
}

/* Of allocation: on heaps, which is what the percentages are of, and outside of
 * them. */
static void how_allocated(struct brief *b)
{
    double seconds = (double)b->m->duration_ns / (double)NS_PER_S;
    uint64_t heap = figures_sum(b->p, VALUE_HEAP);
    buffer_text(b->out, "Memory:   ");
    value_say(b->out, b->p, heap);
    buffer_text(b->out, " allocated on heaps");
    if (seconds > 0) {
        buffer_text(b->out, " (");
        value_say(b->out, b->p, (uint64_t)((double)heap / seconds));
        buffer_text(b->out, "/s)");
    }
    buffer_text(b->out, ", ");
    how_much_in_binaries(b);
    buffer_printf(b->out, "; %llu samples",
                  (unsigned long long)figures_sum(b->p, VALUE_SAMPLES));
}

static void how_much(struct brief *b)
{
    const struct summary *s = b->s;
    if (profile_is_alloc(b->p)) {
        how_allocated(b);
        return;
    }
    if (profile_is_wall(b->p)) {
        how_long(b);
        return;
    }
    if (profile_event(b->p) == EVENT_BLOCK) {
        how_often(b);
        return;
    }
    buffer_text(b->out, value_is_cpu(b->p) ? "CPU:      " : "Values:   ");
    if (!value_is_cpu(b->p)) {
        text_cell_add(b->out, value_whole(b->p), 0);
        buffer_text(b->out, ": ");
    } else if (b->m->used_ns) {
        buffer_printf(b->out, "%.2f s used%s",
                      (double)b->m->used_ns / (double)NS_PER_S,
                      text_whole(b->p));
        if (s->samples >= SHARE_NEEDS && !filter_is_part(b->p))
            buffer_printf(b->out, ", %.1f %% of it sampled",
                          text_sampled_pct(b->p, s));
        buffer_text(b->out, "; ");
    }
    value_say(b->out, b->p, s->samples);
    if (value_is_cpu(b->p))
        buffer_printf(b->out, " (%.2f s)",
                      (double)s->cpu_ns / (double)NS_PER_S);
    if (s->counted == s->samples)
        return;
    buffer_text(b->out, ", ");
    if (value_is_samples(b->p))
        text_cell_number(b->out, s->counted);
    else
        value_say(b->out, b->p, s->counted);
    buffer_text(b->out, " counted below");
}

/* The largest sampling error of any share, which is that of a share of one
 * half. The line is wrapped: it must not lose the figure in its middle. */
static void how_sure(struct brief *b)
{
    const struct profile_counters *c = profile_counters(b->p);
    bool wall = profile_is_wall(b->p);
    bool few = !wall && text_samples_are_few(b->p, b->s);
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    if (few)
        buffer_printf(&line, "only %llu%s: ", (unsigned long long)b->s->hits,
                      profile_is_alloc(b->p) ? ", if all were equal" : "");
    buffer_printf(&line, "at most +-%.2f in any percentage (95 %% interval)",
                  summary_part_error_pct(b->s, b->s->counted / 2));
    if (wall)
        buffer_printf(&line, "; processes were read %llu times",
                      (unsigned long long)c->ticks);
    else if (c->samples && !filter_is_part(b->p))
        buffer_printf(&line, "; %.1f %% of stacks truncated",
                      summary_pct(c->truncated, c->samples));
    text_cell_wrap_line(b->out, few ? "Samples:" : "Error:", &line);
}

/* If the figures are for only a part of the recording, a note above them says
 * so; it is not cut. */
static void filter(void *to, const char *note, size_t len)
{
    if (text_note_is_filter(note))
        text_note_write(to, "Note:", note, len);
}

void text_brief_write(struct buffer *out, const struct profile *p,
                      const struct summary *s)
{
    struct brief b = {out, p, profile_meta(p), s};
    add_line(&b, what);
    add_line(&b, when);
    add_line(&b, how_much);
    if (s->samples && !is_foreign(b.m))
        text_states_write(out, s, 1);
    if (s->counted)
        how_sure(&b);
    else
        text_idle_write(out, s);
    text_notes_each(p, filter, out);
}
