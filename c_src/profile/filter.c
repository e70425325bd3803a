#include "profile/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/minus.h"
#include "profile/filter_rows.h"
#include "profile/filter_spans.h"
#include "profile/process_copy.h"

/* One event of the recording. */
struct part {
    const struct profile *from;
    struct profile *to;
    bool *rows; /* is it kept? */
};

struct filtering {
    const struct profile *from; /* the first event */
    struct part parts[EVENT_COUNT];
    size_t count;
    struct profile *to; /* of the first part; owns the others */
    bool *stacks;       /* is it kept? */
    bool *spans;        /* has a kept row it? */
    bool whole;         /* every row of the chosen events is kept */
    uint32_t *new_frames, *new_stacks, *new_spans;
};

/* Every element is PROFILE_NONE. */
static uint32_t *new_ids(size_t n)
{
    uint32_t *ids = malloc((n + 1) * sizeof(*ids));
    if (ids)
        memset(ids, 0xff, (n + 1) * sizeof(*ids));
    return ids;
}

static int add_part(struct filtering *f, const struct profile *p,
                    const struct filter *filter)
{
    struct part *part = &f->parts[f->count++];
    part->from = p;
    part->rows = calloc(profile_sample_count(p) + 1, sizeof(*part->rows));
    return part->rows ? filter_rows_choose(p, filter, part->rows) : -ENOMEM;
}

static bool is_asked(const struct filter *filter, const struct profile *p)
{
    return !filter->events || (profile_event(p) != EVENT_COUNT &&
                               filter->events & EVENT_SET(profile_event(p)));
}

static int choose_rows(struct filtering *f, const struct filter *filter)
{
    int err = 0;
    for (const struct profile *p = f->from; p && !err; p = profile_next(p))
        if (is_asked(filter, p))
            err = f->count < EVENT_COUNT ? add_part(f, p, filter) : -E_LIMIT;
    return err || f->count ? err : -E_NO_EVENT;
}

static int filtering_init(struct filtering *f)
{
    const struct profile *p = f->from;
    f->stacks = calloc(profile_stack_count(p) + 1, sizeof(*f->stacks));
    f->new_frames = new_ids(profile_frame_count(p));
    f->new_stacks = new_ids(profile_stack_count(p));
    f->spans = calloc(profile_span_count(p), sizeof(*f->spans));
    f->new_spans = calloc(profile_span_count(p), sizeof(*f->new_spans));
    if (!f->stacks || !f->new_frames || !f->new_stacks || !f->spans ||
        !f->new_spans)
        return -ENOMEM;
    return profile_create(&f->to);
}

static void filtering_deinit(struct filtering *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->parts[i].rows);
    free(f->stacks);
    free(f->new_frames);
    free(f->new_stacks);
    free(f->spans);
    free(f->new_spans);
    profile_destroy(f->to);
}

static void choose_ends(struct filtering *f, const struct part *part)
{
    for (size_t i = 0; i < profile_sample_count(part->from); i++) {
        const struct profile_sample *s = profile_sample_at(part->from, i);
        if (part->rows[i] && s->stack != PROFILE_NONE)
            f->stacks[s->stack] = true;
        f->spans[s->span] |= part->rows[i];
    }
}

/* The stacks of the kept rows, with all their callers. */
static void choose_stacks(struct filtering *f)
{
    for (size_t i = 0; i < f->count; i++)
        choose_ends(f, &f->parts[i]);
    for (size_t i = profile_stack_count(f->from); i-- > 0;) {
        uint32_t parent = profile_stack_at(f->from, (uint32_t)i)->parent;
        if (f->stacks[i] && parent != PROFILE_NONE)
            f->stacks[parent] = true;
    }
}

/* --- copies --------------------------------------------------------------- */

/* A part of the time has averages and rates over that part. Its buckets are
 * kept whole. How much CPU time the node used meanwhile is not known. */
static void cut_time(const struct part *f, const struct filter *filter)
{
    struct profile_meta *m = profile_meta_edit(f->to);
    struct profile_counters *c = profile_counters_edit(f->to);
    uint64_t bucket = m->bucket_ns, whole = m->duration_ns;
    if (!bucket || (!filter->from_ns && !filter->to_ns))
        return;
    m->used_ns = m->seen_ns = 0;
    if (!whole)
        return;
    uint64_t from = filter->from_ns / bucket * bucket;
    uint64_t to = filter->to_ns && filter->to_ns < whole
                      ? (filter->to_ns + bucket - 1) / bucket * bucket
                      : whole;
    if (to > whole)
        to = whole;
    m->duration_ns = minus_capped(to, from);
    if (!profile_is_wall(f->from))
        return;
    c->ticks =
        (uint64_t)((double)c->ticks * (double)m->duration_ns / (double)whole +
                   0.5);
    c->ticks += c->ticks == 0;
}

static int copy_meta(const struct part *part, const struct filter *filter)
{
    *profile_counters_edit(part->to) = *profile_counters(part->from);
    int err = profile_copy_meta(part->to, part->from);
    if (!err)
        cut_time(part, filter);
    return err;
}

static int copy_frame(struct filtering *f, uint32_t id)
{
    if (f->new_frames[id] != PROFILE_NONE)
        return 0;
    const struct profile *p = f->from;
    const struct profile_frame *old = profile_frame_at(p, id);
    const struct profile_function *fn = profile_function_at(p, old->function);
    int64_t copy =
        profile_frame(f->to, &(struct frame){
                                 .kind = fn->kind,
                                 .name = profile_text(p, fn->name),
                                 .module = profile_text(p, fn->module),
                                 .function = profile_text(p, fn->function),
                                 .arity = fn->arity,
                                 .file = profile_text(p, fn->file),
                                 .line = old->line,
                                 .most = f->whole ? fn->most : 0,
                             });
    if (copy < 0)
        return (int)copy;
    f->new_frames[id] = (uint32_t)copy;
    return 0;
}

