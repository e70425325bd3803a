/* Breakpoints on CPUs of which some have none left. They are on functions of
 * our own that nobody calls. */
#include "bpf_group.h"
#include "breakpoints_take.h"

#include "engine/breakpoints.h"

static struct bpf_program_handle *program;
static volatile int reached;

static __attribute__((noinline)) void wanted(void)
{
    reached--;
}

static void a_cpu_without_one_is_counted(void **state)
{
    (void)state;
    struct breakpoints b = {.program = program,
                            .of = BPF_HITS_COLLECTIONS,
                            .addr = (uint64_t)(uintptr_t)wanted};
    struct cpus first, both;
    struct taken_breakpoints taken;
    int second = -1;
    take_two_cpus(program, 1, &first, &both, &second);
    assert_int_equal(breakpoints_set(&b, &first), 0);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.gap.cpus, 0);
    take_all(program, second, &taken);
    assert_int_equal(breakpoints_set(&b, &both), 0);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.gap.cpus, 1);
    assert_int_equal(b.gap.of, 2);
    assert_int_equal(b.gap.why, -E_BREAKPOINTS_USED);
    take_release(&taken);
    assert_int_equal(breakpoints_set(&b, &both), 0);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.gap.cpus, 1); /* what was missed is still missing */
    breakpoints_close(&b);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_without_one_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return bpf_group_run(BPF_PROGRAM_ALLOCATION, &program, run);
}
