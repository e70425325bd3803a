#include "test.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/limits.h"

/* In a process of its own, since limits cannot be raised again by everybody. */
static void in_child(bool (*check)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(check() ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool set_files(rlim_t soft, rlim_t hard)
{
    struct rlimit l = {soft, hard};
    return setrlimit(RLIMIT_NOFILE, &l) == 0;
}

static rlim_t files(void)
{
    struct rlimit l;
    return getrlimit(RLIMIT_NOFILE, &l) == 0 ? l.rlim_cur : 0;
}

static bool raises_to_the_hard_one(void)
{
    if (!set_files(100, 200))
        return false;
    limits_raise();
    bool raised = files() == 200;
    limits_raise(); /* once more does not forget what there was */
    limits_restore();
    return raised && files() == 100;
}

static bool restores_nothing_without_raising(void)
{
    set_files(100, 200);
    limits_restore();
    return files() == 100;
}

static bool says_that_there_are_few(void)
{
    if (limits_check() != 0 || !set_files(LIMITS_LEAST, LIMITS_LEAST) ||
        limits_check() != 0)
        return false;
    return set_files(LIMITS_LEAST - 1, LIMITS_LEAST - 1) &&
           limits_check() == -EMFILE;
}

static int taken(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += dup2(fd, fd) == fd;
    return n;
}

static bool keeps_some_and_gives_them_back(void)
{
    struct limits_spare spare;
    int before = taken();
    if (limits_keep(&spare) != 0 || taken() != before + LIMITS_SPARE)
        return false;
    limits_release(&spare);
    return taken() == before;
}

static bool keeps_none_where_there_are_too_few(void)
{
    struct limits_spare spare;
    int before = taken();
    /* None of those in use may be above the limit. */
    for (int fd = before; fd < 256; fd++)
        close(fd);
    before = taken();
    return set_files((rlim_t)before + LIMITS_SPARE - 1,
                     (rlim_t)before + LIMITS_SPARE - 1) &&
           limits_keep(&spare) == -EMFILE && taken() == before;
}

#define IN_CHILD(name)                                                         \
    static void test_##name(void **state)                                      \
    {                                                                          \
        (void)state;                                                           \
        in_child(name);                                                        \
    }
IN_CHILD(raises_to_the_hard_one)
IN_CHILD(restores_nothing_without_raising)
IN_CHILD(says_that_there_are_few)
IN_CHILD(keeps_some_and_gives_them_back)
IN_CHILD(keeps_none_where_there_are_too_few)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raises_to_the_hard_one),
        cmocka_unit_test(test_restores_nothing_without_raising),
        cmocka_unit_test(test_says_that_there_are_few),
        cmocka_unit_test(test_keeps_some_and_gives_them_back),
        cmocka_unit_test(test_keeps_none_where_there_are_too_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
