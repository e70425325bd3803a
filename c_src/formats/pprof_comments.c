#include "formats/pprof_comments.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/reader.h"

const char *const pprof_comments_labels[PPROF_LABEL_COUNT] = {
#define X(id, text) [PPROF_LABEL_##id] = text,
    PPROF_LABELS(X)
#undef X
};

/* --- writing -------------------------------------------------------------- */

static void end_comment(struct buffer *out)
{
    buffer_add(out, "", 1);
}

/* Where comments are written to, and what comes before their keys. */
struct writing {
    struct buffer *out;
    const char *event, *dot; /* "wall" and "."; "" for the first event */
};

static void write_text(const struct writing *w, const char *key,
                       const char *text)
{
    if (*text == '\0')
        return;
    buffer_printf(w->out, "cprof.%s%s%s=%s", w->event, w->dot, key, text);
    end_comment(w->out);
}

static void write_number(const struct writing *w, const char *key,
                         uint64_t value)
{
    if (value == 0)
        return;
    buffer_printf(w->out, "cprof.%s%s%s=%" PRIu64, w->event, w->dot, key,
                  value);
    end_comment(w->out);
}

void pprof_comments_escape(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        const char *escape = *text == '\\'   ? "\\\\"
                             : *text == '\t' ? "\\t"
                             : *text == '\n' ? "\\n"
                                             : NULL;
        if (escape)
            buffer_text(out, escape);
        else
            buffer_add(out, text, 1);
    }
}

void pprof_comments_functions(const struct profile *p, struct buffer *out)
{
    buffer_text(out, "cprof.functions=");
    for (uint32_t i = 0; i < profile_function_count(p); i++) {
        const struct profile_function *f = profile_function_at(p, i);
        buffer_printf(out, "%s\t%d\t", frame_kind_name(f->kind), f->arity);
        pprof_comments_escape(out, profile_text(p, f->module));
        buffer_text(out, "\t");
        pprof_comments_escape(out, profile_text(p, f->function));
        buffer_text(out, "\t");
        pprof_comments_escape(out, profile_text(p, f->name));
        if (f->most)
            buffer_printf(out, "\t%" PRIu32, f->most);
        buffer_text(out, "\n");
    }
    end_comment(out);
}

static void write_event(const struct writing *w, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    const struct profile_counters *c = profile_counters(p);
#define TEXT(field, key)         write_text(w, #field, profile_text(p, m->field));
#define NUMBER(type, field, key) write_number(w, #field, m->field);
#define FLAG(field, key)         write_number(w, #field, m->field);
    PROFILE_META(TEXT, NUMBER, FLAG)
#undef TEXT
#undef NUMBER
#undef FLAG
#define X(field, kind, text) write_number(w, "counter." #field, c->field);
    PROFILE_COUNTERS(X)
#undef X
}

void pprof_comments_write(const struct profile *p, struct buffer *out)
{
    const struct writing first = {out, "", ""};
    write_number(&first, "recording", 1);
    write_event(&first, p);
    while ((p = profile_next(p))) {
        const struct writing w = {out, event_name(profile_event(p)), "."};
        write_number(&w, "values", profile_value_count(p));
        write_event(&w, p);
    }
}

/* --- reading -------------------------------------------------------------- */

void pprof_comments_init(struct pprof_comments *c)
{
    *c = (struct pprof_comments){0};
    buffer_init(&c->texts, BUFFER_DEFAULT_MAX);
}

void pprof_comments_deinit(struct pprof_comments *c)
{
    free(c->functions);
    buffer_deinit(&c->texts);
    *c = (struct pprof_comments){0};
}

static bool starts_with(const char *text, size_t len, const char *start,
                        size_t *after)
{
    size_t n = strlen(start);
    *after = n;
    return len >= n && memcmp(text, start, n) == 0;
}

static int parse_number(const char *text, size_t len, uint64_t max,
                        uint64_t *value)
{
    uint64_t sum = 0;
    if (len == 0)
        return -E_FORMAT;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' ||
            __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum))
            return -E_FORMAT;
    }
    if (sum > max)
        return -E_FORMAT;
    *value = sum;
    return 0;
}

static int read_text(struct profile *p, const char *text, size_t len,
                     uint32_t *field)
{
    int64_t id = profile_string_n(p, text, len);
    if (id < 0)
        return (int)id;
    *field = (uint32_t)id;
    return 0;
}

/* The character at text[*i], of len, which may be escaped; *i is moved to its
 * end. */
static char unescaped(const char *text, size_t len, size_t *i)
{
    if (text[*i] != '\\' || *i + 1 == len)
        return text[*i];
    char c = text[++*i];
    return c == 't' ? '\t' : c == 'n' ? '\n' : c;
}

void pprof_comments_unescape(struct buffer *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = unescaped(text, len, &i);
        buffer_add(out, &c, 1);
    }
}

