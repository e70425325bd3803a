/* The report for a terminal, the most important parts first. */
#include "formats/format.h"

#include "formats/diff_write.h"
#include "formats/dump_write.h"
#include "formats/snapshot_write.h"
#include "formats/text_parts.h"
#include "formats/value.h"
#include "profile/filter.h"

/* Did the node use enough CPU time for three samples? */
static bool was_busy(const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    return m->rate_asked && m->used_ns / 1000000 * m->rate_asked > 3000;
}

/* Why there are no counted samples. Inside the node, no option selects states.
 */
static const char *nothing(const struct profile *p, const struct summary *s,
                           bool inside)
{
    const struct profile_counters *c = profile_counters(p);
    if (s->samples > 0 && profile_is_wall(p))
        return inside ? "Every process that was read was idle in its main loop."
                      : "Every process that was read was idle in its main "
                        "loop; --state idle shows where.";
    if (s->samples == 0 && profile_event(p) == EVENT_ALLOC && c->samples == 0)
        return "No samples: no process had to collect garbage during the "
               "recording.";
    if (s->samples == 0 && c->samples > 0)
        return "No sample matches the filter.";
    if (s->samples == 0 && c->stopped_ms > 0)
        return "No samples: the node was stopped by a signal; `kill -CONT` "
               "resumes it.";
    if (s->samples == 0 && c->paused_ms > 0)
        return "No samples; cprof itself was stopped for a time and saw "
               "nothing then.";
    if (s->samples == 0 && profile_event(p) == EVENT_BLOCK)
        return "No scheduler was blocked while it ran a process.";
    if (s->samples == 0 && was_busy(p))
        return "No samples, though the node used CPU time: see the notes "
               "below, or record for longer.";
    if (s->samples == 0)
        return "No samples: the node was idle and used no CPU during the "
               "recording.";
    if (s->samples < c->samples)
        return inside ? "Only samples in states that are not counted match."
                      : "Only samples in states that are not counted match; "
                        "--state STATE shows them.";
    return "The node was idle: its schedulers looked for work and found none.";
}

static int tables(const struct text_table *t, bool self)
{
    bool block = profile_event(t->p) == EVENT_BLOCK;
    int err = self ? 0 : block ? text_blocks_write(t) : text_waits_write(t);
    if (self)
        text_self_write(t);
    else if (!err)
        err = text_hot_write(t);
    if (!err)
        err = text_processes_write(t);
    return err ? err : text_garbage_write(t);
}

static int body(const struct text_table *t, const struct format_options *o)
{
    if (t->s->counted == 0) {
        buffer_printf(t->out, "\n%s\n",
                      nothing(t->p, t->s, o->reader == FORMAT_READER_INSIDE));
        return 0;
    }
    if (o->callers)
        return text_callers_write(t, o->callers);
    if (o->tree)
        return text_tree_write(t, o->min_pct);
    return tables(t, o->self);
}

/* Is the report about one function, or in another form? */
static bool is_plain(const struct format_options *o)
{
    return !o->callers && !o->tree && !o->self;
}

/* The report of one event, without further steps.
 * @param whole  the recording, if its spans are a part of this report */
static int write_event(const struct profile *p, const struct format_options *o,
                       const struct profile *whole, bool wall_follows,
                       struct buffer *out)
{
    struct summary s;
    int err = summary_compute(p, &s);
    if (err)
        return err;
    const struct text_table t = {.out = out,
                                 .p = p,
                                 .s = &s,
                                 .top = o->top,
                                 .line_columns = o->line_columns > TEXT_COLUMNS
                                                     ? o->line_columns
                                                     : TEXT_COLUMNS,
                                 .color = o->color};
    if (o->self)
        text_head_write(out, p, &s);
    else
        text_brief_write(out, p, &s);
    err = body(&t, o);
    if (!err && whole && is_plain(o))
        err = text_spans_write(out, whole, o->top, o->color);
    if (!o->self)
        text_doubts_write(out, p, &s, o->reader, wall_follows);
    summary_deinit(&s);
    return err;
}

/* Above the report of each event, if there are several. */
static void heading(const char *title, const struct format_options *o,
                    struct buffer *out)
{
    enum { WIDTH = 60 };
    const struct text_table t = {.out = out, .color = o->color};
    text_table_style(&t, "1");
    size_t from = out->len;
    buffer_printf(out, "===== %s ", title);
    while (out->len - from < WIDTH && !out->failed)
        buffer_text(out, "=");
    text_table_style(&t, "0");
    buffer_text(out, "\n");
}

/* Does a report of process time follow that of part i? */
static bool wall_comes_after(const struct filter_parts *parts, size_t i)
{
    bool follows = false;
    while (++i < parts->count)
        follows |= profile_is_wall(parts->list[i]);
    return follows;
}

/* A function that is asked for may be in the samples of one event only. */
static int write_several(const struct filter_parts *parts,
                         const struct format_options *o, struct buffer *out)
{
    size_t without = 0;
    int err = 0;
    for (size_t i = 0; i < parts->count && !err; i++) {
        buffer_text(out, i ? "\n" : "");
        heading(event_title(profile_event(parts->list[i])), o, out);
        err = write_event(parts->list[i], o, NULL, wall_comes_after(parts, i),
                          out);
        if (err != -E_NO_FUNCTION)
            continue;
        buffer_text(out, "\nNo sample has this function.\n");
        err = ++without < parts->count ? 0 : err;
    }
    return err;
}

/* Spans are what the events have in common. */
static int write_spans(const struct profile *p, const struct format_options *o,
                       struct buffer *out)
{
    if (profile_span_count(p) == 1 || !is_plain(o))
        return 0;
    buffer_text(out, "\n");
    heading("Spans", o, out);
    return text_spans_write(out, p, o->top, o->color);
}

static int write_text(const struct profile *p, const struct format_options *how,
                      struct buffer *out)
{
    static const struct format_options defaults;
    const struct format_options *o = how ? how : &defaults;
    struct filter_parts parts;
    int err = filter_split(p, &parts);
    if (err)
        return err;
    err = parts.count == 1 ? write_event(p, o, p, false, out)
                           : write_several(&parts, o, out);
    if (!err && parts.count > 1)
        err = write_spans(p, o, out);
    if (!o->self)
        text_more_write(out, o->reader);
    if (o->ascii)
        text_cell_to_ascii(out);
    filter_parts_deinit(&parts);
    return err ? err : buffer_status(out);
}

const struct format format_text = {
    .name = "text",
    .extension = ".txt",
    .write = write_text,
    .write_diff = diff_text_write,
    .write_dump = dump_text_write,
    .write_snapshot = snapshot_text_write,
};
