/* A series of recordings in a real folder: which files are its own, and how the
 * oldest make room. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/output_series.h"

static const char *const endings[] = {".pb.gz", ".snapshot.json", NULL};
static char dir[64];

static struct output_series series(uint64_t most)
{
    return (struct output_series){
        .folder = dir, .name = "watch", .endings = endings, .most_bytes = most};
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/cprof-series-XXXXXX");
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return chdir("/") == 0 ? system(command) : -1;
}

static void put(const char *name, size_t bytes)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    close(fd);
}

static bool is_there(const char *name)
{
    struct stat st;
    return lstat(name, &st) == 0;
}

/* The recording of that minute. */
static const char *file(char minute, const char *rest)
{
    static char names[8][128];
    static unsigned next;
    char *name = names[next++ % 8];
    snprintf(name, sizeof(names[0]), "watch-20261129T083%c00.123Z-%s", minute,
             rest);
    return name;
}

static void names_of_a_series(void **state)
{
    (void)state;
    static const char *const good[] = {"watch", "w", "shop@host-1_a.b", "A9"};
    static const char *const bad[] = {"", ".watch", "a/b", "a b", "w\n", "w*"};
    char name[100];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(output_series_name_fits(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(output_series_name_fits(bad[i]));
    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    assert_false(output_series_name_fits(name));
    name[63] = '\0';
    assert_true(output_series_name_fits(name));
}

static void a_file_is_its_own_or_not(void **state)
{
    (void)state;
    static const char *const strange[] = {
        "watch-20261129T083151.123Z-mailbox",
        "watch-20261129T083151.123Z-mailbox.pb.gz.bak",
        "watch-20261129T083151.123Z-mailbox-kept.pb.gz",
        "watch-20261129T083151.123Z-.pb.gz",
        "watch-20261129T083151.123Z-Mailbox.pb.gz",
        "watch-20261129T083151.123Z-mailbox.html",
        "watch-20261129T083151.12Z-mailbox.pb.gz",
        "watch-20261129T08315.1123Z-mailbox.pb.gz",
        "watch-2026112xT083151.123Z-mailbox.pb.gz",
        "watch.pb.gz",
        "watch-old.pb.gz",
        "watch2-20261129T083151.123Z-mailbox.pb.gz",
        "old-watch-20261129T083151.123Z-mailbox.pb.gz",
        "watch",
        "",
        "watch-20261129T083151.123Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.pb.gz",
    };
    const struct output_series s = series(0);
    char stem[OUTPUT_SERIES_STEM], name[OUTPUT_SERIES_STEM + 16];
    output_series_stem(&s, 1795941111123456789ull, "mailbox_growth", stem);
    assert_string_equal(stem, "watch-20261129T083151.123Z-mailbox_growth");
    for (const char *const *e = endings; *e; e++) {
        snprintf(name, sizeof(name), "%s%s", stem, *e);
        assert_int_equal(output_series_owns(&s, name), strlen(stem));
    }
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
        if (output_series_owns(&s, strange[i]))
            fail_msg("%s is taken for its own", strange[i]);
    /* Whatever the word is, the file is its own. */
    static const char *const words[] = {"", "../../etc", "A b\n", "p99", "..."};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        output_series_stem(&s, 0, words[i], stem);
        assert_null(strchr(stem, '/'));
        snprintf(name, sizeof(name), "%s.pb.gz", stem);
        assert_int_equal(output_series_owns(&s, name), strlen(stem));
    }
}

static void note(void *count, const char *name)
{
    assert_false(is_there(name));
    ++*(int *)count;
}

static void the_oldest_make_room_with_all_their_files(void **state)
{
    (void)state;
    int removed = 0;
    for (char minute = '1'; minute <= '4'; minute++) {
        put(file(minute, "mailbox.pb.gz"), 10000);        /* 3 blocks */
        put(file(minute, "mailbox.snapshot.json"), 4096); /* 1 block */
    }
    put(file('0', "mailbox.pb.gz.bak"), 100000);
    put("other.pb.gz", 100000);
    const struct output_series s = series(16 * 4096);
    assert_int_equal(output_series_make_room(&s, 0, note, &removed), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(output_series_make_room(&s, 1, note, &removed), 0);
    assert_int_equal(removed, 2);
    assert_false(is_there(file('1', "mailbox.snapshot.json")));
    assert_true(is_there(file('2', "mailbox.snapshot.json")));
    assert_int_equal(output_series_make_room(&s, 12 * 4096, note, &removed), 0);
    assert_int_equal(removed, 6);
    assert_true(is_there(file('4', "mailbox.pb.gz")));
    assert_int_equal(output_series_make_room(&s, 16 * 4096, NULL, NULL), 0);
    assert_false(is_there(file('4', "mailbox.pb.gz")));
    assert_true(is_there("other.pb.gz"));
    assert_true(is_there(file('0', "mailbox.pb.gz.bak")));
}

static void what_never_fits_removes_nothing(void **state)
{
    (void)state;
    put(file('1', "mailbox.pb.gz"), 10000);
    const struct output_series s = series(16 * 4096);
    assert_int_equal(output_series_make_room(&s, 16 * 4096 + 1, NULL, NULL),
                     -E_LIMIT);
    assert_true(is_there(file('1', "mailbox.pb.gz")));
    struct output_series none = s;
    none.folder = "/no/such/folder";
    assert_int_equal(output_series_make_room(&none, 1, NULL, NULL), -ENOENT);
}

/* Also where the name fits: links, folders, files of others. */
static void nothing_else_is_removed_or_counted(void **state)
{
    (void)state;
    put("target", 100000);
    assert_int_equal(symlink("target", file('1', "mailbox.pb.gz")), 0);
    assert_int_equal(mkdir(file('2', "mailbox.pb.gz"), 0700), 0);
    assert_int_equal(mkfifo(file('3', "mailbox.pb.gz"), 0600), 0);
    put(file('4', "mailbox.pb.gz"), 100000);
    if (geteuid() == 0)
        assert_int_equal(chown(file('4', "mailbox.pb.gz"), 1, 1), 0);
    const struct output_series s = series(4096);
    assert_int_equal(output_series_make_room(&s, 4096, NULL, NULL), 0);
    for (char minute = '1'; minute <= '3'; minute++)
        assert_true(is_there(file(minute, "mailbox.pb.gz")));
    assert_true(is_there("target"));
    assert_int_equal(is_there(file('4', "mailbox.pb.gz")), geteuid() == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_a_series),
        cmocka_unit_test(a_file_is_its_own_or_not),
        cmocka_unit_test_setup_teardown(
            the_oldest_make_room_with_all_their_files, setup, teardown),
        cmocka_unit_test_setup_teardown(what_never_fits_removes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_else_is_removed_or_counted,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
