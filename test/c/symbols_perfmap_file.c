/* Real files, with the test itself as the observed process. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "symbols/perfmap_file.h"

static char path[64];
static struct process self;
static struct perfmap_file file;

static int setup(void **state)
{
    (void)state;
    self = (struct process){
        .pid = getpid(), .inner_pid = getpid(), .uid = getuid()};
    snprintf(path, sizeof(path), "/tmp/cprof-test-%d.map", (int)getpid());
    unlink(path);
    perfmap_file_init(&file, &self);
    snprintf(file.path, sizeof(file.path), "%s", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    perfmap_file_deinit(&file);
    unlink(path);
    return 0;
}

static void append(const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void the_usual_place_has_the_inner_pid(void **state)
{
    (void)state;
    struct perfmap_file f;
    self.inner_pid = 42;
    unsetenv("ERL_SYM_MAP_FILE");
    perfmap_file_init(&f, &self);
    assert_string_equal(f.path, "/tmp/perf-42.map");
    perfmap_file_deinit(&f);
}

static void it_is_read_again_when_it_grew(void **state)
{
    (void)state;
    assert_int_equal(perfmap_file_refresh(&file, &self), -ENOENT);
    append("1000 10 $a:b/0\n2000 10 $c:");
    assert_int_equal(perfmap_file_refresh(&file, &self), 1);
    assert_int_equal(file.map.count, 1);
    assert_int_equal(perfmap_file_refresh(&file, &self), 0);
    append("d/0\n");
    file.idle_ns = 0;
    assert_int_equal(perfmap_file_refresh(&file, &self), 1);
    assert_string_equal(perfmap_find(&file.map, 0x2008)->name, "$c:d/0");
}

static void a_link_is_not_followed(void **state)
{
    (void)state;
    char real[80];
    append("1000 10 $a:b/0\n");
    snprintf(real, sizeof(real), "%s.real", path);
    assert_int_equal(rename(path, real), 0);
    assert_int_equal(symlink(real, path), 0);
    assert_int_equal(perfmap_file_refresh(&file, &self), -E_NO_ACCESS);
    assert_int_equal(file.map.count, 0);
    unlink(real);
}

static void another_users_file_is_refused(void **state)
{
    (void)state;
    append("1000 10 $a:b/0\n");
    self.uid = getuid() + 1;
    assert_int_equal(perfmap_file_refresh(&file, &self), -E_NO_ACCESS);
    assert_int_equal(file.map.count, 0);
}

/* Who may link to a file of the node's user could have it read as a map. */
static void a_file_with_another_name_is_refused(void **state)
{
    (void)state;
    char other[80];
    append("1000 10 $a:b/0\n");
    snprintf(other, sizeof(other), "%s.other", path);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(perfmap_file_refresh(&file, &self), -E_NO_ACCESS);
    unlink(other);
    assert_int_equal(perfmap_file_refresh(&file, &self), 1);
}

/* Sparse: it costs who makes it nothing. */
static void a_huge_file_is_not_read(void **state)
{
    (void)state;
    append("1000 10 $a:b/0\n");
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_int_equal(perfmap_file_refresh(&file, &self), -E_LIMIT);
    assert_int_equal(perfmap_file_refresh(&file, &self), 0);
    assert_int_equal(file.map.count, 0);
}

/* A file that grows all the time takes a tenth of our time at most. */
static void it_is_left_alone_after_it_was_read(void **state)
{
    (void)state;
    append("1000 10 $a:b/0\n");
    uint64_t from = clock_now_ns();
    assert_int_equal(perfmap_file_refresh(&file, &self), 1);
    uint64_t now = clock_now_ns();
    assert_true(file.idle_ns > from);
    assert_true(file.idle_ns - from <= 10 * (now - from));
    file.idle_ns = now + NS_PER_S * 3600;
    append("2000 10 $c:d/0\n");
    assert_int_equal(perfmap_file_refresh(&file, &self), 0);
    assert_int_equal(file.map.count, 1);
    file.idle_ns = now;
    assert_int_equal(perfmap_file_refresh(&file, &self), 1);
    assert_int_equal(file.map.count, 2);
}

static void a_pipe_does_not_block(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(perfmap_file_refresh(&file, &self), -E_NO_ACCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_usual_place_has_the_inner_pid,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_read_again_when_it_grew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_users_file_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_with_another_name_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_huge_file_is_not_read, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(it_is_left_alone_after_it_was_read,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_pipe_does_not_block, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
