#include "formats/text_parts.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "formats/value.h"

struct head {
    struct buffer *out;
    const struct profile *p;
    const struct profile_meta *m;
    const struct summary *s;
};

void text_part_add(struct buffer *out, const struct profile *p,
                   const char *before, uint32_t string)
{
    const char *text = profile_text(p, string);
    if (*text == '\0')
        return;
    buffer_text(out, before);
    text_cell_add(out, text, 0);
}

static void part(struct head *h, const char *before, uint32_t string,
                 const char *after)
{
    text_part_add(h->out, h->p, before, string);
    buffer_text(h->out, *profile_text(h->p, string) ? after : "");
}

/* The command line, cut to one line of the screen: it is often very long. */
static void command(struct head *h)
{
    const char *text = profile_text(h->p, h->m->command);
    if (*text == '\0')
        return;
    buffer_text(h->out, "Command:  ");
    text_cell_add(h->out, text, text_cell_width(text) > 88 ? 88 : 0);
    text_cell_end_line(h->out);
}

static void target_lines(struct head *h)
{
    buffer_text(h->out, "Profile: ");
    part(h, " node ", h->m->node, "");
    if (h->m->pid)
        buffer_printf(h->out, " pid %u", h->m->pid);
    part(h, " on ", h->m->host, "");
    part(h, ", ", h->m->os, "");
    text_cell_end_line(h->out);
    command(h);
    if (!h->m->otp && !h->m->erts)
        return; /* a file of another program */
    buffer_text(h->out, "Machine: ");
    part(h, " OTP ", h->m->otp, ",");
    part(h, " erts ", h->m->erts, ",");
    buffer_text(h->out, h->m->jit ? " JIT" : " no JIT");
    if (h->m->schedulers)
        buffer_printf(h->out, ", %u scheduler%s", h->m->schedulers,
                      h->m->schedulers == 1 ? "" : "s");
    text_cell_end_line(h->out);
}

void text_date_add(struct buffer *out, const struct profile *p)
{
    time_t started = (time_t)(profile_meta(p)->started_unix_ns / NS_PER_S);
    char text[64];
    struct tm utc;
    if (started && gmtime_r(&started, &utc) &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc))
        buffer_text(out, text);
}

static void date_line(struct head *h)
{
    if (h->m->started_unix_ns == 0)
        return;
    buffer_text(h->out, "Recorded: ");
    text_date_add(h->out, h->p);
    buffer_text(h->out, "\n");
}

/* What the rows count, if it is not CPU time. */
static void value_line(struct head *h)
{
    if (value_is_cpu(h->p))
        return;
    buffer_text(h->out, "Values:   ");
    text_cell_add(h->out, value_whole(h->p), 0);
    buffer_text(h->out, ", ");
    value_say(h->out, h->p, h->s->samples);
    buffer_text(h->out, "; counted below ");
    value_say(h->out, h->p, h->s->counted);
    buffer_text(h->out, "\n");
}

static void measure_lines(struct head *h)
{
    const struct summary *s = h->s;
    date_line(h);
    value_line(h);
    if (!value_is_cpu(h->p))
        return;
    buffer_text(h->out, "Sampling:");
    part(h, " engine ", h->m->engine, ",");
    part(h, " event ", h->m->event, ",");
    buffer_printf(h->out, " %u Hz requested, %.1f Hz reached, kernel %s\n",
                  h->m->rate_asked, s->rate_reached,
                  h->m->kernel_included ? "included" : "not included");
    buffer_printf(h->out,
                  "Samples:  %llu in %.2f s, %.2f s of CPU; %llu counted "
                  "below\n",
                  (unsigned long long)s->samples,
                  (double)h->m->duration_ns / (double)NS_PER_S,
                  (double)s->cpu_ns / (double)NS_PER_S,
                  (unsigned long long)s->counted);
}

/* How much of the node's CPU time was sampled, and the quality of the samples.
 */
static void cpu_line(struct head *h)
{
    const struct profile_counters *c = profile_counters(h->p);
    if (h->m->used_ns == 0 || c->samples == 0)
        return;
    buffer_printf(h->out,
                  "CPU:      %.2f s used by the node, %.1f %% sampled; of the "
                  "samples %.1f %% in the kernel, %.1f %% truncated%s\n",
                  (double)h->m->used_ns / (double)NS_PER_S,
                  100.0 * (double)h->m->seen_ns / (double)h->m->used_ns,
                  100.0 * (double)c->in_kernel / (double)c->samples,
                  100.0 * (double)c->truncated / (double)c->samples,
                  text_whole(h->p));
}

static void share(struct buffer *out, const char *name, uint64_t count,
                  uint64_t of, bool *any)
{
    if (count == 0)
        return;
    buffer_printf(out, "%s%s %.1f %%", *any ? ", " : " ", name,
                  100.0 * (double)count / (double)of);
    *any = true;
}

/* A list of shares, on as many lines as it needs. */
struct list {
    struct buffer *out;
    size_t column;
};

/* @param between  the separator from the share before, such as ", " */
static void list_add(struct list *l, const char *between, const char *name,
                     double pct)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%s%s %.1f %%", between, name, pct);
    const char *from = text;
    if (l->column + (size_t)len > TEXT_COLUMNS - sizeof("; of all")) {
        buffer_printf(l->out, "%.*s\n         ", *between == ' ' ? 0 : 1, text);
        from += *between != ' ';
        l->column = 9;
    }
    buffer_text(l->out, from);
    l->column += (size_t)len;
}

