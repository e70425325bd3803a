/* Which processes engine bpf samples, and on which CPUs: real processes whose
 * threads come, go and move; several recordings at once; other pid namespaces.
 */
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "target/cpus.h"

enum { PATIENCE_MS = 60 * 1000, MANY = 20, NO_RIGHT = 77 };

/* Shared with the children. */
static struct {
    volatile uint64_t ready, lives;
    volatile pid_t inner;
} * shared;

static uint64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void spin_ns(uint64_t ns)
{
    uint64_t end = thread_ns() + ns;
    while (thread_ns() < end)
        ;
}

static void *live_5_ms(void *unused)
{
    prctl(PR_SET_NAME, "mayfly");
    spin_ns(5 * NS_PER_MS);
    shared->lives++;
    return unused;
}

static void run_mayflies(void)
{
    for (;;) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, live_5_ms, NULL), 0);
        pthread_join(thread, NULL);
    }
}

static void run_spinning(void)
{
    for (;;)
        spin_ns(NS_PER_MS);
}

static pid_t start_child(void (*run)(void))
{
    uint64_t before = shared->ready;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        shared->ready++;
        run();
        _exit(0);
    }
    while (shared->ready == before)
        usleep(100);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* --- a recording ---------------------------------------------------------- */

struct recording {
    pid_t pid;
    struct threads threads;
    struct layout layout;
    struct maps maps;
    struct engine *engine;
    size_t count, other_process, unknown, named;
    uint64_t cpu_ns;
};

static struct engine_view view_of(const struct recording *r)
{
    return (struct engine_view){
        .threads = &r->threads, .layout = &r->layout, .maps = &r->maps};
}

static void begin(struct recording *r, pid_t pid)
{
    *r = (struct recording){.pid = pid};
    assert_int_equal(threads_read(pid, &r->threads), 0);
    assert_int_equal(maps_read(pid, &r->maps), 0);
    struct engine_config config = {.pid = pid, .view = view_of(r), .rate = 997};
    assert_int_equal(engine_bpf.open(&config, &r->engine), 0);
    assert_int_equal(engine_bpf.start(r->engine), 0);
}

static bool see(void *ctx, const struct sample *s)
{
    struct recording *r = ctx;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d", r->pid, s->tid);
    bool known = threads_find(&r->threads, s->tid);
    r->count++;
    r->cpu_ns += s->period_ns;
    r->unknown += !known;
    r->other_process += known && access(path, F_OK) != 0;
    r->named += strcmp(s->comm, "mayfly") == 0;
    return true;
}

static void poll_once(struct recording *r, int ms)
{
    assert_int_equal(engine_bpf.poll(r->engine, ms, see, r), 0);
}

static void look_again(struct recording *r)
{
    threads_deinit(&r->threads);
    assert_int_equal(threads_read(r->pid, &r->threads), 0);
    const struct engine_view view = view_of(r);
    assert_int_equal(engine_bpf.follow(r->engine, &view), 0);
}

static void end(struct recording *r)
{
    (engine_bpf.stop)(r->engine); /* cmocka has a macro stop */
    poll_once(r, 0);
    engine_bpf.close(r->engine);
    maps_deinit(&r->maps);
    threads_deinit(&r->threads);
}

/* --- tests ---------------------------------------------------------------- */

static void threads_are_sampled_from_their_first_moment(void **state)
{
    (void)state;
    shared->lives = 0;
    pid_t pid = start_child(run_mayflies);
    struct recording r;
    begin(&r, pid);
    uint64_t before = shared->lives;
    for (int ms = 0; r.named < 50 && ms < PATIENCE_MS; ms += 20)
        poll_once(&r, 20);
    uint64_t lived_ns = (shared->lives - before) * 5 * NS_PER_MS;
    end(&r);
    print_message("%llu lives, %zu samples of unknown threads, %zu by name\n",
                  (unsigned long long)shared->lives, r.unknown, r.named);
    assert_true(r.named >= 50 && r.unknown >= r.named);
    /* Nobody looked again, and yet most of their time was seen. */
    assert_true(r.cpu_ns > lived_ns / 2);
    end_child(pid);
}

