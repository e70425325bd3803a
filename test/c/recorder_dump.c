/* Grouping processes by what they do, with stacks of a node that does not
 * exist.
 */
#include "fake_node.h"

#include "recorder/dump_gather.h"

static struct dump_gather gather;

static void see(uint64_t pid, enum procstate state, bool has_name,
                const uint64_t *words, size_t count)
{
    const struct proctable_process p = {
        .address = PROCESS,
        .id = pid,
        .state = state,
        .has_name = has_name,
        .continuation = C + 0x10,
        .stop = HEND - 8 * count,
        .hend = HEND,
        .top = (const uint8_t *)words,
        .top_bytes = 8 * count,
    };
    assert_int_equal(dump_gather_see(&gather, &p), 0);
}

static void processes_with_one_stack_are_one_group(void **state)
{
    (void)state;
    struct fake_node *n = fake_node_open(0);
    const uint64_t deep[] = {15, B_CALLS_C, 15, A_CALLS_B, NORMAL_EXIT};
    const uint64_t other[] = {31, B_CALLS_C, 47, A_CALLS_B, NORMAL_EXIT};
    const uint64_t shallow[] = {A_CALLS_B, NORMAL_EXIT};
    const uint64_t empty[] = {NORMAL_EXIT};
    assert_int_equal(dump_gather_init(&gather, n->u, n->jit, UINT64_MAX / 2),
                     0);
    for (uint64_t i = 0; i < 5; i++)
        see(i << 4 | 3, PROCSTATE_WAITING, false, deep, 5);
    see(5 << 4 | 3, PROCSTATE_WAITING, true, other, 5);
    see(6 << 4 | 3, PROCSTATE_SUSPENDED, false, deep, 5);
    see(7 << 4 | 3, PROCSTATE_WAITING, false, shallow, 2);
    see(8 << 4 | 3, PROCSTATE_WAITING, false, empty, 1);
    see(9 << 4 | 3, PROCSTATE_RUNNING, false, NULL, 0);
    assert_int_equal(gather.count, 5);
    const struct dump_gathered *g = &gather.list[0];
    assert_int_equal(g->processes, 6);
    assert_int_equal(g->length, 3);
    assert_int_equal(gather.addresses[g->from].at, C + 0x10);
    assert_int_equal(gather.addresses[g->from + 1].at, B_CALLS_C - 1);
    assert_int_equal(gather.addresses[g->from + 2].at, A_CALLS_B - 1);
    /* The one with a name took the place of one without. */
    assert_int_equal(g->member_count, DUMP_MEMBERS);
    assert_int_equal(g->members[0].pid, 5 << 4 | 3);
    assert_int_equal(g->members[1].pid, 1 << 4 | 3);
    assert_int_equal(gather.list[1].state, PROCSTATE_SUSPENDED);
    assert_int_equal(gather.list[2].length, 2);
    assert_int_equal(gather.list[3].length, 1);
    assert_true(gather.list[3].has_stack);
    assert_false(gather.list[4].has_stack);
    assert_int_equal(gather.list[4].length, 0);
    dump_gather_deinit(&gather);
    fake_node_close(n);
}

/* Of a stack too deep to be copied whole the two ends are there. */
static void the_middle_of_a_deep_stack_is_left_out(void **state)
{
    (void)state;
    struct fake_node *n = fake_node_open(0);
    const uint64_t words[] = {B_CALLS_C, A_CALLS_B, NORMAL_EXIT};
    const struct proctable_process p = {
        .address = PROCESS,
        .id = 3,
        .state = PROCSTATE_WAITING,
        .continuation = C + 0x10,
        .stop = HEAP,
        .hend = HEND,
        .top = (const uint8_t *)words,
        .top_bytes = 8,
        .root = (const uint8_t *)&words[1],
        .root_bytes = 16,
    };
    assert_int_equal(dump_gather_init(&gather, n->u, n->jit, UINT64_MAX / 2),
                     0);
    assert_int_equal(dump_gather_see(&gather, &p), 0);
    const struct address *list = gather.addresses;
    assert_int_equal(gather.list[0].length, 4);
    assert_int_equal(list[1].at, B_CALLS_C - 1);
    assert_int_equal(list[2].kind, ADDRESS_ELIDED);
    assert_int_equal(list[3].at, A_CALLS_B - 1);
    dump_gather_deinit(&gather);
    fake_node_close(n);
}

/* --- who asks whom -------------------------------------------------------- */

#define PID(n) ((uint64_t)(n) << 4 | 3)

static void spans(struct asks_spans *s, uint64_t start)
{
    s->list = malloc(sizeof(*s->list));
    s->list[0].start = start;
    s->list[0].end = start + 0x100;
    s->count = s->cap = 1;
}

