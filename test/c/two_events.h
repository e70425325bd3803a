/* A recording of CPU time and process time, and each of the two alone. */
#ifndef CPROF_TWO_EVENTS_H
#define CPROF_TWO_EVENTS_H

#include "profile_make.h"

static const struct value_texts two_wall[] = {VALUE_WALL, VALUE_SAMPLES};

struct two_events {
    struct profile *both, *cpu, *wall;
};

static inline void two_add(struct profile *p, const char *frames,
                           uint32_t process, enum sample_state state,
                           uint64_t first, uint64_t second)
{
    const struct profile_sample s = {.stack = make_frames(p, frames),
                                     .process = process,
                                     .thread = PROFILE_NONE,
                                     .state = state,
                                     .bucket = second % 3};
    const uint64_t values[] = {first, second};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static inline void two_meta(struct profile *p, const char *event,
                            const char *engine, uint32_t rate)
{
    struct profile_meta m = *profile_meta(p);
    m.node = made(profile_string(p, "shop@host"));
    m.version = made(profile_string(p, "1.0"));
    m.event = made(profile_string(p, event));
    m.engine = made(profile_string(p, engine));
    m.rate_asked = rate;
    m.pid = 4711;
    m.started_unix_ns = 1795825817820740000;
    m.duration_ns = 10000000000;
    m.bucket_ns = 50000000;
    *profile_meta_edit(p) = m;
}

static inline uint32_t two_process(struct profile *p, const char *pid,
                                   const char *name)
{
    return made(profile_process(p, pid, name, "shop:init/1", "", ""));
}

static inline void two_fill_cpu(struct profile *p)
{
    uint32_t till = two_process(p, "<0.90.0>", "till");
    uint32_t buyer = two_process(p, "<0.91.0>", "");
    two_meta(p, "cpu-clock", "bpf", 99);
    two_add(p, "E shop:loop/1;E shop:price/2", till, STATE_RUNNING, 300,
            3000000000);
    two_add(p, "E shop:buy/1;E lists:sort/1;B erlang:send/2", buyer,
            STATE_RUNNING, 100, 1000000000);
    two_add(p, "E shop:buy/1;G [gc]", buyer, STATE_GC, 50, 500000000);
    two_add(p, "R [idle: poll]", PROFILE_NONE, STATE_IDLE, 20, 200000000);
    struct profile_counters *c = profile_counters_edit(p);
    c->samples = 470;
    c->lost = 30;
    c->frames = 1000;
    profile_meta_edit(p)->kernel_included = true;
    profile_meta_edit(p)->used_ns = profile_meta_edit(p)->seen_ns = 4700000000;
    assert_int_equal(profile_note(p, "of CPU time"), 0);
}

static inline void two_fill_wall(struct profile *p)
{
    uint32_t till = two_process(p, "<0.90.0>", "till");
    uint32_t buyer = two_process(p, "<0.91.0>", "");
    uint32_t idler = two_process(p, "<0.92.0>", "idler");
    two_meta(p, "wall", "process-table", 10);
    two_add(p, "E shop:buy/1;E gen:do_call/4;R [waits for till]", buyer,
            STATE_BLOCKED, 8000000000, 80);
    two_add(p, "E shop:buy/1;R [running]", buyer, STATE_RUNNING, 2000000000,
            20);
    two_add(p, "E shop:loop/1;E shop:pause/0", till, STATE_WAITING, 9000000000,
            90);
    two_add(p, "E gen_server:loop/7", idler, STATE_IDLE, 10000000000, 100);
    struct profile_counters *c = profile_counters_edit(p);
    c->samples = 300;
    c->ticks = 100;
    c->changed = 9;
    c->frames = 800;
    assert_int_equal(profile_note(p, "of process time"), 0);
}

static inline struct two_events two_events_make(void)
{
    struct two_events t = {make_profile(), make_profile(), make_profile()};
    struct profile *wall;
    two_fill_cpu(t.cpu);
    assert_int_equal(profile_set_values(t.wall, two_wall, 2), 0);
    two_fill_wall(t.wall);
    two_fill_cpu(t.both);
    assert_int_equal(profile_add_event(t.both, two_wall, 2, &wall), 0);
    two_fill_wall(wall);
    return t;
}

static inline void two_events_free(struct two_events *t)
{
    profile_destroy(t->both);
    profile_destroy(t->cpu);
    profile_destroy(t->wall);
}

/* Of event i of the recording. */
static inline const struct profile *two_at(const struct profile *p, int i)
{
    while (p && i-- > 0)
        p = profile_next(p);
    assert_non_null(p);
    return p;
}

static inline void assert_same_profile(const struct profile *a,
                                       const struct profile *b)
{
    char *x = dump_profile(a), *y = dump_profile(b);
    assert_string_equal(x, y);
    free(x);
    free(y);
}

#endif
