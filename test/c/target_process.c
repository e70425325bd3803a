#include "test.h"
#include "waiting.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/process.h"

static void stat_with_any_name(void **state)
{
    (void)state;
    const char text[] = "4711 (a ) (b) S 7) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 "
                        "15 16 17 18 987654321 20 21\n";
    struct process_stat stat;
    assert_int_equal(process_stat_parse(text, strlen(text), &stat), 0);
    assert_true(stat.start_time == 987654321);
    assert_int_equal(stat.state, 'R');
    assert_int_equal(stat.parent, 1);
    assert_true(stat.stack == 0);
    const char more[] = "1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
                        "21 22 23 24 25 26 27 140737488351232 29\n";
    assert_int_equal(process_stat_parse(more, strlen(more), &stat), 0);
    assert_true(stat.stack == 140737488351232);
    assert_true(stat.user_time == 14);
}

static void stat_cut_or_wrong(void **state)
{
    (void)state;
    const char text[] = "1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
                        "21 22";
    struct process_stat stat = {'q', 6, 5, 4, 3};
    for (size_t len = 0; len < sizeof(text) - 3; len++)
        assert_int_equal(process_stat_parse(text, len, &stat), -E_FORMAT);
    assert_int_equal(process_stat_parse(NULL, 0, &stat), -E_FORMAT);
    const char huge[] = "1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
                        "21 99999999999999999999999 23";
    assert_int_equal(process_stat_parse(huge, sizeof(huge) - 1, &stat),
                     -E_FORMAT);
    assert_true(stat.start_time == 5 && stat.parent == 6 && stat.state == 'q');
}

#define CMDLINE(text, p) process_parse_cmdline(text, sizeof(text), p)

static void cmdline_of_a_node(void **state)
{
    (void)state;
    struct process p = {0};
    assert_int_equal(CMDLINE("beam.smp\0-P\0"
                             "5000\0--\0-root\0/usr/lib\0"
                             "-sname\0shop@h\0-name\0late",
                             &p),
                     0);
    assert_string_equal(p.command, "beam.smp -P 5000 -- -root /usr/lib -sname "
                                   "shop@h -name late");
    assert_string_equal(p.node, "shop@h");
    assert_true(p.process_table_size == 8192);
}

static void table_sizes(void **state)
{
    (void)state;
    struct process p = {0};
    assert_int_equal(CMDLINE("beam.smp\0+P\0"
                             "1048576\0--",
                             &p),
                     0);
    assert_true(p.process_table_size == 1048576);
    assert_int_equal(CMDLINE("beam.smp\0-P1048577\0--", &p), 0);
    assert_true(p.process_table_size == 2097152);
    assert_int_equal(CMDLINE("beam.smp\0-P\0legacy\0--", &p), 0);
    assert_true(p.process_table_size == 0);
    assert_int_equal(CMDLINE("beam.smp\0-P\0"
                             "99999999999999999999",
                             &p),
                     0);
    assert_true(p.process_table_size == 0);
    assert_int_equal(CMDLINE("beam.smp\0--\0-P\0"
                             "2048",
                             &p),
                     0);
    assert_true(p.process_table_size == 0);
    assert_int_equal(process_parse_cmdline("b\0-P", 4, &p), 0);
    assert_true(p.process_table_size == 0);
}

static void what_a_script_is_given_names_no_node(void **state)
{
    (void)state;
    struct process p = {0};
    assert_int_equal(CMDLINE("b\0--\0-extra\0-name\0x@y", &p), 0);
    assert_string_equal(p.node, "");
    assert_int_equal(CMDLINE("b\0--\0-name\0-noshell", &p), 0);
    assert_string_equal(p.node, "");
    assert_int_equal(process_parse_cmdline("b\0-name", 7, &p), 0);
    assert_string_equal(p.node, "");
}

