/*
 * Waits that have not ended when a recording does, in a real node that the test
 * starts (the `erl` of the PATH): it reads from a pipe to which the test
 * writes.
 */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "recorder/target_state.h"

/* For each byte that it reads, the node prints a line. */
static const char node_program[] =
    "{ok, F} = file:open(\"%s\", [read, raw, binary]),"
    "io:format(\"~s~n\", [os:getpid()]),"
    "(fun R() -> {ok, _} = file:read(F, 1), io:format(\"1~n\"), R() end)().";

enum { RECORDED_MS = 100, LONG_NS = 20 * 1000 * 1000 };

struct node {
    char dir[32], fifo[48], program[512];
    pid_t pid;
    int in; /* the pipe */
    FILE *out;
    struct target_state state;
    struct engine *engine;
    uint64_t started_ns, stopped_ns; /* 0: not yet */
    bool wakes;                      /* the reader, at its last sample */
    pid_t reader;                    /* the thread; 0: not seen yet */
    uint64_t waited_ns;              /* by its samples */
};

/* The reader gets a byte, and waits for the next one. */
static void wake(struct node *n)
{
    assert_int_equal(write(n->in, "x", 1), 1);
    assert_int_equal(child_number(n->out), 1);
}

static void open_node(struct node *n)
{
    const char *const erl[] = {"erl",      "+S",    "1:1",      "-noshell",
                               "-noinput", "-eval", n->program, NULL};
    snprintf(n->dir, sizeof(n->dir), "/tmp/cprof-block-XXXXXX");
    assert_non_null(mkdtemp(n->dir));
    snprintf(n->fifo, sizeof(n->fifo), "%s/fifo", n->dir);
    snprintf(n->program, sizeof(n->program), node_program, n->fifo);
    assert_int_equal(mkfifo(n->fifo, 0600), 0);
    n->in = open(n->fifo, O_RDWR | O_CLOEXEC);
    assert_true(n->in >= 0);
    n->pid = child_start("erl", erl, NULL, &n->out);
    pid_t vm = (pid_t)child_number(n->out);
    wake(n);
    assert_int_equal(target_state_open(&n->state, vm, NULL), 0);
}

static void close_node(struct node *n)
{
    kill(n->pid, SIGKILL);
    assert_int_equal(waitpid(n->pid, NULL, 0), n->pid);
    target_state_close(&n->state);
    fclose(n->out);
    close(n->in);
    unlink(n->fifo);
    rmdir(n->dir);
}

/* --- a recording ---------------------------------------------------------- */

static bool see(void *ctx, const struct sample *s)
{
    struct node *n = ctx;
    bool is_last = n->stopped_ns && s->time_ns >= n->stopped_ns;
    if (!n->reader && s->away == SAMPLE_WAITED && s->away_ns >= LONG_NS)
        n->reader = s->tid;
    if (n->reader && s->tid == n->reader)
        n->waited_ns += s->period_ns;
    if (n->reader && is_last && n->wakes) {
        n->wakes = false;
        wake(n);
    }
    return true;
}

static void open_engine(struct node *n)
{
    const struct engine_config config = {.pid = n->state.process.pid,
                                         .view = {.threads = &n->state.threads,
                                                  .layout = &n->state.layout,
                                                  .maps = &n->state.maps},
                                         .rate = 1000};
    int err = engine_block.open(&config, &n->engine);
    if (err == -E_BPF_MISSING)
        skip(); /* the kernel is too old */
    assert_int_equal(err, 0);
}

/* Its last sample is taken while it still waits, and then its wait ends, before
 * the engine has read what has ended meanwhile. */
static void record(struct node *n, bool moves)
{
    open_engine(n);
    n->wakes = true;
    n->started_ns = clock_now_ns();
    assert_int_equal(engine_block.start(n->engine), 0);
    if (moves)
        wake(n);
    while (clock_now_ns() < n->started_ns + RECORDED_MS * NS_PER_MS)
        assert_true(engine_block.poll(n->engine, 10, see, n) >= 0);
    (engine_block.stop)(n->engine); /* cmocka has a macro stop */
    n->stopped_ns = clock_now_ns();
    assert_true(engine_block.poll(n->engine, 0, see, n) >= 0);
    assert_true(engine_block.poll(n->engine, 0, see, n) >= 0);
    engine_block.close(n->engine);
    assert_false(n->wakes);
}

static void check_last_wait(bool moves)
{
    struct node n = {.pid = 0};
    open_node(&n);
    record(&n, moves);
    close_node(&n);
    double took = (double)(n.stopped_ns - n.started_ns);
    assert_float_equal((double)n.waited_ns / took, 1, 0.15);
}

static void a_wait_that_ends_just_after_the_recording_counts_once(void **state)
{
    (void)state;
    check_last_wait(true);
}

static void so_does_one_that_began_before_it(void **state)
{
    (void)state;
    check_last_wait(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_that_ends_just_after_the_recording_counts_once),
        cmocka_unit_test(so_does_one_that_began_before_it),
    };
    int why = engine_bpf.probe(getpid());
    if (why) { /* not root, or a build without it */
        print_message("engine bpf: %s\n", err_text(why));
        return why == -E_BPF_DENIED || why == -E_BPF_MISSING ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
