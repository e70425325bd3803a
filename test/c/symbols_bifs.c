#include "test.h"

#include "symbols/bifs.h"
#include "symbols/bifs_code.h"

/* erlang:phash2/1 of OTP 25, from its ErtsCodeInfo on, with the first bytes
 * of the Erlang body that the JIT left behind it. */
static const uint8_t phash2[] = {
    0xe8, 0x3b, 0x9b, 0xf7, 0xff, 0x0f, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x0b, 0x3b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xcb, 0xbe, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xeb, 0x06, 0x00, 0xe8, 0x38, 0xb4, 0xff, 0xff,
    0x48, 0x8d, 0x35, 0xd9, 0xff, 0xff, 0xff, 0x48, 0x8d, 0x15, 0xf2, 0xff,
    0xff, 0xff, 0x48, 0xb9, 0x20, 0xa6, 0xa3, 0xd6, 0xf4, 0x55, 0x00, 0x00,
    0x40, 0xe9, 0x1a, 0x9c, 0xf8, 0xff, 0x48, 0xc7, 0x03, 0x8b, 0x03, 0x00,
    0x00, 0x49, 0x8d, 0x57, 0x20, 0x48, 0x39, 0xe2, 0x76, 0x0e, 0xb9, 0x01,
    0x00, 0x00, 0x00, 0x0f, 0x1f, 0x00, 0x40, 0xe8,
};
enum { BODY = 48 }; /* where the function's own code begins */

/* prim_file:read_nif/2 of OTP 29, a dirty NIF. */
static const uint8_t read_nif[] = {
    0xeb, 0x1e, 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x40, 0x51, 0xe5,
    0x59, 0x0d, 0x56, 0x00, 0x00, 0xd0, 0x56, 0x44, 0x7d, 0x0d, 0x56,
    0x00, 0x00, 0x30, 0xb6, 0xee, 0x59, 0x0d, 0x56, 0x00, 0x00, 0x48,
    0x8d, 0x15, 0xd1, 0xff, 0xff, 0xff, 0x49, 0xb9, 0xc0, 0x07, 0xc0,
    0x27, 0xc3, 0x7f, 0x00, 0x00, 0x41, 0xff, 0xe1,
};

static void a_bif_stub_holds_its_c_function(void **state)
{
    (void)state;
    struct bifs_code stub;
    assert_true(bifs_code_decode(phash2, sizeof(phash2), 0x1000, &stub));
    assert_int_equal(stub.count, 1);
    assert_true(stub.target[0] == 0x55f4d6a3a620);
    assert_false(stub.nif);
    assert_true(
        bifs_code_decode(phash2 + BODY, sizeof(phash2) - BODY, 0x1030, &stub));
}

static void other_ways_to_load_the_address(void **state)
{
    (void)state;
    static const uint8_t ways[][8] = {
        {0xb9, 0x10, 0x20, 0x30, 0x00, 0xe9},             /* mov ecx */
        {0x48, 0xc7, 0xc1, 0x10, 0x20, 0x30, 0x00, 0xe9}, /* mov rcx */
        {0x48, 0x8d, 0x0d, 0xfb, 0x1f, 0x30, 0x00, 0xe9}, /* lea rcx */
    };
    for (size_t i = 0; i < 3; i++) {
        uint8_t code[14 + 8];
        struct bifs_code stub;
        memcpy(code, phash2 + BODY, 14);
        memcpy(code + 14, ways[i], 8);
        assert_true(bifs_code_decode(code, sizeof(code), 0, &stub));
        assert_true(stub.target[0] == 0x302010);
    }
}

static void a_nif_stub_holds_both_functions(void **state)
{
    (void)state;
    struct bifs_code stub;
    assert_true(bifs_code_decode(read_nif, sizeof(read_nif), 0, &stub));
    assert_true(stub.nif);
    assert_int_equal(stub.count, 2);
    assert_true(stub.target[0] == 0x560d59e55140);
    assert_true(stub.target[1] == 0x560d59eeb630);
}

