/* Recorded situations, as registers, stacks and code, and the expected stack.
 */
#include "fake_node.h"

enum { TERM = 0x15f, Y = 0x3b, CATCH = 0x1b }; /* tagged: low bits not 00 */

static int open_node(void **state)
{
    *state = fake_node_open(0);
    return 0;
}

static int close_node(void **state)
{
    fake_node_close(*state);
    return 0;
}

/* --- JIT code ------------------------------------------------------------ */

static void walks_the_copied_stack_to_normal_exit(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, TERM, C_CALLS_C, Y, CATCH, B_CALLS_C, A_CALLS_B, Y);
    fake_sample(n, C + 0x21, e, HEND - e);
    fake_unwind(n);
    EXPECT(n, C + 0x21, C_CALLS_C - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->erlang && n->out->complete);
    assert_false(n->out->truncated || n->out->unverified || n->out->scheduling);
    assert_int_equal(n->out->c_p, PROCESS);
}

static void a_code_address_after_no_call_is_junk(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, A + 0x20, B_CALLS_C, MOD + 8, A_CALLS_B);
    fake_sample(n, C + 0x21, e, HEND - e);
    fake_unwind(n);
    EXPECT(n, C + 0x21, B_CALLS_C - 1, A_CALLS_B - 1);
}

static void the_top_of_a_fragment_may_be_unaligned(void **state)
{
    struct fake_node *n = *state;
    fake_call(&n->fake, C + 0x4b, LIGHT_BIF);
    uint64_t e = STACK(n, C + 0x4b, TERM, B_CALLS_C, C + 0x4b);
    fake_sample(n, LIGHT_BIF + 4, e, HEND - e);
    fake_unwind(n);
    EXPECT(n, LIGHT_BIF + 4, C + 0x4a, B_CALLS_C - 1);
    /* in a module's own code it is a term */
    fake_sample(n, C + 4, e, HEND - e);
    fake_unwind(n);
    EXPECT(n, C + 4, B_CALLS_C - 1);
}

static void saved_frame_pointers_lie_between(void **state)
{
    (void)state;
    struct fake_node *n = fake_node_open(1);
    uint64_t e = STACK(n, HEND - 24, B_CALLS_C, HEND - 8, A_CALLS_B, 0);
    fake_sample(n, C + 0x21, e, HEND - e);
    fake_unwind(n);
    EXPECT(n, C + 0x21, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->complete);
    fake_node_close(n);
}

static void a_cut_copy_goes_on_in_memory(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, TERM, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    fake_sample(n, C + 0x21, e, 16);
    fake_unwind(n);
    EXPECT(n, C + 0x21, C_CALLS_C - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->complete && n->out->unverified);
    assert_true(n->out->copy_short);
}

static void but_not_when_the_process_has_another_heap_now(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, TERM, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    fake_sample(n, C + 0x21, e, 16);
    fake_u64(&n->fake, PROCESS + HTOP, e + 8);
    fake_unwind(n);
    EXPECT(n, C + 0x21, C_CALLS_C - 1);
    assert_true(n->out->truncated);
}

static void but_not_when_the_stack_is_another_one_now(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, TERM, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    fake_sample(n, C + 0x21, e, 16);
    fake_u64(&n->fake, e, TERM + 16);
    fake_unwind(n);
    EXPECT(n, C + 0x21, C_CALLS_C - 1);
    assert_true(n->out->truncated);
    assert_false(n->out->complete);
}

/* 3 MB of stack: both ends, the middle not even read. */
static void a_very_deep_stack_keeps_its_ends(void **state)
{
    struct fake_node *n = *state;
    enum { WORDS = 400000 };
    uint64_t *words = malloc(WORDS * sizeof(*words));
    for (size_t i = 0; i < WORDS; i++)
        words[i] = i % 2 ? Y : C_CALLS_C;
    words[WORDS - 1] = A_CALLS_B;
    uint64_t e = fake_stack(n, words, WORDS);
    free(words);
    fake_sample(n, C + 0x21, e, 65528);
    fake_unwind(n);
    assert_int_equal(n->out->count, UNWIND_TOP + 1 + UNWIND_BOTTOM);
    assert_int_equal(n->out->list[UNWIND_TOP].kind, ADDRESS_ELIDED);
    assert_int_equal(n->out->list[UNWIND_TOP].at, 0);
    assert_int_equal(n->out->list[n->out->count - 1].at, A_CALLS_B - 1);
    assert_true(n->out->complete);
}

/* --- C code under Erlang code ---------------------------------------------*/

/* C code, 0x100 bytes below RS, called from JIT code at `ret`. */
static void sample_in_c(struct fake_node *n, uint64_t ret)
{
    fake_u64(&n->fake, RS - 8, ret);
    fake_sample(n, NATIVE_IP, RS - 0x100, 0x180);
}

