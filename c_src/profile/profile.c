#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "profile/rows.h"
#include "profile/tables.h"

struct profile {
    struct tables *t; /* the first event of the recording owns it */
    struct rows rows;
    struct profile_value_type types[PROFILE_MAX_VALUES];
    struct profile_meta meta;
    struct profile_counters counters;
    struct intern members; /* by process row, if it stands for several */
    unsigned also;         /* states that count in addition: 1 << each */
    struct profile *next;  /* another event; each owns the next */
};

struct members {
    uint32_t process;
    uint64_t count;
};

static int create_in(struct tables *t, const struct value_texts *types,
                     size_t n, struct profile **out)
{
    struct profile *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->t = t;
    intern_init(&p->members, sizeof(struct members), sizeof(uint32_t));
    int err = profile_set_values(p, types, n);
    if (err)
        free(p);
    else
        *out = p;
    return err;
}

int profile_create(struct profile **out)
{
    const struct value_texts types[] = {VALUE_SAMPLES, VALUE_CPU};
    struct tables *t = tables_create();
    int err = t ? create_in(t, types, 2, out) : -ENOMEM;
    if (err)
        tables_destroy(t);
    return err;
}

int profile_add_event(struct profile *first, const struct value_texts *types,
                      size_t n, struct profile **out)
{
    struct profile *last = first;
    while (last->next)
        last = last->next;
    int err = create_in(first->t, types, n, &last->next);
    if (!err)
        *out = last->next;
    return err;
}

void profile_destroy(struct profile *p)
{
    if (!p)
        return;
    tables_destroy(p->t);
    for (struct profile *next; p; p = next) {
        next = p->next;
        intern_deinit(&p->members);
        rows_deinit(&p->rows);
        free(p);
    }
}

/* --- building ------------------------------------------------------------ */

int64_t profile_string_n(struct profile *p, const char *text, size_t len)
{
    return texts_intern(&p->t->texts, text, len);
}

int64_t profile_string(struct profile *p, const char *text)
{
    return texts_intern(&p->t->texts, text, strlen(text));
}

/* Interns n texts into ids; 0 or the first error. */
static int intern_texts(struct profile *p, const char *const *texts,
                        uint32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t id = profile_string(p, texts[i]);
        if (id < 0)
            return (int)id;
        ids[i] = (uint32_t)id;
    }
    return 0;
}

int64_t profile_frame(struct profile *p, const struct frame *frame)
{
    const char *const texts[] = {frame->name, frame->module, frame->function,
                                 frame->file};
    uint32_t ids[4];
    int err = intern_texts(p, texts, ids, 4);
    if (err)
        return err;
    const struct profile_function row = {.name = ids[0],
                                         .module = ids[1],
                                         .function = ids[2],
                                         .file = ids[3],
                                         .arity = frame->arity,
                                         .kind = frame->kind,
                                         .most = frame->most};
    int64_t function = functions_add(&p->t->functions, row);
    const struct profile_frame at = {(uint32_t)function, frame->line};
    return function < 0 ? function : intern_row(&p->t->frames, &at);
}

int64_t profile_stack(struct profile *p, uint32_t parent, uint32_t frame)
{
    struct profile_stack row = {.parent = parent, .frame = frame, .depth = 1};
    if (frame >= p->t->frames.len ||
        (parent != PROFILE_NONE && parent >= p->t->stacks.len))
        return -EINVAL;
    if (parent != PROFILE_NONE)
        row.depth = profile_stack_at(p, parent)->depth + 1;
    return intern_row(&p->t->stacks, &row);
}

static int intern_process_texts(struct profile *p,
                                const struct process_texts *texts,
                                struct profile_process *ids)
{
    const char *all[] = {texts->pid,   texts->name,        texts->initial_call,
                         texts->label, texts->application, texts->parent,
                         texts->child};
    enum { TEXTS = sizeof(all) / sizeof(all[0]) };
    uint32_t id[TEXTS] = {0};
    for (size_t i = 0; i < TEXTS; i++)
        all[i] = all[i] ? all[i] : "";
    int err = intern_texts(p, all, id, TEXTS);
    *ids = (struct profile_process){id[0], id[1], id[2], id[3],
                                    id[4], id[5], id[6]};
    return err;
}

int64_t profile_process_of(struct profile *p, const struct process_texts *texts)
{
    struct profile_process seen;
    int err = intern_process_texts(p, texts, &seen);
    return err ? err : processes_add(&p->t->processes, &seen);
}

int64_t profile_process(struct profile *p, const char *pid, const char *name,
                        const char *initial_call, const char *label,
                        const char *application)
{
    const struct process_texts texts = {.pid = pid,
                                        .name = name,
                                        .initial_call = initial_call,
                                        .label = label,
                                        .application = application};
    return profile_process_of(p, &texts);
}

static int describe(struct profile *p, const struct process_texts *texts,
                    bool described)
{
    struct profile_process news;
    int err = intern_process_texts(p, texts, &news);
    return err ? err : processes_describe(&p->t->processes, &news, described);
}

int profile_describe_process(struct profile *p,
                             const struct process_texts *texts)
{
    return describe(p, texts, true);
}

int profile_update_process(struct profile *p, const struct process_texts *texts)
{
    return describe(p, texts, false);
}

int64_t profile_thread(struct profile *p, uint32_t tid, const char *name)
{
    int64_t id = profile_string(p, name);
    if (id < 0)
        return id;
    return intern_row(&p->t->threads,
                      &(struct profile_thread){(uint32_t)id, tid});
}

