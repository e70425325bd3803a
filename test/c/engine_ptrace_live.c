/* Engine ptrace on real processes: children of this test that compute, sleep,
 * call the kernel, get signals, are stopped and end. As root, all of it also
 * runs as nobody. Sampling is always forced, because machines that run tests
 * are busy. */
#include "as_nobody.h"
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"

enum { MAGIC_WORDS = 4, PATIENCE_MS = 240000 };

static const uint64_t magic = 0x5afe57ac0de12345ull;

/* Shared with the children. */
static struct {
    volatile uint64_t loops, wrong, signals;
    volatile int start_thread, ready, cpu;
} * shared;

static void sleep_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* --- what the children do ------------------------------------------------ */

__attribute__((noinline)) static void spin(void)
{
    for (;;)
        shared->loops++;
}

/* The mark is in the caller: a leaf function's own may lie below rsp. */
static void child_spins(void)
{
    volatile uint64_t mark[MAGIC_WORDS] = {magic, magic, magic, magic};
    spin();
    shared->loops += mark[0];
}

/* epoll_wait is one of the few calls that are not begun again. */
static void child_sleeps(void)
{
    int epoll = epoll_create1(0);
    struct epoll_event event;
    for (shared->ready = 1;;) {
        shared->wrong += epoll_wait(epoll, &event, 1, -1) < 0;
        shared->loops++;
    }
}

/* Every call must come out as it would without us. */
static void child_calls_the_kernel(void)
{
    const struct timespec moment = {0, 1000};
    int pipes[2];
    char bytes[4096] = {0};
    if (pipe(pipes) != 0)
        _exit(3);
    for (;; shared->loops++) {
        ssize_t size = sizeof(bytes);
        for (int i = 0; i < 50; i++) {
            shared->wrong += write(pipes[1], bytes, sizeof(bytes)) != size;
            shared->wrong += read(pipes[0], bytes, sizeof(bytes)) != size;
        }
        shared->wrong += nanosleep(&moment, NULL) != 0;
    }
}

static void on_signal(int number)
{
    (void)number;
    shared->signals++;
}

static void child_gets_signals(void)
{
    signal(SIGUSR1, on_signal);
    shared->ready = 1;
    spin();
}

static void *spinning(void *arg)
{
    (void)arg;
    spin();
    return NULL;
}

static void child_starts_a_thread_later(void)
{
    pthread_t thread;
    while (!shared->start_thread)
        sleep_ms(1);
    if (pthread_create(&thread, NULL, spinning, NULL) != 0)
        _exit(3);
    pthread_join(thread, NULL);
}

static pid_t left; /* a child that was not ended yet; 0: none */

static pid_t start_child(void (*run)(void))
{
    memset((void *)shared, 0, sizeof(*shared));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* to Yama */
        run();
        _exit(0);
    }
    left = pid;
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    left = left == pid ? 0 : left;
}

/* The child of a test that failed would spin beside the next one. */
static int end_left_child(void **state)
{
    (void)state;
    if (left)
        end_child(left);
    return 0;
}

static void wait_for(volatile const int *what)
{
    for (unsigned ms = 0; !*what && ms < PATIENCE_MS; ms++)
        sleep_ms(1);
    assert_true(*what);
}

static void goes_on(void)
{
    uint64_t loops = shared->loops;
    for (unsigned ms = 0; shared->loops == loops && ms < PATIENCE_MS; ms++)
        sleep_ms(1);
    assert_true(shared->loops != loops);
}

/* The number behind a key of the child's status file; 'T' and its like are
 * their letter. */
static int status_of(pid_t pid, const char *key)
{
    char path[64], line[256];
    int value = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0) {
            const char *at = line + strlen(key) + 2; /* ":\t" */
            value = *at >= 'A' ? *at : atoi(at);
        }
    fclose(file);
    return value;
}

/* A hand ends a moment after it was killed. @return the tracer, 0: none */
static int wait_for_no_tracer(pid_t pid)
{
    int tracer = 1;
    uint64_t until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    while ((tracer = status_of(pid, "TracerPid")) && clock_now_ns() < until)
        sleep_ms(1);
    return tracer;
}

