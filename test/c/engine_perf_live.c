/* Engine perf on real processes: children of this test that spin, sleep, have
 * deep stacks, start threads and end. As root, much also runs as nobody. */

#include "as_nobody.h"
#include "test.h"
#include "waiting.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"

enum { MAGIC_WORDS = 4 };

static const uint64_t magic = 0x5afe57ac0de12345ull;

/* --- what the children do ------------------------------------------------ */

/* Shared with the children. */
static struct {
    volatile uint64_t loops;
    volatile int start_thread;
    volatile int ready; /* threads that have their name and got going */
} * shared;

__attribute__((noinline)) static void spin(void)
{
    for (;;)
        shared->loops++;
}

/* Well over 8 kB of stack below its caller. */
__attribute__((noinline)) static int deep(int n)
{
    volatile char room[1024];
    room[0] = (char)n;
    if (n == 0)
        spin();
    return n ? deep(n - 1) + room[0] : room[0];
}

static void get_going(const void *name)
{
    prctl(PR_SET_NAME, name);
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
}

static void *spinning(void *name)
{
    get_going(name);
    spin();
    return NULL;
}

static void *sleeping(void *name)
{
    get_going(name);
    for (;;)
        pause();
    return NULL;
}

static void start_thread(void *(*run)(void *), const char *name)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, (void *)(uintptr_t)name) != 0)
        _exit(3);
    pthread_detach(thread);
}

/* The mark is in the caller: a leaf function's own may lie below rsp. */
static void child_spins(void)
{
    volatile uint64_t mark[MAGIC_WORDS] = {magic, magic, magic, magic};
    spin();
    shared->loops += mark[0];
}

static void child_goes_deep(void)
{
    deep(20);
}

static void child_sleeps(void)
{
    sleeping("sleeping");
}

static void child_starts_a_thread_later(void)
{
    WAIT_UNTIL(shared->start_thread);
    start_thread(spinning, "2_scheduler");
    /* The record of the new thread waits in this thread's ring. */
    sleeping("sleeping");
}

/* As many threads as a node on four cores has. */
static void child_is_like_a_node(void)
{
    for (int i = 0; i < 18; i++)
        start_thread(sleeping, i < 16 ? "1_dirty_io_sche" : "1_aux");
    start_thread(spinning, "1_scheduler");
    sleeping("sleeping");
}

static void child_is_like_a_big_node(void)
{
    for (int i = 0; i < 420; i++)
        start_thread(sleeping, "1_scheduler");
    spinning("spinning");
}

/* In the kernel nearly all of the time. */
static void child_calls_the_kernel(void)
{
    for (;;)
        free(calloc(1, 1)), getppid(), sched_yield();
}

static void *share(void)
{
    FILE *file = tmpfile();
    if (!file || ftruncate(fileno(file), sizeof(*shared)) != 0)
        abort();
    void *at = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                    fileno(file), 0);
    fclose(file);
    if (at == MAP_FAILED)
        abort();
    return at;
}

static pid_t start_child(void (*run)(void))
{
    memset((void *)shared, 0, sizeof(*shared));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1);
    run();
    _exit(0);
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* --- what is seen of them ------------------------------------------------ */

struct seen {
    struct engine *engine; /* to be told of short copies; or NULL */
    size_t count, in_spin, marked, in_kernel, with_kernel_ips, no_regs;
    size_t from_other_threads;
    pid_t pid;
    uint64_t last_ns, cpu_ns;
    size_t backwards, largest_stack;
    uint64_t polled_ns, longest_gap_ns; /* between two polls */
};

static bool in_function(uint64_t ip, void (*function)(void))
{
    return ip - (uint64_t)(uintptr_t)function < 128;
}

static bool has_magic(const struct sample_copy *stack)
{
    for (size_t i = 0; i + sizeof(magic) <= stack->len; i += sizeof(magic))
        if (memcmp(stack->bytes + i, &magic, sizeof(magic)) == 0)
            return true;
    return false;
}

