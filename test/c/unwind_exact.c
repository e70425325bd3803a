/* Exact samples, which contain all copies from their instant: nothing is read
 * from the node for them, whatever its memory contains by then. */
#include "fake_node.h"

enum { TERM = 0x15f, Y = 0x3b }; /* tagged: low bits not 00 */

static uint8_t erlang[65536], root[65536], seam[256];

static int open_node(void **state)
{
    struct fake_node *n = fake_node_open(0);
    n->sample.exact = n->sample.has_current = true;
    *state = n;
    return 0;
}

static int close_node(void **state)
{
    fake_node_close(*state);
    return 0;
}

static struct sample_copy copy_of(struct fake_node *n, uint64_t addr,
                                  uint8_t *to, size_t len)
{
    const uint8_t *from = fake_at(&n->fake, addr, len);
    assert_non_null(from);
    memcpy(to, from, len);
    return (struct sample_copy){addr, to, len};
}

/* The engine's part: the process and its stack as they are now, from `below`
 * bytes below stop; then the node's memory turns into something else. */
static void take_process(struct fake_node *n, uint64_t stop, size_t below)
{
    n->sample.process = (struct sample_process){
        .c_p = PROCESS, .stop = stop, .htop = HEAP + 64, .hend = HEND};
    n->sample.erlang = copy_of(n, stop - below, erlang, HEND - (stop - below));
}

static void forget_memory(struct fake_node *n)
{
    memset(fake_at(&n->fake, PROCESS, 0x1000), 0xee, 0x1000);
    memset(fake_at(&n->fake, HEND - 0x1000, 0x1000), 0xee, 0x1000);
    memset(fake_at(&n->fake, C_STACK, C_BYTES), 0xee, C_BYTES);
    fake_u64(&n->fake, ESDP + CURRENT, PROCESS + 0x1000);
}

static void sample_in_c(struct fake_node *n, uint64_t ret)
{
    fake_u64(&n->fake, RS - 8, ret);
    fake_sample(n, NATIVE_IP, RS - 0x100, 0x180);
}

static void expect_exact(const struct fake_node *n)
{
    assert_true(n->out->complete);
    assert_false(n->out->truncated || n->out->unverified ||
                 n->out->copy_short || n->out->scheduling);
    assert_int_equal(n->out->c_p, PROCESS);
}

static void c_code_is_joined_to_the_copied_stack(void **state)
{
    struct fake_node *n = *state;
    take_process(n, STACK(n, Y, B_CALLS_C, A_CALLS_B), 512);
    sample_in_c(n, C_CALLS_STOP);
    forget_memory(n);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_STOP - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    expect_exact(n);
}

/* In the first moments of a recording the engine does not know yet where the
 * current process is. */
static void an_early_copy_does_not_say_that_no_process_runs(void **state)
{
    struct fake_node *n = *state;
    take_process(n, STACK(n, Y, B_CALLS_C, A_CALLS_B), 512);
    sample_in_c(n, C_CALLS_STOP);
    n->sample.process = (struct sample_process){0};
    forget_memory(n);
    n->sample.has_current = false;
    fake_unwind(n);
    assert_false(n->out->scheduling || n->out->complete);
    assert_true(n->out->truncated);
    n->sample.has_current = true;
    fake_unwind(n);
    assert_true(n->out->scheduling);
}

/* The saved stack pointer may be below a stop that was stored earlier. */
static void jit_code_on_the_runtime_stack_knows_its_own(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    take_process(n, e + 16, 512);
    n->regs.r[REGS_RBP] = e;
    fake_sample(n, C_CALLS_RBP, RS, 0x80);
    forget_memory(n);
    fake_unwind(n);
    EXPECT(n, C_CALLS_RBP, C_CALLS_C - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    expect_exact(n);
}

static void a_stop_that_may_be_stale_is_unverified(void **state)
{
    struct fake_node *n = *state;
    take_process(n, STACK(n, Y, B_CALLS_C, A_CALLS_B), 512);
    sample_in_c(n, C_CALLS_RBP); /* rbp is not known: no unwind table */
    forget_memory(n);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_RBP - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->complete && n->out->unverified);
}

