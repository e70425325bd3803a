/* What a scheduler does when it runs no process, according to a sample. */
#include "test.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "recorder/outside.h"

static struct sample asleep(uint32_t flags)
{
    return (struct sample){.scheduler = {.sleep = flags, .has_sleep = true},
                           .system_call = -1};
}

static struct sample in_call(int64_t number, uint32_t flags)
{
    struct sample s = asleep(flags);
    s.in_kernel = true;
    s.system_call = number;
    return s;
}

static void is(const struct sample *s, const struct outside_code *code,
               enum sample_state state, enum idle_part part)
{
    struct outside o = outside_of(s, code);
    assert_int_equal(o.state, state);
    if (state == STATE_IDLE)
        assert_int_equal(o.part, part);
}

static const struct outside_code in_wait = {"beam.smp+0x73ee0", 2, true};
static const struct outside_code deeper = {"erts_bump_timers", 3, true};
static const struct outside_code cut = {"beam.smp+0x1", 1, false};

static void a_port_at_work_is_its_task(void **state)
{
    (void)state;
    struct sample s = in_call(SYS_sched_yield, SAMPLE_WAITS);
    s.scheduler.port = 0x1000;
    is(&s, &in_wait, STATE_PORT, 0);
}

static void who_does_not_wait_schedules(void **state)
{
    (void)state;
    struct sample s = asleep(0);
    is(&s, &in_wait, STATE_SCHEDULING, 0);
    is(&s, &deeper, STATE_SCHEDULING, 0);
    is(&s, &cut, STATE_SCHEDULING, 0);
}

static void who_waits_is_idle_but_for_the_work_between(void **state)
{
    (void)state;
    static const struct outside_code yields = {"sched_yield", 3, true};
    struct sample s = asleep(SAMPLE_WAITS | 1);
    is(&s, &in_wait, STATE_IDLE, IDLE_BUSY_WAIT);
    is(&s, &yields, STATE_IDLE, IDLE_YIELD);
    is(&s, &deeper, STATE_SCHEDULING, 0);
    is(&s, &cut, STATE_IDLE, IDLE_UNKNOWN);
    s = asleep(SAMPLE_WAITS | SAMPLE_POLLS | 1);
    is(&s, &deeper, STATE_IDLE, IDLE_POLL);
    s = asleep(SAMPLE_WAITS | SAMPLE_SLEEPS | 1);
    is(&s, &deeper, STATE_IDLE, IDLE_SLEEP);
}

/* The one who wakes a scheduler resets its flags before it is awake. */
static void a_system_call_says_more_than_flags(void **state)
{
    (void)state;
    struct sample s = in_call(SYS_futex, 0);
    s.regs.r[REGS_RSI] = FUTEX_WAIT_PRIVATE;
    is(&s, &deeper, STATE_IDLE, IDLE_SLEEP);
    s.regs.r[REGS_RSI] = FUTEX_WAKE_PRIVATE;
    is(&s, &deeper, STATE_SCHEDULING, 0);
    s = in_call(SYS_sched_yield, 0);
    is(&s, &deeper, STATE_IDLE, IDLE_YIELD);
    s = in_call(SYS_read, SAMPLE_WAITS | 1);
    is(&s, &deeper, STATE_SCHEDULING, 0);
}

static void a_poll_that_only_looks_is_work(void **state)
{
    (void)state;
    static const int64_t numbers[] = {SYS_epoll_wait, SYS_epoll_pwait};
    for (size_t i = 0; i < 2; i++) {
        struct sample s = in_call(numbers[i], 0);
        is(&s, &deeper, STATE_SCHEDULING, 0);
        s.regs.r[REGS_R10] = (uint32_t)-1;
        is(&s, &deeper, STATE_IDLE, IDLE_POLL);
    }
    struct sample s = in_call(SYS_ppoll, 0);
    is(&s, &deeper, STATE_SCHEDULING, 0);
    s.scheduler.sleep = SAMPLE_WAITS;
    is(&s, &deeper, STATE_IDLE, IDLE_POLL);
}

/* Engine perf, or a VM whose layout is not known. */
static void without_flags_only_a_yield_is_sure(void **state)
{
    (void)state;
    static const struct outside_code yields = {"sched_yield", 3, true};
    struct sample s = {.system_call = -1};
    is(&s, &in_wait, STATE_SCHEDULER, 0);
    is(&s, &deeper, STATE_SCHEDULER, 0);
    is(&s, &yields, STATE_IDLE, IDLE_YIELD);
}

static void parts_have_frames_that_name_them(void **state)
{
    (void)state;
    for (int i = 0; i < IDLE_PART_COUNT; i++) {
        enum idle_part part = (enum idle_part)i;
        assert_int_equal(idle_part_of(idle_part_frame(part)), part);
    }
    assert_string_equal(idle_part_frame(IDLE_SLEEP), "[idle: sleep and wake]");
    assert_int_equal(idle_part_of("main"), IDLE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_at_work_is_its_task),
        cmocka_unit_test(who_does_not_wait_schedules),
        cmocka_unit_test(who_waits_is_idle_but_for_the_work_between),
        cmocka_unit_test(a_system_call_says_more_than_flags),
        cmocka_unit_test(a_poll_that_only_looks_is_work),
        cmocka_unit_test(without_flags_only_a_yield_is_sure),
        cmocka_unit_test(parts_have_frames_that_name_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
