/* Sums and changes between two readings, of processes of a node that does not
 * exist. */
#include "fake_node.h"

#include "base/clock.h"
#include "recorder/snapshot_gather.h"

#include "fake_table.h"

enum { PROCESSES = 20 };

static struct snapshot_gather gather;
static struct fake_table fake;
static struct proctable *table;

static struct fake_node *open_both(void)
{
    struct fake_node *n = fake_node_open(0);
    fake_table_open(&fake, 27);
    for (uint64_t i = 0; i < PROCESSES; i++)
        table_add(&fake, i, TABLE_REST);
    assert_int_equal(
        proctable_open(&fake.layout, &fake.memory, TABLE_EXIT, &table), 0);
    snapshot_gather_init(&gather, table, NULL, 10);
    assert_int_equal(
        dump_gather_init(&gather.dump, n->u, n->jit, UINT64_MAX / 2), 0);
    return n;
}

static void close_both(struct fake_node *n)
{
    snapshot_gather_deinit(&gather);
    proctable_close(table);
    fake_table_close(&fake);
    fake_node_close(n);
}

static struct proctable_process process(uint64_t pid, uint64_t second,
                                        struct procfigures figures)
{
    return (struct proctable_process){.address = PROCESS,
                                      .id = pid << 4 | 3,
                                      .read_ns = second * NS_PER_S,
                                      .state = PROCSTATE_RUNNING,
                                      .figures = figures};
}

static void before(uint64_t pid, struct procfigures figures)
{
    const struct proctable_process p = process(pid, 1, figures);
    assert_int_equal(snapshot_gather_before(&gather, &p), 0);
}

static void now(uint64_t pid, struct procfigures figures)
{
    const struct proctable_process p = process(pid, 3, figures);
    assert_int_equal(snapshot_gather_now(&gather, &p), 0);
}

static void figures_are_compared_with_the_first_reading(void **state)
{
    (void)state;
    struct fake_node *n = open_both();
    before(1, (struct procfigures){5, 1000, 300, 40, false});
    before(1, (struct procfigures){6, 1, 1, 1, false}); /* read once more */
    before(2, (struct procfigures){0, 9000, 300, 50, false});
    now(1, (struct procfigures){25, 901000, 400, 40, true});
    now(2, (struct procfigures){7, 9100, 300, 50, false});
    now(3, (struct procfigures){2, 77, 200, 0, false}); /* it is new */
    procsums_sort(&gather.sums);
    const struct procsums *s = &gather.sums;
    assert_int_equal(s->count, 3);
    assert_int_equal(s->states[PROCSTATE_RUNNING], 3);
    assert_int_equal(s->queue_total, 34);
    assert_int_equal(s->lower_bounds, 1);
    assert_int_equal(s->queues.rows[0].more[0], 5 + 1);
    assert_int_equal(s->queues.rows[2].more[0], 0);
    assert_int_equal(s->reductions.count, 2);
    assert_int_equal(s->reductions.rows[0].key, 900000);
    assert_int_equal(s->reductions.rows[1].key, 100);
    assert_int_equal(s->binaries.rows[0].id, 2 << 4 | 3);
    assert_int_equal(s->binaries.rows[0].more[2], 2000 + 1); /* still */
    assert_int_equal(s->binaries.rows[1].more[2], 0 + 1);    /* it works */
    assert_int_equal(gather.dump.asks.known_count, 3);
    close_both(n);
}

static void a_figure_that_is_impossible_is_in_no_sum(void **state)
{
    (void)state;
    struct fake_node *n = open_both();
    struct procfigures odd = procfigures_unknown();
    assert_true(proctable_has(table, PROCFIGURE_HEAP));
    odd.queue = 4;
    before(1, odd);
    now(1, odd);
    odd = procfigures_unknown();
    now(2, odd);
    procsums_sort(&gather.sums);
    assert_int_equal(gather.implausible, 2);
    assert_int_equal(gather.sums.queue_total, 4);
    assert_int_equal(gather.sums.queues.count, 1);
    assert_int_equal(gather.sums.memories.count, 0);
    assert_int_equal(gather.sums.reductions.count, 0);
    close_both(n);
}

static void wait_at(uint64_t pid, uint64_t module, const uint64_t *words,
                    size_t count)
{
    struct proctable_process p = process(pid, 3, procfigures_unknown());
    p.state = PROCSTATE_WAITING;
    p.initial[0] = module;
    p.continuation = C + 0x10;
    p.stop = HEND - 8 * count;
    p.hend = HEND;
    p.top = (const uint8_t *)words;
    p.top_bytes = 8 * count;
    assert_int_equal(snapshot_gather_now(&gather, &p), 0);
}

static void a_place_is_a_stack_and_an_initial_call(void **state)
{
    (void)state;
    struct fake_node *n = open_both();
    const uint64_t deep[] = {15, B_CALLS_C, 15, A_CALLS_B, NORMAL_EXIT};
    const uint64_t shallow[] = {A_CALLS_B, NORMAL_EXIT};
    for (uint64_t i = 0; i < 5; i++)
        wait_at(i, 7, deep, 5);
    wait_at(5, 8, deep, 5);
    wait_at(6, 7, shallow, 2);
    now(7, procfigures_unknown()); /* it runs */
    assert_int_equal(gather.place_count, 3);
    assert_int_equal(gather.places[0].processes, 5);
    assert_int_equal(gather.places[0].pid_count, DUMP_MEMBERS);
    assert_int_equal(gather.places[0].pids[2], 2 << 4 | 3);
    assert_int_equal(gather.places[1].processes, 1);
    assert_int_equal(gather.places[1].row, gather.places[0].row);
    assert_true(gather.places[2].row != gather.places[0].row);
    close_both(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_compared_with_the_first_reading),
        cmocka_unit_test(a_figure_that_is_impossible_is_in_no_sum),
        cmocka_unit_test(a_place_is_a_stack_and_an_initial_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
