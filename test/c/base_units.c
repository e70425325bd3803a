/* Figures with a unit have three digits. */
#include "base/units.h"
#include "test.h"

static void assert_text(struct buffer *got, const char *want)
{
    buffer_add(got, "", 1);
    assert_int_equal(buffer_status(got), 0);
    assert_string_equal((char *)got->data, want);
    buffer_deinit(got);
}

static void durations(void **state)
{
    static const struct {
        double ns;
        const char *want;
    } cases[] = {
        {0, "0 ns"},          {5.4, "5 ns"},          {999.4, "999 ns"},
        {999.6, "1.00 us"},   {9994, "9.99 us"},      {9996, "10.0 us"},
        {12345, "12.3 us"},   {99940, "99.9 us"},     {99960, "100 us"},
        {999499, "999 us"},   {999501, "1.00 ms"},    {30e6, "30.0 ms"},
        {999.6e6, "1.00 s"},  {29e9, "29.0 s"},       {1000e9, "1000 s"},
        {86400e9, "86400 s"}, {1e18, "1000000000 s"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer got;
        buffer_init(&got, BUFFER_DEFAULT_MAX);
        units_duration(&got, cases[i].ns);
        assert_text(&got, cases[i].want);
    }
}

static void the_last_unit_has_no_larger_one(void **state)
{
    static const char *const names[] = {"B", "KB"};
    struct buffer got;
    (void)state;
    buffer_init(&got, BUFFER_DEFAULT_MAX);
    units_add(&got, 1023, 1024, names, 2);
    buffer_text(&got, ", ");
    units_add(&got, 5e9, 1024, names, 2);
    assert_text(&got, "1.00 KB, 4882812 KB");
}

static void bytes_are_in_powers_of_1024(void **state)
{
    static const struct {
        double bytes;
        const char *want;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "0.98 KB"},
        {1536, "1.50 KB"},
        {95.53 * 1048576, "95.5 MB"},
        {1048576, "1.00 MB"},
        {1e18, "888 PB"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer got;
        buffer_init(&got, BUFFER_DEFAULT_MAX);
        units_bytes(&got, cases[i].bytes);
        assert_text(&got, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(bytes_are_in_powers_of_1024),
        cmocka_unit_test(the_last_unit_has_no_larger_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
