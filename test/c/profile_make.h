/* Profiles for tests: made of short texts, and told apart by one text. */
#ifndef CPROF_PROFILE_MAKE_H
#define CPROF_PROFILE_MAKE_H

#include <stdio.h>

#include "base/buffer.h"
#include "profile/profile.h"
#include "test.h"

static inline uint32_t made(int64_t id)
{
    assert_true(id >= 0);
    return (uint32_t)id;
}

static inline struct profile *make_profile(void)
{
    struct profile *p = NULL;
    assert_int_equal(profile_create(&p), 0);
    return p;
}

/* The stack "a;b;c": erlang frames; "a:7" is line 7 of a. */
static inline uint32_t make_stack(struct profile *p, const char *text)
{
    uint32_t stack = PROFILE_NONE;
    while (*text) {
        char name[256], file[300];
        size_t len = strcspn(text, ";");
        snprintf(name, sizeof(name), "%.*s", (int)len, text);
        text += len + (text[len] == ';');
        char *colon = strrchr(name, ':');
        uint32_t line = colon ? (uint32_t)atoi(colon + 1) : 0;
        if (colon)
            *colon = '\0';
        snprintf(file, sizeof(file), "%s.erl", name);
        struct frame f = {.kind = FRAME_ERLANG,
                          .name = name,
                          .module = "m",
                          .function = name,
                          .arity = 1,
                          .file = file,
                          .line = line};
        stack = made(profile_stack(p, stack, made(profile_frame(p, &f))));
    }
    return stack;
}

/* The stack "E m:f/1;B erlang:phash2/1;C hash": frames of the kind that the
 * letter says, the module of Erlang and Elixir ones is what their name begins
 * with. */
static inline uint32_t make_frames(struct profile *p, const char *text)
{
    static const char letters[] = "EXBNCGRK"; /* as enum frame_kind */
    uint32_t stack = PROFILE_NONE;
    while (*text) {
        char name[256], module[256] = "";
        size_t len = strcspn(text, ";");
        snprintf(name, sizeof(name), "%.*s", (int)len - 2, text + 2);
        const char *letter = strchr(letters, text[0]);
        assert_non_null(letter);
        const char *end = strpbrk(name, text[0] == 'X' ? "." : ":");
        if (end && (text[0] == 'E' || text[0] == 'X'))
            snprintf(module, sizeof(module), "%s%.*s",
                     text[0] == 'X' ? "Elixir." : "", (int)(end - name), name);
        struct frame f = {.kind = (enum frame_kind)(letter - letters),
                          .name = name,
                          .module = module,
                          .function = name,
                          .arity = FRAME_NO_ARITY,
                          .file = ""};
        stack = made(profile_stack(p, stack, made(profile_frame(p, &f))));
        text += len + (text[len] == ';');
    }
    return stack;
}

static inline void make_sample(struct profile *p, uint32_t stack,
                               uint32_t process, enum sample_state state,
                               uint64_t count)
{
    struct profile_sample s = {.stack = stack,
                               .process = process,
                               .thread = PROFILE_NONE,
                               .state = state};
    const uint64_t values[] = {count, count * 1000};
    assert_int_equal(profile_add(p, &s, values), 0);
}

/* The span "a>b": b within a. */
static inline uint32_t make_span(struct profile *p, const char *path)
{
    uint32_t span = 0;
    while (*path) {
        char name[256];
        size_t len = strcspn(path, ">");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        path += len + (path[len] == '>');
        span = made(profile_span(p, span, name));
    }
    return span;
}

