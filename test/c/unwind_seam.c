/* Bytes of code that the JIT of OTP 25, 27 and 29 emits around calls. */
#include "test.h"

#include "unwind/unwind_seam.h"

static bool is_return(const char *hex8, int32_t *target)
{
    return unwind_seam_is_return((const uint8_t *)hex8, target);
}

static void knows_every_call_the_jit_emits(void **state)
{
    (void)state;
    int32_t target;
    /* call rel32 */
    assert_true(is_return("\x90\x90\x90\xe8\xf0\xff\xff\xff", &target));
    assert_int_equal(target, -16);
    /* call rax; call r9; call [rsi+8]; call [r8+8]; call [rax+disp32] */
    assert_true(is_return("\x90\x90\x90\x90\x90\x90\xff\xd0", &target));
    assert_int_equal(target, 0);
    assert_true(is_return("\x90\x90\x90\x90\x90\x41\xff\xd1", &target));
    assert_true(is_return("\x90\x90\x90\x90\x90\xff\x56\x08", &target));
    assert_true(is_return("\x90\x90\x90\x90\x41\xff\x50\x08", &target));
    assert_true(is_return("\x90\x90\xff\x90\x00\x01\x00\x00", &target));
    /* call [rip+disp32]; call [rsp+8]; call [abs32] */
    assert_true(is_return("\x90\x90\xff\x15\x10\x00\x00\x00", &target));
    assert_true(is_return("\x90\x90\x90\x90\xff\x54\x24\x08", &target));
    assert_true(is_return("\x90\xff\x14\x25\x00\x10\x00\x00", &target));
}

static void takes_no_other_code_for_a_call(void **state)
{
    (void)state;
    int32_t target;
    assert_false(is_return("\x90\x90\x90\x90\x90\x90\x90\x90", &target));
    /* jmp rel32; jmp rax; jmp [rsi+8]; inc rax; push [rax] */
    assert_false(is_return("\x90\x90\x90\xe9\x10\x00\x00\x00", &target));
    assert_false(is_return("\x90\x90\x90\x90\x90\x90\xff\xe0", &target));
    assert_false(is_return("\x90\x90\x90\x90\x90\xff\x66\x08", &target));
    assert_false(is_return("\x90\x90\x90\x90\x90\x48\xff\xc0", &target));
    assert_false(is_return("\x90\x90\x90\x90\x90\x90\xff\x30", &target));
    /* a call that ends before the address */
    assert_false(is_return("\x90\x90\xe8\x01\x00\x00\x00\x90", &target));
    assert_false(is_return("\x90\x90\x90\x90\x90\xff\xd0\x90", &target));
}

static enum seam_resume resume(const char *code, size_t len, uint32_t stop)
{
    return unwind_seam_resume((const uint8_t *)code, len, stop);
}

static void finds_where_erlang_takes_its_stack_back_from(void **state)
{
    (void)state;
    assert_int_equal(resume("\x48\x89\xec\xc3", 4, 0x58), SEAM_SAVED);
    assert_int_equal(resume("\x90\x48\x8b\xe5\xc3", 5, 0x58), SEAM_SAVED);
    /* mov r15,[r13+0x50]; mov rsp,[r13+0x58] */
    static const char stop[] = "\x4d\x8b\x7d\x50\x49\x8b\x65\x58\xc3";
    assert_int_equal(resume(stop, 9, 0x58), SEAM_STOP);
    assert_int_equal(resume(stop, 9, 0), SEAM_STOP);
    assert_int_equal(resume(stop, 9, 0x60), SEAM_UNKNOWN);
    assert_int_equal(resume("\x49\x8b\xa5\x58\x01\x00\x00", 7, 0x158),
                     SEAM_STOP);
    /* whichever comes first */
    assert_int_equal(resume("\x48\x89\xec\x49\x8b\x65\x58", 7, 0x58),
                     SEAM_SAVED);
}

static void a_cut_instruction_is_not_one(void **state)
{
    (void)state;
    assert_int_equal(resume("\x48\x89", 2, 0), SEAM_UNKNOWN);
    assert_int_equal(resume("\x49\x8b\x65", 3, 0), SEAM_UNKNOWN);
    assert_int_equal(resume("\x49\x8b\xa5\x58\x01\x00", 6, 0), SEAM_UNKNOWN);
    assert_int_equal(resume("", 0, 0), SEAM_UNKNOWN);
}

static void finds_where_a_light_bif_keeps_its_call_site(void **state)
{
    (void)state;
    int32_t disp;
    assert_int_equal(
        unwind_seam_entry((const uint8_t *)"\x90\x49\x89\xd7\x49\x89\xce", 7,
                          &disp),
        SEAM_ENTRY_R15);
    assert_int_equal(
        unwind_seam_entry((const uint8_t *)"\x48\x89\x53\xc8\x90", 5, &disp),
        SEAM_ENTRY_MEMORY);
    assert_int_equal(disp, -56);
    assert_int_equal(
        unwind_seam_entry((const uint8_t *)"\x90\x90\x90\x90", 4, &disp),
        SEAM_ENTRY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_every_call_the_jit_emits),
        cmocka_unit_test(takes_no_other_code_for_a_call),
        cmocka_unit_test(finds_where_erlang_takes_its_stack_back_from),
        cmocka_unit_test(a_cut_instruction_is_not_one),
        cmocka_unit_test(finds_where_a_light_bif_keeps_its_call_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
