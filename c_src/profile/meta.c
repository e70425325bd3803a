/* What is known of a recording, and its counters: the tables of profile.h. */
#include "profile/profile.h"

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
#define X(name, kind, text)                                                    \
    if (__builtin_add_overflow(sum->name, c->name, &sum->name))                \
        sum->name = UINT64_MAX;
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