static void deep_c_code_has_its_seam_apart(void **state)
{
    struct fake_node *n = *state;
    take_process(n, STACK(n, Y, B_CALLS_C, A_CALLS_B), 512);
    fake_u64(&n->fake, RS - 8, C_CALLS_STOP);
    fake_sample(n, NATIVE_IP, RS - 0x8000, 0x4000);
    n->sample.seam = copy_of(n, RS - 64, seam, 192);
    forget_memory(n);
    fake_unwind(n);
    assert_int_equal(n->out->count, 5);
    assert_int_equal(n->out->list[0].at, NATIVE_IP);
    assert_int_equal(n->out->list[1].kind, ADDRESS_UNREADABLE);
    assert_int_equal(n->out->c_gap, UNWIND_UNREADABLE); /* no unwind table */
    assert_int_equal(n->out->list[2].at, C_CALLS_STOP - 1);
    assert_int_equal(n->out->list[4].at, A_CALLS_B - 1);
    expect_exact(n);
}

static void of_a_deep_stack_the_middle_is_elided(void **state)
{
    struct fake_node *n = *state;
    uint64_t words[1000];
    for (size_t i = 0; i < 1000; i++)
        words[i] = i == 999 ? A_CALLS_B : i % 2 ? C_CALLS_C : Y;
    uint64_t e = fake_stack(n, words, 1000);
    take_process(n, e, 0);
    n->sample.erlang.len = 64; /* four of its frames, then */
    n->sample.erlang_root = copy_of(n, HEND - 32, root, 32);
    sample_in_c(n, C_CALLS_STOP);
    forget_memory(n);
    fake_unwind(n);
    assert_int_equal(n->out->count, 2 + 4 + 1 + 2);
    assert_int_equal(n->out->list[5].at, C_CALLS_C - 1);
    assert_int_equal(n->out->list[6].kind, ADDRESS_ELIDED);
    assert_int_equal(n->out->list[8].at, A_CALLS_B - 1);
    expect_exact(n);
}

static void so_it_is_in_jit_code(void **state)
{
    struct fake_node *n = *state;
    uint64_t words[100];
    for (size_t i = 0; i < 100; i++)
        words[i] = i == 99 ? A_CALLS_B : C_CALLS_C;
    uint64_t e = fake_stack(n, words, 100);
    n->sample.process.c_p = PROCESS;
    fake_sample(n, C + 0x21, e, 24);
    n->sample.erlang_root = copy_of(n, HEND - 16, root, 16);
    forget_memory(n);
    fake_unwind(n);
    assert_int_equal(n->out->count, 1 + 3 + 1 + 1);
    assert_int_equal(n->out->list[4].kind, ADDRESS_ELIDED);
    expect_exact(n);
    n->sample.erlang_root.len = 0;
    fake_unwind(n);
    assert_int_equal(n->out->count, 4);
    assert_true(n->out->truncated);
    assert_false(n->out->complete || n->out->unverified);
}

/* Of a thread that a signal has stopped, the kernel tells only two registers.
 * The others are not taken for true. */