static inline void make_in_span(struct profile *p, const char *span,
                                const char *stack, enum sample_state state,
                                uint64_t count)
{
    struct profile_sample s = {.stack = make_frames(p, stack),
                               .process = PROFILE_NONE,
                               .thread = PROFILE_NONE,
                               .state = state,
                               .span = make_span(p, span)};
    const uint64_t values[PROFILE_MAX_VALUES] = {count, count * 1000, 1};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static inline void make_samples(struct profile *p, const char *stack,
                                uint64_t count)
{
    make_sample(p, make_stack(p, stack), PROFILE_NONE, STATE_RUNNING, count);
}

/* Another value for all that can be known of a recording, each counter and
 * two notes. */
static inline void make_all_meta(struct profile *p)
{
    struct profile_meta *m = profile_meta_edit(p);
    uint64_t value = UINT64_MAX;
#define TEXT(field, key)                                                       \
    m->field = made(profile_string(p, #field "=\n\t\\ \xe2\x82\xac"));
#define NUMBER(type, field, key) m->field = (type)value--;
#define FLAG(field, key)         m->field = true;
    PROFILE_META(TEXT, NUMBER, FLAG)
#undef TEXT
#undef NUMBER
#undef FLAG
#define X(name, kind, text) profile_counters_edit(p)->name = value--;
    PROFILE_COUNTERS(X)
#undef X
    m->notes = 0;
    assert_int_equal(profile_note(p, "one note"), 0);
    assert_int_equal(profile_note(p, "another: cprof.pid=3"), 0);
}

/* --- the whole profile as text, without its ids --------------------------- */

static inline void dump_stack(struct buffer *b, const struct profile *p,
                              uint32_t stack)
{
    for (; stack != PROFILE_NONE; stack = profile_stack_at(p, stack)->parent) {
        const struct profile_stack *s = profile_stack_at(p, stack);
        const struct profile_frame *f = profile_frame_at(p, s->frame);
        const struct profile_function *fn = profile_function_at(p, f->function);
        buffer_printf(b, "{%s|%s|%s|%d|%d|%s|%u|%u}", profile_text(p, fn->name),
                      profile_text(p, fn->module),
                      profile_text(p, fn->function), fn->arity, fn->kind,
                      profile_text(p, fn->file), f->line, s->depth);
    }
}

static inline void dump_row(struct buffer *b, const struct profile *p, size_t i)
{
    const struct profile_sample *s = profile_sample_at(p, i);
    dump_stack(b, p, s->stack);
    if (s->process != PROFILE_NONE) {
        const struct profile_process *q = profile_process_at(p, s->process);
        buffer_printf(
            b, " process %s|%s|%s|%s|%s|%s|%s", profile_text(p, q->pid),
            profile_text(p, q->name), profile_text(p, q->initial_call),
            profile_text(p, q->label), profile_text(p, q->application),
            profile_text(p, q->parent), profile_text(p, q->child));
        buffer_printf(b, " x%llu",
                      (unsigned long long)profile_members(p, s->process));
    }
    if (s->thread != PROFILE_NONE) {
        const struct profile_thread *t = profile_thread_at(p, s->thread);
        buffer_printf(b, " thread %u|%s", t->tid, profile_text(p, t->name));
    }
    for (uint32_t span = s->span; span; span = profile_span_at(p, span)->parent)
        buffer_printf(b, " in %s",
                      profile_text(p, profile_span_at(p, span)->name));
    buffer_printf(b, " %s %u", state_name(s->state), s->bucket);
    for (size_t v = 0; v < profile_value_count(p); v++)
        buffer_printf(b, " %llu",
                      (unsigned long long)profile_values_at(p, i)[v]);
}

static inline int dump_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void dump_meta(struct buffer *b, const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    const struct profile_counters *c = profile_counters(p);
#define TEXT(field, key)                                                       \
    buffer_printf(b, #field " %s\n", profile_text(p, m->field));
#define NUMBER(type, field, key)                                               \
    buffer_printf(b, #field " %llu\n", (unsigned long long)m->field);
#define FLAG(field, key) NUMBER(bool, field, key)
    PROFILE_META(TEXT, NUMBER, FLAG)
#undef TEXT
#undef NUMBER
#undef FLAG
#define X(name, kind, text)                                                    \
    buffer_printf(b, "%llu ", (unsigned long long)c->name);
    PROFILE_COUNTERS(X)
#undef X
    for (size_t i = 0; i < profile_value_count(p); i++)
        buffer_printf(b, "%s/%s ",
                      profile_text(p, profile_value_type_at(p, i)->name),
                      profile_text(p, profile_value_type_at(p, i)->unit));
    buffer_text(b, "\n");
}

/* To be freed. Two profiles are equal when their dumps are. */
static inline char *dump_profile(const struct profile *p)
{
    size_t n = profile_sample_count(p);
    char **rows = calloc(n + 1, sizeof(*rows));
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    for (size_t i = 0; i < n; i++) {
        buffer_clear(&b);
        dump_row(&b, p, i);
        rows[i] = strndup((char *)b.data, b.len);
    }
    qsort(rows, n, sizeof(*rows), dump_order);
    buffer_clear(&b);
    dump_meta(&b, p);
    for (size_t i = 0; i < n; i++) {
        buffer_printf(&b, "%s\n", rows[i]);
        free(rows[i]);
    }
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    free(rows);
    return (char *)b.data;
}

#endif
