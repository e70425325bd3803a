/* Breakpoints on CPUs of which some have none left. They are on functions of
 * our own that nobody calls. */
#include "test.h"

#include <unistd.h>

#include "engine/breakpoints.h"
#include "engine/perf_breakpoint.h"

enum { MOST = 16 };

static struct bpf_program_handle *program;
static volatile int reached;

static __attribute__((noinline)) void taken(void)
{
    reached++;
}

static __attribute__((noinline)) void wanted(void)
{
    reached--;
}

static bool ignore_record(void *ctx, const void *record, size_t len)
{
    (void)ctx;
    (void)record;
    (void)len;
    return true;
}

static int open_on(int cpu)
{
    return perf_breakpoint_open(PERF_BREAKPOINT_REACHED, cpu,
                                (uint64_t)(uintptr_t)taken,
                                bpf_program_of(program, BPF_HITS_COLLECTIONS));
}

/* Takes all that the CPU has left. */
static size_t take_all(int cpu, int fds[MOST])
{
    size_t count = 0;
    while (count < MOST && (fds[count] = open_on(cpu)) >= 0)
        count++;
    assert_true(count < MOST);
    assert_int_equal(fds[count], -E_BREAKPOINTS_USED);
    return count;
}

static bool has_one(int cpu)
{
    int fd = open_on(cpu);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Two CPUs with one left each. */
static void find_cpus(struct cpus *first, struct cpus *both)
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
        if (!has_one(n))
            continue;
        CPU_SET_S((size_t)n, sizeof(*both), both->sets);
        if (found++ == 0)
            CPU_SET_S((size_t)n, sizeof(*first), first->sets);
    }
    if (found < 2)
        skip(); /* one CPU, or others have the breakpoints */
}

static void a_cpu_without_one_is_counted(void **state)
{
    (void)state;
    struct breakpoints b = {.program = program,
                            .of = BPF_HITS_COLLECTIONS,
                            .addr = (uint64_t)(uintptr_t)wanted};
    struct cpus first, both;
    int fds[MOST];
    find_cpus(&first, &both);
    assert_int_equal(breakpoints_set(&b, &first), 0);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.skipped, 0);
    int second = cpus_next(&both, cpus_next(&first, 0) + 1);
    size_t count = take_all(second, fds);
    assert_int_equal(breakpoints_set(&b, &both), 0);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.skipped, 1);
    assert_int_equal(b.why, -E_BREAKPOINTS_USED);
    while (count > 0)
        close(fds[--count]);
    assert_int_equal(breakpoints_set(&b, &both), 0);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.skipped, 0);
    assert_int_equal(b.why, 0);
    breakpoints_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_without_one_is_counted),
    };
    int why =
        bpf_program_open(BPF_PROGRAM_ALLOCATION, ignore_record, NULL, &program);
    if (why) { /* not root, or a build without it */
        print_message("BPF programs: %s\n", err_text(why));
        return why == -E_BPF_DENIED || why == -E_BPF_MISSING ? 0 : 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bpf_program_close(program);
    return failed;
}
