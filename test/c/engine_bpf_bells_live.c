/* Bells on CPUs, of which some cannot be opened. */
#include "bpf_group.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/bpf_bells.h"

static struct bpf_program_handle *program;

/* As many CPUs as this process may use, or this test is skipped. */
static size_t two_or_more(struct cpus *all)
{
    const struct threads own = {.list = &(struct thread){.tid = getpid()},
                                .count = 1};
    cpus_allowed(&own, all);
    size_t count = (size_t)CPU_COUNT_S(sizeof(*all), all->sets);
    if (count < 2)
        skip();
    return count;
}

static struct rlimit leave_one_descriptor(void)
{
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    close(next);
    few = before;
    few.rlim_cur = (rlim_t)next + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return before;
}

static void cpus_without_one_are_counted_with_the_reason(void **state)
{
    (void)state;
    struct bpf_bells b = {.program = program};
    struct cpus all;
    size_t count = two_or_more(&all);
    const struct rlimit before = leave_one_descriptor();
    int err = bpf_bells_set(&b, &all);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, 0);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.skipped.cpus, count - 1);
    assert_int_equal(b.skipped.why, -EMFILE);
    assert_int_equal(bpf_bells_set(&b, &all), 0);
    assert_int_equal(b.count, count);
    assert_int_equal(b.skipped.cpus, 0);
    bpf_bells_close(&b);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpus_without_one_are_counted_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return bpf_group_run(BPF_PROGRAM_WAITS, &program, run);
}
