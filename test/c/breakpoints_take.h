/* Takes the breakpoints of CPUs, as other programs may. They are on a function
 * that nobody calls. */
#ifndef CPROF_BREAKPOINTS_TAKE_H
#define CPROF_BREAKPOINTS_TAKE_H

#include "test.h"

#include <string.h>
#include <unistd.h>

#include "engine/bpf_program.h"
#include "engine/perf_breakpoint.h"
#include "target/cpus.h"

enum { TAKE_MOST = 16 };

struct taken_breakpoints {
    int fds[TAKE_MOST];
    size_t count;
};

static __attribute__((noinline)) void take_nobody_calls(void)
{
    __asm__ volatile("nop");
}

static inline int take_one(struct bpf_program_handle *program, int cpu)
{
    return perf_breakpoint_open(PERF_BREAKPOINT_REACHED, cpu,
                                (uint64_t)(uintptr_t)take_nobody_calls,
                                bpf_program_of(program, BPF_HITS_COLLECTIONS));
}

/* Takes all that the CPU has left. */
static inline void take_all(struct bpf_program_handle *program, int cpu,
                            struct taken_breakpoints *t)
{
    t->count = 0;
    while (t->count < TAKE_MOST &&
           (t->fds[t->count] = take_one(program, cpu)) >= 0)
        t->count++;
    assert_true(t->count < TAKE_MOST);
    assert_int_equal(t->fds[t->count], -E_BREAKPOINTS_USED);
}

static inline void take_release(struct taken_breakpoints *t)
{
    while (t->count > 0)
        close(t->fds[--t->count]);
}

/* How many the CPU has left. */
static inline size_t take_count(struct bpf_program_handle *program, int cpu)
{
    struct taken_breakpoints t;
    take_all(program, cpu, &t);
    size_t count = t.count;
    take_release(&t);
    return count;
}

/* Two CPUs with at least so many left, or this test is skipped: there is one
 * CPU, or others have the breakpoints. */
static inline void take_two_cpus(struct bpf_program_handle *program,
                                 size_t least, struct cpus *first,
                                 struct cpus *both, int *second)
{
    const struct threads own = {.list = &(struct thread){.tid = getpid()},
                                .count = 1};
    struct cpus all;
    int found = 0;
    cpus_allowed(&own, &all);
    memset(first, 0, sizeof(*first));
    memset(both, 0, sizeof(*both));
    for (int n = cpus_next(&all, 0); n >= 0 && found < 2;
         n = cpus_next(&all, n + 1)) {
        if (take_count(program, n) < least)
            continue;
        CPU_SET_S((size_t)n, sizeof(*both), both->sets);
        if (found++ == 0)
            CPU_SET_S((size_t)n, sizeof(*first), first->sets);
        *second = n;
    }
    if (found < 2)
        skip();
}

#endif
