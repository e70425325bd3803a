/*
 * The count of collections in the memory of a real node that the test starts
 * (the `erl` of the PATH), beside the one that the node itself gives.
 */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/alloc_counter.h"
#include "recorder/target_state.h"

/* For each line that it reads, many short processes collect a few times each,
 * on all schedulers, and one has a large heap, which dirty schedulers collect.
 * Then it prints how many collections there have been. */
static const char node_program[] =
    "Work = fun() -> [erlang:garbage_collect() || _ <- lists:seq(1, 5)] end,"
    "Long = fun() -> L = lists:seq(1, 300000),"
    "  [begin _ = lists:seq(1, 300000), erlang:garbage_collect() end"
    "    || _ <- lists:seq(1, 3)], length(L) end,"
    "Many = fun() -> [receive {'DOWN', R, _, _, _} -> ok end ||"
    "  {_, R} <- [spawn_monitor(W) ||"
    "    W <- [Long | lists:duplicate(400, Work)]]] end,"
    "Say = fun() -> {N, _, _} = statistics(garbage_collection),"
    "  io:format(\"~b~n\", [N]) end,"
    "io:format(\"~s~n\", [os:getpid()]),"
    "(fun F() -> case io:get_line(\"\") of eof -> halt();"
    "  _ -> Many(), Say(), F() end end)().";

/* Printing and reading a line collect, too. */
enum { ROUNDS = 5, COLLECTED = 2000, AT_EDGES = 40, LONG = 3, FREED = 4800000 };

struct node {
    pid_t pid;
    int in;
    FILE *out;
    struct target_state state;
    struct collector collector;
    struct alloc_counter counter;
};

/* What the node says after more work. */
static long collected(struct node *n)
{
    assert_int_equal(write(n->in, "\n", 1), 1);
    return child_number(n->out);
}

static void open_node(struct node *n)
{
    static const char *const erl[] = {"erl",   "+S",         "3:3", "-noshell",
                                      "-eval", node_program, NULL};
    n->pid = child_start("erl", erl, &n->in, &n->out);
    pid_t vm = (pid_t)child_number(n->out);
    (void)collected(n);
    assert_int_equal(target_state_open(&n->state, vm, NULL), 0);
    n->state.until = deadline_in(TARGET_ATTACH_MS, NULL);
    assert_int_equal(target_state_collector(&n->state, &n->collector), 0);
    alloc_counter_init(&n->counter, vm, &n->collector);
}

static void close_node(struct node *n)
{
    close(n->in); /* the node ends */
    fclose(n->out);
    assert_int_equal(waitpid(n->pid, NULL, 0), n->pid);
    target_state_close(&n->state);
}

static void the_count_is_that_of_the_vm(void **state)
{
    (void)state;
    struct node n = {.pid = 0};
    open_node(&n);
    assert_true(n.collector.counter > 0 && n.collector.dirty > 0);
    const struct engine_view view = {.threads = &n.state.threads,
                                     .layout = &n.state.layout,
                                     .maps = &n.state.maps};
    alloc_counter_set(&n.counter, &view);
    assert_int_equal(n.counter.count, 3);
    assert_true(alloc_counter_since(&n.counter) < 0); /* the first reading */
    long before = collected(&n);
    struct alloc_seen seen = {.counted = -1};
    (void)alloc_counter_add(&n.counter, &seen);
    assert_float_equal(seen.dirty_counted, 0, 0); /* likewise */
    for (int i = 0; i < ROUNDS; i++) {
        long now = collected(&n);
        seen = (struct alloc_seen){.counted = -1};
        assert_true(alloc_counter_add(&n.counter, &seen));
        assert_true(now - before >= COLLECTED);
        assert_float_equal(seen.counted + seen.dirty_counted,
                           (double)(now - before), AT_EDGES);
        assert_true(seen.dirty_counted >= LONG);
        assert_true(seen.dirty_freed >= LONG * FREED);
        before = now;
    }
    close_node(&n);
}

/* Without all schedulers, or without the place, nothing is known. */
static void a_part_of_the_count_is_none(void **state)
{
    (void)state;
    struct node n = {.pid = 0};
    open_node(&n);
    struct layout some = n.state.layout;
    const struct engine_view all = {.threads = &n.state.threads,
                                    .layout = &n.state.layout},
                             part = {.threads = &n.state.threads,
                                     .layout = &some};
    some.scheduler_count = 1;
    alloc_counter_set(&n.counter, &all);
    (void)alloc_counter_since(&n.counter);
    assert_true(alloc_counter_since(&n.counter) >= 0);
    alloc_counter_set(&n.counter, &part);
    assert_true(alloc_counter_since(&n.counter) < 0);
    alloc_counter_set(&n.counter, &all);
    assert_true(alloc_counter_since(&n.counter) < 0); /* there was a gap */
    assert_true(alloc_counter_since(&n.counter) >= 0);
    const struct collector none = {.counter = 0};
    alloc_counter_init(&n.counter, n.state.process.pid, &none);
    alloc_counter_set(&n.counter, &all);
    assert_true(alloc_counter_since(&n.counter) < 0);
    close_node(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_is_that_of_the_vm),
        cmocka_unit_test(a_part_of_the_count_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