/* --- what is seen of them ------------------------------------------------ */

struct seen {
    pid_t pid;
    size_t count, in_spin, marked, in_kernel, from_other_threads;
    size_t backwards, not_exact;
    uint64_t last_ns, cpu_ns;
};

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
    uint64_t in_spin = s->regs.r[REGS_RIP] - (uint64_t)(uintptr_t)spin;
    seen->count++;
    seen->cpu_ns += s->period_ns;
    seen->in_spin += in_spin < 128;
    seen->marked +=
        s->stack.addr == s->regs.r[REGS_RSP] && has_magic(&s->stack);
    seen->in_kernel += s->in_kernel;
    seen->from_other_threads += s->tid != seen->pid;
    seen->not_exact += !s->exact || !s->has_regs;
    if (s->tid == seen->pid) {
        seen->backwards += s->time_ns < seen->last_ns;
        seen->last_ns = s->time_ns;
    }
    return true;
}

static const struct layout no_layout;

static int try_open(pid_t pid, unsigned rate, bool force, struct engine **out)
{
    struct threads threads;
    assert_int_equal(threads_read(pid, &threads), 0);
    struct engine_config config = {
        .pid = pid,
        .view = {.threads = &threads, .layout = &no_layout},
        .rate = rate,
        .force = force};
    int result = engine_ptrace.open(&config, out);
    threads_deinit(&threads);
    return result;
}

static struct engine *open_engine(pid_t pid)
{
    struct engine *e = NULL;
    assert_int_equal(try_open(pid, 99, true, &e), 0);
    return e;
}

static struct engine *start_engine(pid_t pid)
{
    struct engine *e = open_engine(pid);
    assert_int_equal(engine_ptrace.start(e), 0);
    return e;
}

static int poll_for(struct engine *e, unsigned ms, struct seen *seen)
{
    uint64_t until = clock_now_ns() + ms * NS_PER_MS;
    int result = 0;
    while (result == 0 && clock_now_ns() < until)
        result = engine_ptrace.poll(e, 20, see, seen);
    return result;
}

/* However long that takes on a machine that has other work. */
static void poll_until(struct engine *e, size_t count, struct seen *seen)
{
    uint64_t until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    while (seen->count < count && clock_now_ns() < until)
        assert_int_equal(engine_ptrace.poll(e, 20, see, seen), 0);
    assert_true(seen->count >= count);
}

static uint64_t cpu_ns_of(pid_t pid)
{
    clockid_t clock;
    struct timespec now;
    assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &now), 0);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void holds_are_told(struct engine *e, const struct seen *seen)
{
    struct engine_counters counters = engine_ptrace.counters(e);
    struct engine_info info = engine_ptrace.info(e);
    print_message(
        "%zu samples, %zu missed; held p50 %zu us, p99 %zu, max "
        "%zu\n",
        seen->count, (size_t)counters.missed, (size_t)info.hold_p50_ns / 1000,
        (size_t)info.hold_p99_ns / 1000, (size_t)info.hold_max_ns / 1000);
    assert_int_equal(counters.samples, seen->count);
    assert_true(info.hold_p50_ns > 0);
    assert_true(info.hold_p50_ns <= info.hold_p99_ns);
    assert_true(info.hold_p99_ns <= info.hold_max_ns);
}

/* --- tests --------------------------------------------------------------- */

static void samples_stand_for_cpu_time(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    goes_on();
    uint64_t before = cpu_ns_of(pid);
    struct engine *e = start_engine(pid);
    poll_until(e, 60, &seen);
    uint64_t cpu_ns = cpu_ns_of(pid) - before;
    holds_are_told(e, &seen);
    engine_ptrace.close(e);
    end_child(pid);
    double seconds = (double)cpu_ns / NS_PER_S;
    print_message("%.1f samples a second of CPU\n",
                  (double)seen.count / seconds);

    /* A tick, by which the kernel counts, is up to 10 ms. */
    assert_true(seen.cpu_ns < cpu_ns + 10 * NS_PER_MS);
    assert_true(seen.cpu_ns > cpu_ns / 2);
    assert_true((double)seen.count < 99 * seconds + 4);
    assert_int_equal(seen.not_exact, 0);
    assert_int_equal(seen.backwards, 0);
    assert_true(seen.in_spin >= seen.count * 9 / 10);
    assert_true(seen.marked >= seen.count * 9 / 10);
}

