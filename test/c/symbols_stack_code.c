/* Why JIT code calls the garbage collector, by its code (OTP 25, 27 and 29). */
#include "test.h"

#include "symbols/stack_code.h"

/* lea rdx, [r15 + 0x30]; cmp rdx, rsp; jbe +0x0e; mov ecx, 1; padding; call;
 * sub rsp, 0x10: two words of stack, and the reserve. */
static const uint8_t frame[] = {0x90, 0x90, 0x90, 0x49, 0x8d, 0x57, 0x30, 0x48,
                                0x39, 0xe2, 0x76, 0x0e, 0xb9, 0x01, 0x00, 0x00,
                                0x00, 0x0f, 0x1f, 0x00, 0x40, 0xe8, 0xb0, 0x9b,
                                0xf8, 0xff, 0x48, 0x83, 0xec, 0x10, 0x90, 0x90};

enum { RET = 26, NEED = 6, TAKEN = 29 };

static void a_frame_asks_for_stack_only(void **state)
{
    (void)state;
    assert_true(stack_code_only(frame, sizeof(frame), RET));
    assert_false(stack_code_allocates(frame, sizeof(frame)));
    assert_false(stack_code_only(frame, sizeof(frame), RET - 1));
    assert_false(stack_code_only(frame, 11, RET));
}

static void a_frame_with_heap_asks_for_both(void **state)
{
    (void)state;
    uint8_t both[sizeof(frame)];
    memcpy(both, frame, sizeof(both));
    both[NEED] = 0x40; /* two words more */
    assert_false(stack_code_only(both, sizeof(both), RET));
    assert_true(stack_code_allocates(both, sizeof(both)));
}

static void without_a_frame_it_is_the_heap(void **state)
{
    (void)state;
    uint8_t heap[sizeof(frame)];
    memcpy(heap, frame, sizeof(heap));
    memset(heap + RET, 0x90, 4);
    assert_false(stack_code_only(heap, sizeof(heap), RET));
    assert_true(stack_code_allocates(heap, sizeof(heap)));
    heap[NEED] = 0x20; /* a test for nothing but the reserve */
    assert_true(stack_code_only(heap, sizeof(heap), RET));
    assert_false(stack_code_allocates(heap, sizeof(heap)));
}

/* lea rdx, [r15 + 0x1020]; ...; sub rsp, 0x1000 */
static void large_frames_have_long_operands(void **state)
{
    (void)state;
    static const uint8_t large[] = {
        0x49, 0x8d, 0x97, 0x20, 0x10, 0x00, 0x00, 0x48, 0x39, 0xe2, 0x76,
        0x0e, 0xb9, 0x01, 0x00, 0x00, 0x00, 0x0f, 0x1f, 0x00, 0x40, 0xe8,
        0xb0, 0x9b, 0xf8, 0xff, 0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00};
    assert_true(stack_code_only(large, sizeof(large), RET));
    assert_false(stack_code_only(large, sizeof(large) - 1, RET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_asks_for_stack_only),
        cmocka_unit_test(a_frame_with_heap_asks_for_both),
        cmocka_unit_test(without_a_frame_it_is_the_heap),
        cmocka_unit_test(large_frames_have_long_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
