#include "profile_make.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/stopped.h"

static void the_time_between_looks_is_summed(void **state)
{
    (void)state;
    struct stopped s = {0};
    const uint64_t ms = NS_PER_MS;
    stopped_see(&s, 'S', 1000 * ms);
    stopped_see(&s, 'R', 1100 * ms);
    assert_true(s.total_ns == 0 && !s.now);
    stopped_see(&s, 'T', 1200 * ms); /* half of 100 */
    stopped_see(&s, 'T', 1500 * ms); /* 300 */
    stopped_see(&s, 'S', 1700 * ms); /* half of 200 */
    stopped_see(&s, 't', 1900 * ms); /* a tracer's */
    assert_true(s.total_ns == 450 * ms && !s.now);
}

static const char *notes(const struct profile *p)
{
    return profile_text(p, profile_meta(p)->notes);
}

static void the_profile_says_so(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct stopped s = {0};
    assert_int_equal(stopped_note(&s, p), 0);
    assert_string_equal(notes(p), "");
    s.total_ns = 2500 * NS_PER_MS;
    assert_int_equal(stopped_note(&s, p), 0);
    assert_string_equal(notes(p), "the node was stopped by a signal for about "
                                  "2.5 s of the recording");
    assert_int_equal(profile_counters(p)->stopped_ms, 2500);
    profile_destroy(p);
}

/* A process of our own that is stopped from its first moment. */
static void a_real_process(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    struct stopped s = {0};
    stopped_look(&s, pid, 1000);
    stopped_look(&s, pid, 3000);
    assert_true(s.now && s.total_ns == 2000);
    struct profile *p = make_profile();
    assert_int_equal(stopped_note(&s, p), 0);
    assert_non_null(strstr(notes(p), "still is; `kill -CONT`"));
    assert_int_equal(profile_counters(p)->stopped_ms, 1);
    profile_destroy(p);
    kill(pid, SIGCONT);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    stopped_look(&s, pid, 9000); /* it is gone: nothing is known */
    assert_true(s.total_ns == 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_between_looks_is_summed),
        cmocka_unit_test(the_profile_says_so),
        cmocka_unit_test(a_real_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