/* c/0 is taken for gen:do_call/4, and b/0 for gen_server:call/3. */
static struct fake_node *open_askers(void)
{
    struct fake_node *n = fake_node_open(0);
    struct dump_asks *a = &gather.asks;
    assert_int_equal(dump_gather_init(&gather, n->u, n->jit, UINT64_MAX / 2),
                     0);
    assert_int_equal(a->code.do_call.count, 0);
    spans(&a->code.do_call, C);
    spans(&a->code.server_call, B);
    return n;
}

enum { NIL = 0x3b, INFINITY = 0x50b, BOXED = 0x1002, LIMIT = 0x13880f };

static void whom_a_process_asks_is_in_one_slot(void **state)
{
    (void)state;
    struct fake_node *n = open_askers();
    /* With a limit: y(4), whatever the caller's frame holds. */
    const uint64_t limited[] = {NIL,     LIMIT,     NIL,       BOXED,
                                PID(90), B_CALLS_C, INFINITY,  PID(91),
                                PID(92), NIL,       A_CALLS_B, NORMAL_EXIT};
    const uint64_t elsewhere[] = {NIL,     LIMIT,     NIL,       BOXED,
                                  BOXED,   B_CALLS_C, INFINITY,  PID(91),
                                  PID(92), NIL,       A_CALLS_B, NORMAL_EXIT};
    /* Without: y(2) of the caller, not the request in y(1). */
    const uint64_t endless[] = {NIL,       NIL,       NIL,        BOXED,
                                B_CALLS_C, INFINITY,  PID(92),    PID(91),
                                NIL,       A_CALLS_B, NORMAL_EXIT};
    const uint64_t tuple[] = {NIL,       NIL,       NIL,        BOXED,
                              B_CALLS_C, INFINITY,  PID(92),    BOXED,
                              NIL,       A_CALLS_B, NORMAL_EXIT};
    const uint64_t other_frame[] = {NIL,       NIL,     NIL,       BOXED,
                                    B_CALLS_C, PID(92), A_CALLS_B, NORMAL_EXIT};
    see(PID(1), PROCSTATE_WAITING, false, limited, 12);
    see(PID(2), PROCSTATE_WAITING, false, endless, 11);
    see(PID(3), PROCSTATE_WAITING, false, elsewhere, 12);
    see(PID(4), PROCSTATE_WAITING, false, tuple, 11);
    see(PID(5), PROCSTATE_WAITING, false, other_frame, 8);
    see(PID(6), PROCSTATE_RUNNABLE, false, limited, 12);
    see(PID(90), PROCSTATE_RUNNING, false, NULL, 0);
    struct dump_asks *a = &gather.asks;
    assert_int_equal(dump_asks_resolve(a, &n->layout, &n->memory), 0);
    assert_int_equal(a->count, 5);
    static const uint64_t pairs[][2] = {{PID(3), 0},
                                        {PID(4), 0},
                                        {PID(5), 0},
                                        {PID(1), PID(90)},
                                        {PID(2), PID(91)}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(a->list[i].pid, pairs[i][0]);
        assert_int_equal(a->list[i].whom, pairs[i][1]);
        assert_int_equal(dump_asks_known(a, pairs[i][0])->ask, i);
    }
    assert_int_equal(dump_asks_known(a, PID(90))->ask, DUMP_ASKS_NONE);
    assert_int_equal(dump_asks_known(a, PID(6))->ask, DUMP_ASKS_NONE);
    assert_null(dump_asks_known(a, PID(91)));
    dump_gather_deinit(&gather);
    fake_node_close(n);
}

/* With frame pointers one lies between the slots and the return address. */
static void the_ends_of_frames_are_found(void **state)
{
    (void)state;
    struct fake_node *n = open_askers();
    const uint64_t words[] = {NIL,       LIMIT,     NIL,
                              BOXED,     PID(90),   HEND - 8,
                              B_CALLS_C, A_CALLS_B, NORMAL_EXIT};
    see(PID(1), PROCSTATE_WAITING, false, words, 9);
    struct dump_asks *a = &gather.asks;
    assert_int_equal(dump_asks_resolve(a, &n->layout, &n->memory), 0);
    assert_int_equal(a->count, 1);
    assert_int_equal(a->list[0].whom, PID(90));
    /* Of a process that does nothing else the frame ends with the stack. */
    const uint64_t first[] = {NIL,      NIL,     NIL,     BOXED, B_CALLS_C,
                              INFINITY, PID(92), PID(91), NIL,   NORMAL_EXIT};
    see(PID(2), PROCSTATE_WAITING, false, first, 10);
    assert_int_equal(dump_asks_resolve(a, &n->layout, &n->memory), 0);
    assert_int_equal(a->list[1].whom, PID(91));
    dump_gather_deinit(&gather);
    fake_node_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_with_one_stack_are_one_group),
        cmocka_unit_test(the_middle_of_a_deep_stack_is_left_out),
        cmocka_unit_test(whom_a_process_asks_is_in_one_slot),
        cmocka_unit_test(the_ends_of_frames_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
