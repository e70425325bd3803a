#include "formats/pprof_spans.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/reader.h"
#include "formats/pprof_comments.h"
#include "profile/span_times.h"

#define START "cprof.spans="

/* --- writing -------------------------------------------------------------- */

/* The durations in the order of the spans; to be freed. */
static struct span_duration *sorted(const struct span_times *t)
{
    size_t size = t->durations.len * sizeof(struct span_duration);
    struct span_duration *list = malloc(size + 1);
    if (list && size) {
        memcpy(list, t->durations.rows, size);
        qsort(list, t->durations.len, sizeof(*list), span_times_compare);
    }
    return list;
}

static void write_span(const struct profile *p, uint32_t id,
                       const struct span_duration **at,
                       const struct span_duration *end, struct buffer *out)
{
    const struct profile_span *s = profile_span_at(p, id);
    struct span_total t = span_times_of(profile_span_times(p), id);
    const char *between = "";
    buffer_printf(out, "%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t",
                  s->parent, t.ended, t.ns, t.cut);
    for (; *at < end && (*at)->span == id; (*at)++, between = ",")
        buffer_printf(out, "%s%" PRIu32 ":%" PRIu64, between, (*at)->bucket,
                      (*at)->count);
    buffer_text(out, "\t");
    pprof_comments_escape(out, profile_text(p, s->name));
    buffer_text(out, "\n");
}

int pprof_spans_write(const struct profile *p, struct buffer *out)
{
    if (profile_span_count(p) == 1)
        return 0;
    const struct span_times *t = profile_span_times(p);
    struct span_duration *durations = sorted(t);
    if (!durations)
        return -ENOMEM;
    const struct span_duration *at = durations;
    buffer_text(out, START);
    for (uint32_t i = 1; i < profile_span_count(p); i++)
        write_span(p, i, &at, durations + t->durations.len, out);
    buffer_add(out, "", 1);
    free(durations);
    return buffer_status(out);
}

/* --- reading -------------------------------------------------------------- */

/* A line that is read from its start to its end. */
struct line {
    const char *at, *end;
    bool bad;
};

static uint64_t number(struct line *l, uint64_t most)
{
    uint64_t sum = 0;
    const char *from = l->at;
    for (; l->at < l->end && *l->at >= '0' && *l->at <= '9'; l->at++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*l->at - '0'), &sum))
            l->bad = true;
    l->bad |= l->at == from || sum > most;
    return l->bad ? 0 : sum;
}

static bool next_is(struct line *l, char c)
{
    bool is = !l->bad && l->at < l->end && *l->at == c;
    l->at += is;
    return is;
}

static void expect(struct line *l, char c)
{
    l->bad |= !next_is(l, c);
}

static int read_durations(struct line *l, struct span_times *t, uint32_t span)
{
    int err = 0;
    if (next_is(l, '\t'))
        return 0;
    do {
        uint32_t bucket = (uint32_t)number(l, SPAN_BUCKETS - 1);
        expect(l, ':');
        uint64_t count = number(l, UINT64_MAX);
        if (!l->bad)
            err = span_times_add_durations(t, span, bucket, count);
    } while (!err && next_is(l, ','));
    expect(l, '\t');
    return err;
}

/* What is before the durations, and the name behind them, are read first: the
 * name makes the span. */
static int64_t read_name(struct profile *p, uint32_t parent,
                         const struct line *l)
{
    const char *tab = memchr(l->at, '\t', (size_t)(l->end - l->at));
    struct buffer name;
    if (!tab)
        return -E_FORMAT;
    buffer_init(&name, BUFFER_DEFAULT_MAX);
    pprof_comments_unescape(&name, tab + 1, (size_t)(l->end - tab - 1));
    buffer_add(&name, "", 1);
    int64_t id = buffer_status(&name)
                     ? -E_LIMIT
                     : profile_span(p, parent, (const char *)name.data);
    buffer_deinit(&name);
    return id == -EINVAL ? -E_FORMAT : id;
}

/* The n-th span gets the id n. */
static int read_span(struct profile *p, const char *text, size_t len)
{
    struct line l = {.at = text, .end = text + len};
    uint32_t next = (uint32_t)profile_span_count(p);
    uint32_t parent = (uint32_t)number(&l, next - 1);
    expect(&l, '\t');
    struct span_total t = {.span = next, .ended = number(&l, UINT64_MAX)};
    expect(&l, '\t');
    t.ns = number(&l, UINT64_MAX);
    expect(&l, '\t');
    t.cut = number(&l, UINT64_MAX);
    expect(&l, '\t');
    int64_t id = l.bad ? -E_FORMAT : read_name(p, parent, &l);
    if (id < 0)
        return (int)id;
    if (id != next)
        return -E_FORMAT;
    int err = span_times_add(profile_span_times_edit(p), &t);
    if (!err)
        err = read_durations(&l, profile_span_times_edit(p), next);
    return err ? err : l.bad ? -E_FORMAT : 0;
}

int pprof_spans_read(struct profile *p, const char *text, size_t len)
{
    const size_t start = sizeof(START) - 1;
    const char *line;
    size_t line_len;
    int err = 0;
    if (len < start || memcmp(text, START, start) != 0)
        return 0;
    struct reader r = reader_of(text + start, len - start);
    while (!err && reader_line(&r, &line, &line_len))
        err = read_span(p, line, line_len);
    return err;
}