int64_t profile_span(struct profile *p, uint32_t parent, const char *name)
{
    int64_t text = profile_string(p, name);
    if (text <= 0 || parent >= p->t->spans.len)
        return text < 0 ? text : -EINVAL;
    struct profile_span row = {.parent = parent, .name = (uint32_t)text};
    row.depth = profile_span_at(p, parent)->depth + 1;
    return row.depth > PROFILE_SPAN_DEPTH ? -E_LIMIT
                                          : intern_row(&p->t->spans, &row);
}

int profile_set_members(struct profile *p, uint32_t process, uint64_t n)
{
    if (process >= p->t->processes.rows.len || n == 0)
        return -EINVAL;
    int64_t id = intern_row(&p->members, &(struct members){.process = process});
    if (id < 0)
        return (int)id;
    ((struct members *)p->members.rows)[id].count = n;
    return 0;
}

static bool is_id_of(const struct intern *t, uint32_t id)
{
    return id == PROFILE_NONE || id < t->len;
}

int profile_set_values(struct profile *p, const struct value_texts *types,
                       size_t n)
{
    if (p->rows.keys.len || n == 0 || n > PROFILE_MAX_VALUES)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        const char *const texts[] = {types[i].name, types[i].unit};
        uint32_t ids[2] = {0};
        int err = intern_texts(p, texts, ids, 2);
        if (err)
            return err;
        p->types[i] = (struct profile_value_type){ids[0], ids[1]};
    }
    rows_deinit(&p->rows);
    rows_init(&p->rows, (uint32_t)n);
    return 0;
}

int profile_add(struct profile *p, const struct profile_sample *s,
                const uint64_t *values)
{
    if (!is_id_of(&p->t->stacks, s->stack) ||
        !is_id_of(&p->t->threads, s->thread) ||
        !is_id_of(&p->t->processes.rows, s->process) ||
        s->span >= p->t->spans.len || s->state >= STATE_COUNT)
        return -EINVAL;
    return rows_add(&p->rows, s, values);
}

int profile_double_buckets(struct profile *p)
{
    int err = rows_join_buckets(&p->rows);
    p->meta.bucket_ns *= err ? 1 : 2;
    return err;
}

int profile_begin_at(struct profile *p, uint32_t bucket)
{
    return rows_begin_at(&p->rows, bucket);
}

struct profile_meta *profile_meta_edit(struct profile *p)
{
    return &p->meta;
}

struct profile_counters *profile_counters_edit(struct profile *p)
{
    return &p->counters;
}

/* --- reading ------------------------------------------------------------- */

const char *profile_text(const struct profile *p, uint32_t string)
{
    return p->t->texts.rows[string].at;
}

size_t profile_string_count(const struct profile *p)
{
    return p->t->texts.len;
}

const struct profile *profile_next(const struct profile *p)
{
    return p->next;
}

struct profile *profile_next_edit(struct profile *p)
{
    return p->next;
}

const struct profile_meta *profile_meta(const struct profile *p)
{
    return &p->meta;
}

const struct profile_counters *profile_counters(const struct profile *p)
{
    return &p->counters;
}

#define READERS(one, many)                                                     \
    size_t profile_##one##_count(const struct profile *p)                      \
    {                                                                          \
        return p->t->many.len;                                                 \
    }                                                                          \
    const struct profile_##one *profile_##one##_at(const struct profile *p,    \
                                                   uint32_t id)                \
    {                                                                          \
        return (const struct profile_##one *)p->t->many.rows + id;             \
    }

READERS(function, functions)
READERS(frame, frames)
READERS(stack, stacks)
READERS(thread, threads)
READERS(span, spans)

const struct span_times *profile_span_times(const struct profile *p)
{
    return &p->t->span_times;
}

struct span_times *profile_span_times_edit(struct profile *p)
{
    return &p->t->span_times;
}

uint32_t profile_stack_function(const struct profile *p, uint32_t stack)
{
    return profile_frame_at(p, profile_stack_at(p, stack)->frame)->function;
}

size_t profile_process_count(const struct profile *p)
{
    return p->t->processes.rows.len;
}

const struct profile_process *profile_process_at(const struct profile *p,
                                                 uint32_t id)
{
    return processes_at(&p->t->processes, id);
}

bool profile_is_described(const struct profile *p, uint32_t process)
{
    return processes_is_described(&p->t->processes, process);
}

uint64_t profile_members(const struct profile *p, uint32_t process)
{
    uint32_t id = intern_find(&p->members, &process);
    return id == INDEX_NONE
               ? 1
               : ((const struct members *)p->members.rows)[id].count;
}

size_t profile_sample_count(const struct profile *p)
{
    return p->rows.keys.len;
}

const struct profile_sample *profile_sample_at(const struct profile *p,
                                               size_t i)
{
    return (const struct profile_sample *)p->rows.keys.rows + i;
}

size_t profile_value_count(const struct profile *p)
{
    return p->rows.width;
}

const struct profile_value_type *profile_value_type_at(const struct profile *p,
                                                       size_t i)
{
    return &p->types[i];
}

const uint64_t *profile_values_at(const struct profile *p, size_t i)
{
    return rows_values(&p->rows, i);
}

void profile_count_also(struct profile *p, unsigned states)
{
    p->also |= states;
}

bool profile_counts(const struct profile *p, enum sample_state state)
{
    return state_is_counted(state) || p->also >> state & 1;
}