static void what_is_cut_or_altered_is_no_stub(void **state)
{
    (void)state;
    struct bifs_code stub;
    size_t whole = BODY + 14 + 10 + 2;
    for (size_t len = 0; len < whole; len++) {
        uint8_t *cut = malloc(len + 1); /* so that ASan sees an overrun */
        memcpy(cut, phash2, len);
        assert_false(bifs_code_decode(cut, len, 0x1000, &stub));
        free(cut);
    }
    for (size_t i = BODY; i < whole; i++) {
        uint8_t code[sizeof(phash2)];
        if (i >= BODY + 16 && i < BODY + 24)
            continue; /* the address itself */
        memcpy(code, phash2, sizeof(code));
        code[i] ^= 0x80;
        assert_false(bifs_code_decode(code, sizeof(code), 0x1000, &stub));
    }
}

static void a_caller_names_the_export(void **state)
{
    (void)state;
    /* ... lea before it, two calls, and a lea that is none's */
    static const uint8_t code[] = {
        0x48, 0x8d, 0x15, 0xe5, 0xff, 0xff, 0xff, 0x48, 0xb9, 0x58, 0xac,
        0xa8, 0x14, 0xbb, 0x7f, 0x00, 0x00, 0x48, 0xb8, 0x80, 0x39, 0xa3,
        0xd6, 0xf4, 0x55, 0x00, 0x00, 0x48, 0x8d, 0x15, 0xe5, 0xff, 0xff,
        0xff, 0x0f, 0x1f, 0x00, 0x48, 0xb9, 0x01, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x48, 0xb8, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x48, 0x8d, 0x15, 0xe5, 0xff, 0xff, 0xff,
    };
    struct bifs_code_site site;
    size_t at = 0;
    assert_true(bifs_code_next_site(code, sizeof(code), &at, &site));
    assert_true(site.export == 0x7fbb14a8ac58);
    assert_true(site.target == 0x55f4d6a33980);
    assert_true(bifs_code_next_site(code, sizeof(code), &at, &site));
    assert_true(site.export == 1 && site.target == 2);
    assert_false(bifs_code_next_site(code, sizeof(code), &at, &site));
    for (size_t len = 0; len < 34; len++) {
        at = 0;
        assert_false(bifs_code_next_site(code, len, &at, &site));
    }
}

/* The code of a light BIF's call in OTP 25, 27 and 29. */
static const uint8_t light[] = {
    0x48, 0xb9, 0x70, 0x63, 0xff, 0x7b, 0xbb, 0x7f, 0x00, 0x00, 0x48, 0xb8,
    0x50, 0xaa, 0x08, 0xfe, 0x1c, 0x56, 0x00, 0x00, 0x48, 0x8d, 0x15, 0xe5,
    0xff, 0xff, 0xff, 0x0f, 0x1f, 0x00, 0x40, 0xe8, 0x74, 0xc6, 0xef, 0xff,
};

static void a_return_address_tells_the_call_before_it(void **state)
{
    (void)state;
    uint8_t code[BIFS_CODE_SITE];
    struct bifs_code_site site;
    memset(code, 0xcc, sizeof(code));
    memcpy(code + sizeof(code) - sizeof(light), light, sizeof(light));
    assert_true(bifs_code_site_before(code, sizeof(code), &site));
    assert_true(site.export == 0x7fbb7bff6370);
    assert_true(site.target == 0x561cfe08aa50);
    assert_false(bifs_code_site_before(code, sizeof(code) - 1, &site));
    for (size_t len = 0; len < sizeof(light); len++)
        assert_false(bifs_code_site_before(light, len, &site));
    for (size_t i = 27; i < 31; i++) /* what pads the call may be anything */
        code[sizeof(code) - sizeof(light) + i] ^= 0xff;
    assert_true(bifs_code_site_before(code, sizeof(code), &site));
    code[sizeof(code) - 5] = 0x90;
    assert_false(bifs_code_site_before(code, sizeof(code), &site));
    assert_true(bifs_code_site(light, sizeof(light), &site));
    assert_false(bifs_code_site(light, 26, &site));
}

static void a_call_through_an_export_names_it(void **state)
{
    (void)state;
    static const uint8_t call[] = {
        0x48, 0x89, 0x3b, 0x48, 0xb8, 0xa8, 0xaf, 0xb3, 0x00, 0xd1,
        0x7f, 0x00, 0x00, 0x0f, 0x1f, 0x00, 0x42, 0xff, 0x14, 0xe0,
    };
    assert_true(bifs_code_export_before(call, sizeof(call)) == 0x7fd100b3afa8);
    assert_true(bifs_code_export_before(call, sizeof(call) - 1) == 0);
    for (size_t from = 4; from < sizeof(call); from++)
        assert_true(bifs_code_export_before(call + from, sizeof(call) - from) ==
                    0);
}