static void a_sleeping_process_is_left_alone(void **state)
{
    (void)state;
    pid_t pid = start_child(child_sleeps);
    struct seen seen = {.pid = pid};
    wait_for(&shared->ready);
    sleep_ms(20);
    struct engine *e = start_engine(pid);
    assert_int_equal(poll_for(e, 300, &seen), 0);
    (engine_ptrace.stop)(e); /* cmocka has a macro stop */
    assert_int_equal(engine_ptrace.info(e).hold_max_ns, 0);
    engine_ptrace.close(e);
    assert_int_equal(seen.count, 0);
    assert_int_equal(shared->loops, 0); /* never woken */
    end_child(pid);
}

static void system_calls_come_out_as_ever(void **state)
{
    (void)state;
    pid_t pid = start_child(child_calls_the_kernel);
    struct seen seen = {.pid = pid};
    goes_on();
    struct engine *e = start_engine(pid);
    poll_until(e, 60, &seen);
    holds_are_told(e, &seen);
    engine_ptrace.close(e);
    goes_on();
    uint64_t wrong = shared->wrong;
    end_child(pid);
    assert_int_equal(wrong, 0);
    assert_true(seen.in_kernel > 0);
}

static void signals_arrive_once_each(void **state)
{
    (void)state;
    pid_t pid = start_child(child_gets_signals);
    struct seen seen = {.pid = pid};
    wait_for(&shared->ready);
    struct engine *e = start_engine(pid);
    for (uint64_t i = 1; i <= 300; i++) {
        kill(pid, SIGUSR1);
        uint64_t until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
        do
            assert_int_equal(engine_ptrace.poll(e, 2, see, &seen), 0);
        while (shared->signals < i && clock_now_ns() < until);
        assert_int_equal(shared->signals, i);
    }
    engine_ptrace.close(e);
    goes_on();
    assert_int_equal(shared->signals, 300);
    assert_true(seen.count > 0);
    end_child(pid);
}

static void a_stopped_process_stays_stopped(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    goes_on();
    struct engine *e = start_engine(pid);
    for (int i = 0; i < 20; i++) {
        size_t more = seen.count + 2;
        poll_until(e, more, &seen);
        kill(pid, SIGSTOP);
        for (int ms = 0; status_of(pid, "State") != 'T' && ms < PATIENCE_MS;)
            sleep_ms(1), ms++;
        uint64_t loops = shared->loops;
        size_t count = seen.count;
        assert_int_equal(poll_for(e, 20, &seen), 0);
        assert_int_equal(status_of(pid, "State"), 'T');
        assert_int_equal(shared->loops, loops);
        assert_int_equal(seen.count, count);
        kill(pid, SIGCONT);
        goes_on();
    }
    engine_ptrace.close(e);
    end_child(pid);
}

static void nothing_comes_after_stop(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    struct engine *e = open_engine(pid);
    assert_int_equal(poll_for(e, 60, &seen), 0);
    assert_int_equal(seen.count, 0); /* not started */
    assert_int_equal(engine_ptrace.start(e), 0);
    poll_until(e, 3, &seen);
    (engine_ptrace.stop)(e); /* cmocka has a macro stop */
    size_t count = seen.count;
    assert_int_equal(engine_ptrace.poll(e, 1000, see, &seen), 0);
    assert_int_equal(poll_for(e, 60, &seen), 0);
    assert_int_equal(seen.count, count);
    assert_int_equal(status_of(pid, "TracerPid"), 0);
    goes_on();
    engine_ptrace.close(e);
    end_child(pid);
}