/* Unescapes one line into texts, which tabs separate. Returns their number. */
static int unescape(struct buffer *out, const char *at, size_t len,
                    size_t *offsets, int max)
{
    int n = 0;
    offsets[n++] = out->len;
    for (size_t i = 0; i < len; i++) {
        char c = at[i];
        if (c == '\t') {
            if (n == max)
                return -E_FORMAT;
            c = '\0';
            offsets[n++] = out->len + 1;
        } else {
            c = unescaped(at, len, &i);
        }
        buffer_add(out, &c, 1);
    }
    buffer_add(out, "", 1);
    int err = buffer_status(out);
    return err ? err : n;
}

static int read_function(struct pprof_comments *c, const char *line, size_t len)
{
    enum { LEAST = 5, MOST = 6 };
    size_t at[MOST];
    uint64_t most = 0;
    struct pprof_function f;
    int n = unescape(&c->texts, line, len, at, MOST);
    if (n < 0)
        return n;
    if (n < LEAST)
        return -E_FORMAT;
    const char *texts = (char *)c->texts.data;
    char *end;
    long arity = strtol(texts + at[1], &end, 10);
    if (frame_kind_parse(texts + at[0], &f.kind) || *end || arity < INT32_MIN ||
        arity > INT32_MAX)
        return -E_FORMAT;
    const char *last = n == MOST ? texts + at[LEAST] : "0";
    int err = parse_number(last, strlen(last), UINT32_MAX, &most);
    if (err)
        return err;
    f.most = (uint32_t)most;
    f.arity = (int32_t)arity;
    f.module = at[2];
    f.function = at[3];
    f.name = at[4];
    err = ARRAY_RESERVE(c->functions, c->function_cap, c->function_count + 1);
    if (err)
        return err;
    c->functions[c->function_count++] = f;
    return 0;
}

int pprof_comments_read_functions(struct pprof_comments *c, const char *text,
                                  size_t len)
{
    size_t n, line_len;
    const char *line;
    if (!starts_with(text, len, "cprof.functions=", &n))
        return 0;
    struct reader r = reader_of(text + n, len - n);
    while (reader_line(&r, &line, &line_len)) {
        int err = read_function(c, line, line_len);
        if (err)
            return err;
    }
    return 0;
}

/* Keys of a later version are skipped. */
static int read_meta(struct profile *p, const char *text, size_t len)
{
    struct profile_meta *m = profile_meta_edit(p);
    struct profile_counters *c = profile_counters_edit(p);
    size_t n;
    uint64_t value = 0;
    int err;
#define TEXT(field, key)                                                       \
    if (starts_with(text, len, #field "=", &n))                                \
        return read_text(p, text + n, len - n, &m->field);
#define NUMBER(type, field, key)                                               \
    if (starts_with(text, len, #field "=", &n)) {                              \
        err = parse_number(text + n, len - n, (uint64_t)(type)UINT64_MAX,      \
                           &value);                                            \
        m->field = (type)value;                                                \
        return err;                                                            \
    }
#define FLAG(field, key) NUMBER(bool, field, key)
    PROFILE_META(TEXT, NUMBER, FLAG)
#undef TEXT
#undef NUMBER
#undef FLAG
#define X(field, kind, text_)                                                  \
    if (starts_with(text, len, "counter." #field "=", &n))                     \
        return parse_number(text + n, len - n, UINT64_MAX, &c->field);
    PROFILE_COUNTERS(X)
#undef X
    return 0;
}

static struct pprof_event *find_event(struct pprof_comments *c,
                                      enum event event)
{
    for (size_t i = 0; i < c->event_count; i++)
        if (c->events[i].event == event)
            return &c->events[i];
    return NULL;
}

/* A comment of another event than the first: what follows its name. */
static int read_event(struct pprof_comments *c, struct profile *first,
                      enum event event, const char *text, size_t len)
{
    const struct value_texts any = VALUE_SAMPLES;
    struct pprof_event *known = find_event(c, event);
    struct pprof_event *new = &c->events[c->event_count];
    size_t n;
    if (!starts_with(text, len, "values=", &n))
        return known ? read_meta(known->p, text, len) : 0;
    int err = known ? -E_FORMAT
                    : parse_number(text + n, len - n, PROFILE_MAX_VALUES,
                                   &new->values);
    if (!err && new->values == 0)
        err = -E_FORMAT;
    if (!err)
        err = profile_add_event(first, &any, 1, &new->p);
    if (err)
        return err;
    new->event = event;
    c->event_count++;
    return 0;
}

int pprof_comments_read(struct pprof_comments *c, struct profile *p,
                        const char *text, size_t len)
{
    size_t n;
    if (!starts_with(text, len, "cprof.", &n))
        return 0;
    text += n;
    len -= n;
    for (int i = 0; i < EVENT_COUNT; i++) {
        const char *name = event_name((enum event)i);
        if (starts_with(text, len, name, &n) && n < len && text[n] == '.')
            return read_event(c, p, (enum event)i, text + n + 1, len - n - 1);
    }
    if (starts_with(text, len, "recording=", &n)) {
        c->own = true;
        return 0;
    }
    return read_meta(p, text, len);
}

const struct pprof_function *
pprof_comments_function(const struct pprof_comments *c, uint32_t i,
                        const char *name)
{
    if (i >= c->function_count)
        return NULL;
    const struct pprof_function *f = &c->functions[i];
    return strcmp((char *)c->texts.data + f->name, name) == 0 ? f : NULL;
}