static bool see(void *ctx, const struct sample *s)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->cpu_ns += s->period_ns;
    seen->in_spin += in_function(s->regs.r[REGS_RIP], spin);
    seen->marked +=
        s->stack.addr == s->regs.r[REGS_RSP] && has_magic(&s->stack);
    seen->in_kernel += s->in_kernel;
    seen->with_kernel_ips += s->kernel_count > 0;
    seen->no_regs += !s->has_regs;
    seen->from_other_threads += s->tid != seen->pid;
    if (s->tid == seen->pid) {
        seen->backwards += s->time_ns < seen->last_ns;
        seen->last_ns = s->time_ns;
    }
    if (s->stack.len > seen->largest_stack)
        seen->largest_stack = s->stack.len;
    if (seen->engine)
        engine_perf.stack_short(seen->engine);
    return true;
}

static struct engine *open_engine(pid_t pid, unsigned rate, bool kernel_stacks)
{
    struct threads threads;
    assert_int_equal(threads_read(pid, &threads), 0);
    struct engine_config config = {.pid = pid,
                                   .view.threads = &threads,
                                   .rate = rate,
                                   .kernel_stacks = kernel_stacks};
    struct engine *engine = NULL;
    assert_int_equal(engine_perf.open(&config, &engine), 0);
    threads_deinit(&threads);
    return engine;
}

static int poll_once(struct engine *e, struct seen *seen)
{
    uint64_t now = clock_now_ns();
    if (seen->polled_ns && now - seen->polled_ns > seen->longest_gap_ns)
        seen->longest_gap_ns = now - seen->polled_ns;
    seen->polled_ns = now;
    return engine_perf.poll(e, 20, see, seen);
}

/* What is asked for comes at once or, on a busy machine, later. */
#define POLL_UNTIL(e, seen, holds)                                             \
    do {                                                                       \
        uint64_t limit_ns = clock_now_ns() + WAIT_AT_MOST_NS;                  \
        while (!(holds)) {                                                     \
            assert_true(clock_now_ns() < limit_ns);                            \
            assert_true(poll_once((e), (seen)) >= 0);                          \
        }                                                                      \
    } while (0)

/* Until a poll tells something: what it does. */
static int poll_for_news(struct engine *e, struct seen *seen)
{
    uint64_t limit_ns = clock_now_ns() + WAIT_AT_MOST_NS;
    int result = 0;
    while (result == 0 && clock_now_ns() < limit_ns)
        result = poll_once(e, seen);
    return result;
}

static uint64_t cpu_ns_of(pid_t pid)
{
    clockid_t clock;
    struct timespec now;
    assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &now), 0);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Until the process has had that much of a CPU. */
static void poll_for_cpu(struct engine *e, pid_t pid, unsigned ms,
                         struct seen *seen)
{
    uint64_t until = cpu_ns_of(pid) + ms * NS_PER_MS;
    POLL_UNTIL(e, seen, cpu_ns_of(pid) >= until);
}

static void burn(pid_t pid, unsigned ms)
{
    uint64_t until = cpu_ns_of(pid) + ms * NS_PER_MS;
    WAIT_UNTIL(cpu_ns_of(pid) >= until);
}

/* Samples per second of CPU time against the rate asked for. We may have to
 * wait for a CPU beside the start and the stop, while the process has one. */
static void rate_is_reached(pid_t pid, unsigned rate)
{
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, rate, false);
    uint64_t before = cpu_ns_of(pid);
    assert_int_equal(engine_perf.start(e), 0);
    uint64_t started = cpu_ns_of(pid);
    poll_for_cpu(e, pid, 800, &seen);
    uint64_t stopping = cpu_ns_of(pid);
    (engine_perf.stop)(e); /* cmocka has a macro stop */
    uint64_t stopped = cpu_ns_of(pid);
    assert_int_equal(poll_once(e, &seen), 0);
    double least = (double)(stopping - started) / NS_PER_S;
    double most = (double)(stopped - before) / NS_PER_S;
    struct engine_counters counters = engine_perf.counters(e);
    engine_perf.close(e);
    size_t taken = seen.count + (size_t)counters.lost;
    print_message("asked %u Hz, %zu samples in %.3f to %.3f s of CPU; late %zu "
                  "lost %zu\n",
                  rate, seen.count, least, most, (size_t)counters.late,
                  (size_t)counters.lost);

    assert_true((double)taken > 0.8 * rate * least);
    assert_true((double)taken < 1.2 * rate * most);
    assert_int_equal(counters.samples, seen.count);
    assert_true(seen.count > taken / 2);
    assert_int_equal(seen.backwards, 0);
    assert_int_equal(seen.no_regs, 0);
    /* A few samples may hit the kernel: page faults, interrupts. */
    assert_true(seen.in_spin >= seen.count * 95 / 100);
    assert_true(seen.marked >= seen.count * 95 / 100);
    double cpu = (double)seen.cpu_ns / NS_PER_S;
    double share = (double)seen.count / (double)taken;
    assert_true(cpu > 0.8 * least * share && cpu < 1.2 * most);
}