static void a_new_thread_is_followed(void **state)
{
    (void)state;
    pid_t pid = start_child(child_starts_a_thread_later);
    struct seen seen = {.pid = pid};
    struct engine *e = start_engine(pid);
    assert_int_equal(poll_for(e, 30, &seen), 0);
    shared->start_thread = 1;
    goes_on();
    struct threads threads;
    assert_int_equal(threads_read(pid, &threads), 0);
    assert_int_equal(threads.count, 2);
    struct engine_view view = {.threads = &threads, .layout = &no_layout};
    assert_int_equal(engine_ptrace.follow(e, &view), 0);
    assert_int_equal(engine_ptrace.follow(e, &view), 0); /* again */
    threads_deinit(&threads);
    assert_int_equal(engine_ptrace.info(e).threads, 2);
    poll_until(e, seen.count + 5, &seen);
    assert_true(seen.from_other_threads >= 4);
    engine_ptrace.close(e);
    end_child(pid);
}

static void the_end_of_the_process_is_told(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    struct seen seen = {.pid = pid};
    struct engine *e = start_engine(pid);
    poll_until(e, 3, &seen);
    end_child(pid);
    assert_int_equal(poll_for(e, 5000, &seen), -E_GONE);
    assert_int_equal(engine_ptrace.info(e).threads, 0);
    (engine_ptrace.stop)(e); /* cmocka has a macro stop */
    engine_ptrace.close(e);
    assert_int_equal(engine_ptrace.probe(pid), -E_NO_PROCESS);
}

/* A sampler that is killed at any moment leaves nothing behind. */
static void a_killed_sampler_lets_go(void **state)
{
    (void)state;
    pid_t pid = start_child(child_gets_signals);
    wait_for(&shared->ready);
    for (unsigned i = 0; i < 40; i++) {
        pid_t sampler = fork();
        if (sampler == 0) {
            struct seen seen = {.pid = pid};
            struct engine *e = start_engine(pid);
            for (;;)
                (void)!engine_ptrace.poll(e, 20, see, &seen);
        }
        usleep(10000 + i * 1777);
        end_child(sampler);
        goes_on();
        assert_int_equal(wait_for_no_tracer(pid), 0);
        kill(pid, SIGUSR1);
        for (unsigned ms = 0; shared->signals <= i && ms < PATIENCE_MS; ms++)
            sleep_ms(1);
        assert_int_equal(shared->signals, i + 1);
    }
    end_child(pid);
}

/* --- a CPU that many want ------------------------------------------------ */

enum { HOGS = 12 };

static void stay_on_cpu(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)shared->cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        _exit(3);
}

static void child_spins_on_one_cpu(void)
{
    shared->cpu = sched_getcpu();
    stay_on_cpu();
    spin();
}

static void start_hogs(pid_t *hogs)
{
    for (int i = 0; i < HOGS; i++) {
        hogs[i] = fork();
        if (hogs[i] != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        stay_on_cpu();
        for (;;)
            __asm__ volatile("");
    }
}

/* A thread that gets no CPU cannot stop: it is given up, and left as it was. */
static void a_thread_that_does_not_stop_is_let_go(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins_on_one_cpu), hogs[HOGS];
    struct seen seen = {.pid = pid};
    goes_on();
    struct engine *e = start_engine(pid);
    poll_until(e, 1, &seen);
    uint64_t cpu_ns = cpu_ns_of(pid),
             until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    while (cpu_ns_of(pid) < cpu_ns + 30 * NS_PER_MS && clock_now_ns() < until)
        sleep_ms(5); /* until it is due */
    start_hogs(hogs);
    sleep_ms(20);
    while (engine_ptrace.counters(e).missed == 0 && clock_now_ns() < until)
        assert_int_equal(engine_ptrace.poll(e, 20, see, &seen), 0);
    uint64_t missed = engine_ptrace.counters(e).missed;
    int tracer = wait_for_no_tracer(pid);
    for (int i = 0; i < HOGS; i++)
        end_child(hogs[i]);
    goes_on();
    poll_until(e, seen.count + 2, &seen);
    engine_ptrace.close(e);
    end_child(pid);
    assert_true(missed > 0);
    assert_int_equal(tracer, 0);
}

/* --- what is refused ----------------------------------------------------- */