static void c_code_is_joined_to_the_stack_at_stop(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    sample_in_c(n, C_CALLS_STOP);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_STOP - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_int_equal(n->out->list[0].kind, ADDRESS_NATIVE);
    assert_true(n->out->list[0].seam);
    assert_int_equal(n->out->list[1].kind, ADDRESS_ERLANG);
    assert_true(n->out->complete);
    assert_false(n->out->erlang);
    assert_int_equal(n->out->c_p, PROCESS);
}

/* Without an unwind table rbp at the boundary is not known. */
static void no_guess_where_the_stack_pointer_is_not_known(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    sample_in_c(n, C_CALLS_RBP);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_RBP - 1);
    assert_true(n->out->truncated && n->out->unverified);
}

static void a_thread_that_moved_on_tells_no_caller(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    sample_in_c(n, C_CALLS_STOP);
    fake_u64(&n->fake, RS - 8, BIF_CALLS_C);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_STOP - 1);
    assert_true(n->out->truncated && n->out->unverified);
    assert_false(n->out->complete);
}

static void nor_does_one_that_runs_another_process(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    sample_in_c(n, C_CALLS_STOP);
    n->sample.process.c_p = PROCESS;
    fake_u64(&n->fake, ESDP + CURRENT, PROCESS + 0x1000);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_STOP - 1);
    assert_true(n->out->truncated);
}

/* The slot is [rbx - 56] and rbx is RS + XOFF. */
static void light_bif(struct fake_node *n, uint64_t entry)
{
    fake_u64(&n->fake, RS + XOFF - 56, entry);
    sample_in_c(n, BIF_CALLS_C);
}

static void a_light_bif_knows_its_call_site(void **state)
{
    struct fake_node *n = *state;
    STACK(n, C_CALLS_BIF, Y, B_CALLS_C, A_CALLS_B);
    light_bif(n, C_BIF_ENTRY);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, BIF_CALLS_C - 1, C_CALLS_BIF - 1, B_CALLS_C - 1,
           A_CALLS_B - 1);
    assert_true(n->out->complete);
}

static void and_replaces_another_call_of_its_function(void **state)
{
    struct fake_node *n = *state;
    STACK(n, C_CALLS_C, Y, B_CALLS_C, A_CALLS_B);
    light_bif(n, C_BIF_ENTRY);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, BIF_CALLS_C - 1, C_BIF_ENTRY, B_CALLS_C - 1,
           A_CALLS_B - 1);
    assert_true(n->out->complete);
}

static void and_refuses_a_stack_of_another_function(void **state)
{
    struct fake_node *n = *state;
    STACK(n, B_CALLS_C, Y, A_CALLS_B);
    light_bif(n, C_BIF_ENTRY);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, BIF_CALLS_C - 1, C_BIF_ENTRY);
    assert_true(n->out->truncated && n->out->unverified);
}

/* During a collection stop is already in the new heap, hend still the old. */
static void a_heap_being_swapped_is_walked_to_normal_exit(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    fake_u64(&n->fake, PROCESS + HEND_AT, HEAP + 0x1000);
    sample_in_c(n, C_CALLS_STOP);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, C_CALLS_STOP - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->complete && n->out->unverified);
}

static void jit_code_may_stand_on_the_runtime_stack(void **state)
{
    struct fake_node *n = *state;
    uint64_t e = STACK(n, Y, B_CALLS_C, A_CALLS_B);
    fake_sample(n, C_CALLS_STOP, RS, 0x80);
    fake_unwind(n);
    EXPECT(n, C_CALLS_STOP, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->erlang && n->out->complete && n->out->unverified);
    n->regs.r[REGS_RBP] = e + 16;
    fake_sample(n, C_CALLS_RBP, RS, 0x80);
    fake_unwind(n);
    EXPECT(n, C_CALLS_RBP, A_CALLS_B - 1);
}

static void process_main_is_the_scheduler_itself(void **state)
{
    struct fake_node *n = *state;
    fake_u64(&n->fake, ESDP + CURRENT, 0);
    sample_in_c(n, MAIN_CALLS_C);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, MAIN_CALLS_C - 1);
    assert_true(n->out->scheduling && n->out->complete);
    assert_int_equal(n->out->c_p, 0);
}

/* It may collect the garbage of the process that it has taken up. */
static void the_scheduler_may_work_for_a_process(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    sample_in_c(n, MAIN_CALLS_C);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP, MAIN_CALLS_C - 1, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->scheduling && n->out->complete);
    assert_int_equal(n->out->c_p, PROCESS);
}

static void no_process_is_the_scheduler_itself(void **state)
{
    struct fake_node *n = *state;
    fake_u64(&n->fake, ESDP + CURRENT, 0);
    sample_in_c(n, C_CALLS_STOP);
    fake_unwind(n);
    assert_true(n->out->scheduling && n->out->complete);
}

/* --- what is not Erlang --------------------------------------------------- */

