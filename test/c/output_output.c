/* Results in real folders: what is there before, after, and in between. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "as_nobody.h"
#include "output/output.h"

static void on_wait(const char *path)
{
    print_message("waits for a reader of %s\n", path);
}

static char dir[64];
static struct buffer small, large; /* 10 and 300,000 bytes */
static mode_t umask_before;

static int setup(void **state)
{
    (void)state;
    umask_before = umask(022);
    snprintf(dir, sizeof(dir), "/tmp/cprof-output-XXXXXX");
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    umask(umask_before);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return chdir("/") == 0 ? system(command) : -1;
}

static int make_contents(void **state)
{
    (void)state;
    buffer_init(&small, 1 << 20);
    buffer_init(&large, 1 << 20);
    buffer_text(&small, "small one\n");
    memset(buffer_grow(&large, 300000), 'L', 300000);
    return 0;
}

static int free_contents(void **state)
{
    (void)state;
    buffer_deinit(&small);
    buffer_deinit(&large);
    return 0;
}

static void put(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "old", 3), 3);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void put_as(const char *path, mode_t mode, uid_t owner)
{
    put(path, mode);
    assert_int_equal(chown(path, owner, owner), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static bool holds(const char *path, const void *bytes, size_t len)
{
    struct buffer b;
    buffer_init(&b, 1 << 21);
    bool same = buffer_read_file(&b, path) == 0 && b.len == len &&
                memcmp(b.data, bytes, len) == 0;
    buffer_deinit(&b);
    return same;
}

#define assert_old(path)      assert_true(holds(path, "old", 3))
#define assert_holds(path, b) assert_true(holds(path, (b).data, (b).len))

/* How many names there are in a folder. */
static int names(const char *path)
{
    int count = -2; /* . and .. */
    DIR *d = opendir(path);
    assert_non_null(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

static void as_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("skipped: needs root\n");
    skip();
}

/* --- the mode -------------------------------------------------------------*/

static void a_new_file_has_what_the_umask_leaves(void **state)
{
    static const mode_t masks[] = {022, 077, 027, 0};
    (void)state;
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        umask(masks[i]);
        assert_int_equal(output_write("new", on_wait, &small), 0);
        assert_int_equal(mode_of("new"), 0666 & ~masks[i]);
        assert_holds("new", small);
        assert_int_equal(names("."), 1);
        unlink("new");
    }
}

static void an_old_file_keeps_its_mode_but_no_special_bits(void **state)
{
    static const mode_t modes[] = {06777, 04755, 0600, 0666, 01644};
    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        put("old", modes[i]);
        assert_int_equal(output_write("old", on_wait, &small), 0);
        assert_int_equal(mode_of("old"), modes[i] & 0777);
        assert_holds("old", small);
        assert_int_equal(names("."), 1);
        unlink("old");
    }
}

/* As of somebody who may link to a file of ours that all may write to. */
static void a_file_with_another_name_gives_no_mode(void **state)
{
    (void)state;
    put("other", 0666);
    assert_int_equal(link("other", "old"), 0);
    assert_int_equal(output_write("old", on_wait, &small), 0);
    assert_int_equal(mode_of("old"), 0644);
    assert_holds("old", small);
    assert_old("other");
}

static void another_users_file_gives_no_mode(void **state)
{
    (void)state;
    as_root();
    put_as("old", 06777, NOBODY);
    assert_int_equal(output_write("old", on_wait, &small), 0);
    assert_int_equal(mode_of("old"), 0644);
    assert_holds("old", small);
}

static void what_a_group_was_allowed_stays_that_groups(void **state)
{
    struct stat st;
    (void)state;
    as_root();
    put("old", 0660);
    assert_int_equal(chown("old", 0, NOBODY), 0);
    assert_int_equal(output_write("old", on_wait, &small), 0);
    assert_int_equal(stat("old", &st), 0);
    assert_int_equal(st.st_gid, NOBODY);
    assert_int_equal(st.st_mode & 07777, 0660);
}

/* --- where anyone may create files ----------------------------------------*/

static void refused(const char *path, int err)
{
    assert_int_equal(output_check(path), err);
    assert_int_equal(output_write(path, on_wait, &small), err);
    assert_int_equal(output_write_now(path, false, &small), err);
}

static void what_another_user_planted_is_refused(void **state)
{
    (void)state;
    as_root();
    assert_int_equal(chmod(".", 01777), 0);
    put_as("file", 06777, NOBODY);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    assert_int_equal(chown("pipe", NOBODY, NOBODY), 0);
    refused("file", -E_PLANTED);
    refused("pipe", -E_PLANTED);
    assert_old("file");
    put("mine", 0640);
    assert_int_equal(output_write("mine", on_wait, &small), 0);
    assert_int_equal(mode_of("mine"), 0640);
    assert_int_equal(names("."), 3);
}

static void a_link_is_not_followed_there(void **state)
{
    char target[96];
    (void)state;
    assert_int_equal(mkdir("shared", 0700), 0);
    assert_int_equal(chmod("shared", 01777), 0);
    put("target", 0600);
    snprintf(target, sizeof(target), "%s/target", dir);
    assert_int_equal(symlink(target, "shared/link"), 0);
    assert_int_equal(symlink("shared/link", "way"), 0);
    refused("shared/link", -E_PLANTED_LINK);
    refused("way", -E_PLANTED_LINK);
    assert_old("target");
}

static void nor_one_on_the_way_that_is_another_users(void **state)
{
    (void)state;
    as_root();
    assert_int_equal(mkdir("shared", 0700), 0);
    assert_int_equal(mkdir("inner", 0700), 0);
    assert_int_equal(symlink("../inner", "shared/link"), 0);
    for (mode_t mode = 0777; mode <= 01777; mode += 01000) {
        assert_int_equal(chmod("shared", mode), 0);
        assert_int_equal(output_write("shared/link/mine", on_wait, &small), 0);
        assert_int_equal(lchown("shared/link", NOBODY, NOBODY), 0);
        refused("shared/link/its", -E_PLANTED_LINK);
        assert_int_equal(lchown("shared/link", 0, 0), 0);
        assert_int_equal(names("inner"), 1);
    }
    /* One to a file, where anyone may replace anything, too. */
    put("target", 0600);
    assert_int_equal(symlink("../target", "shared/file"), 0);
    assert_int_equal(lchown("shared/file", NOBODY, NOBODY), 0);
    assert_int_equal(chmod("shared", 0777), 0);
    refused("shared/file", -E_PLANTED_LINK);
    assert_old("target");
}

static void a_link_in_a_folder_of_ones_own_stays_one(void **state)
{
    char target[16];
    (void)state;
    put("real", 0640);
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(symlink("not-yet", "dangling"), 0);
    assert_int_equal(symlink("round", "round"), 0);
    assert_int_equal(output_check("link"), 0);
    assert_int_equal(output_write("link", on_wait, &small), 0);
    assert_int_equal(output_write("dangling", on_wait, &small), 0);
    assert_int_equal(readlink("link", target, sizeof(target)), 4);
    assert_int_equal(readlink("dangling", target, sizeof(target)), 7);
    assert_holds("real", small);
    assert_int_equal(mode_of("real"), 0640);
    assert_holds("not-yet", small);
    refused("round", -ELOOP);
}

/* --- names ----------------------------------------------------------------*/

static void names_that_are_no_files(void **state)
{
    char path[PATH_MAX + 1], name[NAME_MAX + 2];
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    put("file", 0600);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    memset(name, 'y', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    refused("", -ENOENT);
    refused("/", -EISDIR);
    refused(".", -EISDIR);
    refused("..", -EISDIR);
    refused("folder", -EISDIR);
    refused("folder/", -EISDIR);
    refused("no/such", -ENOENT);
    refused("new/", -ENOENT);
    refused("file/", -ENOTDIR);
    refused("file/x", -ENOTDIR);
    refused(path, -ENAMETOOLONG);
    refused(name, -ENAMETOOLONG);
    assert_int_equal(names("."), 2);
}

static void names_that_are_unusual(void **state)
{
    char name[NAME_MAX + 1], path[2 * NAME_MAX];
    (void)state;
    memset(name, 'y', NAME_MAX);
    name[NAME_MAX] = '\0';
    const char *good[] = {name, "a\nb", "\033[31m", "\xff\xfe", " ", "-"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(path, sizeof(path), ".//../%s//%s", strrchr(dir, '/'),
                 good[i]);
        assert_int_equal(output_check(path), 0);
        assert_int_equal(output_write(path, on_wait, &small), 0);
        assert_int_equal(output_write(path, on_wait, &small), 0);
        assert_holds(good[i], small);
    }
    assert_int_equal(names("."), 6);
}

static void a_fresh_one_goes_over_nothing(void **state)
{
    (void)state;
    put("old", 0600);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(output_write_now("old", true, &small), -EEXIST);
    assert_int_equal(output_write_now("dangling", true, &small), -EEXIST);
    assert_int_equal(output_write_now("new", true, &small), 0);
    assert_int_equal(output_write_now("new", true, &large), -EEXIST);
    assert_old("old");
    assert_holds("new", small);
    assert_int_equal(names("."), 3);
}

static void what_may_not_be_written_is_found_out_before(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped as root, who may write everywhere\n");
        skip();
    }
    put("mine", 0400);
    assert_int_equal(output_check("mine"), -EACCES);
    assert_int_equal(mkdir("closed", 0500), 0);
    assert_int_equal(output_check("closed/new"), -EACCES);
    assert_int_equal(output_write("closed/new", on_wait, &small), -EACCES);
    assert_int_equal(output_check("/etc/hostname"), -EACCES);
}

/* --- not enough room -------------------------------------------------------*/

/* Work in a child; its mount namespace, limits and signals are its own. */
static int in_child(int (*work)(void))
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(work());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int enter_mounts(void)
{
    return unshare(CLONE_NEWNS) != 0 ||
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0;
}

#define check_that(condition)                                                  \
    do {                                                                       \
        if (!(condition)) {                                                    \
            print_error("%d: %s\n", __LINE__, #condition);                     \
            return 1;                                                          \
        }                                                                      \
    } while (0)

static int all_or_nothing(int err)
{
    check_that(output_write("old", on_wait, &large) == err);
    check_that(output_write("new", on_wait, &large) == err);
    check_that(output_write_now("fresh", true, &large) == err);
    check_that(holds("old", "old", 3));
    check_that(names(".") == 1);
    check_that(output_write("old", on_wait, &small) == 0);
    check_that(output_write("new", on_wait, &small) == 0);
    check_that(output_write_now("fresh", true, &small) == 0);
    check_that(output_write_now("fresh", true, &small) == -EEXIST);
    check_that(names(".") == 3);
    check_that(holds("old", small.data, small.len));
    check_that(holds("new", small.data, small.len));
    check_that(holds("fresh", small.data, small.len));
    return 0;
}

/* In a chroot "/" is no mount, and what is mounted would be for all. */
static void mounts_of_our_own(void)
{
    as_root();
    if (in_child(enter_mounts) == 0)
        return;
    print_message("skipped: no mounts of our own here\n");
    skip();
}

static int enter_small_disk(void)
{
    check_that(enter_mounts() == 0);
    check_that(mount("none", dir, "tmpfs", 0, "size=64k") == 0);
    check_that(chdir(dir) == 0);
    put("old", 0600);
    return 0;
}

static int on_a_full_disk(void)
{
    int code = enter_small_disk();
    return code ? code : all_or_nothing(-ENOSPC);
}

/* Without /proc a file with a name is written, as where there are no others. */
static int on_a_full_disk_with_named_files(void)
{
    check_that(enter_small_disk() == 0);
    check_that(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
    return all_or_nothing(-ENOSPC);
}

static void a_full_disk_changes_nothing(void **state)
{
    (void)state;
    mounts_of_our_own();
    assert_int_equal(in_child(on_a_full_disk), 0);
    assert_int_equal(in_child(on_a_full_disk_with_named_files), 0);
    assert_int_equal(names("."), 0);
}

static void ignore(int number)
{
    (void)number;
}

static int with_a_size_limit(void)
{
    const struct rlimit limit = {1000, 1000};
    signal(SIGXFSZ, ignore);
    put("old", 0600);
    check_that(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    return all_or_nothing(-EFBIG);
}

static void a_size_limit_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(in_child(with_a_size_limit), 0);
}

static int with_a_mounted_file(void)
{
    check_that(enter_mounts() == 0);
    check_that(mount("old", "old", NULL, MS_BIND, NULL) == 0);
    check_that(output_check("old") == -EBUSY);
    check_that(output_write("old", on_wait, &small) == -EBUSY);
    check_that(names(".") == 1);
    return 0;
}

static void a_file_that_is_mounted_is_found_out_before(void **state)
{
    (void)state;
    mounts_of_our_own();
    put("old", 0600);
    assert_int_equal(in_child(with_a_mounted_file), 0);
    assert_old("old");
}

/* --- killed ---------------------------------------------------------------*/

static int write_for_ever(void)
{
    for (;;) {
        unlink("new");
        if (output_write("new", on_wait, &large) ||
            output_write("old", on_wait, &large) ||
            output_write("old", on_wait, &small) || output_check("old"))
            return 1;
    }
}

static bool is(const struct buffer *b, const void *bytes, size_t len)
{
    return b->len == len && memcmp(b->data, bytes, len) == 0;
}

/* It is read once: a child that was left may replace it at any time. */
static bool is_whole(const char *path)
{
    struct buffer b;
    buffer_init(&b, 1 << 21);
    bool whole = buffer_read_file(&b, path) == 0 &&
                 (is(&b, "old", 3) || is(&b, small.data, small.len) ||
                  is(&b, large.data, large.len));
    buffer_deinit(&b);
    return whole;
}

static pid_t start(int (*work)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setpgid(0, 0);
        _exit(work());
    }
    setpgid(pid, pid);
    return pid;
}

static void assert_killed(pid_t pid, pid_t whom)
{
    int status;
    assert_int_equal(kill(whom, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Whoever was killed may have left a child that does the last step. */
static bool settles_to(int most)
{
    for (int i = 0; i < 6000; i++) {
        if (names(".") <= most)
            return true;
        usleep(10000);
    }
    return false;
}

static void a_kill_leaves_whole_files_and_no_other(void **state)
{
    (void)state;
    srand(1);
    put("old", 0600);
    for (int i = 0; i < 100; i++) {
        pid_t pid = start(write_for_ever);
        usleep((useconds_t)(rand() % 3000));
        assert_killed(pid, i % 2 ? pid : -pid);
        assert_true(settles_to(2));
        assert_true(is_whole("old"));
        assert_true(access("new", F_OK) != 0 ||
                    holds("new", large.data, large.len));
    }
}

/* --- pipes, devices, sockets ----------------------------------------------*/

static void a_pipe_without_a_reader_is_not_waited_for_by_a_node(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(output_check("pipe"), 0);
    assert_int_equal(output_write_now("pipe", false, &small), -E_NO_READER);
}

static int write_to_pipe(void)
{
    return -output_write("pipe", on_wait, &large);
}

/* A handler before there is the child that it is for. */
static pid_t start_with_handler(int (*work)(void))
{
    const struct sigaction action = {.sa_handler = ignore};
    struct sigaction before;
    sigaction(SIGINT, &action, &before);
    pid_t pid = start(work);
    sigaction(SIGINT, &before, NULL);
    return pid;
}

/* Signals that come before the wait are not for it. */
static void assert_interruptible(pid_t pid)
{
    int status = -1;
    for (int i = 0; i < 600 && waitpid(pid, &status, WNOHANG) == 0; i++) {
        kill(pid, SIGINT);
        usleep(100000);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EINTR);
}

static void a_signal_ends_the_wait_for_a_reader(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_interruptible(start_with_handler(write_to_pipe));
}

static void a_signal_ends_the_wait_for_a_slow_reader(void **state)
{
    (void)state;
    char byte;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t pid = start_with_handler(write_to_pipe);
    int fd = open("pipe", O_RDONLY);
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_interruptible(pid);
    close(fd);
}

static void a_reader_gets_all(void **state)
{
    struct buffer got;
    int status;
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t pid = start(write_to_pipe);
    int fd = open("pipe", O_RDONLY);
    buffer_init(&got, 1 << 21);
    assert_int_equal(buffer_read_fd(&got, fd), 0);
    assert_int_equal(got.len, large.len);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    buffer_deinit(&got);
}

static void a_reader_that_leaves_is_an_error(void **state)
{
    char byte;
    int status;
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t pid = start(write_to_pipe);
    int fd = open("pipe", O_RDONLY);
    assert_int_equal(read(fd, &byte, 1), 1);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EPIPE);
}

/* A check that opened it would be the end of what is read. */
static void a_check_is_not_seen_by_a_reader(void **state)
{
    char byte;
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    int fd = open("pipe", O_RDONLY | O_NONBLOCK);
    int writer = open("pipe", O_WRONLY);
    assert_int_equal(output_check("pipe"), 0);
    errno = 0;
    assert_int_equal(read(fd, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    close(writer);
    close(fd);
}

static void devices_and_sockets(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    (void)state;
    assert_int_equal(output_check("/dev/null"), 0);
    assert_int_equal(output_write("/dev/null", on_wait, &large), 0);
    assert_int_equal(output_check("/dev/full"), 0);
    assert_int_equal(output_write("/dev/full", on_wait, &large), -ENOSPC);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    refused("socket", -E_NO_FILE);
    close(fd);
}

/* /dev/stdout: what is there is kept, as behind any other writer. */
static void an_open_descriptor_is_written_to(void **state)
{
    char path[32];
    (void)state;
    put("old", 0600);
    int fd = open("old", O_WRONLY | O_APPEND);
    snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    assert_int_equal(output_check(path), 0);
    assert_int_equal(output_write(path, on_wait, &small), 0);
    assert_true(holds("old", "oldsmall one\n", 13));
    close(fd);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        each(a_new_file_has_what_the_umask_leaves),
        each(an_old_file_keeps_its_mode_but_no_special_bits),
        each(a_file_with_another_name_gives_no_mode),
        each(another_users_file_gives_no_mode),
        each(what_a_group_was_allowed_stays_that_groups),
        each(what_another_user_planted_is_refused),
        each(a_link_is_not_followed_there),
        each(nor_one_on_the_way_that_is_another_users),
        each(a_link_in_a_folder_of_ones_own_stays_one),
        each(names_that_are_no_files),
        each(names_that_are_unusual),
        each(a_fresh_one_goes_over_nothing),
        each(what_may_not_be_written_is_found_out_before),
        each(a_full_disk_changes_nothing),
        each(a_size_limit_changes_nothing),
        each(a_file_that_is_mounted_is_found_out_before),
        each(a_kill_leaves_whole_files_and_no_other),
        each(a_pipe_without_a_reader_is_not_waited_for_by_a_node),
        each(a_signal_ends_the_wait_for_a_reader),
        each(a_signal_ends_the_wait_for_a_slow_reader),
        each(a_reader_gets_all),
        each(a_reader_that_leaves_is_an_error),
        each(a_check_is_not_seen_by_a_reader),
        each(devices_and_sockets),
        each(an_open_descriptor_is_written_to),
    };
    return cmocka_run_group_tests(tests, make_contents, free_contents);
}

int main(void)
{
    return run_as_both(run);
}
