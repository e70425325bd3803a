#include "formats/diff_recordings.h"

#include <stdlib.h>

#include "base/array.h"

void diff_recordings_deinit(struct diff_recordings *side)
{
    for (size_t i = 0; i < side->count; i++)
        profile_destroy(side->list[i]);
    free(side->list);
}

/* The first event that can be compared; without any, the first, which is
 * refused later. */
static unsigned compared(const struct profile *whole)
{
    for (const struct profile *p = whole; p; p = profile_next(p))
        if (profile_event(p) == EVENT_CPU || profile_event(p) == EVENT_ALLOC)
            return EVENT_SET(profile_event(p));
    return EVENT_SET(profile_event(whole));
}

/* Adds a recording and takes ownership of it; err is not 0 if it could not be
 * read. */
static int add(struct diff_recordings *side, struct profile *whole, int err,
               const struct filter *f)
{
    struct filter first = *f;
    struct profile *kept;
    uint64_t ns = err ? 0 : profile_meta(whole)->duration_ns;
    if (!err && profile_next(whole) && !f->events)
        first.events = compared(whole);
    if (!err)
        err = filter_take(whole, &first, &kept);
    if (err)
        return err;
    err = ARRAY_RESERVE(side->list, side->cap, side->count + 1);
    if (err) {
        profile_destroy(kept);
        return err;
    }
    side->list[side->count++] = kept;
    side->longest_ns = ns > side->longest_ns ? ns : side->longest_ns;
    return 0;
}

int diff_recordings_add(struct diff_recordings *side, const void *bytes,
                        size_t len, const struct filter *f)
{
    struct profile *whole = NULL;
    int err = pprof_read(bytes, len, &whole);
    return add(side, whole, err, f);
}

int diff_recordings_add_file(struct diff_recordings *side, const char *path,
                             const struct filter *f)
{
    struct profile *whole = NULL;
    int err = pprof_read_file(path, &whole);
    return add(side, whole, err, f);
}

static bool has_work(const struct profile *p)
{
    for (size_t i = 0; i < profile_sample_count(p); i++)
        if (profile_counts(p, profile_sample_at(p, i)->state) &&
            profile_weight(p, i) > 0)
            return true;
    return false;
}

bool diff_recordings_have_work(const struct diff_recordings *side)
{
    for (size_t i = 0; i < side->count; i++)
        if (has_work(side->list[i]))
            return true;
    return false;
}

int diff_recordings_compare(const struct diff_recordings *base,
                            const struct diff_recordings *now,
                            const struct diff_options *options,
                            struct diff **out)
{
    return diff_create((const struct profile *const *)base->list, base->count,
                       (const struct profile *const *)now->list, now->count,
                       options, out);
}
