/* A comparison in one sentence. */
#include "formats/diff_write.h"

#include <math.h>

#include "formats/text_parts.h"
#include "formats/value.h"

static void name(struct buffer *out, const struct diff *d,
                 const struct diff_function *f)
{
    const struct profile *p = diff_profile(d);
    uint32_t id = profile_function_at(p, f->function)->name;
    text_cell_add(out, profile_text(p, id), 0);
}

/* "12 %", or "9.3 %" if below ten. */
static void size(struct buffer *out, double growth)
{
    double percent = fabs(growth) * 100;
    buffer_printf(out, percent < 10 ? "%.1f %%" : "%.0f %%", percent);
}

/* "2.10 % of the CPU" */
static void share(struct buffer *out, const struct diff *d, double pct)
{
    buffer_printf(out, "%.2f %% of the ", pct);
    text_cell_add(out, value_whole(diff_profile(d)), 0);
}

static void moved(struct buffer *out, const struct diff *d,
                  const struct diff_share *s)
{
    bool grew = s->verdict == DIFF_GREW;
    double low = grew ? s->growth_low : -s->growth_high;
    double high = grew ? s->growth_high : -s->growth_low;
    buffer_printf(out, " %s by ", diff_verdict_name(s->verdict));
    size(out, s->growth);
    buffer_printf(out, " (95 %%: %.*f to %.*f), from ", high < 0.1 ? 1 : 0,
                  100 * low, high < 0.1 ? 1 : 0, 100 * high);
    share(out, d, s->base_pct);
    buffer_printf(out, " to %.2f %%", s->now_pct);
}

static void changed(struct buffer *out, const struct diff *d,
                    const struct diff_share *s)
{
    if (s->verdict != DIFF_NEW && s->verdict != DIFF_GONE) {
        moved(out, d, s);
        return;
    }
    bool is_new = s->verdict == DIFF_NEW;
    buffer_text(out, is_new ? " is new, with " : " is gone; it had ");
    share(out, d, is_new ? s->now_pct : s->base_pct);
}

/* How many other functions changed in their own. */
static void others(struct buffer *out, const struct diff *d,
                   const struct diff_function *but)
{
    size_t more = 0, less = 0;
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        enum diff_verdict v = f == but ? DIFF_SAME : f->own.verdict;
        more += v == DIFF_GREW || v == DIFF_NEW;
        less += v == DIFF_SHRANK || v == DIFF_GONE;
    }
    if (more)
        buffer_printf(out, "; %zu other%s grew", more, more == 1 ? "" : "s");
    if (less)
        buffer_printf(out, "; %zu other%s shrank", less, less == 1 ? "" : "s");
}

static const struct diff_function *biggest(const struct diff *d)
{
    const struct diff_function *best = NULL;
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        if (!best || f->own.base_pct + f->own.now_pct >
                         best->own.base_pct + best->own.now_pct)
            best = f;
    }
    return best;
}

/* The interval of the biggest function shows how large a change could have
 * stayed unnoticed. */
static void nothing(struct buffer *out, const struct diff *d)
{
    const struct diff_function *f = biggest(d);
    buffer_printf(out,
                  "No function grew or shrank significantly and by more than "
                  "%g %%",
                  100 * diff_min_effect(d));
    if (!f || !isfinite(f->own.growth_low) || !isfinite(f->own.growth_high))
        return;
    buffer_text(out, "; the growth of the biggest, ");
    name(out, d, f);
    buffer_printf(out, " (%.1f %%), is between %+.0f and %+.0f %%",
                  f->own.now_pct, 100 * f->own.growth_low,
                  100 * f->own.growth_high);
}

/* The function whose total changed most. It is named if no function's own
 * change is certain: then it calls what changed. */
static const struct diff_function *first_total(const struct diff *d)
{
    const struct diff_function *best = NULL;
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        if (f->total.verdict != DIFF_SAME &&
            (!best || fabs(f->total.change) > fabs(best->total.change)))
            best = f;
    }
    return best;
}

void diff_sentence_add(struct buffer *out, const struct diff *d,
                       const struct diff_function *about)
{
    if (!about)
        about = first_total(d);
    if (!about) {
        nothing(out, d);
        return;
    }
    name(out, d, about);
    if (about->own.verdict == DIFF_SAME) {
        buffer_text(out, ", with what it calls,");
        changed(out, d, &about->total);
    } else {
        changed(out, d, &about->own);
    }
    others(out, d, about);
}
