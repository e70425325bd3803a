/* The function through which every collection begins, found in machine code. */
#include "test.h"

#include "target/collector.h"

/* The end of global::garbage_collect in OTP 27: it calls through memory. */
static const uint8_t fragment[] = {0x45, 0x89, 0xf0, 0xff, 0x15, 0x3b,
                                   0x14, 0x00, 0x00, 0x41, 0x29, 0xc6};

static void the_door_is_what_the_fragment_calls(void **state)
{
    (void)state;
    uint64_t target;
    bool slot;
    assert_true(collector_code_call(fragment, sizeof(fragment), 0x7f6cd7dffaf4,
                                    &target, &slot));
    assert_true(slot);
    assert_true(target == 0x7f6cd7e00f38);
    static const uint8_t direct[] = {0x90, 0xe8, 0x10, 0x00, 0x00, 0x00};
    assert_true(collector_code_call(direct, 6, 0x1000, &target, &slot));
    assert_false(slot);
    assert_true(target == 0x1016);
    assert_false(collector_code_call(direct, 5, 0x1000, &target, &slot));
}

/* Parts of erts_garbage_collect_nobump in Debian's builds. */
static const uint8_t of_25[] = {0x4c, 0x89, 0xe9, 0x6a, 0x00, 0x44, 0x89,
                                0xe2, 0x48, 0x89, 0xef, 0x48, 0xc7, 0xc6,
                                0xf8, 0xff, 0xff, 0xff, 0xe8, 0x79, 0xe4,
                                0xff, 0xff, 0x39, 0xc3, 0x0f, 0x4e, 0xc3};
static const uint8_t of_27[] = {0x4c, 0x89, 0xe9, 0x6a, 0x00, 0x4c, 0x89,
                                0xe2, 0x48, 0x89, 0xef, 0x48, 0xc7, 0xc6,
                                0xf8, 0xff, 0xff, 0xff, 0xe8, 0xb9, 0xe1,
                                0xff, 0xff, 0x39, 0xc3, 0x0f, 0x4e, 0xc3};
static const uint8_t of_29[] = {0x4c, 0x89, 0xe9, 0x6a, 0x00, 0x4c, 0x89,
                                0xe2, 0x4c, 0x89, 0xff, 0x48, 0xc7, 0xc6,
                                0xf8, 0xff, 0xff, 0xff, 0xe8, 0xe6, 0xe0,
                                0xff, 0xff, 0x4c, 0x8b, 0x64, 0x24, 0x38};

static void the_collector_is_called_with_an_invalid_fragment(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *code;
        uint64_t at, target;
    } doors[] = {{of_25, 0x206970, 0x204e00},
                 {of_27, 0x3de6d0, 0x3dc8a0},
                 {of_29, 0x41f003, 0x41d100}};
    for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
        uint64_t targets[2] = {0};
        assert_int_equal(collector_code_inner(doors[i].code, sizeof(of_25),
                                              doors[i].at, targets, 2),
                         1);
        assert_true(targets[0] == doors[i].target);
    }
}

static void other_calls_are_not_it(void **state)
{
    (void)state;
    uint64_t targets[2];
    uint8_t code[sizeof(of_25)];
    for (size_t len = 0; len < 23; len++) /* cut off before the call's end */
        assert_int_equal(collector_code_inner(of_25, len, 0, targets, 2), 0);
    memcpy(code, of_25, sizeof(code));
    code[14] = 0xf0; /* another constant */
    assert_int_equal(collector_code_inner(code, sizeof(code), 0, targets, 2),
                     0);
    assert_int_equal(collector_code_inner(of_25, sizeof(of_25), 0, targets, 0),
                     0);
}

/* Where the collector counts, in Debian's builds. */
static const uint8_t counts_25[] = {0xf3, 0x0f, 0x6f, 0x85, 0xd8, 0xa2, 0x00,
                                    0x00, 0x66, 0x0f, 0xd4, 0x04, 0x24, 0x0f,
                                    0x11, 0x85, 0xd8, 0xa2, 0x00, 0x00};
static const uint8_t counts_27[] = {0xf3, 0x41, 0x0f, 0x6f, 0x84, 0x24, 0x00,
                                    0xa3, 0x00, 0x00, 0x66, 0x0f, 0xd4, 0x44,
                                    0x24, 0x10, 0x41, 0x0f, 0x11, 0x84, 0x24,
                                    0x00, 0xa3, 0x00, 0x00};
static const uint8_t counts_29[] = {
    0xf3, 0x41, 0x0f, 0x6f, 0x85, 0x18, 0xa3, 0x00, 0x00, 0x66, 0x0f,
    0xd4, 0x04, 0x24, 0x41, 0x0f, 0x11, 0x85, 0x18, 0xa3, 0x00, 0x00};
