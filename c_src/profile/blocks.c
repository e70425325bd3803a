#include "profile/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/intern.h"
#include "profile/innermost.h"
#include "profile/platform.h"
#include "profile/thread_names.h"

struct work {
    const struct profile *p;
    uint32_t *owner, *called, *site; /* by stack */
    uint32_t times;                  /* the value type */
    struct intern rows; /* struct blocks_row; the key is up to state */
};

/* --- the key -------------------------------------------------------------- */

static bool is_erlang(const struct profile *p, uint32_t function)
{
    enum frame_kind kind = profile_function_at(p, function)->kind;
    return kind == FRAME_ERLANG || kind == FRAME_ELIXIR;
}

static bool is_native(const struct profile *p, uint32_t function)
{
    enum frame_kind kind = profile_function_at(p, function)->kind;
    return kind == FRAME_BIF || kind == FRAME_NIF;
}

static uint32_t *innermost_of(const struct profile *p,
                              bool (*is)(const struct profile *p,
                                         uint32_t function))
{
    size_t n = profile_function_count(p);
    bool *fits = calloc(n + 1, sizeof(*fits));
    for (uint32_t i = 0; fits && i < n; i++)
        fits[i] = is(p, i);
    uint32_t *found = fits ? innermost_find(p, fits) : NULL;
    free(fits);
    return found;
}

static uint32_t root_of(const struct profile *p, uint32_t stack)
{
    while (profile_stack_at(p, stack)->parent != PROFILE_NONE)
        stack = profile_stack_at(p, stack)->parent;
    return innermost_frame(p, stack);
}

static struct blocks_row key_of(const struct work *w,
                                const struct profile_sample *s)
{
    struct blocks_row row = {.function = PROFILE_NONE,
                             .called = PROFILE_NONE,
                             .site = PROFILE_NONE,
                             .leaf = PROFILE_NONE,
                             .state = (uint32_t)s->state};
    if (s->stack == PROFILE_NONE)
        return row;
    row.leaf = innermost_frame(w->p, s->stack);
    row.function = w->owner[s->stack];
    row.site = w->site[s->stack];
    if (row.function == PROFILE_NONE)
        row.function = root_of(w->p, s->stack);
    else
        row.called = w->called[s->stack];
    return row;
}

/* --- rows ----------------------------------------------------------------- */

static int add(struct work *w, size_t i, struct blocks *out)
{
    const struct profile_sample *s = profile_sample_at(w->p, i);
    uint64_t ns = profile_weight(w->p, i);
    uint64_t times = profile_value(w->p, i, w->times);
    if (s->state == STATE_NO_CPU) {
        add_capped(&out->no_cpu_ns, ns);
        return 0;
    }
    struct blocks_row key = key_of(w, s);
    int64_t id = intern_row(&w->rows, &key);
    if (id < 0)
        return -ENOMEM;
    struct blocks_row *row = (struct blocks_row *)w->rows.rows + id;
    const char *thread =
        s->thread == PROFILE_NONE
            ? ""
            : profile_text(w->p, profile_thread_at(w->p, s->thread)->name);
    uint64_t normal = thread_names_scheduler(thread) ? ns : 0;
    add_capped(&row->ns, ns);
    add_capped(&row->times, times);
    add_capped(&row->normal_ns, normal);
    add_capped(&out->ns, ns);
    add_capped(&out->times, times);
    add_capped(&out->normal_ns, normal);
    return 0;
}

static int by_ns(const void *a, const void *b, void *profile)
{
    const struct blocks_row *x = a, *y = b;
    const struct profile *p = profile;
    if (x->ns != y->ns)
        return x->ns > y->ns ? -1 : 1;
    if (x->function != y->function && x->function != PROFILE_NONE &&
        y->function != PROFILE_NONE)
        return strcmp(
            profile_text(p, profile_function_at(p, x->function)->name),
            profile_text(p, profile_function_at(p, y->function)->name));
    return x->leaf < y->leaf ? -1 : x->leaf > y->leaf;
}

static int keep(struct work *w, struct blocks *out)
{
    size_t bytes = w->rows.len * sizeof(*out->rows);
    out->rows = malloc(bytes + 1);
    if (!out->rows)
        return -ENOMEM;
    out->count = w->rows.len;
    if (bytes)
        memcpy(out->rows, w->rows.rows, bytes);
    qsort_r(out->rows, out->count, sizeof(*out->rows), by_ns, (void *)w->p);
    return 0;
}

int blocks_find(const struct profile *p, struct blocks *out)
{
    *out = (struct blocks){.rows = NULL};
    if (profile_event(p) != EVENT_BLOCK)
        return 0;
    struct work w = {.p = p,
                     .owner = innermost_of(p, is_erlang),
                     .called = innermost_of(p, is_native),
                     .site = innermost_of(p, platform_is_application),
                     .times = profile_find_value(p, VALUE_TIMES)};
    intern_init(&w.rows, sizeof(struct blocks_row),
                offsetof(struct blocks_row, ns));
    int err = w.owner && w.called && w.site ? 0 : -ENOMEM;
    for (size_t i = 0; i < profile_sample_count(p) && !err; i++)
        err = add(&w, i, out);
    if (!err)
        err = keep(&w, out);
    intern_deinit(&w.rows);
    free(w.owner);
    free(w.called);
    free(w.site);
    return err;
}

void blocks_deinit(struct blocks *b)
{
    free(b->rows);
    *b = (struct blocks){.rows = NULL};
}

uint32_t blocks_reached_from(const struct blocks_row *row)
{
    return row->site == row->function ? PROFILE_NONE : row->site;
}
