#include "recorder/timeline.h"

#include "base/clock.h"

enum { ABOUT = 200, SHORTEST_MS = 10 };

uint64_t timeline_bucket_ns(uint64_t duration_ns)
{
    static const unsigned steps[] = {10, 20, 50};
    if (duration_ns == 0)
        return SHORTEST_MS * NS_PER_MS;
    for (uint64_t unit = SHORTEST_MS * NS_PER_MS / 10;; unit *= 10)
        for (int i = 0; i < 3; i++)
            if (unit >= UINT64_MAX / 1000 ||
                unit * steps[i] >= duration_ns / ABOUT)
                return unit * steps[i];
}

void timeline_begin(struct timeline *t, struct profile *profile,
                    uint64_t started_ns)
{
    *t = (struct timeline){.started_ns = started_ns, .profile = profile};
}

/* All events keep the same buckets. */
static int double_buckets(struct profile *p)
{
    int err = 0;
    for (; p && !err; p = profile_next_edit(p))
        err = profile_double_buckets(p);
    return err;
}

int timeline_at(struct timeline *t, uint64_t time_ns)
{
    if (!t->profile)
        return (int)t->bucket;
    if (time_ns <= t->started_ns)
        return 0;
    const struct profile_meta *m = profile_meta(t->profile);
    uint64_t since = time_ns - t->started_ns;
    while (since / m->bucket_ns >= TIMELINE_MAX_BUCKETS) {
        int err = double_buckets(t->profile);
        if (err)
            return err;
    }
    return (int)(since / m->bucket_ns);
}
