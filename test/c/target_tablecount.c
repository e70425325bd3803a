#include "fake_memory.h"

#include <errno.h>

#include "target/tablecount.h"

enum { PLACE = 0x10000040, COUNT = PLACE - 56 };

static struct fake fake;
static struct memory memory;
static struct layout layout;

static void open_counters(uint32_t count, uint32_t created, uint32_t ended)
{
    memset(&fake, 0, sizeof(fake));
    fake_map(&fake, 0x10000000, 0x1000, "");
    fake_u32(&fake, COUNT, count);
    fake_u32(&fake, COUNT + 4, created - 1);
    fake_u32(&fake, COUNT + 8, ended - 1);
    memory = fake_memory(&fake);
    layout = (struct layout){.table_place = PLACE, .table_size = 4096};
}

static void counts_what_was_created(void **state)
{
    (void)state;
    struct tablecount c;
    open_counters(50, 1050, 1000);
    assert_int_equal(tablecount_read(&layout, &memory, &c), 0);
    assert_int_equal(c.processes, 50);
    assert_int_equal(c.created, 1050);
    fake_free(&fake);
    /* The counters wrap around. */
    open_counters(50, 20, (uint32_t)-30);
    assert_int_equal(tablecount_read(&layout, &memory, &c), 0);
    assert_int_equal(c.created, 20);
    fake_free(&fake);
    /* Ten are being made. */
    open_counters(50, 1060, 1000);
    assert_int_equal(tablecount_read(&layout, &memory, &c), 0);
    fake_free(&fake);
}

static void counters_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const uint32_t rows[][3] = {
        {0, 1000, 1000}, {50, 1050, 0}, {5000, 6000, 1000}, {50, 0, 1000}};
    struct tablecount c;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_counters(rows[i][0], rows[i][1], rows[i][2]);
        assert_int_equal(tablecount_read(&layout, &memory, &c), -E_LAYOUT);
        fake_free(&fake);
    }
    open_counters(50, 1050, 1000);
    layout.table_place = 0;
    assert_int_equal(tablecount_read(&layout, &memory, &c), -E_LAYOUT);
    layout.table_place = 0x20000000;
    assert_int_equal(tablecount_read(&layout, &memory, &c), -EFAULT);
    fake_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_was_created),
        cmocka_unit_test(counters_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