/* Up to the next flag: `erl` takes a cookie, or a node and its cookie. */
static void cookies_are_hidden(void **state)
{
    (void)state;
    static const struct {
        const char *args; /* blanks are NULs, '_' is a blank */
        const char *command;
    } cases[] = {
        {"b -setcookie abc -noshell", "b -setcookie *** -noshell"},
        {"b -setcookie n@h abc +P 9", "b -setcookie *** *** +P 9"},
        {"b -setcookie a_b_c -s x", "b -setcookie *** -s x"},
        {"b -setcookie abc", "b -setcookie ***"},
        {"b -setcookie", "b -setcookie"},
        {"b -setcookie a -setcookie n b", "b -setcookie *** -setcookie *** "
                                          "***"},
        {"b -extra --cookie abc x", "b -extra --cookie *** x"},
        {"b -extra --cookie -abc x", "b -extra --cookie *** x"},
        {"b -extra --cookie=abc x", "b -extra --cookie=*** x"},
        {"b --erl -setcookie_abc_-x y", "b --erl -setcookie *** y"},
        {"b -eval cookie abc", "b -eval cookie abc"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct process p = {0};
        char args[100];
        size_t len = (size_t)snprintf(args, sizeof(args), "%s", cases[i].args);
        for (size_t at = 0; at < len; at++)
            args[at] = args[at] == ' '   ? '\0'
                       : args[at] == '_' ? ' '
                                         : args[at];
        assert_int_equal(process_parse_cmdline(args, len, &p), 0);
        assert_string_equal(p.command, cases[i].command);
    }
}

static void command_keeps_its_bytes_and_is_cut(void **state)
{
    (void)state;
    struct process p = {0};
    assert_int_equal(CMDLINE("b\0x\033[1m\n\177\303\244", &p), 0);
    assert_string_equal(p.command, "b x\033[1m\n\177\303\244");
    char longer[2000];
    memset(longer, 'y', sizeof(longer));
    assert_int_equal(process_parse_cmdline(longer, sizeof(longer), &p), 0);
    assert_int_equal(strlen(p.command), sizeof(p.command) - 1);
    assert_int_equal(process_parse_cmdline("", 0, &p), -E_SHORT);
}

/* --- live -------------------------------------------------------------- */

static pid_t run(const char *file, char *const argv[], const char *root)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("CPROF_TEST_VAR", "a value", 1);
        setenv("CPROF_TEST_VARIANT", "another", 1);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        if (root && (chroot(root) != 0 || chdir("/") != 0))
            _exit(126);
        execvp(file, argv);
        _exit(127);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* erl is a shell script, then erlexec, then the emulator. */
static int open_soon(pid_t pid, struct process *p)
{
    int err;
    WAIT_UNTIL((err = process_open(pid, p)) != -E_NOT_BEAM);
    return err;
}

static void a_node(void **state)
{
    (void)state;
    char *argv[] = {"erl", "+P", "300000", "-noinput", "-noshell", NULL};
    pid_t pid = run("erl", argv, NULL);
    struct process p;
    assert_int_equal(open_soon(pid, &p), 0);
    assert_int_equal(p.pid, pid);
    assert_int_equal(p.inner_pid, pid);
    assert_int_equal(p.uid, getuid());
    assert_non_null(strstr(p.exe, "/beam"));
    assert_non_null(strstr(p.command, "-noinput"));
    assert_true(p.process_table_size == 524288);
    assert_true(process_alive(&p));

    struct buffer value;
    buffer_init(&value, 1024);
    /* exec sets it up last. */
    WAIT_UNTIL(process_environ(&p, "CPROF_TEST_VAR", &value) == 0);
    assert_int_equal(value.len, 7);
    assert_memory_equal(value.data, "a value", 7);
    assert_int_equal(process_environ(&p, "CPROF_TEST", &value), -E_NOT_FOUND);
    buffer_deinit(&value);

    char path[PROCESS_PATH_MAX + 64];
    process_path(&p, "/etc/passwd", path);
    assert_string_equal(path, "/etc/passwd");
    process_path(&p, "/not/there/yet", path);
    assert_string_equal(path, "/not/there/yet");

    struct process recycled = p;
    recycled.start_time++;
    assert_false(process_alive(&recycled));
    kill(pid, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    assert_false(process_alive(&p));
    assert_int_equal(process_open(pid, &p), -E_GONE); /* a zombie */
    waitpid(pid, NULL, 0);
    assert_false(process_alive(&p));
    assert_int_equal(process_open(pid, &p), -E_NO_PROCESS);
}

static void what_is_no_node(void **state)
{
    (void)state;
    char *argv[] = {"sleep", "100", NULL};
    char *liar[] = {"beam.smp", "100", NULL};
    struct process p = {.pid = 77};
    pid_t pid = run("sleep", argv, NULL), liar_pid = run("sleep", liar, NULL);
    WAIT_UNTIL(differs_from_us(pid, "exe"));
    WAIT_UNTIL(differs_from_us(liar_pid, "exe"));
    assert_int_equal(process_open(pid, &p), -E_NOT_BEAM);
    assert_int_equal(process_open(liar_pid, &p), -E_NOT_BEAM);
    assert_int_equal(process_open(getpid(), &p), -E_NOT_BEAM);
    assert_int_equal(process_open(0, &p), -E_NO_PROCESS);
    assert_int_equal(process_open(-1, &p), -E_NO_PROCESS);
    assert_int_equal(process_open(0x7fffffff, &p), -E_NO_PROCESS);
    assert_int_equal(p.pid, 77);
    end(pid);
    end(liar_pid);
}

static void copy(const char *from, const char *to)
{
    char command[600];
    snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

/* Any file will do as the emulator: its name is what is looked at. */
static void deleted_and_renamed_emulators(void **state)
{
    (void)state;
    char dir[] = "/tmp/cprof-process-XXXXXX", debug[64], other[64];
    assert_non_null(mkdtemp(dir));
    snprintf(debug, sizeof(debug), "%s/beam.debug.smp", dir);
    snprintf(other, sizeof(other), "%s/emulator", dir);
    char *plain[] = {debug, "100", NULL};
    char *renamed[] = {other,     "-c", "sleep 100; :", "--",  "-root", "/x",
                       "-bindir", "/x", "-progname",    "erl", NULL};
    copy("/bin/sleep", debug);
    copy("/bin/sh", other);
    pid_t pid = run(debug, plain, NULL), pid2 = run(other, renamed, NULL);
    struct process p;
    assert_int_equal(open_soon(pid, &p), 0);
    unlink(debug);
    assert_int_equal(process_open(pid, &p), 0);
    assert_string_equal(p.exe, debug);
    assert_int_equal(open_soon(pid2, &p), 0);
    assert_string_equal(p.exe, other);
    end(pid);
    end(pid2);
    unlink(other);
    rmdir(dir);
}

/* While a process starts a program, its executable and its arguments are never
 * taken from two programs. */
static void what_starts_is_read_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/cprof-process-XXXXXX", emulator[64], want[80];
    assert_non_null(mkdtemp(dir));
    snprintf(emulator, sizeof(emulator), "%s/beam.smp", dir);
    snprintf(want, sizeof(want), "%s 100", emulator);
    char *argv[] = {emulator, "100", NULL};
    copy("/bin/sleep", emulator);
    for (int i = 0; i < 300; i++) {
        pid_t pid = run(emulator, argv, NULL);
        struct process p;
        uint64_t limit_ns = clock_now_ns() + WAIT_AT_MOST_NS;
        int err;
        while ((err = process_open(pid, &p)) == -E_NOT_BEAM)
            assert_true(clock_now_ns() < limit_ns);
        assert_int_equal(err, 0);
        assert_string_equal(p.command, want);
        assert_int_equal(process_open(pid, &p), 0);
        end(pid);
    }
    unlink(emulator);
    rmdir(dir);
}

/* It has the same pid and start time, but it is no node any more. */
static void another_program(void **state)
{
    (void)state;
    char dir[] = "/tmp/cprof-process-XXXXXX", emulator[64], go[64];
    char script[] = "until [ -e \"$0\" ]; do sleep 0.01; done; exec sleep 100";
    char *argv[] = {emulator, "-c", script, go, NULL};
    assert_non_null(mkdtemp(dir));
    snprintf(go, sizeof(go), "%s/go", dir);
    snprintf(emulator, sizeof(emulator), "%s/beam.smp", dir);
    copy("/bin/sh", emulator);
    pid_t pid = run(emulator, argv, NULL);
    struct process p;
    assert_int_equal(open_soon(pid, &p), 0);
    assert_true(process_alive(&p));
    copy("/dev/null", go);
    WAIT_UNTIL(!process_alive(&p));
    assert_int_equal(process_open(pid, &p), -E_NOT_BEAM);
    end(pid);
    unlink(go);
    unlink(emulator);
    rmdir(dir);
}

/* A chroot with nothing but one program in it, which needs no library. */
static void another_root(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    char dir[] = "/tmp/cprof-process-XXXXXX", name[64];
    assert_non_null(mkdtemp(dir));
    pid_t pid = fork();
    if (pid == 0) {
        if (chroot(dir) == 0)
            pause();
        _exit(1);
    }
    WAIT_UNTIL(differs_from_us(pid, "root"));
    snprintf(name, sizeof(name), "%s/file", dir);
    FILE *f = fopen(name, "w");
    fclose(f);
    struct process p = {.pid = pid};
    char path[PROCESS_PATH_MAX + 64], want[64];
    process_path(&p, "/file", path);
    snprintf(want, sizeof(want), "/proc/%d/root/file", (int)pid);
    assert_string_equal(path, want);
    struct stat a, b;
    assert_int_equal(stat(path, &a) + stat(name, &b), 0);
    assert_true(a.st_ino == b.st_ino);
    process_path(&p, "/etc/passwd", path); /* ours, not theirs */
    snprintf(want, sizeof(want), "/proc/%d/root/etc/passwd", (int)pid);
    assert_string_equal(path, want);
    end(pid);
    unlink(name);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_with_any_name),
        cmocka_unit_test(stat_cut_or_wrong),
        cmocka_unit_test(cmdline_of_a_node),
        cmocka_unit_test(table_sizes),
        cmocka_unit_test(what_a_script_is_given_names_no_node),
        cmocka_unit_test(cookies_are_hidden),
        cmocka_unit_test(command_keeps_its_bytes_and_is_cut),
        cmocka_unit_test(a_node),
        cmocka_unit_test(what_is_no_node),
        cmocka_unit_test(deleted_and_renamed_emulators),
        cmocka_unit_test(what_starts_is_read_whole),
        cmocka_unit_test(another_program),
        cmocka_unit_test(another_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
