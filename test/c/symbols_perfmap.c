#include "test.h"

#include <stdio.h>

#include "symbols/perfmap.h"
#include "symbols/perfmap_file.h"

static struct perfmap parse(const char *text)
{
    struct perfmap map;
    assert_int_equal(perfmap_parse(text, strlen(text), &map), 0);
    return map;
}

static const char *name_at(const struct perfmap *map, uint64_t addr)
{
    const struct perfmap_range *range = perfmap_find(map, addr);
    return range ? range->name : "-";
}

static void finds_by_address(void **state)
{
    (void)state;
    struct perfmap map = parse("0x7fa6e2b52510 f0 $lists:seq/2\n"
                               "7fa6e2b52600 10 $'Elixir.A B':'x y'/0\n");
    assert_int_equal(map.count, 2);
    assert_string_equal(name_at(&map, 0x7fa6e2b5250f), "-");
    assert_string_equal(name_at(&map, 0x7fa6e2b52510), "$lists:seq/2");
    assert_string_equal(name_at(&map, 0x7fa6e2b525ff), "$lists:seq/2");
    assert_string_equal(name_at(&map, 0x7fa6e2b52600), "$'Elixir.A B':'x y'/0");
    assert_string_equal(name_at(&map, 0x7fa6e2b52610), "-");
    perfmap_deinit(&map);
}

static void the_later_line_wins(void **state)
{
    (void)state;
    struct perfmap map = parse("1000 100 $old:a/0\n"
                               "1040 20 $new:b/0\n"
                               "10f0 20 $new:c/0\n"
                               "0ff0 18 $new:d/0\n");
    assert_string_equal(name_at(&map, 0xff0), "$new:d/0");
    assert_string_equal(name_at(&map, 0x1007), "$new:d/0");
    assert_string_equal(name_at(&map, 0x1008), "$old:a/0");
    assert_string_equal(name_at(&map, 0x103f), "$old:a/0");
    assert_string_equal(name_at(&map, 0x1040), "$new:b/0");
    assert_string_equal(name_at(&map, 0x1060), "$old:a/0");
    assert_string_equal(name_at(&map, 0x10f0), "$new:c/0");
    assert_string_equal(name_at(&map, 0x110f), "$new:c/0");
    assert_string_equal(name_at(&map, 0x1110), "-");
    perfmap_deinit(&map);
    map = parse("1000 100 $a:a/0\n1000 100 $b:b/0\n");
    assert_int_equal(map.count, 1);
    assert_string_equal(name_at(&map, 0x1000), "$b:b/0");
    perfmap_deinit(&map);
}

/* Every address of a small space, against reading all lines in order. */
static void overlaps_agree_with_the_definition(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int round = 0; round < 200; round++) {
        char text[4096];
        int truth[256];
        size_t len = 0;
        memset(truth, -1, sizeof(truth));
        for (int line = 0; line < 40; line++) {
            unsigned start = (seed = seed * 1103515245 + 12345) >> 16 & 127;
            unsigned size = ((seed = seed * 1103515245 + 12345) >> 16 & 63) + 1;
            len += (size_t)snprintf(text + len, sizeof(text) - len,
                                    "%x %x %d\n", start, size, line);
            for (unsigned a = start; a < start + size; a++)
                truth[a] = line;
        }
        struct perfmap map = parse(text);
        for (unsigned a = 0; a < 256; a++)
            assert_int_equal(
                strcmp(name_at(&map, a), "-") ? atoi(name_at(&map, a)) : -1,
                truth[a]);
        perfmap_deinit(&map);
    }
}

static void bad_lines_are_skipped_and_counted(void **state)
{
    (void)state;
    struct perfmap map = parse("\n"
                               "xyz 10 $a:b/0\n"
                               "1000\n"
                               "1000 10\n"
                               "1000 10 \n"
                               "1000 0 $empty:e/0\n"
                               "ffffffffffffffff 2 $wraps:w/0\n"
                               "11111111111111111 1 $long:l/0\n"
                               "2000 10 $good:g/0\n"
                               "3000 10 $unfinish");
    assert_int_equal(map.count, 1);
    assert_int_equal(map.skipped, 8);
    assert_string_equal(name_at(&map, 0x2000), "$good:g/0");
    assert_string_equal(name_at(&map, 0x3000), "-");
    perfmap_deinit(&map);
    map = parse("");
    assert_null(perfmap_find(&map, 0));
    perfmap_deinit(&map);
}

static void the_folder_is_an_argument(void **state)
{
    (void)state;
    char dir[32];
#define DIRECTORY(argv)                                                        \
    (perfmap_file_directory(argv, sizeof(argv) - 1, dir, sizeof(dir)), dir)
    assert_string_equal(DIRECTORY("beam\0-JPperfdirectory\0/x/y\0--\0"),
                        "/x/y");
    assert_string_equal(DIRECTORY("beam\0+JPperfdirectory\0/x\0"), "/x");
    assert_string_equal(DIRECTORY("beam\0-JPperfdirectory/z\0--\0"), "/z");
    assert_string_equal(DIRECTORY("beam\0--\0-JPperfdirectory\0/x\0"), "");
    assert_string_equal(DIRECTORY("beam\0-JPperf\0true\0"), "");
    assert_string_equal(DIRECTORY("beam\0-JPperfdirectory\0"), "");
    assert_string_equal(DIRECTORY("beam\0-JPperfdirectory\0/not-ended"), "");
#undef DIRECTORY
    perfmap_file_directory(NULL, 0, dir, sizeof(dir));
    assert_string_equal(dir, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_address),
        cmocka_unit_test(the_later_line_wins),
        cmocka_unit_test(overlaps_agree_with_the_definition),
        cmocka_unit_test(bad_lines_are_skipped_and_counted),
        cmocka_unit_test(the_folder_is_an_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
