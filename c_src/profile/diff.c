#include "profile/diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "profile/diff_gather.h"
#include "profile/diff_rows.h"
#include "profile/diff_side.h"

struct diff {
    struct diff_gathered gathered;
    struct diff_rows rows;
    struct diff_side base, now;
    const char *warnings; /* a string of the profile */
    double min_effect;
};

static int compare(struct diff *d, const struct profile *const *base,
                   size_t base_count, const struct profile *const *now,
                   size_t now_count)
{
    int err = diff_gather(base, base_count, now, now_count, &d->gathered);
    if (!err)
        err = diff_rows_compute(&d->gathered, d->min_effect, &d->rows);
    struct profile *strings = d->gathered.profile;
    if (!err)
        err = diff_side_describe(base, base_count, strings, &d->base);
    if (!err)
        err = diff_side_describe(now, now_count, strings, &d->now);
    if (!err)
        err = diff_side_compare(&d->base, &d->now, strings, &d->warnings);
    return err;
}

int diff_create(const struct profile *const *base, size_t base_count,
                const struct profile *const *now, size_t now_count,
                const struct diff_options *options, struct diff **out)
{
    if (!base_count || !now_count)
        return -E_EMPTY;
    struct diff *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->min_effect = options && options->min_effect > 0 ? options->min_effect
                                                       : DIFF_MIN_EFFECT;
    int err = compare(d, base, base_count, now, now_count);
    if (err)
        diff_destroy(d);
    else
        *out = d;
    return err;
}

void diff_destroy(struct diff *d)
{
    if (!d)
        return;
    diff_rows_deinit(&d->rows);
    diff_gathered_deinit(&d->gathered);
    free(d);
}

/* --- reading -------------------------------------------------------------- */

const struct profile *diff_profile(const struct diff *d)
{
    return d->gathered.profile;
}

uint64_t diff_base_of_row(const struct diff *d, size_t i)
{
    return i < d->gathered.base_rows ? d->gathered.base_of_row[i] : 0;
}

const struct diff_side *diff_base(const struct diff *d)
{
    return &d->base;
}

const struct diff_side *diff_now(const struct diff *d)
{
    return &d->now;
}

double diff_min_effect(const struct diff *d)
{
    return d->min_effect;
}

uint64_t diff_base_counted(const struct diff *d)
{
    return d->base.counted;
}

uint64_t diff_now_counted(const struct diff *d)
{
    return d->now.counted;
}

const char *diff_warnings(const struct diff *d)
{
    return d->warnings;
}

size_t diff_function_count(const struct diff *d)
{
    return d->rows.function_count;
}

const struct diff_function *diff_function_at(const struct diff *d, size_t i)
{
    return &d->rows.functions[i];
}

size_t diff_stack_count(const struct diff *d)
{
    return d->rows.stack_count;
}

const struct diff_stack *diff_stack_at(const struct diff *d, size_t i)
{
    return &d->rows.stacks[i];
}

/* --- conclusions ---------------------------------------------------------- */

static bool is_more(enum diff_verdict verdict)
{
    return verdict == DIFF_GREW || verdict == DIFF_NEW;
}

/* A change of the kernel's or the VM's own work is not a change of the code. */
static bool is_of_code(const struct diff *d, const struct diff_function *f)
{
    enum frame_kind kind =
        profile_function_at(d->gathered.profile, f->function)->kind;
    return kind != FRAME_KERNEL && kind != FRAME_RUNTIME;
}

/* Rows are sorted by the size of their change, so the first that fits is the
 * largest. */
const struct diff_function *diff_culprit(const struct diff *d)
{
    const struct diff_function *less = NULL, *other = NULL;
    for (size_t i = 0; i < d->rows.function_count; i++) {
        const struct diff_function *f = &d->rows.functions[i];
        if (f->own.verdict == DIFF_SAME)
            continue;
        if (!is_of_code(d, f))
            other = other ? other : f;
        else if (is_more(f->own.verdict))
            return f;
        else if (!less)
            less = f;
    }
    return less ? less : other;
}

/* A new function has no finite growth, so what counts is how much it adds to
 * all other work. */
static bool is_above(const struct diff_share *s, double percent)
{
    double added =
        s->now_pct < 100 ? s->now_pct / (100 - s->now_pct) : INFINITY;
    return (s->verdict == DIFF_GREW && s->growth > percent / 100) ||
           (s->verdict == DIFF_NEW && added > percent / 100);
}

const struct diff_function *diff_above(const struct diff *d, double percent)
{
    const struct diff_function *total = NULL;
    for (size_t i = 0; i < d->rows.function_count; i++) {
        const struct diff_function *f = &d->rows.functions[i];
        if (!is_of_code(d, f))
            continue;
        if (is_above(&f->own, percent))
            return f;
        if (is_above(&f->total, percent) &&
            (!total || f->total.change > total->total.change))
            total = f;
    }
    return total;
}

bool diff_grew_above(const struct diff *d, double percent)
{
    return diff_above(d, percent) != NULL;
}

const char *diff_verdict_name(enum diff_verdict verdict)
{
    static const char *const names[] = {"same", "grew", "shrank", "new",
                                        "gone"};
    return names[verdict];
}
