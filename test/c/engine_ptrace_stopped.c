/* Whatever happens to the sampler while it holds a thread, the thread
 * continues: real samplers are stopped, killed, frozen and abandoned while they
 * sample. As root, all of it also runs as nobody. */
#include "as_nobody.h"
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"

enum { PATIENCE_MS = 60000, HITS = 5 };

/* Shared with the children. */
static struct {
    volatile uint64_t loops;           /* of the node */
    volatile uint64_t samples, missed; /* of the sampler */
} * shared;

static void sleep_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static pid_t start(void (*run)(pid_t), pid_t arg)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* to Yama */
        setpgid(0, 0);
        run(arg);
        _exit(0);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void spin(pid_t unused)
{
    (void)unused;
    for (;;)
        shared->loops++;
}

static bool count(void *ctx, const struct sample *s)
{
    (void)ctx;
    (void)s;
    shared->samples++;
    return true;
}

static struct engine *open_engine(pid_t pid)
{
    static const struct layout no_layout;
    struct threads threads;
    struct engine *e = NULL;
    if (threads_read(pid, &threads) != 0)
        return NULL;
    const struct engine_config config = {
        .pid = pid,
        .view = {.threads = &threads, .layout = &no_layout},
        .rate = 99,
        .force = true};
    if (engine_ptrace.open(&config, &e) == 0)
        (void)!engine_ptrace.start(e);
    threads_deinit(&threads);
    return e;
}

static void sample(pid_t node)
{
    struct engine *e = open_engine(node);
    while (e && engine_ptrace.poll(e, 20, count, NULL) == 0)
        shared->missed = engine_ptrace.counters(e).missed;
    _exit(3);
}

/* --- what /proc says ----------------------------------------------------- */

/* A number behind a key of a status file, or the letter; -1: no such process */
static int status_of(pid_t pid, const char *key)
{
    char path[64], line[256];
    int value = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0) {
            const char *at = line + strlen(key) + 2; /* ":\t" */
            value = *at >= 'A' ? *at : atoi(at);
        }
    if (file)
        fclose(file);
    return value;
}

static pid_t child_of(pid_t parent)
{
    pid_t child = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *e; !child && (e = readdir(proc));) {
        pid_t pid = atoi(e->d_name);
        if (pid > 0 && status_of(pid, "PPid") == parent &&
            status_of(pid, "State") != 'Z')
            child = pid;
    }
    closedir(proc);
    return child;
}

#define WAIT_UNTIL(what)                                                       \
    do {                                                                       \
        uint64_t until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;             \
        bool seen = false;                                                     \
        while (!(seen = (what)) && clock_now_ns() < until)                     \
            sleep_ms(1);                                                       \
        assert_true(seen);                                                     \
    } while (0)

static void node_goes_on(void)
{
    uint64_t loops = shared->loops;
    WAIT_UNTIL(shared->loops != loops);
}

static void samples_arrive(void)
{
    uint64_t samples = shared->samples;
    WAIT_UNTIL(shared->samples > samples + 2);
}

/* --- a node and its sampler ---------------------------------------------- */

struct pair {
    pid_t node, sampler;
    int status; /* file of the node in /proc */
};

/* The kernel (ptrace_parent) reads without a lock whether there is a tracer and
 * who it is. While a tracer comes or goes, the answer may be the parent, and
 * that is this test. */
static pid_t tracer_of(const struct pair *p)
{
    char text[4096];
    ssize_t length = pread(p->status, text, sizeof(text) - 1, 0);
    assert_true(length > 0);
    text[length] = '\0';
    const char *at = strstr(text, "TracerPid:");
    assert_non_null(at);
    pid_t tracer = atoi(at + strlen("TracerPid:"));
    return tracer == getpid() ? 0 : tracer;
}

static struct pair begin(void)
{
    memset((void *)shared, 0, sizeof(*shared));
    struct pair p = {.node = start(spin, 0)};
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status", p.node);
    p.status = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(p.status >= 0);
    node_goes_on();
    p.sampler = start(sample, p.node);
    samples_arrive();
    return p;
}