static void kernel_addresses_come_first(void **state)
{
    struct fake_node *n = *state;
    const uint64_t ips[] = {0xffffffff81000010ull, 0xffffffff81000020ull};
    uint64_t e = STACK(n, B_CALLS_C, A_CALLS_B);
    fake_sample(n, C + 0x21, e, HEND - e);
    n->sample.in_kernel = true;
    n->sample.kernel_ips = ips;
    n->sample.kernel_count = 2;
    fake_unwind(n);
    EXPECT(n, ips[0], ips[1], C + 0x21, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_int_equal(n->out->list[1].kind, ADDRESS_KERNEL);
    assert_false(n->out->erlang);
    n->sample.kernel_count = 0;
    n->sample.has_regs = false;
    fake_unwind(n);
    assert_int_equal(n->out->count, 1);
    assert_int_equal(n->out->list[0].kind, ADDRESS_KERNEL);
    assert_int_equal(n->out->list[0].at, 0);
}

static void a_scheduler_outside_erlang_code_is_scheduling(void **state)
{
    struct fake_node *n = *state;
    sample_in_c(n, NATIVE_IP + 64);
    fake_unwind(n);
    EXPECT(n, NATIVE_IP);
    assert_true(n->out->scheduling);
}

static void a_dirty_scheduler_gets_its_process_from_stop(void **state)
{
    struct fake_node *n = *state;
    STACK(n, Y, B_CALLS_C, A_CALLS_B);
    n->scheduler.runtime_stack = HEAP;
    fake_sample(n, NATIVE_IP, RS - 0x100, 0x180);
    unwinder_unwind(n->u, &n->sample, THREAD_DIRTY_CPU, n->out);
    EXPECT(n, NATIVE_IP, B_CALLS_C - 1, A_CALLS_B - 1);
    assert_true(n->out->unverified);
    assert_int_equal(n->out->c_p, PROCESS);
    unwinder_unwind(n->u, &n->sample, THREAD_AUX, n->out);
    EXPECT(n, NATIVE_IP);
    assert_int_equal(n->out->c_p, 0);
}

/* Whatever the registers and stacks are, it ends, and within the list. */
static void survives_garbage(void **state)
{
    struct fake_node *n = *state;
    static const uint64_t places[] = {
        A,    C_CALLS_STOP, BIF_CALLS_C, MAIN_CALLS_C, NATIVE_IP, RS, RS - 8,
        HEND, HEAP,         PROCESS,     UINT64_MAX,   0,         1,  EXE_DATA};
    enum { PLACES = sizeof(places) / sizeof(places[0]) };
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < REGS_COUNT; i++)
            n->regs.r[i] = places[(size_t)rand_r(&seed) % PLACES] +
                           (unsigned)rand_r(&seed) % 16;
        uint64_t sp = n->regs.r[REGS_RSP];
        for (size_t i = 0; i + 8 <= 512; i += 8)
            memcpy(n->copy + i, &places[(size_t)rand_r(&seed) % PLACES], 8);
        fake_u64(&n->fake, PROCESS + STOP,
                 places[(size_t)rand_r(&seed) % PLACES]);
        n->sample.regs = n->regs;
        n->sample.stack =
            (struct sample_copy){sp, n->copy, (size_t)rand_r(&seed) % 512};
        n->sample.in_kernel = round % 7 == 0;
        unwinder_unwind(n->u, &n->sample, (enum thread_kind)(round % 7),
                        n->out);
        assert_true(n->out->count <= UNWIND_MAX);
    }
}

#define IN_NODE(test)                                                          \
    cmocka_unit_test_setup_teardown(test, open_node, close_node)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_NODE(walks_the_copied_stack_to_normal_exit),
        IN_NODE(a_code_address_after_no_call_is_junk),
        IN_NODE(the_top_of_a_fragment_may_be_unaligned),
        IN_NODE(saved_frame_pointers_lie_between),
        IN_NODE(a_cut_copy_goes_on_in_memory),
        IN_NODE(but_not_when_the_process_has_another_heap_now),
        IN_NODE(but_not_when_the_stack_is_another_one_now),
        IN_NODE(a_very_deep_stack_keeps_its_ends),
        IN_NODE(c_code_is_joined_to_the_stack_at_stop),
        IN_NODE(no_guess_where_the_stack_pointer_is_not_known),
        IN_NODE(a_thread_that_moved_on_tells_no_caller),
        IN_NODE(nor_does_one_that_runs_another_process),
        IN_NODE(a_light_bif_knows_its_call_site),
        IN_NODE(and_replaces_another_call_of_its_function),
        IN_NODE(and_refuses_a_stack_of_another_function),
        IN_NODE(a_heap_being_swapped_is_walked_to_normal_exit),
        IN_NODE(jit_code_may_stand_on_the_runtime_stack),
        IN_NODE(process_main_is_the_scheduler_itself),
        IN_NODE(the_scheduler_may_work_for_a_process),
        IN_NODE(no_process_is_the_scheduler_itself),
        IN_NODE(kernel_addresses_come_first),
        IN_NODE(a_scheduler_outside_erlang_code_is_scheduling),
        IN_NODE(a_dirty_scheduler_gets_its_process_from_stop),
        IN_NODE(survives_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