static void only_cpus_that_the_process_may_use_are_armed(void **state)
{
    (void)state;
    struct cpus all;
    struct thread self = {.tid = getpid()};
    const struct threads own = {.list = &self, .count = 1};
    cpus_allowed(&own, &all);
    int first = cpus_next(&all, 0), second = cpus_next(&all, first + 1);
    if (second < 0)
        skip(); /* a machine of one CPU */
    cpu_set_t one;
    pid_t pid = start_child(run_spinning);
    CPU_ZERO(&one);
    CPU_SET((size_t)second, &one);
    assert_int_equal(sched_setaffinity(pid, sizeof(one), &one), 0);
    struct recording r;
    begin(&r, pid);
    assert_int_equal(engine_bpf.info(r.engine).cpus, 1);
    for (int ms = 0; r.count < 20 && ms < PATIENCE_MS; ms += 20)
        poll_once(&r, 20);
    /* It moves: as if its CPU went offline, and another came. */
    CPU_ZERO(&one);
    CPU_SET((size_t)first, &one);
    assert_int_equal(sched_setaffinity(pid, sizeof(one), &one), 0);
    poll_once(&r, 0);
    look_again(&r);
    assert_int_equal(engine_bpf.info(r.engine).cpus, 1);
    size_t before = r.count;
    for (int ms = 0; r.count < before + 20 && ms < PATIENCE_MS; ms += 20)
        poll_once(&r, 20);
    assert_true(r.count >= before + 20);
    assert_int_equal(sched_setaffinity(pid, sizeof(all), all.sets), 0);
    look_again(&r);
    assert_true(engine_bpf.info(r.engine).cpus >= 2);
    end(&r);
    end_child(pid);
}

static void many_recordings_at_once_do_not_mix(void **state)
{
    (void)state;
    static struct recording r[MANY];
    bool enough = false;
    for (int i = 0; i < MANY; i++)
        begin(&r[i], start_child(run_spinning));
    for (int ms = 0; !enough && ms < PATIENCE_MS; ms += MANY) {
        enough = true;
        for (int i = 0; i < MANY; i++) {
            poll_once(&r[i], 1);
            enough &= r[i].count >= 20;
        }
    }
    for (int i = 0; i < MANY; i++) {
        end(&r[i]);
        assert_true(r[i].count >= 20);
        assert_int_equal(r[i].unknown, 0);
        assert_int_equal(r[i].other_process, 0);
        end_child(r[i].pid);
    }
}

/* The child of a child that has a pid namespace of its own. */
static pid_t start_in_namespace(void)
{
    shared->inner = 0;
    pid_t outer = fork();
    assert_true(outer >= 0);
    if (outer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWPID) != 0)
            _exit(NO_RIGHT);
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            run_mayflies();
        }
        shared->inner = pid; /* as it is called here */
        waitpid(pid, NULL, 0);
        _exit(0);
    }
    int status;
    while (shared->inner == 0)
        if (waitpid(outer, &status, WNOHANG) == outer)
            return -1;
    return outer;
}

static void a_node_in_a_pid_namespace_is_sampled_from_outside(void **state)
{
    (void)state;
    pid_t outer = start_in_namespace();
    if (outer < 0)
        skip(); /* no right to make one */
    struct recording r;
    begin(&r, shared->inner);
    for (int ms = 0; r.named < 50 && ms < PATIENCE_MS; ms += 20) {
        poll_once(&r, 20);
        look_again(&r);
    }
    end(&r);
    print_message("%zu samples, %zu of mayflies\n", r.count, r.named);
    assert_true(r.named >= 50);
    assert_int_equal(kill(shared->inner, SIGKILL), 0);
    waitpid(outer, NULL, 0);
}

/* The first process of a pid namespace, with a /proc of its own. */
static int record_inside(void)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", "/proc", "proc", 0, NULL) != 0)
        return NO_RIGHT;
    struct recording r;
    pid_t pid = start_child(run_spinning);
    begin(&r, pid);
    for (int ms = 0; r.count < 50 && ms < PATIENCE_MS; ms += 20)
        poll_once(&r, 20);
    end(&r);
    return r.count >= 50 && r.unknown == 0 && pid < 100 ? 0 : 1;
}

static void a_node_is_sampled_from_inside_its_pid_namespace(void **state)
{
    (void)state;
    int status = 0;
    pid_t outer = fork();
    assert_true(outer >= 0);
    if (outer == 0) {
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
            _exit(NO_RIGHT);
        pid_t inner = fork();
        if (inner == 0)
            _exit(record_inside());
        waitpid(inner, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    assert_int_equal(waitpid(outer, &status, 0), outer);
    if (WEXITSTATUS(status) == NO_RIGHT)
        skip();
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_sampled_from_their_first_moment),
        cmocka_unit_test(only_cpus_that_the_process_may_use_are_armed),
        cmocka_unit_test(many_recordings_at_once_do_not_mix),
        cmocka_unit_test(a_node_in_a_pid_namespace_is_sampled_from_outside),
        cmocka_unit_test(a_node_is_sampled_from_inside_its_pid_namespace),
    };
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    int why = engine_bpf.probe(getpid());
    if (why) { /* not root, or a build without it */
        print_message("engine bpf: %s\n", err_text(why));
        return why == -E_BPF_DENIED || why == -E_BPF_MISSING ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