static void samples_come_at_the_rate_with_registers_and_stack(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    rate_is_reached(pid, 99);
    rate_is_reached(pid, 999);
    end_child(pid);
}

static void cycles_are_sampled_where_there_are_counters(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct threads threads;
    assert_int_equal(threads_read(pid, &threads), 0);
    struct engine_config config = {.pid = pid,
                                   .view.threads = &threads,
                                   .rate = 499,
                                   .event = ENGINE_CYCLES};
    struct engine *e = NULL;
    int result = engine_perf.open(&config, &e);
    threads_deinit(&threads);
    struct seen seen = {.pid = pid};
    if (result == 0) {
        assert_int_equal(engine_perf.start(e), 0);
        POLL_UNTIL(e, &seen, seen.count > 100);
        engine_perf.close(e);
    }
    end_child(pid);
    if (result == -E_NO_ENGINE) /* a virtual machine without them */
        skip();
    assert_int_equal(result, 0);
    assert_true(seen.marked >= seen.count * 9 / 10);
}

/* Nobody reads the ring while it fills up, and no record comes after that to
 * tell of those that were lost. */
static void all_that_is_lost_is_counted(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, 999, false);
    assert_int_equal(engine_perf.start(e), 0);
    burn(pid, 500);
    (engine_perf.stop)(e);
    assert_int_equal(poll_once(e, &seen), 0);
    struct engine_counters counters = engine_perf.counters(e);
    engine_perf.close(e);
    end_child(pid);
    print_message("taken %zu, lost %zu\n", seen.count, (size_t)counters.lost);
    assert_true(seen.count > 0 && seen.count < 250);
    assert_true(seen.count + counters.lost > 400);
}

static void a_sleeping_process_is_not_sampled(void **state)
{
    (void)state;
    pid_t pid = start_child(child_sleeps);
    struct seen seen = {.pid = pid};
    WAIT_UNTIL(shared->ready && process_state(pid) == 'S');
    struct engine *e = open_engine(pid, 999, false);
    assert_int_equal(engine_perf.start(e), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(poll_once(e, &seen), 0);
    engine_perf.close(e);
    end_child(pid);
    assert_int_equal(seen.count, 0);
}

static void nothing_comes_after_stop(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, 499, false);
    poll_for_cpu(e, pid, 60, &seen);
    assert_int_equal(seen.count, 0); /* armed, not started */
    assert_int_equal(engine_perf.start(e), 0);
    burn(pid, 50);
    (engine_perf.stop)(e); /* cmocka has a macro stop */
    assert_int_equal(engine_perf.poll(e, 1000, see, &seen), 0);
    assert_true(seen.count > 0); /* what was queued */
    size_t queued = seen.count;
    poll_for_cpu(e, pid, 60, &seen);
    assert_int_equal(seen.count, queued);
    engine_perf.close(e);
    end_child(pid);
}

static void a_new_thread_is_noticed_and_sampled(void **state)
{
    (void)state;
    pid_t pid = start_child(child_starts_a_thread_later);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, 499, false);
    assert_int_equal(engine_perf.start(e), 0);
    assert_int_equal(poll_once(e, &seen), 0);
    shared->start_thread = 1;
    assert_int_equal(poll_for_news(e, &seen), 1);
    struct threads threads;
    assert_int_equal(threads_read(pid, &threads), 0);
    struct engine_view view = {.threads = &threads};
    assert_int_equal(engine_perf.follow(e, &view), 0);
    assert_int_equal(engine_perf.follow(e, &view), 0); /* again */
    threads_deinit(&threads);
    assert_int_equal(engine_perf.info(e).threads, 2);
    POLL_UNTIL(e, &seen, seen.from_other_threads > 10);
    engine_perf.close(e);
    end_child(pid);
}

