#include "formats/html_parts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "formats/text_parts.h"
#include "formats/value.h"
#include "report/blocks_sentence.h"
#include "report/waits_sentence.h"

/* "1234567" as "1,234,567". */
static const char *grouped(uint64_t value, char text[32])
{
    char *at = text + 31;
    *at = '\0';
    for (unsigned digits = 0; value || digits == 0; digits++, value /= 10) {
        if (digits && digits % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + value % 10);
    }
    return at;
}

void html_head_fact(struct buffer *out, const char *label, const char *value)
{
    if (!value[0])
        return;
    buffer_text(out, "<div><dt>");
    html_text_escape(out, label);
    buffer_text(out, "</dt><dd>");
    html_text_escape(out, value);
    buffer_text(out, "</dd></div>\n");
}

static void otp_fact(struct buffer *out, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    const char *otp = profile_text(p, m->otp), *erts = profile_text(p, m->erts);
    char text[256];
    snprintf(text, sizeof(text), "%s%s%s%s", otp, erts[0] ? ", erts " : "",
             erts, m->jit ? ", JIT" : "");
    if (otp[0] || erts[0])
        html_head_fact(out, "Erlang/OTP", text);
}

static void host_fact(struct buffer *out, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    const char *host = profile_text(p, m->host), *os = profile_text(p, m->os);
    char text[512];
    snprintf(text, sizeof(text), "%s%s%s", host, host[0] && os[0] ? ", " : "",
             os);
    html_head_fact(out, "Host", text);
}

static void command_fact(struct buffer *out, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    const char *command = profile_text(p, m->command);
    char text[512];
    if (m->pid) {
        snprintf(text, sizeof(text), "%s%sOS pid %" PRIu32, command,
                 command[0] ? ", " : "", m->pid);
        command = text;
    }
    html_head_fact(out, "Command", command);
}

static void engine_fact(struct buffer *out, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    const char *engine = profile_text(p, m->engine);
    char text[256];
    snprintf(text, sizeof(text), "%s, %s%s", engine, profile_text(p, m->event),
             !value_is_cpu(p)     ? ""
             : m->kernel_included ? ", with time in the kernel"
                                  : ", without time in the kernel");
    if (engine[0])
        html_head_fact(out, "Engine", text);
}

static void time_facts(struct buffer *out, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    char text[64];
    struct buffer date;
    buffer_init(&date, sizeof(text));
    text_date_add(&date, p);
    buffer_add(&date, "", 1);
    html_head_fact(out, "Recorded", (char *)date.data);
    buffer_deinit(&date);
    if (m->duration_ns) {
        snprintf(text, sizeof(text), "%.2f s",
                 (double)m->duration_ns / NS_PER_S);
        html_head_fact(out, "Duration", text);
    }
}

static void rate_fact(struct buffer *out, const struct profile *p,
                      const struct summary *s)
{
    const struct profile_meta *m = profile_meta(p);
    char text[128];
    if (m->rate_asked)
        snprintf(text, sizeof(text),
                 "%.1f samples per second of CPU time, %" PRIu32 " requested",
                 s->rate_reached, m->rate_asked);
    else
        snprintf(text, sizeof(text), "%.1f samples per second of CPU time",
                 s->rate_reached);
    if (s->cpu_ns)
        html_head_fact(out, "Rate", text);
}

static void value_fact(struct buffer *out, const struct profile *p,
                       const char *label, uint64_t value)
{
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    value_say(&text, p, value);
    buffer_add(&text, "", 1);
    if (text.failed)
        out->failed = true;
    else
        html_head_fact(out, label, (char *)text.data);
    buffer_deinit(&text);
}

static void sample_facts(struct buffer *out, const struct profile *p,
                         const struct summary *s)
{
    char text[160], digits[32];
    uint64_t apart = s->samples - s->counted;
    if (!value_is_samples(p)) {
        value_fact(out, p, value_whole(p), s->samples);
        if (apart)
            value_fact(out, p, "Not in the graph", apart);
        return;
    }
    snprintf(text, sizeof(text), "%s (%.2f s of CPU time)",
             grouped(s->samples, digits), (double)s->cpu_ns / NS_PER_S);
    html_head_fact(out, "Samples", text);
    double share = s->samples ? 100.0 * (double)apart / (double)s->samples : 0;
    snprintf(text, sizeof(text),
             "%s samples, %.1f %%: idle, or not known to be at work",
             grouped(apart, digits), share);
    if (apart)
        html_head_fact(out, "Idle schedulers, not in the graph", text);
}

