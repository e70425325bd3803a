#include "test.h"

#include <unistd.h>

#include "target/maps.h"

static struct maps parse(const char *text)
{
    struct maps m;
    assert_int_equal(maps_parse(text, strlen(text), &m), 0);
    return m;
}

static void takes_every_field(void **state)
{
    (void)state;
    struct maps m =
        parse("55d0c0400000-55d0c0800000 r-xp 0001f000 fe:12 1234567890123    "
              "        /usr/lib/erlang/erts-13.1.5/bin/beam.smp\n"
              "7ffc00000000-7ffc00001000 rw-s 00000000 00:00 0 \n");
    assert_int_equal(m.count, 2);
    assert_int_equal(m.skipped, 0);
    const struct map *a = &m.list[0], *b = &m.list[1];
    assert_true(a->start == 0x55d0c0400000 && a->end == 0x55d0c0800000);
    assert_true(a->offset == 0x1f000 && a->inode == 1234567890123);
    assert_int_equal(a->dev_major, 0xfe);
    assert_int_equal(a->dev_minor, 0x12);
    assert_int_equal(a->flags, MAPS_READ | MAPS_EXEC);
    assert_false(a->deleted);
    assert_string_equal(a->path, "/usr/lib/erlang/erts-13.1.5/bin/beam.smp");
    assert_int_equal(b->flags, MAPS_READ | MAPS_WRITE | MAPS_SHARED);
    assert_string_equal(b->path, "");
    maps_deinit(&m);
}

static void paths_as_the_kernel_writes_them(void **state)
{
    (void)state;
    struct maps m = parse("1000-2000 r-xs 0 00:01 7 /memfd:vmem (deleted)\n"
                          "2000-3000 r-xp 0 00:01 8 /a b/c  d\n"
                          "3000-4000 r-xp 0 00:01 9 /two\\012lines\n"
                          "4000-5000 r-xp 0 00:00 0 [vdso]\n"
                          "5000-6000 r-xp 0 00:01 5 (deleted)");
    assert_int_equal(m.count, 5);
    assert_string_equal(m.list[0].path, "/memfd:vmem");
    assert_true(m.list[0].deleted);
    assert_string_equal(m.list[1].path, "/a b/c  d");
    assert_string_equal(m.list[2].path, "/two\nlines");
    assert_string_equal(m.list[3].path, "[vdso]");
    assert_string_equal(m.list[4].path, "(deleted)");
    assert_false(m.list[4].deleted);
    maps_deinit(&m);
}

static void what_is_no_mapping_is_counted(void **state)
{
    (void)state;
    struct maps m = parse("nonsense\n"
                          "\n"
                          "2000-1000 r-xp 0 00:00 0\n"
                          "1000-1000 r-xp 0 00:00 0\n"
                          "11112222333344445-2 r-xp 0 00:00 0\n"
                          "1000-2000 r-xp\n"
                          "1000-2000 r-xp 0 00:00 x\n"
                          "1000-2000 r-xp 0 000000000:100000000 0\n"
                          "1000-3000 r-xp 0 00:00 0\n"
                          "2000-4000 r-xp 0 00:00 0 overlaps\n"
                          "3000-4000 r-xp 0 00:00 0\n");
    assert_int_equal(m.count, 2);
    assert_int_equal(m.skipped, 9);
    assert_true(m.list[1].start == 0x3000);
    maps_deinit(&m);
}

static void finds_by_address(void **state)
{
    (void)state;
    struct maps m = parse("1000-2000 r-xp 0 00:00 0\n"
                          "2000-3000 rw-p 0 00:00 0\n"
                          "5000-6000 r--p 0 00:00 0\n");
    assert_null(maps_find(&m, 0xfff));
    assert_ptr_equal(maps_find(&m, 0x1000), &m.list[0]);
    assert_ptr_equal(maps_find(&m, 0x1fff), &m.list[0]);
    assert_ptr_equal(maps_find(&m, 0x2000), &m.list[1]);
    assert_null(maps_find(&m, 0x3000));
    assert_null(maps_find(&m, 0x4fff));
    assert_ptr_equal(maps_find(&m, 0x5fff), &m.list[2]);
    assert_null(maps_find(&m, 0x6000));
    assert_null(maps_find(&m, UINT64_MAX));
    maps_deinit(&m);
    assert_null(maps_find(&m, 0x1000));
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct maps m;
    assert_int_equal(maps_parse(NULL, 0, &m), 0);
    assert_int_equal(m.count, 0);
    assert_int_equal(m.skipped, 0);
    maps_deinit(&m);
}

/* Every prefix parses, and holds whole mappings only. */
static void cut_anywhere(void **state)
{
    (void)state;
    const char text[] =
        "1000-2000 r-xp 00000010 fe:01 77 /some/file (deleted)\n"
        "2000-3000 rw-p 00000000 00:00 0 [heap]\n";
    for (size_t len = 0; len < sizeof(text); len++) {
        struct maps m;
        assert_int_equal(maps_parse(text, len, &m), 0);
        for (size_t i = 0; i < m.count; i++)
            assert_true(m.list[i].start < m.list[i].end);
        maps_deinit(&m);
    }
}

static int a_variable = 1;

static unsigned flags_at(const struct maps *m, const void *address)
{
    const struct map *map = maps_find(m, (uint64_t)(uintptr_t)address);
    assert_non_null(map);
    char exe[4096] = "";
    assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    assert_string_equal(map->path, exe);
    assert_true(map->inode != 0);
    return map->flags;
}

static void reads_our_own(void **state)
{
    (void)state;
    struct maps m;
    assert_int_equal(maps_read(getpid(), &m), 0);
    assert_int_equal(m.skipped, 0);
    assert_int_equal(flags_at(&m, (void *)(uintptr_t)&reads_our_own),
                     MAPS_READ | MAPS_EXEC);
    assert_int_equal(flags_at(&m, &a_variable), MAPS_READ | MAPS_WRITE);
    const struct map *stack = maps_find(&m, (uint64_t)(uintptr_t)&m);
    assert_string_equal(stack->path, "[stack]");
    maps_deinit(&m);
    assert_int_equal(maps_read(0x7fffffff, &m), -E_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_field),
        cmocka_unit_test(paths_as_the_kernel_writes_them),
        cmocka_unit_test(what_is_no_mapping_is_counted),
        cmocka_unit_test(finds_by_address),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(reads_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
