#include "test.h"

#include "symbols/kallsyms.h"

static void finds_functions_of_kernel_and_modules(void **state)
{
    (void)state;
    static const char text[] = "ffffffff81000000 T _text\n"
                               "ffffffff81000100 t do_work\n"
                               "ffffffff81000180 D some_data\n"
                               "ffffffffc0000000 t nft_do\t[nf_tables]\n"
                               "ffffffff81000200 W weak\n";
    struct kallsyms k;
    assert_int_equal(kallsyms_parse(text, sizeof(text) - 1, &k), 0);
    assert_int_equal(k.count, 4);
    assert_null(kallsyms_find(&k, 0xffffffff80ffffff));
    assert_string_equal(kallsyms_find(&k, 0xffffffff810001ff)->name, "do_work");
    assert_string_equal(kallsyms_find(&k, 0xffffffff81000200)->name, "weak");
    assert_string_equal(kallsyms_find(&k, 0xffffffff81000200)->module,
                        "kernel");
    assert_string_equal(kallsyms_find(&k, 0xffffffffc0000010)->name, "nft_do");
    assert_string_equal(kallsyms_find(&k, 0xffffffffc0000010)->module,
                        "nf_tables");
    kallsyms_deinit(&k);
}

static void hidden_addresses_give_an_empty_table(void **state)
{
    (void)state;
    static const char text[] = "0000000000000000 T _text\n"
                               "0000000000000000 t do_work\n";
    struct kallsyms k;
    assert_int_equal(kallsyms_parse(text, sizeof(text) - 1, &k), 0);
    assert_int_equal(k.count, 0);
    assert_null(kallsyms_find(&k, 0xffffffff81000000));
    kallsyms_deinit(&k);
}

static void garbage_is_left_out(void **state)
{
    (void)state;
    static const char text[] = "\nzz\n12\n12 T\n12 T \n12T x\n"
                               "999999999999999999999 T x\n13 t a\t[\n14 t b";
    struct kallsyms k;
    assert_int_equal(kallsyms_parse(text, sizeof(text) - 1, &k), 0);
    assert_int_equal(k.count, 2);
    assert_string_equal(kallsyms_find(&k, 0x13)->name, "a");
    assert_string_equal(kallsyms_find(&k, 0x99)->name, "b");
    kallsyms_deinit(&k);
    assert_int_equal(kallsyms_parse(NULL, 0, &k), 0);
    assert_int_equal(k.count, 0);
    kallsyms_deinit(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_functions_of_kernel_and_modules),
        cmocka_unit_test(hidden_addresses_give_an_empty_table),
        cmocka_unit_test(garbage_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