static void the_end_of_the_process_is_told(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, 499, false);
    assert_int_equal(engine_perf.start(e), 0);
    POLL_UNTIL(e, &seen, seen.count > 0);
    end_child(pid);
    assert_int_equal(poll_for_news(e, &seen), -E_GONE);
    assert_int_equal(engine_perf.info(e).threads, 0);
    (engine_perf.stop)(e); /* cmocka has a macro stop */
    engine_perf.close(e);
    assert_int_equal(engine_perf.probe(pid), -E_NO_PROCESS);
}

static void a_deep_stack_gets_a_longer_copy(void **state)
{
    (void)state;
    pid_t pid = start_child(child_goes_deep);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, 999, false);
    assert_int_equal(engine_perf.start(e), 0);
    POLL_UNTIL(e, &seen, seen.largest_stack > 8192);
    assert_int_equal(engine_perf.info(e).stack_bytes, 16384);
    engine_perf.close(e);
    end_child(pid);
}

static void child_spins_on_a_scheduler(void)
{
    spinning("1_scheduler");
}

static void the_unwinder_can_ask_for_longer_copies(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins_on_a_scheduler);
    WAIT_UNTIL(shared->ready);
    struct engine *e = open_engine(pid, 999, false);
    struct seen seen = {.pid = pid, .engine = e};
    assert_int_equal(engine_perf.start(e), 0);
    POLL_UNTIL(e, &seen, engine_perf.info(e).stack_bytes >= 64512);
    size_t then = seen.count;
    POLL_UNTIL(e, &seen, seen.count > then + 10);
    unsigned most = engine_perf.info(e).stack_bytes;
    engine_perf.close(e);
    end_child(pid);
    assert_int_equal(most, 64512);
    assert_int_equal(seen.backwards, 0);
}

static void twenty_threads_fit(bool kernel_included)
{
    pid_t pid = start_child(child_is_like_a_node);
    struct seen seen = {.pid = pid};
    WAIT_UNTIL(shared->ready == 20);
    struct engine *e = open_engine(pid, 499, false);
    struct engine_info info = engine_perf.info(e);
    assert_int_equal(engine_perf.start(e), 0);
    POLL_UNTIL(e, &seen, seen.from_other_threads > 20);
    struct engine_counters counters = engine_perf.counters(e);
    engine_perf.close(e);
    end_child(pid);
    print_message("20 threads: rings %zu kB, %zu samples, %zu lost, at most "
                  "%zu ms between polls\n",
                  info.ring_bytes / 1024, seen.count, (size_t)counters.lost,
                  (size_t)(seen.longest_gap_ns / NS_PER_MS));
    assert_int_equal(info.threads, 20);
    assert_int_equal(info.threads_skipped, 0);
    assert_int_equal(info.kernel_included, kernel_included);
    /* Who gets no CPU for long loses some, and says so. */
    assert_true(counters.lost == 0 || seen.longest_gap_ns > 60 * NS_PER_MS);
}

static void a_node_like_process_fits(void **state)
{
    (void)state;
    twenty_threads_fit(geteuid() == 0);
}

static void a_node_with_many_schedulers_fits(void **state)
{
    (void)state;
    pid_t pid = start_child(child_is_like_a_big_node);
    struct seen seen = {.pid = pid};
    WAIT_UNTIL(shared->ready == 421);
    uint64_t before = clock_now_ns();
    struct engine *e = open_engine(pid, 499, false);
    uint64_t opened_ns = clock_now_ns() - before;
    struct engine_info info = engine_perf.info(e);
    assert_int_equal(engine_perf.start(e), 0);
    POLL_UNTIL(e, &seen, seen.count > 0);
    engine_perf.close(e);
    end_child(pid);
    print_message("421 threads: rings %zu kB, opened in %zu us\n",
                  info.ring_bytes / 1024, (size_t)opened_ns / 1000);
    assert_int_equal(info.threads, 421);
    assert_int_equal(info.threads_skipped, 0);
    assert_true(info.ring_bytes <= 32 << 20);
}