void html_head_line(struct buffer *out, const struct profile *p,
                    const struct summary *s)
{
    const struct profile_meta *m = profile_meta(p);
    char digits[32];
    if (value_is_samples(p))
        buffer_printf(out, "%s samples", grouped(s->samples, digits));
    else
        value_say(out, p, s->samples);
    if (s->cpu_ns)
        buffer_printf(out, ", %.2f s of CPU time",
                      (double)s->cpu_ns / NS_PER_S);
    if (m->duration_ns)
        buffer_printf(out, " in %.2f s", (double)m->duration_ns / NS_PER_S);
    if (m->rate_asked)
        buffer_printf(out, ", at %" PRIu32 " Hz", m->rate_asked);
    if (profile_text(p, m->otp)[0]) {
        buffer_text(out, ", OTP ");
        html_text_escape(out, profile_text(p, m->otp));
    }
}

/* The largest sampling error of any percentage, and how complete stacks are. */
static void quality_facts(struct buffer *out, const struct profile *p,
                          const struct summary *s)
{
    const struct profile_counters *c = profile_counters(p);
    char text[160], digits[32];
    snprintf(text, sizeof(text),
             "at most \302\261 %.2f in any percentage (95 %% interval)",
             summary_part_error_pct(s, s->counted / 2));
    if (s->counted)
        html_head_fact(out, "Sampling error", text);
    snprintf(text, sizeof(text),
             "%.2f %% of %s samples in Erlang code reach the first function%s",
             summary_pct(c->erlang_leaf_complete, c->erlang_leaf),
             grouped(c->erlang_leaf, digits), text_whole(p));
    if (c->erlang_leaf)
        html_head_fact(out, "Stacks", text);
}

void html_head_facts(struct buffer *out, const struct profile *p,
                     const struct summary *s)
{
    const struct profile_meta *m = profile_meta(p);
    html_head_fact(out, "Node", profile_text(p, m->node));
    otp_fact(out, p);
    command_fact(out, p);
    host_fact(out, p);
    time_facts(out, p);
    sample_facts(out, p, s);
    rate_fact(out, p, s);
    engine_fact(out, p);
    quality_facts(out, p, s);
    html_head_fact(out, "cprof", profile_text(p, m->version));
}

static void counter(struct buffer *out, uint64_t value, const char *text)
{
    if (value == 0)
        return;
    char digits[32];
    buffer_printf(out, "<li><b>%s</b> ", grouped(value, digits));
    html_text_escape(out, text);
    buffer_text(out, "</li>\n");
}

void html_head_counters(struct buffer *out, const struct profile *p)
{
    const struct profile_counters *c = profile_counters(p);
    for (size_t i = 0; i < PROFILE_COUNTER_COUNT; i++)
        if (profile_counter_list[i].doubt)
            counter(out, *profile_counter_of(c, i),
                    profile_counter_list[i].text);
}

static void note(void *to, const char *text, size_t len)
{
    char copy[1024];
    snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
    buffer_text(to, "<li>");
    html_text_escape(to, copy);
    buffer_text(to, "</li>\n");
}

static int say_waits(struct buffer *text, const struct profile *p,
                     const struct summary *s)
{
    struct waits waits;
    int err = waits_find(p, &waits);
    if (!err) {
        const struct waits_cause cause =
            waits_explain(&waits, profile_meta(p)->duration_ns);
        waits_sentence_add(text, p, &waits, &cause, s->by_state[STATE_BLOCKED]);
    }
    waits_deinit(&waits);
    return err;
}

static int say_blocks(struct buffer *text, const struct profile *p)
{
    struct blocks blocks;
    int err = blocks_find(p, &blocks);
    if (!err)
        blocks_sentence_add(text, p, &blocks);
    blocks_deinit(&blocks);
    return err;
}

/* The sentence that a text report has in its head. */
static int say_finding(struct buffer *text, const struct profile *p,
                       const struct summary *s)
{
    if (profile_is_wall(p))
        return say_waits(text, p, s);
    return profile_event(p) == EVENT_BLOCK ? say_blocks(text, p) : 0;
}

int html_head_notes(struct buffer *out, const struct profile *p,
                    const struct summary *s)
{
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    int err = say_finding(&text, p, s);
    if (!err && text.len)
        note(out, (const char *)text.data, text.len);
    out->failed |= text.failed;
    buffer_deinit(&text);
    text_notes_each(p, note, out);
    return err;
}