static void stubs_with_frame_pointers(void **state)
{
    (void)state;
    uint8_t code[BODY + 32] = {0x55, 0x48, 0x89, 0xe5};
    struct bifs_code stub;
    memcpy(code + 4, phash2 + BODY, 32);
    code[7] -= 4; /* its ErtsCodeMFA is that much further away */
    assert_true(bifs_code_decode(code, sizeof(code), 0x1000, &stub));
    assert_true(stub.target[0] == 0x55f4d6a3a620);
    assert_true(stub.entry == 0x1004);
    code[7] += 4;
    code[0] = 0x90; /* no frame: nothing is further away */
    assert_true(bifs_code_decode(code, sizeof(code), 0x1000, &stub));
    assert_true(stub.entry == 0x1004);

    uint8_t nif[sizeof(read_nif)];
    memcpy(nif, read_nif, sizeof(nif));
    memcpy(nif, "\x55\x48\x89\xe5\xeb\x1a", 6);
    assert_true(bifs_code_decode(nif, sizeof(nif), 0x1000, &stub));
    assert_true(stub.nif && stub.target[1] == 0x560d59eeb630);
}

static void jumps_out_of_a_function(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        0x0f, 0x84, 0x10, 0x00, 0x00, 0x00, /* je */
        0xe9, 0xf5, 0xff, 0xff, 0xff,       /* jmp */
        0xe8, 0x00, 0x00, 0x00, 0x00,       /* call: none */
        0xe9, 0x00, 0x00, 0x00,             /* cut */
    };
    uint64_t at[4];
    assert_int_equal(bifs_code_jumps(code, sizeof(code), 0x1000, at, 4), 2);
    assert_true(at[0] == 0x1016 && at[1] == 0x1000);
    assert_int_equal(bifs_code_jumps(code, sizeof(code), 0x1000, at, 1), 1);
}

static const char *name_of(struct bifs *b, uint64_t target)
{
    const struct bifs_entry *entry = bifs_find(b, target);
    return entry ? entry->name : "-";
}

static void one_function_with_two_names(void **state)
{
    (void)state;
    struct bifs *b;
    assert_int_equal(bifs_open(NULL, NULL, &b), 0);
    static const struct {
        uint64_t target;
        const char *name;
    } stubs[] = {
        {1, "ets:lookup/2"}, {1, "ets:lookup/2"}, {2, "a:x/0"},
        {2, "b:x/0"},        {2, "erlang:x/0"},   {3, "a:y/0"},
        {3, "erlang:y/0"},   {4, "erlang:z/0"},   {4, "a:z/0"},
        {5, "erlang:u/0"},   {5, "erlang:v/0"},   {5, "erlang:u/0"},
        {6, "a:w/0"},        {6, "b:w/0"},        {6, "a:w/0"},
    };
    for (size_t i = 0; i < sizeof(stubs) / sizeof(*stubs); i++)
        assert_int_equal(bifs_add(b, stubs[i].target, stubs[i].name, false), 0);
    assert_string_equal(name_of(b, 1), "ets:lookup/2");
    assert_string_equal(name_of(b, 2), "erlang:x/0");
    assert_string_equal(name_of(b, 3), "erlang:y/0");
    assert_string_equal(name_of(b, 4), "erlang:z/0");
    assert_string_equal(name_of(b, 5), "-");
    assert_string_equal(name_of(b, 6), "-");
    assert_string_equal(name_of(b, 7), "-");
    bifs_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bif_stub_holds_its_c_function),
        cmocka_unit_test(other_ways_to_load_the_address),
        cmocka_unit_test(a_nif_stub_holds_both_functions),
        cmocka_unit_test(what_is_cut_or_altered_is_no_stub),
        cmocka_unit_test(a_caller_names_the_export),
        cmocka_unit_test(a_return_address_tells_the_call_before_it),
        cmocka_unit_test(a_call_through_an_export_names_it),
        cmocka_unit_test(stubs_with_frame_pointers),
        cmocka_unit_test(jumps_out_of_a_function),
        cmocka_unit_test(one_function_with_two_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
