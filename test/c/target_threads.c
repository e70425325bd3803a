#include "test.h"

#include <errno.h>
#include <sys/resource.h>

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/threads.h"

static void is(const char *comm, enum thread_kind kind, unsigned number)
{
    enum thread_kind k;
    unsigned n;
    thread_classify(comm, &k, &n);
    if (k != kind || n != number)
        fail_msg("%s: %s %u, not %s %u", comm, thread_kind_name(k), n,
                 thread_kind_name(kind), number);
}

static void names_of_otp_25(void **state)
{
    (void)state;
    is("1_scheduler", THREAD_NORMAL, 1);
    is("128_scheduler", THREAD_NORMAL, 128);
    is("1_dirty_cpu_sch", THREAD_DIRTY_CPU, 1);
    is("10_dirty_cpu_sc", THREAD_DIRTY_CPU, 10);
    is("9_dirty_io_sche", THREAD_DIRTY_IO, 9);
    is("1024_dirty_io_s", THREAD_DIRTY_IO, 1024);
    is("1_aux", THREAD_AUX, 1);
    is("0_poller", THREAD_POLL, 0);
    is("async_1", THREAD_ASYNC, 1);
}

static void names_of_otp_27_and_29(void **state)
{
    (void)state;
    is("erts_sched_1", THREAD_NORMAL, 1);
    is("erts_sched_1024", THREAD_NORMAL, 1024);
    is("erts_dcpus_2", THREAD_DIRTY_CPU, 2);
    is("erts_dios_10", THREAD_DIRTY_IO, 10);
    is("erts_aux_1", THREAD_AUX, 1);
    is("erts_poll_0", THREAD_POLL, 0);
    is("erts_async_12", THREAD_ASYNC, 12);
}

static void other_names(void **state)
{
    (void)state;
    const char *const names[] = {
        "",          "beam.smp",        "sys_sig_dispatc", "scheduler",
        "1_sched",   "1_schedulerx",    "1_dirty_cpu",     "_scheduler",
        "erts_dios", "erts_sched_",     "erts_sched_1x",   "async_",
        "1_",        "123456789012345", "erts_smsg_disp",  "-1_scheduler",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        is(names[i], THREAD_OTHER, 0);
}

static int ready[2], leave[2];

static void *named_thread(void *name)
{
    prctl(PR_SET_NAME, name);
    pid_t tid = (pid_t)syscall(SYS_gettid);
    char byte;
    if (write(ready[1], &tid, sizeof(tid)) == sizeof(tid) &&
        read(leave[0], &byte, 1) != 1)
        return NULL;
    return NULL;
}

static void reads_the_threads_of_a_process(void **state)
{
    (void)state;
    /* The last is one of a NIF that never got a name of its own. */
    static char names[3][16] = {"7_scheduler", "a ) b", "7_scheduler"};
    pthread_t threads[3];
    pid_t tids[3];
    assert_int_equal(pipe(ready) + pipe(leave), 0);
    for (size_t i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, named_thread, names[i]);
        assert_int_equal(read(ready[0], &tids[i], sizeof(pid_t)), 4);
    }
    struct threads t;
    assert_int_equal(threads_read(getpid(), &t), 0);
    assert_int_equal(write(leave[1], "xxx", 3), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct thread *found = threads_find(&t, tids[i]);
        assert_non_null(found);
        assert_string_equal(found->name, names[i]);
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(threads_find(&t, tids[0])->kind, THREAD_NORMAL);
    assert_int_equal(threads_find(&t, tids[0])->number, 7);
    assert_int_equal(threads_find(&t, tids[1])->kind, THREAD_OTHER);
    assert_int_equal(threads_find(&t, tids[2])->kind, THREAD_OTHER);
    assert_int_equal(threads_find(&t, tids[2])->number, 0);
    assert_non_null(threads_find(&t, getpid()));
    for (size_t i = 1; i < t.count; i++)
        assert_true(t.list[i - 1].tid < t.list[i].tid);
    assert_null(threads_find(&t, 1));
    threads_deinit(&t);
    assert_null(threads_find(&t, getpid()));
}

/* A scheduler's name on a thread that the list does not have is borrowed from
 * the scheduler which started it, unless the list has no such scheduler. */
static void a_newcomer_is_what_its_name_says(void **state)
{
    (void)state;
    struct thread one = {.tid = 5, .kind = THREAD_NORMAL, .number = 1};
    const struct threads t = {.list = &one, .count = 1};
    struct thread new;
    threads_newcomer(&t, 9, "erts_sched_1", &new);
    assert_true(new.tid == 9 && new.kind == THREAD_OTHER &&new.number == 0);
    assert_string_equal(new.name, "erts_sched_1");
    threads_newcomer(&t, 9, "erts_dios_3", &new);
    assert_true(new.kind == THREAD_DIRTY_IO &&new.number == 3);
    threads_newcomer(&t, 9, "", &new);
    assert_true(new.kind == THREAD_OTHER);
    assert_string_equal(new.name, "unknown");
}

static void says_when_the_process_is_gone(void **state)
{
    (void)state;
    struct threads t;
    assert_int_equal(threads_read(0x7fffffff, &t), -E_GONE);
}

/* A process whose threads cannot be read is no process that has ended. */
static void says_when_there_is_no_descriptor_left(void **state)
{
    (void)state;
    struct threads t;
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0); /* the directory gets this one, a thread's file none */
    assert_true(next >= 0);
    close(next);
    few = (struct rlimit){(rlim_t)next + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int err = threads_read(getpid(), &t);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, -EMFILE);
}

static void ends_when_it_should(void **state)
{
    (void)state;
    struct threads t;
    const struct deadline over = deadline_in(0, NULL);
    assert_int_equal(threads_read_until(getpid(), &over, &t), -E_TIME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_when_there_is_no_descriptor_left),
        cmocka_unit_test(ends_when_it_should),
        cmocka_unit_test(names_of_otp_25),
        cmocka_unit_test(names_of_otp_27_and_29),
        cmocka_unit_test(other_names),
        cmocka_unit_test(reads_the_threads_of_a_process),
        cmocka_unit_test(a_newcomer_is_what_its_name_says),
        cmocka_unit_test(says_when_the_process_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