/* The same statements, compiled without vectors by gcc 12. */
static const uint8_t alone[] = {0x48, 0x83, 0x87, 0xd8, 0xa2, 0x00, 0x00, 0x01,
                                0x48, 0x01, 0x97, 0xd0, 0xa2, 0x00, 0x00};

static const struct counts {
    const uint8_t *code;
    size_t len;
    uint32_t at;
} counts[] = {{counts_25, sizeof(counts_25), 0xa2e0},
              {counts_27, sizeof(counts_27), 0xa308},
              {counts_29, sizeof(counts_29), 0xa320},
              {alone, sizeof(alone), 0xa2d8}};
enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

static void the_collector_counts_in_the_scheduler(void **state)
{
    (void)state;
    uint8_t code[64] = {0x90};
    for (size_t i = 0; i < COUNTS; i++) {
        memcpy(code + 1, counts[i].code, counts[i].len);
        assert_int_equal(collector_code_counter(code, counts[i].len + 1),
                         counts[i].at);
        /* Cut off anywhere. */
        for (size_t len = 0; len <= counts[i].len; len++)
            assert_int_equal(collector_code_counter(code, len), 0);
    }
}

/* On dirty schedulers: in Debian's builds, and as above. */
static const uint8_t dirty_25[] = {
    0xf3, 0x0f, 0x6f, 0x05, 0x09, 0xdd, 0x22, 0x00, 0x66, 0x0f, 0xd4, 0x04,
    0x24, 0x48, 0x89, 0xdf, 0x0f, 0x11, 0x05, 0xfa, 0xdc, 0x22, 0x00};
static const uint8_t dirty_alone[] = {0x48, 0x83, 0x05, 0x00, 0x10, 0x00, 0x00,
                                      0x01, /* of 7 + 1 bytes */
                                      0x48, 0x01, 0x15, 0xf1, 0x0f, 0x00, 0x00};

static void the_counts_of_dirty_schedulers_are_a_variable(void **state)
{
    (void)state;
    uint8_t code[sizeof(counts_25) + sizeof(dirty_25)];
    const uint64_t at = 0x205a57, found = 0x433770;
    assert_int_equal(collector_code_dirty(dirty_25, sizeof(dirty_25), at),
                     found);
    assert_int_equal(collector_code_counter(dirty_25, sizeof(dirty_25)), 0);
    assert_int_equal(collector_code_dirty(dirty_alone, sizeof(dirty_alone), 8),
                     0x1010);
    for (size_t len = 0; len < sizeof(dirty_25); len++)
        assert_int_equal(collector_code_dirty(dirty_25, len, at), 0);
    memcpy(code, counts_25, sizeof(counts_25));
    memcpy(code + sizeof(counts_25), dirty_25, sizeof(dirty_25));
    assert_int_equal(collector_code_counter(code, sizeof(code)), 0xa2e0);
    assert_int_equal(
        collector_code_dirty(code, sizeof(code), at - sizeof(counts_25)),
        found);
    code[sizeof(code) - 4] ^= 8; /* stored somewhere else */
    assert_int_equal(
        collector_code_dirty(code, sizeof(code), at - sizeof(counts_25)), 0);
}

static void what_only_looks_like_the_counter_is_not_it(void **state)
{
    (void)state;
    uint8_t code[64];
    memcpy(code, counts_25, sizeof(counts_25));
    code[sizeof(counts_25) - 4] ^= 8; /* stored somewhere else */
    assert_int_equal(collector_code_counter(code, sizeof(counts_25)), 0);
    memcpy(code, counts_25, sizeof(counts_25));
    code[10] = 0xfa; /* `psubd` */
    assert_int_equal(collector_code_counter(code, sizeof(counts_25)), 0);
    memcpy(code, alone, sizeof(alone));
    code[7] = 2; /* adds two */
    assert_int_equal(collector_code_counter(code, sizeof(alone)), 0);
    memcpy(code, alone, sizeof(alone));
    code[11] -= 8; /* not its neighbour */
    assert_int_equal(collector_code_counter(code, sizeof(alone)), 0);
    /* Two places: none is trusted. */
    memcpy(code, counts_25, sizeof(counts_25));
    memcpy(code + sizeof(counts_25), alone, sizeof(alone));
    assert_int_equal(
        collector_code_counter(code, sizeof(counts_25) + sizeof(alone)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_door_is_what_the_fragment_calls),
        cmocka_unit_test(the_collector_is_called_with_an_invalid_fragment),
        cmocka_unit_test(other_calls_are_not_it),
        cmocka_unit_test(the_collector_counts_in_the_scheduler),
        cmocka_unit_test(the_counts_of_dirty_schedulers_are_a_variable),
        cmocka_unit_test(what_only_looks_like_the_counter_is_not_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