static void a_stopped_thread_has_few_registers(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    n->sample.process.c_p = PROCESS;
    n->sample.lost_regs = UINT32_MAX & ~(1u << REGS_RSP | 1u << REGS_RIP);
    uint64_t checks = n->layout.checks;
    fake_sample(n, C + 0x21, e, HEND - e);
    forget_memory(n);
    fake_unwind(n);
    EXPECT(n, C + 0x21, C_CALLS_C - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    expect_exact(n);
    assert_int_equal(n->layout.checks, checks);
}

static void a_lost_stack_pointer_is_not_used(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    take_process(n, e + 16, 512);
    n->sample.lost_regs = 1u << REGS_RBP;
    fake_sample(n, C_CALLS_RBP, RS, 0x80);
    forget_memory(n);
    fake_unwind(n);
    EXPECT(n, C_CALLS_RBP, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->complete && n->out->unverified);
}

/* shrink_new_heap: the words are below where stop says, nothing is at stop. */
static void a_stack_that_has_moved_is_found_by_its_end(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, Y, B_CALLS_C, A_CALLS_B);
    take_process(n, e, 0);
    n->sample.erlang = copy_of(n, HEND - 0x1000, erlang, 0x1000);
    n->sample.erlang.addr -= 0x100000;
    memcpy(erlang + 0x1000 - 8, "12345678", 8); /* the page goes on */
    const uint64_t moved[] = {Y, B_CALLS_C, A_CALLS_B, NORMAL_EXIT};
    memset(erlang, 0, 0x1000);
    memcpy(erlang + 0x800, moved, sizeof(moved));
    sample_in_c(n, C_CALLS_STOP);
    forget_memory(n);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_STOP - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    expect_exact(n);
}

static void no_process_is_the_scheduler_itself(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    sample_in_c(n, MAIN_CALLS_C);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, MAIN_CALLS_C - 1);
    assert_true(n->out->scheduling && n->out->complete);
    assert_int_equal(n->out->c_p, 0);
}

/* It may collect the garbage of the process that it is about to run. */
static void the_scheduler_may_work_for_a_process(void **state)
{
    struct fake_node *n = *state;
    take_process(n, STACK(n, Y, B_CALLS_C, A_CALLS_B), 0);
    n->sample.process.continuation = C + 0x10;
    sample_in_c(n, MAIN_CALLS_C);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, MAIN_CALLS_C - 1, C + 0x10, B_CALLS_C - 1,
           A_CALLS_B - 1);
    assert_true(n->out->scheduling && n->out->complete);
    assert_int_equal(n->out->c_p, PROCESS);
}

static void a_dirty_scheduler_has_its_process(void **state)
{
    struct fake_node *n = *state;
    take_process(n, STACK(n, Y, B_CALLS_C, A_CALLS_B), 0);
    fake_sample(n, NATIVE_IP, RS - 0x100, 0x180);
    n->scheduler.runtime_stack = 0;
    forget_memory(n);
    unwinder_unwind(n->u, &n->sample, THREAD_DIRTY_CPU, n->out);
    EXPECT(n, NATIVE_IP, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_int_equal(n->out->c_p, PROCESS);
    assert_false(n->out->unverified);
}

/* What the VM's layout does not tell yet is read late, and said. */
static void without_layout_it_is_read_late(void **state)
{
    struct fake_node *n = *state;
    n->layout.known[LAYOUT_CURRENT_PROCESS] = false;
    n->sample.has_current = false;
    uint64_t e = STACK(n, C_CALLS_C, B_CALLS_C, A_CALLS_B);
    fake_sample(n, C + 0x21, e, 8);
    fake_unwind(n);
    EXPECT(n, C + 0x21, C_CALLS_C - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->complete && n->out->unverified);
}

#define NODE_TEST(f) cmocka_unit_test_setup_teardown(f, open_node, close_node)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(c_code_is_joined_to_the_copied_stack),
        NODE_TEST(an_early_copy_does_not_say_that_no_process_runs),
        NODE_TEST(jit_code_on_the_runtime_stack_knows_its_own),
        NODE_TEST(a_stop_that_may_be_stale_is_unverified),
        NODE_TEST(deep_c_code_has_its_seam_apart),
        NODE_TEST(of_a_deep_stack_the_middle_is_elided),
        NODE_TEST(so_it_is_in_jit_code),
        NODE_TEST(a_stopped_thread_has_few_registers),
        NODE_TEST(a_lost_stack_pointer_is_not_used),
        NODE_TEST(a_stack_that_has_moved_is_found_by_its_end),
        NODE_TEST(no_process_is_the_scheduler_itself),
        NODE_TEST(the_scheduler_may_work_for_a_process),
        NODE_TEST(a_dirty_scheduler_has_its_process),
        NODE_TEST(without_layout_it_is_read_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