static void finish(const struct pair *p)
{
    end(p->sampler);
    node_goes_on();
    assert_int_equal(tracer_of(p), 0);
    end(p->node);
    close(p->status);
}

/* There is none for a moment after one has ended. */
static pid_t hand_of(const struct pair *p)
{
    pid_t hand = 0;
    WAIT_UNTIL((hand = child_of(p->sampler)) > 0);
    return hand;
}

/* A hold is shorter than opening a file, so nothing is opened between seeing it
 * and what the caller does about it. @return the hand */
static pid_t wait_for_hold(const struct pair *p)
{
    pid_t tracer = 0;
    uint64_t until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    while (tracer == 0 && clock_now_ns() < until)
        tracer = tracer_of(p);
    assert_true(tracer > 0); /* 0 would be our own group to kill() */
    return tracer;
}

/* Is it held, now that all are stopped? Then that has an end. */
static bool hold_ends(const struct pair *p, uint64_t *longest_ns)
{
    uint64_t began = clock_now_ns();
    if (tracer_of(p) == 0)
        return false;
    WAIT_UNTIL(tracer_of(p) == 0);
    uint64_t took = clock_now_ns() - began;
    if (took > *longest_ns)
        *longest_ns = took;
    return true;
}

/* --- tests --------------------------------------------------------------- */

static void a_stop_of_all_of_us_holds_nobody(void **state)
{
    (void)state;
    struct pair p = begin();
    unsigned tries = 0, hits = 0;
    uint64_t longest_ns = 0, until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    for (; hits < HITS && clock_now_ns() < until; tries++) {
        pid_t hand = wait_for_hold(&p);
        kill(hand, SIGSTOP);
        kill(p.sampler, SIGSTOP);
        hits += hold_ends(&p, &longest_ns);
        node_goes_on();
        kill(p.sampler, SIGCONT);
        kill(hand, SIGCONT);
        samples_arrive();
    }
    print_message("%u stops, %u while a thread was held, at most %.1f ms\n",
                  tries, hits, (double)longest_ns / NS_PER_MS);
    assert_true(hits > 0);
    assert_true(shared->missed >= hits);
    finish(&p);
}

static void a_stop_by_a_key_does_not_reach_the_hand(void **state)
{
    (void)state;
    struct pair p = begin();
    pid_t hand = hand_of(&p);
    WAIT_UNTIL(getpgid(hand) == hand);
    kill(-p.sampler, SIGTSTP); /* as a terminal does */
    WAIT_UNTIL(status_of(p.sampler, "State") == 'T');
    WAIT_UNTIL(tracer_of(&p) == 0);
    node_goes_on();
    assert_int_not_equal(status_of(hand, "State"), 'T');
    kill(-p.sampler, SIGCONT);
    samples_arrive();
    finish(&p);
}

static void a_hand_that_is_stopped_is_replaced(void **state)
{
    (void)state;
    struct pair p = begin();
    for (int i = 0; i < 5; i++) {
        pid_t hand = hand_of(&p);
        kill(hand, i % 2 ? SIGKILL : SIGSTOP);
        WAIT_UNTIL(status_of(hand, "State") == -1);
        samples_arrive();
        node_goes_on();
    }
    assert_true(shared->missed > 0);
    finish(&p);
}

/* A hand's end is its parent's, also where it cannot run. */
static void a_killed_sampler_leaves_no_hand(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct pair p = begin();
        pid_t hand = hand_of(&p);
        if (i % 2)
            kill(hand, SIGSTOP);
        end(p.sampler);
        WAIT_UNTIL(kill(hand, 0) != 0 || status_of(hand, "State") == 'Z');
        WAIT_UNTIL(tracer_of(&p) == 0);
        node_goes_on();
        end(p.node);
        close(p.status);
    }
}

/* @return a descriptor to write to, or -1 */
static int open_in(const char *dir, const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return open(path, O_WRONLY | O_CLOEXEC);
}

static void move_into(int procs, pid_t pid)
{
    assert_true(pid > 0);               /* 0 would be this test */
    (void)!dprintf(procs, "%d\n", pid); /* it may have ended */
}