/* Parents come first, so they already have their new ids. */
static int copy_stacks(struct filtering *f)
{
    for (uint32_t i = 0; i < profile_stack_count(f->from); i++) {
        const struct profile_stack *s = profile_stack_at(f->from, i);
        if (!f->stacks[i])
            continue;
        int err = copy_frame(f, s->frame);
        if (err)
            return err;
        uint32_t parent =
            s->parent == PROFILE_NONE ? PROFILE_NONE : f->new_stacks[s->parent];
        int64_t copy = profile_stack(f->to, parent, f->new_frames[s->frame]);
        if (copy < 0)
            return (int)copy;
        f->new_stacks[i] = (uint32_t)copy;
    }
    return 0;
}

static int64_t copy_process(const struct part *f, uint32_t id)
{
    return id == PROFILE_NONE ? PROFILE_NONE : process_copy(f->from, id, f->to);
}

static int64_t copy_thread(const struct part *f, uint32_t id)
{
    if (id == PROFILE_NONE)
        return PROFILE_NONE;
    const struct profile_thread *row = profile_thread_at(f->from, id);
    return profile_thread(f->to, row->tid, profile_text(f->from, row->name));
}

static int copy_row(const struct filtering *f, const struct part *part,
                    size_t i)
{
    const struct profile_sample *row = profile_sample_at(part->from, i);
    int64_t process = copy_process(part, row->process);
    if (process < 0)
        return (int)process;
    int64_t thread = copy_thread(part, row->thread);
    if (thread < 0)
        return (int)thread;
    struct profile_sample copy = *row;
    copy.process = (uint32_t)process;
    copy.thread = (uint32_t)thread;
    copy.span = f->new_spans[row->span];
    if (row->stack != PROFILE_NONE)
        copy.stack = f->new_stacks[row->stack];
    return profile_add(part->to, &copy, profile_values_at(part->from, i));
}

/* The profile of the first part exists already. */
static int begin_part(struct filtering *f, size_t i,
                      const struct filter *filter)
{
    const struct value_texts any = VALUE_SAMPLES;
    struct part *part = &f->parts[i];
    int err = 0;
    part->to = f->to;
    if (i > 0)
        err = profile_add_event(f->to, &any, 1, &part->to);
    if (err)
        return err;
    profile_count_also(part->to, filter->states | profile_counted(part->from));
    err = copy_meta(part, filter);
    return err ? err : profile_copy_values(part->to, part->from);
}

static int copy_rows(const struct filtering *f, const struct part *part)
{
    int err = 0;
    for (size_t i = 0; !err && i < profile_sample_count(part->from); i++)
        if (part->rows[i])
            err = copy_row(f, part, i);
    return err;
}

static int copy_all(struct filtering *f, const struct filter *filter)
{
    int err = 0;
    for (size_t i = 0; !err && i < f->count; i++)
        err = begin_part(f, i, filter);
    if (!err)
        err = copy_stacks(f);
    if (!err)
        err = filter_spans_copy(f->from, f->to, filter, f->spans, f->new_spans);
    for (size_t i = 0; !err && i < f->count; i++)
        err = copy_rows(f, &f->parts[i]);
    return err;
}

bool filter_is_part(const struct profile *p)
{
    const char *at = profile_text(p, profile_meta(p)->notes);
    while (*at && strncmp(at, FILTER_NOTE, sizeof(FILTER_NOTE) - 1) != 0) {
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return *at != '\0';
}

bool filter_is_empty(const struct filter *f)
{
    return !f->events && !f->process_count && !f->span_count && !f->focus &&
           !f->ignore && !f->states && !f->thread_count &&
           !f->scheduler_count && !f->from_ns && !f->to_ns;
}

int filter_apply(const struct profile *p, const struct filter *filter,
                 struct profile **out)
{
    struct filter rest = *filter;
    rest.events = 0;
    struct filtering f = {.from = p, .whole = filter_is_empty(&rest)};
    int err = filtering_init(&f);
    if (!err)
        err = choose_rows(&f, filter);
    if (!err) {
        choose_stacks(&f);
        err = copy_all(&f, filter);
    }
    if (!err) {
        *out = f.to;
        f.to = NULL;
    }
    filtering_deinit(&f);
    return err;
}

int filter_take(struct profile *whole, const struct filter *f,
                struct profile **out)
{
    *out = whole;
    if (filter_is_empty(f))
        return 0;
    int err = filter_apply(whole, f, out);
    profile_destroy(whole);
    return err;
}

/* --- one by one ----------------------------------------------------------- */

int filter_split(const struct profile *p, struct filter_parts *out)
{
    struct filter_parts parts = {.count = 0};
    bool alone = !profile_next(p);
    int err = 0;
    for (; p && !err; p = profile_next(p)) {
        const struct filter one = {.events = EVENT_SET(profile_event(p))};
        struct profile **copy = &parts.copies[parts.count];
        err = alone ? 0 : filter_apply(p, &one, copy);
        parts.list[parts.count++] = alone ? p : *copy;
    }
    if (err)
        filter_parts_deinit(&parts);
    else
        *out = parts;
    return err;
}

void filter_parts_deinit(struct filter_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        profile_destroy(parts->copies[i]);
    *parts = (struct filter_parts){.count = 0};
}