static void a_traced_process_is_refused(void **state)
{
    (void)state;
    pid_t pid = start_child(child_spins);
    goes_on();
    pid_t tracer = fork();
    if (tracer == 0) {
        shared->ready = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? 1 : -1;
        for (;;)
            pause();
    }
    wait_for(&shared->ready);
    assert_int_equal(shared->ready, 1);
    struct engine *e = NULL;
    assert_int_equal(engine_ptrace.probe(pid), -E_TRACED);
    assert_int_equal(try_open(pid, 99, true, &e), -E_TRACED);
    assert_null(e);
    end_child(tracer);
    for (int ms = 0; engine_ptrace.probe(pid) && ms < PATIENCE_MS; ms++)
        sleep_ms(1);
    assert_int_equal(engine_ptrace.probe(pid), 0);
    end_child(pid);
}

static void a_saturated_machine_is_refused_unless_forced(void **state)
{
    (void)state;
    enum { MOST = 8 };
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (cpus > MOST)
        skip();
    pid_t pid[2 * MOST + 2] = {0};
    for (long i = 0; i < 2 * cpus + 2; i++)
        pid[i] = start_child(child_spins);
    goes_on();
    struct engine *refused = NULL, *forced = NULL;
    int result = try_open(pid[0], 99, false, &refused);
    int with_force = try_open(pid[0], 99, true, &forced);
    for (long i = 0; i < 2 * cpus + 2; i++)
        end_child(pid[i]);
    assert_int_equal(result, -E_SATURATED);
    assert_null(refused);
    assert_int_equal(with_force, 0);
    engine_ptrace.close(forced);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    struct engine *e = NULL;
    pid_t pid = start_child(child_sleeps);
    assert_int_equal(try_open(pid, 0, true, &e), -EINVAL);
    assert_int_equal(try_open(pid, 100, true, &e), -E_RATE);
    struct threads none = {0};
    struct engine_config config = {
        .pid = pid,
        .view = {.threads = &none, .layout = &no_layout},
        .rate = 99,
        .force = true};
    assert_int_equal(engine_ptrace.open(&config, &e), -E_GONE);
    config.event = ENGINE_CYCLES;
    assert_int_equal(engine_ptrace.open(&config, &e), -E_NO_ENGINE);
    assert_null(e);
    end_child(pid);
}

static void it_is_taken_only_by_name(void **state)
{
    (void)state;
    pid_t pid = start_child(child_sleeps);
    assert_ptr_equal(engine_choose("ptrace", pid).ops, &engine_ptrace);
    assert_ptr_not_equal(engine_choose("auto", pid).ops, &engine_ptrace);
    end_child(pid);
    assert_int_equal(engine_choose("ptrace", pid).why, -E_NO_PROCESS);
    if (geteuid() != 0) /* init is root's */
        assert_int_equal(engine_ptrace.probe(1), -E_NO_ACCESS);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(samples_stand_for_cpu_time, end_left_child),
        cmocka_unit_test_teardown(a_sleeping_process_is_left_alone,
                                  end_left_child),
        cmocka_unit_test_teardown(system_calls_come_out_as_ever,
                                  end_left_child),
        cmocka_unit_test_teardown(signals_arrive_once_each, end_left_child),
        cmocka_unit_test_teardown(a_stopped_process_stays_stopped,
                                  end_left_child),
        cmocka_unit_test_teardown(nothing_comes_after_stop, end_left_child),
        cmocka_unit_test_teardown(a_new_thread_is_followed, end_left_child),
        cmocka_unit_test_teardown(the_end_of_the_process_is_told,
                                  end_left_child),
        cmocka_unit_test_teardown(a_killed_sampler_lets_go, end_left_child),
        cmocka_unit_test_teardown(a_thread_that_does_not_stop_is_let_go,
                                  end_left_child),
        cmocka_unit_test_teardown(a_traced_process_is_refused, end_left_child),
        cmocka_unit_test_teardown(a_saturated_machine_is_refused_unless_forced,
                                  end_left_child),
        cmocka_unit_test_teardown(bad_requests_are_refused, end_left_child),
        cmocka_unit_test_teardown(it_is_taken_only_by_name, end_left_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    if (engine_ptrace.probe(getpid()) == -E_SECCOMP) {
        print_message("a seccomp filter forbids ptrace here\n");
        return 0;
    }
    return run_as_both(run_all);
}