/* The states of least_pct and more, and the sum of the rest. */
static void counted_states(struct list *l, const struct summary *s,
                           double least_pct)
{
    const char *between = " ";
    double others = 0;
    for (int i = 0; i < STATE_COUNT; i++) {
        double pct = summary_pct(s->by_state[i], s->counted);
        if (!s->is_counted[i] || pct == 0)
            continue;
        if (pct < least_pct) {
            others += pct;
            continue;
        }
        list_add(l, between, state_name((enum sample_state)i), pct);
        between = ", ";
    }
    if (others > 0)
        list_add(l, between, "the rest", others);
}

void text_states_write(struct buffer *out, const struct summary *s,
                       double least_pct)
{
    struct list l = {out, 9};
    const char *first = s->counted ? "; not counted: " : " not counted: ";
    bool apart = false;
    buffer_text(out, "States:  ");
    counted_states(&l, s, least_pct);
    for (int i = 0; i < STATE_COUNT; i++) {
        if (s->is_counted[i] || s->by_state[i] == 0)
            continue;
        list_add(&l, apart ? ", " : first, state_name((enum sample_state)i),
                 summary_pct(s->by_state[i], s->samples));
        apart = true;
    }
    buffer_text(out, apart ? " of all\n" : "\n");
}

/* A recording of process time has none. */
static bool knows_parts(const struct summary *s)
{
    uint64_t parts = 0;
    for (int i = 0; i < IDLE_PART_COUNT; i++)
        parts += s->by_idle_part[i];
    return parts > 0;
}

/* What idle schedulers do, and the flags of erl that change how much. */
void text_idle_write(struct buffer *out, const struct summary *s)
{
    uint64_t all = s->by_state[STATE_IDLE];
    struct buffer line;
    bool any = false;
    if (all == 0 || !knows_parts(s))
        return;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    for (int i = 0; i < IDLE_PART_COUNT; i++)
        share(&line, idle_part_name((enum idle_part)i), s->by_idle_part[i], all,
              &any);
    if (s->by_idle_part[IDLE_BUSY_WAIT] + s->by_idle_part[IDLE_YIELD])
        buffer_text(&line, "; to avoid busy-wait and sched_yield, "
                           "use " IDLE_NO_BUSY_WAIT);
    buffer_add(&line, "", 1);
    if (line.failed)
        out->failed = true;
    else
        text_cell_wrap(out, "Idle:", (char *)line.data + 1);
    buffer_deinit(&line);
}

static void share_lines(struct head *h)
{
    const struct summary *s = h->s;
    bool any = false;
    if (s->samples == 0)
        return;
    text_states_write(h->out, s, 0);
    text_idle_write(h->out, s);
    if (s->counted == 0)
        return;
    buffer_text(h->out, "Kinds:   ");
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        share(h->out, frame_kind_name((enum frame_kind)i), s->by_leaf_kind[i],
              s->counted, &any);
    text_cell_end_line(h->out);
}

/* The sampling errors of the biggest functions, and the largest one of any
 * share, which is that of a share of one half. */
static void error_line(struct head *h)
{
    const struct summary *s = h->s;
    if (s->counted == 0)
        return;
    buffer_printf(h->out,
                  "Error:    at most +-%.2f in any percentage (95 %% interval)",
                  summary_part_error_pct(s, s->counted / 2));
    for (size_t i = 0; i < s->function_count && i < 3; i++) {
        const struct summary_function *f = &s->functions[i];
        const struct profile_function *of =
            profile_function_at(h->p, f->function);
        bool below = of->kind == FRAME_BIF || of->kind == FRAME_NIF;
        buffer_text(h->out, i == 0 ? "; " : ", ");
        text_cell_add(h->out, profile_text(h->p, of->name), 0);
        buffer_printf(h->out, " %.2f +-%.2f",
                      below ? f->total_pct : f->self_pct,
                      below ? f->total_error_pct : f->self_error_pct);
    }
    buffer_text(h->out, "\n");
}

/* --- quality -------------------------------------------------------------- */

static void quality_lines(struct head *h)
{
    const struct profile_counters *c = profile_counters(h->p);
    if (c->erlang_leaf)
        buffer_printf(h->out,
                      "Stacks:   %.2f %% of %llu samples in Erlang code reach "
                      "the first function%s\n",
                      100.0 * (double)c->erlang_leaf_complete /
                          (double)c->erlang_leaf,
                      (unsigned long long)c->erlang_leaf, text_whole(h->p));
    bool any = false;
    for (size_t i = 0; i < PROFILE_COUNTER_COUNT; i++) {
        const struct profile_counter *of = &profile_counter_list[i];
        uint64_t value = *profile_counter_of(c, i);
        if (!of->doubt || value == 0)
            continue;
        if (!any)
            buffer_printf(h->out,
                          "Doubts:   among %llu samples and %llu frames%s\n",
                          (unsigned long long)c->samples,
                          (unsigned long long)c->frames, text_whole(h->p));
        any = true;
        buffer_printf(h->out, "  %10llu %s\n", (unsigned long long)value,
                      of->text);
    }
}

static void note_line(void *to, const char *note, size_t len)
{
    buffer_text(to, "Note:     ");
    utf8_show(to, note, len);
    buffer_text(to, "\n");
}

void text_head_write(struct buffer *out, const struct profile *p,
                     const struct summary *s)
{
    struct head h = {out, p, profile_meta(p), s};
    target_lines(&h);
    measure_lines(&h);
    cpu_line(&h);
    share_lines(&h);
    error_line(&h);
    quality_lines(&h);
    text_notes_each(p, note_line, out);
}
