/* A dump of a shop for tests, and what a format writes of it. */
#ifndef CPROF_DUMP_MAKE_H
#define CPROF_DUMP_MAKE_H

#include "profile_make.h"

#include "formats/format.h"
#include "profile/dump.h"

static inline void dump_add(struct dump *d, enum procstate state,
                            uint32_t stack, uint64_t processes, const char *pid,
                            const char *name)
{
    struct profile *p = d->profile;
    const struct process_texts texts = {
        .pid = pid, .name = name, .initial_call = *name ? "" : "shop:init/1"};
    struct dump_group g = {.state = state,
                           .stack = stack,
                           .processes = processes,
                           .member_count = 1};
    g.members[0] = (struct dump_member){made(profile_string(p, pid)),
                                        made(profile_process_of(p, &texts))};
    assert_int_equal(dump_groups_add(&d->groups, &g), 0);
}

static inline struct dump *dump_shop(void)
{
    struct dump *d = NULL;
    assert_int_equal(dump_create(&d), 0);
    struct profile *p = d->profile;
    struct profile_meta *m = profile_meta_edit(p);
    m->node = made(profile_string(p, "shop@host"));
    m->otp = made(profile_string(p, "27"));
    m->pid = 4711;
    m->started_unix_ns = 1700000000000000000;
    m->duration_ns = 4100000;
    uint32_t loop = make_stack(p, "init_p/3:226;loop/7:394");
    uint32_t other = make_stack(p, "start/0;wait/1:12");
    dump_add(d, PROCSTATE_WAITING, other, 2, "<0.80.0>", "till\x1b[2J");
    dump_add(d, PROCSTATE_WAITING, loop, 1000, "<0.90.0>", "");
    dump_add(d, PROCSTATE_WAITING, loop, 3, "<0.91.0>", "");
    dump_add(d, PROCSTATE_RUNNING, PROFILE_NONE, 1, "<0.92.0>", "busy");
    d->counts = (struct dump_counts){
        .used = 1010, .seen = 1006, .torn = 3, .being_made = 1};
    dump_groups_sort(&d->groups);
    return d;
}

static inline char *dump_written(const struct format *f, const struct dump *d,
                                 unsigned top)
{
    const struct format_options o = {.top = top};
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(f->write_dump(d, &o, &b), 0);
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

#endif
