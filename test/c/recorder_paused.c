/* What a recording says about times in which cprof itself did not run. */
#include "profile_make.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/paused.h"

static void time_without_a_cpu_that_was_not_asked_for_is_not(void **state)
{
    (void)state;
    struct paused p = {.looked_ns = 1000 * NS_PER_MS, .ran_ns = 50};
    paused_see(&p, 1020 * NS_PER_MS, 50); /* slept */
    paused_see(&p, 4000 * NS_PER_MS,
               50 + 2900 * NS_PER_MS); /* a busy machine */
    assert_true(p.total_ns == 0);
    paused_see(&p, 9000 * NS_PER_MS, 50 + 3000 * NS_PER_MS);
    assert_true(p.total_ns == 4900 * NS_PER_MS);
    paused_see(&p, 9900 * NS_PER_MS, 50 + 3000 * NS_PER_MS);
    assert_true(p.total_ns == 4900 * NS_PER_MS); /* too short to be sure */
}

static const char *notes(const struct profile *p)
{
    return profile_text(p, profile_meta(p)->notes);
}

static void the_profile_says_so(void **state)
{
    (void)state;
    struct profile *profile = make_profile();
    struct paused p;
    paused_begin(&p);
    assert_int_equal(paused_note(&p, profile), 0);
    assert_string_equal(notes(profile), "");
    p.total_ns = 2500 * NS_PER_MS;
    assert_int_equal(paused_note(&p, profile), 0);
    assert_non_null(strstr(notes(profile),
                           "cprof itself did not run (frozen, in a debugger, "
                           "or waiting in the kernel) for about 2.5 s"));
    assert_int_equal(profile_counters(profile)->paused_ms, 2500);
    profile_destroy(profile);
}

static uint64_t seen_by_a_child(volatile struct paused *p)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct paused own;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        paused_begin(&own);
        raise(SIGSTOP);
        paused_look(&own);
        struct profile *profile = make_profile();
        if (paused_note(&own, profile) != 0 ||
            !strstr(notes(profile), "was stopped by a signal for about"))
            _exit(3);
        *p = own;
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    uint64_t before = clock_now_ns();
    const struct timespec time = {1, 200 * 1000 * 1000};
    nanosleep(&time, NULL);
    uint64_t stopped = clock_now_ns() - before;
    kill(pid, SIGCONT);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return stopped;
}

/* As a busy machine is for a sampler: long between two looks, never stopped. */
static void time_on_a_cpu_is_no_pause(void **state)
{
    (void)state;
    struct paused p;
    paused_begin(&p);
    uint64_t end = clock_now_ns() + (PAUSED_LEAST_MS + 300) * NS_PER_MS;
    while (clock_now_ns() < end)
        ;
    paused_look(&p);
    assert_true(p.ran_ns >= PAUSED_LEAST_MS * NS_PER_MS);
    assert_true(p.total_ns == 0);
}

static void a_real_stop(void **state)
{
    (void)state;
    struct paused *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    uint64_t stopped = seen_by_a_child(p);
    assert_true(p->total_ns >= stopped - 100 * NS_PER_MS);
    munmap(p, sizeof(*p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_without_a_cpu_that_was_not_asked_for_is_not),
        cmocka_unit_test(the_profile_says_so),
        cmocka_unit_test(time_on_a_cpu_is_no_pause),
        cmocka_unit_test(a_real_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