static void kernel_time_and_stacks_are_seen_with_the_rights(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t pid = start_child(child_calls_the_kernel);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid, 499, true);
    assert_int_equal(engine_perf.start(e), 0);
    POLL_UNTIL(e, &seen, seen.count > 40);
    assert_true(engine_perf.info(e).kernel_included);
    engine_perf.close(e);
    end_child(pid);
    assert_true(seen.in_kernel > seen.count / 4);
    assert_true(seen.with_kernel_ips >= seen.in_kernel * 9 / 10);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    struct threads none = {0};
    struct engine_config config = {.pid = 1, .view.threads = &none, .rate = 0};
    struct engine *e = NULL;
    assert_int_equal(engine_perf.open(&config, &e), -EINVAL);
    config.rate = ENGINE_MAX_RATE + 1;
    assert_int_equal(engine_perf.open(&config, &e), -EINVAL);
    config.rate = 99;
    assert_int_equal(engine_perf.open(&config, &e), -E_GONE);
    assert_null(e);
}

static void engines_are_chosen_by_name(void **state)
{
    (void)state;
    pid_t pid = start_child(child_sleeps);
    struct engine_choice choice = engine_choose("perf", pid);
    assert_ptr_equal(choice.ops, &engine_perf);
    assert_null(choice.better); /* it was asked for */
    choice = engine_choose("none such", pid);
    assert_null(choice.ops);
    assert_int_equal(choice.why, -E_UNKNOWN_ENGINE);
    end_child(pid);
    choice = engine_choose("perf", pid);
    assert_null(choice.ops);
    assert_int_equal(choice.why, -E_NO_PROCESS);
}

/* Best first, and a reason for each one that was passed over. */
static void auto_takes_the_best_that_works(void **state)
{
    (void)state;
    pid_t pid = start_child(child_sleeps);
    struct engine_choice choice = engine_choose("auto", pid);
    int bpf = engine_bpf.probe(pid);
    end_child(pid);
    assert_ptr_equal(choice.ops, bpf ? &engine_perf : &engine_bpf);
    assert_ptr_equal(choice.better, bpf ? &engine_bpf : NULL);
    if (bpf)
        assert_true(choice.why == bpf || choice.why == -E_SECCOMP);
    else
        assert_int_equal(choice.why, 0);
}

/* An engine may look as if it worked and not open: the next one is tried, and
 * in the end it is the best one's reason that counts. */
static void auto_goes_on_when_an_engine_does_not_open(void **state)
{
    (void)state;
    pid_t pid = start_child(child_sleeps);
    struct threads threads;
    assert_int_equal(threads_read(pid, &threads), 0);
    struct engine_config config = {
        .pid = pid, .view.threads = &threads, .rate = ENGINE_MAX_RATE + 1};
    struct engine *e = NULL;
    struct engine_choice choice = engine_choose("auto", pid);
    int why = choice.better ? choice.why : choice.ops->open(&config, &e);
    assert_true(why < 0);
    assert_int_equal(engine_open("auto", &config, &choice, &e), why);
    assert_null(e);
    assert_null(choice.ops);
    config.rate = 99;
    assert_int_equal(engine_open("perf", &config, &choice, &e), 0);
    assert_ptr_equal(choice.ops, &engine_perf);
    engine_perf.close(e);
    threads_deinit(&threads);
    end_child(pid);
}

static void another_users_process_is_denied(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    struct engine_choice choice = engine_choose("perf", 1); /* root's */
    assert_null(choice.ops);
    assert_int_equal(choice.why, -E_PERF_DENIED);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_come_at_the_rate_with_registers_and_stack),
        cmocka_unit_test(cycles_are_sampled_where_there_are_counters),
        cmocka_unit_test(all_that_is_lost_is_counted),
        cmocka_unit_test(a_sleeping_process_is_not_sampled),
        cmocka_unit_test(nothing_comes_after_stop),
        cmocka_unit_test(a_new_thread_is_noticed_and_sampled),
        cmocka_unit_test(the_end_of_the_process_is_told),
        cmocka_unit_test(a_deep_stack_gets_a_longer_copy),
        cmocka_unit_test(the_unwinder_can_ask_for_longer_copies),
        cmocka_unit_test(a_node_like_process_fits),
        cmocka_unit_test(a_node_with_many_schedulers_fits),
        cmocka_unit_test(kernel_time_and_stacks_are_seen_with_the_rights),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(engines_are_chosen_by_name),
        cmocka_unit_test(auto_takes_the_best_that_works),
        cmocka_unit_test(auto_goes_on_when_an_engine_does_not_open),
        cmocka_unit_test(another_users_process_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    shared = share();
    return run_as_both(run_all);
}
