/* Profiles made by chance, the same ones for the same seed. */
#ifndef CPROF_PROFILE_RANDOM_H
#define CPROF_PROFILE_RANDOM_H

#include "profile_make.h"

struct chance {
    uint64_t seed;
};

/* 0 to below n; xorshift64* */
static inline uint32_t chance_below(struct chance *c, uint32_t n)
{
    c->seed ^= c->seed >> 12;
    c->seed ^= c->seed << 25;
    c->seed ^= c->seed >> 27;
    return (uint32_t)(c->seed * 0x2545f4914f6cdd1d >> 33) % n;
}

static const char *const random_names[] = {
    "lists:seq/2",
    "Enum.map/2",
    "anonymous fn/1 in Mod.f/2",
    "'\xd0\x9f\xd1\x80;\xd0\xb8 \xf0\x9f\x98\x80':f/1",
    "</script><b>",
    "a\tb\nc\\d\"e",
    "",
    "[gc]",
    "cprof.recording=1",
    "memcpy",
    "\x1b[31m\xc2\x85",
    "{\"a\":[1]}",
    "%s%n",
    "m:f/1",
    "m:f/2",
};
enum { RANDOM_NAMES = sizeof(random_names) / sizeof(random_names[0]) };

static inline const char *random_name(struct chance *c)
{
    return random_names[chance_below(c, RANDOM_NAMES)];
}

static inline uint32_t random_frame(struct chance *c, struct profile *p)
{
    struct frame f = {
        .kind = (enum frame_kind)chance_below(c, FRAME_KIND_COUNT),
        .name = random_name(c),
        .module = chance_below(c, 2) ? "m" : "",
        .function = "f",
        .arity = (int)chance_below(c, 3) - 1,
        .file = chance_below(c, 2) ? "dir/\xe2\x82\xac.erl" : "",
        .line = chance_below(c, 3),
    };
    return made(profile_frame(p, &f));
}

static inline uint32_t random_process(struct chance *c, struct profile *p,
                                      uint32_t processes)
{
    char pid[32];
    uint32_t n = chance_below(c, processes);
    snprintf(pid, sizeof(pid), "<0.%u.0>", n);
    const struct process_texts q = {.pid = n % 7 ? pid : "",
                                    .name = random_names[n % RANDOM_NAMES],
                                    .initial_call =
                                        random_names[n * 3 % RANDOM_NAMES],
                                    .label = n % 5 ? "" : "label",
                                    .application = "app",
                                    .child = n % 3 ? "" : "id"};
    uint32_t id = made(profile_process_of(p, &q));
    if (n % 7 == 0)
        assert_int_equal(profile_set_members(p, id, n + 1), 0);
    return id;
}

static inline void random_row(struct chance *c, struct profile *p,
                              const uint32_t *frames, uint32_t processes)
{
    uint32_t stack = PROFILE_NONE;
    for (uint32_t depth = chance_below(c, 8); depth > 0; depth--)
        stack = made(profile_stack(p, stack, frames[chance_below(c, 20)]));
    struct profile_sample s = {
        .stack = stack,
        .process =
            chance_below(c, 6) ? random_process(c, p, processes) : PROFILE_NONE,
        .thread = PROFILE_NONE,
        .state = (enum sample_state)chance_below(c, STATE_COUNT),
        .bucket = chance_below(c, 4)};
    uint64_t values[PROFILE_MAX_VALUES] = {1 + chance_below(c, 50)};
    for (size_t i = 1; i < profile_value_count(p); i++)
        values[i] = chance_below(c, 100000);
    uint32_t thread = chance_below(c, 5);
    char name[32];
    snprintf(name, sizeof(name), "erts_sched_%u", thread);
    if (thread)
        s.thread = made(profile_thread(p, 100 + thread, name));
    assert_int_equal(profile_add(p, &s, values), 0);
}

/* Rows, and what is known of them. */
static inline void random_fill(struct profile *p, uint64_t seed, uint32_t rows,
                               uint32_t processes)
{
    struct chance c = {seed * 0x9e3779b97f4a7c15 + 1};
    uint32_t frames[20];
    for (int i = 0; i < 20; i++)
        frames[i] = random_frame(&c, p);
    for (uint32_t i = 0; i < rows; i++)
        random_row(&c, p, frames, processes);
    struct profile_meta *m = profile_meta_edit(p);
    m->node = made(profile_string(p, random_name(&c)));
    m->command = made(profile_string(p, random_name(&c)));
    m->bucket_ns = 100000000;
    m->duration_ns = 400000000;
    m->rate_asked = 99;
    assert_int_equal(profile_note(p, "a note \xe2\x82\xac"), 0);
    profile_counters_edit(p)->samples = rows;
    profile_counters_edit(p)->lost = seed;
}

/* Whose rows count the n types. */
static inline struct profile *random_profile_of(const struct value_texts *types,
                                                size_t n, uint64_t seed,
                                                uint32_t rows,
                                                uint32_t processes)
{
    struct profile *p = make_profile();
    assert_int_equal(profile_set_values(p, types, n), 0);
    random_fill(p, seed, rows, processes);
    return p;
}

/* Stacks that share little, all of one depth. */
static inline struct profile *random_stacks(uint32_t stacks, int depth)
{
    enum { FUNCTIONS = 500 };
    struct profile *p = make_profile();
    struct chance c = {1};
    uint32_t frames[FUNCTIONS];
    for (int i = 0; i < FUNCTIONS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "f%d:%d", i, i + 1);
        frames[i] = profile_stack_at(p, make_stack(p, name))->frame;
    }
    for (uint32_t i = 0; i < stacks; i++) {
        uint32_t at = PROFILE_NONE;
        for (int level = 0; level < depth; level++)
            at =
                made(profile_stack(p, at, frames[chance_below(&c, FUNCTIONS)]));
        make_sample(p, at, PROFILE_NONE, STATE_RUNNING, 1);
    }
    return p;
}

static inline struct profile *random_profile(uint64_t seed, uint32_t rows,
                                             uint32_t processes)
{
    const struct value_texts types[] = {VALUE_SAMPLES, VALUE_CPU};
    return random_profile_of(types, 2, seed, rows, processes);
}

#endif
