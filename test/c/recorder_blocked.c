/* Why a thread was off the CPU, according to a sample. */
#include "test.h"

#include <string.h>
#include <sys/syscall.h>

#include "recorder/blocked.h"

static void is(int64_t call, enum sample_away away, enum sample_state state,
               const char *frame)
{
    const struct sample s = {
        .of = SAMPLE_BLOCK, .away = away, .system_call = call};
    struct blocked b = blocked_of(&s);
    assert_int_equal(b.state, state);
    assert_string_equal(b.frame, frame);
}

static void a_system_call_says_what_was_waited_for(void **state)
{
    (void)state;
    is(SYS_pread64, SAMPLE_WAITED, STATE_IO, "[blocked in pread64]");
    is(SYS_fdatasync, SAMPLE_WAITED, STATE_IO, "[blocked in fdatasync]");
    is(SYS_recvfrom, SAMPLE_WAITED, STATE_SOCKET, "[blocked in recvfrom]");
    is(SYS_futex, SAMPLE_WAITED, STATE_LOCK, "[blocked in futex]");
    is(SYS_clock_nanosleep, SAMPLE_WAITED, STATE_SLEEP,
       "[blocked in clock_nanosleep]");
    is(SYS_munmap, SAMPLE_WAITED, STATE_OTHER, "[blocked in munmap]");
}

static void an_unknown_system_call_is_shown_by_its_number(void **state)
{
    (void)state;
    is(999, SAMPLE_WAITED, STATE_OTHER, "[blocked in system call 999]");
    is(INT64_MAX, SAMPLE_WAITED, STATE_OTHER,
       "[blocked in system call 9223372036854775807]");
}

static void outside_of_system_calls_it_was_a_page_fault(void **state)
{
    (void)state;
    is(-1, SAMPLE_WAITED, STATE_FAULT, "[page fault]");
}

/* In whichever system call it was. */
static void a_thread_without_a_cpu_waited_for_nothing_else(void **state)
{
    (void)state;
    is(-1, SAMPLE_NO_CPU, STATE_NO_CPU, "[no CPU]");
    is(SYS_read, SAMPLE_NO_CPU, STATE_NO_CPU, "[no CPU]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_call_says_what_was_waited_for),
        cmocka_unit_test(an_unknown_system_call_is_shown_by_its_number),
        cmocka_unit_test(outside_of_system_calls_it_was_a_page_fault),
        cmocka_unit_test(a_thread_without_a_cpu_waited_for_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
