/* The tables of profile.h: meta, counters and value types. */
#include "profile/profile.h"

#include <string.h>

#include "base/add.h"
#include "base/buffer.h"
#include "base/utf8.h"

const struct profile_meta_keys profile_meta_keys = {
#define TEXT(field, key)         .field = key,
#define NUMBER(type, field, key) .field = key,
    PROFILE_META(TEXT, NUMBER, TEXT)
#undef TEXT
#undef NUMBER
};

enum { FACT, DOUBT };

const struct profile_counter profile_counter_list[PROFILE_COUNTER_COUNT] = {
#define X(name, kind, text) {#name, text, kind == DOUBT},
    PROFILE_COUNTERS(X)
#undef X
};

const uint64_t *profile_counter_of(const struct profile_counters *c, size_t i)
{
    static const size_t offsets[PROFILE_COUNTER_COUNT] = {
#define X(name, kind, text) offsetof(struct profile_counters, name),
        PROFILE_COUNTERS(X)
#undef X
    };
    return (const uint64_t *)((const char *)c + offsets[i]);
}

void profile_add_counters(struct profile *p, const struct profile *from)
{
    struct profile_counters *sum = profile_counters_edit(p);
    const struct profile_counters *c = profile_counters(from);
#define X(name, kind, text) add_capped(&sum->name, c->name);
    PROFILE_COUNTERS(X)
#undef X
}

static int copy_text(struct profile *p, const struct profile *from,
                     uint32_t *string)
{
    int64_t id = profile_string(p, profile_text(from, *string));
    if (id < 0)
        return (int)id;
    *string = (uint32_t)id;
    return 0;
}

int profile_copy_meta(struct profile *p, const struct profile *from)
{
    struct profile_meta meta = *profile_meta(from);
    int err = 0;
#define TEXT(field, key)                                                       \
    if (!err)                                                                  \
        err = copy_text(p, from, &meta.field);
#define OTHER(...)
    PROFILE_META(TEXT, OTHER, OTHER)
#undef TEXT
#undef OTHER
    if (!err)
        *profile_meta_edit(p) = meta;
    return err;
}

/* --- notes ---------------------------------------------------------------- */

/* Does the text contain this line? */
static bool has_line(const char *text, const char *line, size_t len)
{
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, line, len) == 0 && (at[len] == '\n' || !at[len]))
            return true;
    }
    return false;
}

static int add_line(struct profile *p, const char *line)
{
    const char *notes = profile_text(p, profile_meta(p)->notes);
    if (*line == '\0' || has_line(notes, line, strlen(line)))
        return 0;
    struct buffer joined;
    buffer_init(&joined, BUFFER_DEFAULT_MAX);
    buffer_printf(&joined, "%s%s%s", notes, *notes ? "\n" : "", line);
    int64_t id = buffer_status(&joined);
    if (!id)
        id = profile_string_n(p, (char *)joined.data, joined.len);
    buffer_deinit(&joined);
    if (id < 0)
        return (int)id;
    profile_meta_edit(p)->notes = (uint32_t)id;
    return 0;
}

/* Notes quote names, and a name with a line break must not become two notes. */
int profile_note(struct profile *p, const char *line)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, line, strlen(line));
    buffer_add(&shown, "", 1);
    int err = buffer_status(&shown);
    if (!err)
        err = add_line(p, (const char *)shown.data);
    buffer_deinit(&shown);
    return err;
}

/* --- values --------------------------------------------------------------- */

static struct value_texts texts_of(const struct profile *p, size_t i)
{
    const struct profile_value_type *type = profile_value_type_at(p, i);
    return (struct value_texts){profile_text(p, type->name),
                                profile_text(p, type->unit)};
}

static bool is_same(struct value_texts a, struct value_texts b)
{
    return strcmp(a.name, b.name) == 0 && strcmp(a.unit, b.unit) == 0;
}

int profile_copy_values(struct profile *p, const struct profile *from)
{
    struct value_texts types[PROFILE_MAX_VALUES];
    size_t n = profile_value_count(from);
    for (size_t i = 0; i < n; i++)
        types[i] = texts_of(from, i);
    return profile_set_values(p, types, n);
}

bool profile_same_values(const struct profile *a, const struct profile *b)
{
    size_t n = profile_value_count(a);
    bool same = n == profile_value_count(b);
    for (size_t i = 0; same && i < n; i++)
        same = is_same(texts_of(a, i), texts_of(b, i));
    return same;
}

size_t profile_function_values(const struct profile *p)
{
    size_t n = profile_value_count(p);
    enum event event = profile_event(p);
    size_t most = event == EVENT_COUNT ? n : event_function_values(event);
    return most < n ? most : n;
}

uint32_t profile_find_value(const struct profile *p, struct value_texts type)
{
    for (size_t i = 0; i < profile_value_count(p); i++)
        if (is_same(texts_of(p, i), type))
            return (uint32_t)i;
    return PROFILE_NONE;
}

uint64_t profile_value(const struct profile *p, size_t i, uint32_t type)
{
    return type == PROFILE_NONE ? 0 : profile_values_at(p, i)[type];
}

uint64_t profile_weight(const struct profile *p, size_t i)
{
    return profile_values_at(p, i)[0];
}

unsigned profile_counted(const struct profile *p)
{
    unsigned states = 0;
    for (int i = 0; i < STATE_COUNT; i++)
        if (profile_counts(p, (enum sample_state)i))
            states |= 1u << i;
    return states;
}

/* --- events --------------------------------------------------------------- */

enum event profile_event(const struct profile *p)
{
    size_t n;
    for (enum event event = EVENT_CPU + 1; event < EVENT_COUNT; event++)
        if (profile_find_value(p, event_values(event, &n)[0]) == 0)
            return event;
    uint32_t cpu = profile_find_value(p, VALUE_CPU);
    bool samples = profile_find_value(p, VALUE_SAMPLES) == 0;
    return cpu == 0 || (samples && cpu != PROFILE_NONE) ? EVENT_CPU
                                                        : EVENT_COUNT;
}

unsigned profile_events(const struct profile *p)
{
    unsigned events = 0;
    for (; p; p = profile_next(p))
        if (profile_event(p) != EVENT_COUNT)
            events |= EVENT_SET(profile_event(p));
    return events;
}

bool profile_is_alloc(const struct profile *p)
{
    return profile_find_value(p, VALUE_HEAP) == 0 &&
           profile_counters(p)->effective > 0;
}

uint64_t profile_equal_samples(const struct profile *p, uint64_t n)
{
    const struct profile_counters *c = profile_counters(p);
    return profile_is_alloc(p) && c->samples > c->effective
               ? (uint64_t)((double)n * (double)c->effective /
                            (double)c->samples)
               : n;
}
