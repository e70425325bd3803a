/* Pids as the node writes them, and as its memory has them. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "recorder/own_pids.h"
#include "target/erlproc.h"

static const struct layout layout = {.release = 27, .table_size = 1 << 20};

static uint64_t pid(uint64_t data)
{
    return data << 4 | 3;
}

static void they_are_known_by_their_text(void **state)
{
    (void)state;
    struct own_pids own;
    char first[ERLPROC_TEXT], second[ERLPROC_TEXT];
    erlproc_pid_text(pid(4711), layout.release, layout.table_size, first);
    erlproc_pid_text(pid(99), layout.release, layout.table_size, second);
    const char *const texts[] = {first, second};
    assert_int_equal(own_pids_set(&own, texts, 2), 0);
    for (int again = 0; again < 2; again++) {
        assert_false(own_pids_has(&own, &layout, 0));
        assert_true(own_pids_has(&own, &layout, pid(4711)));
        assert_false(own_pids_has(&own, &layout, pid(4712)));
        assert_true(own_pids_has(&own, &layout, pid(99)));
    }
}

static void none(void **state)
{
    (void)state;
    struct own_pids own = {.count = 0};
    assert_false(own_pids_has(&own, &layout, pid(4711)));
    assert_int_equal(own_pids_set(&own, NULL, 0), 0);
    assert_false(own_pids_has(&own, &layout, 0));
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct own_pids own;
    char longer[OWN_PIDS_TEXT + 1];
    memset(longer, '1', OWN_PIDS_TEXT);
    longer[OWN_PIDS_TEXT] = '\0';
    const char *const texts[] = {"", "", "", longer, ""};
    assert_int_equal(own_pids_set(&own, texts, OWN_PIDS + 1), -EINVAL);
    assert_int_equal(own_pids_set(&own, texts, 4), -EINVAL);
    assert_int_equal(own_pids_set(&own, texts, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_known_by_their_text),
        cmocka_unit_test(none),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