/* Version 2 of control groups: a frozen process can be killed. */
static void a_frozen_sampler_holds_nobody(void **state)
{
    (void)state;
    char dir[96];
    const char *root = access("/sys/fs/cgroup/cgroup.procs", W_OK) == 0
                           ? "/sys/fs/cgroup"
                           : "/sys/fs/cgroup/unified";
    snprintf(dir, sizeof(dir), "%s/cprof-test-%d", root, (int)getpid());
    if (mkdir(dir, 0755) != 0)
        skip();
    int freeze = open_in(dir, "cgroup.freeze");
    int procs = open_in(dir, "cgroup.procs");
    if (freeze < 0 || procs < 0) {
        rmdir(dir);
        skip();
    }
    struct pair p = begin();
    unsigned hits = 0, tries = 0;
    uint64_t longest_ns = 0, until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    move_into(procs, p.sampler);
    for (; hits < HITS && clock_now_ns() < until; tries++) {
        move_into(procs, hand_of(&p)); /* a new one is there already */
        wait_for_hold(&p);
        assert_int_equal(write(freeze, "1", 1), 1);
        hits += hold_ends(&p, &longest_ns);
        node_goes_on();
        assert_int_equal(write(freeze, "0", 1), 1);
        samples_arrive();
    }
    print_message("%u times frozen, %u while a thread was held, at most "
                  "%.1f ms\n",
                  tries, hits, (double)longest_ns / NS_PER_MS);
    finish(&p);
    close(freeze);
    close(procs);
    for (unsigned ms = 0; rmdir(dir) != 0 && ms < PATIENCE_MS; ms++)
        sleep_ms(1);
    assert_true(hits > 0);
}

static bool add_period(void *ctx, const struct sample *s)
{
    *(uint64_t *)ctx += s->period_ns;
    shared->samples++;
    return true;
}

static void five_samples(struct engine *e, uint64_t *stand_for_ns)
{
    uint64_t until = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    uint64_t enough = shared->samples + 5;
    *stand_for_ns = 0;
    while (shared->samples < enough && clock_now_ns() < until)
        assert_int_equal(engine_ptrace.poll(e, 20, add_period, stand_for_ns),
                         0);
    assert_true(shared->samples >= enough);
}

/* What was not looked at is no part of any sample, however long samples take to
 * come on a busy machine. */
static void samples_do_not_stand_for_a_gap(void **state)
{
    (void)state;
    memset((void *)shared, 0, sizeof(*shared));
    pid_t node = start(spin, 0);
    clockid_t clock;
    uint64_t before, after, gap_ns = 0, stand_for_ns;
    node_goes_on();
    assert_int_equal(clock_getcpuclockid(node, &clock), 0);
    struct engine *e = open_engine(node);
    assert_non_null(e);
    five_samples(e, &stand_for_ns);
    before = clock_ns_of(clock);
    while (gap_ns < 1000 * NS_PER_MS) {
        sleep_ms(1500);
        after = clock_ns_of(clock);
        gap_ns = after - before;
    }
    five_samples(e, &stand_for_ns);
    uint64_t used_ns = clock_ns_of(clock) - after;
    print_message("a gap of %.2f s of CPU time, then samples of %.3f s while "
                  "%.3f s were used\n",
                  (double)gap_ns / NS_PER_S, (double)stand_for_ns / NS_PER_S,
                  (double)used_ns / NS_PER_S);
    assert_true(stand_for_ns < used_ns + gap_ns / 2);
    engine_ptrace.close(e);
    end(node);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_of_all_of_us_holds_nobody),
        cmocka_unit_test(a_stop_by_a_key_does_not_reach_the_hand),
        cmocka_unit_test(a_hand_that_is_stopped_is_replaced),
        cmocka_unit_test(a_killed_sampler_leaves_no_hand),
        cmocka_unit_test(a_frozen_sampler_holds_nobody),
        cmocka_unit_test(samples_do_not_stand_for_a_gap),
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
