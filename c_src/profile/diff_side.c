#include "profile/diff_side.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/add.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/utf8.h"

static void add_figures(struct diff_side *side, const struct profile *p)
{
    uint32_t cpu = profile_find_value(p, VALUE_CPU);
    add_capped(&side->duration_ns, profile_meta(p)->duration_ns);
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        uint64_t weight = profile_weight(p, i);
        add_capped(&side->samples, weight);
        add_capped(&side->cpu_ns, profile_value(p, i, cpu));
        enum sample_state state = profile_sample_at(p, i)->state;
        if (profile_counts(p, state))
            add_capped(&side->counted, weight);
        if (state == STATE_SCHEDULER)
            add_capped(&side->untold, weight);
    }
}

/* --- texts ---------------------------------------------------------------- */

/* Frees `text` after interning it, so that *out lives as long as the profile.
 */
static int keep(struct profile *strings, struct buffer *text, const char **out)
{
    int64_t id = buffer_status(text);
    if (!id && text->len > 0)
        id = profile_string_n(strings, (const char *)text->data, text->len);
    buffer_deinit(text);
    if (id < 0)
        return (int)id;
    *out = profile_text(strings, (uint32_t)id);
    return 0;
}

enum { MAX_JOINED = 3 };

/* Joins the distinct texts of the recordings. */
static int join(const char *const *texts, size_t count, struct profile *strings,
                const char **out)
{
    struct buffer all;
    size_t shown = 0;
    buffer_init(&all, BUFFER_DEFAULT_MAX);
    for (size_t i = 0; i < count && shown < MAX_JOINED; i++) {
        bool known = false;
        for (size_t j = 0; j < i && !known; j++)
            known = strcmp(texts[i], texts[j]) == 0;
        if (known || *texts[i] == '\0')
            continue;
        if (++shown == MAX_JOINED)
            buffer_text(&all, ", \xe2\x80\xa6");
        else
            buffer_printf(&all, "%s%s", all.len ? ", " : "", texts[i]);
    }
    return keep(strings, &all, out);
}

static const char *meta_text(const struct profile *p, size_t offset)
{
    uint32_t id;
    memcpy(&id, (const char *)profile_meta(p) + offset, sizeof(id));
    return profile_text(p, id);
}

static int join_meta(const struct profile *const *recordings, size_t count,
                     size_t offset, struct profile *strings, const char **out)
{
    enum { MOST = 64 };
    const char *texts[MOST];
    size_t n = count < MOST ? count : MOST;
    for (size_t i = 0; i < n; i++)
        texts[i] = meta_text(recordings[i], offset);
    return join(texts, n, strings, out);
}

/* When the first recording was made. */
static int tell_start(const struct profile *first, struct profile *strings,
                      const char **out)
{
    time_t at = (time_t)(profile_meta(first)->started_unix_ns / NS_PER_S);
    struct tm tm;
    char text[32] = "";
    if (at && gmtime_r(&at, &tm))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    buffer_text(&b, text);
    return keep(strings, &b, out);
}

int diff_side_describe(const struct profile *const *recordings, size_t count,
                       struct profile *strings, struct diff_side *out)
{
    struct diff_side side = {.recordings = count};
    int err = tell_start(recordings[0], strings, &side.started);
#define X(field)                                                               \
    if (!err)                                                                  \
        err =                                                                  \
            join_meta(recordings, count, offsetof(struct profile_meta, field), \
                      strings, &side.field);
    DIFF_SIDE_TEXTS(X)
#undef X
    side.rate_asked = profile_meta(recordings[0])->rate_asked;
    for (size_t i = 0; i < count; i++)
        add_figures(&side, recordings[i]);
    if (!err)
        *out = side;
    return err;
}

/* --- what differs --------------------------------------------------------- */

static void say(struct buffer *out, const char *what, const char *base,
                const char *now, const char *so)
{
    if (strcmp(base, now) == 0 || *base == '\0' || *now == '\0')
        return;
    buffer_printf(out, "%s%s: ", out->len ? "\n" : "", what);
    utf8_show(out, base, strlen(base));
    buffer_text(out, " before, ");
    utf8_show(out, now, strlen(now));
    buffer_printf(out, " now; %s", so);
}

static int note_lines(struct profile *strings, const char *lines)
{
    int err = 0;
    while (!err && *lines) {
        size_t len = strcspn(lines, "\n");
        char line[512];
        snprintf(line, sizeof(line), "%.*s", (int)len, lines);
        err = profile_note(strings, line);
        lines += len + (lines[len] == '\n');
    }
    return err;
}

static double untold_pct(const struct diff_side *s)
{
    return s->samples ? 100.0 * (double)s->untold / (double)s->samples : 0;
}

/* If one side counts what schedulers do outside processes, but the other cannot
 * distinguish it from idling, the work of ports looks new or gone. */
static void warn_of_states(struct buffer *out, const struct diff_side *base,
                           const struct diff_side *now)
{
    enum { POINTS = 2 };
    char texts[2][40];
    double before = untold_pct(base), later = untold_pct(now);
    if (fabs(before - later) < POINTS)
        return;
    snprintf(texts[0], sizeof(texts[0]), "%.1f %%", before);
    snprintf(texts[1], sizeof(texts[1]), "%.1f %%", later);
    say(out, "samples of schedulers that may be work or idling", texts[0],
        texts[1],
        "ports and scheduling may look new or gone; record both with the same "
        "engine and version");
}

int diff_side_compare(const struct diff_side *base, const struct diff_side *now,
                      struct profile *strings, const char **out)
{
    struct buffer lines;
    char rates[2][24];
    buffer_init(&lines, BUFFER_DEFAULT_MAX);
    snprintf(rates[0], sizeof(rates[0]), "%u Hz", base->rate_asked);
    snprintf(rates[1], sizeof(rates[1]), "%u Hz", now->rate_asked);
    say(&lines, "different engines", base->engine, now->engine,
        "they see C code and the kernel differently; record both with the same "
        "engine");
    say(&lines, "different events", base->event, now->event,
        "their shares count different things; record both with the same event");
    say(&lines, "different OTP releases", base->otp, now->otp,
        "changes may come from the VM, not from the code");
    say(&lines, "different hosts", base->host, now->host,
        "changes may come from the machine, not from the code");
    if (base->rate_asked && now->rate_asked)
        say(&lines, "different rates", rates[0], rates[1],
            "shares can be compared; the lower rate limits how certain they "
            "are");
    warn_of_states(&lines, base, now);
    int err = keep(strings, &lines, out);
    return err ? err : note_lines(strings, *out);
}
