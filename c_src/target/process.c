#include "target/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer files of /proc/PID are not read. */
#define MAX_PROC_FILE ((size_t)4 << 20)

/* Our error code for an error of /proc; absent: the code when the process does
 * not exist. */
static int proc_error(int err, int absent)
{
    switch (-err) {
    case ENOENT:
    case ESRCH:
        return absent;
    case EACCES:
    case EPERM:
        return -E_NO_ACCESS;
    default:
        return err;
    }
}

static int read_proc(pid_t pid, const char *file, struct buffer *b)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    buffer_init(b, MAX_PROC_FILE);
    int err = buffer_read_file(b, path);
    if (err)
        buffer_deinit(b);
    return err;
}

int process_stat_read(pid_t pid, struct process_stat *out)
{
    struct buffer b;
    int err = read_proc(pid, "stat", &b);
    if (err)
        return proc_error(err, -E_NO_PROCESS);
    err = process_stat_parse(b.data, b.len, out);
    buffer_deinit(&b);
    return err;
}

static bool ended(char state)
{
    return state == 'Z' || state == 'X' || state == 'x';
}

/* The first (or last) number of a "Key:\tN\tN..." line, or fallback when there
 * is no such line. */
static long status_number(const char *text, const char *key, bool last,
                          long fallback)
{
    const char *at = strstr(text, key);
    if (!at)
        return fallback;
    at += strlen(key);
    long value = fallback;
    do {
        char *end;
        long n = strtol(at, &end, 10);
        if (end == at)
            break;
        value = n;
        at = end;
    } while (last && *at == '\t');
    return value;
}

/* Every key is at the start of a line. The only value that a user can choose is
   the name in the first line, and the kernel escapes newlines in it. */
static int read_status(struct process *p)
{
    struct buffer b;
    int err = read_proc(p->pid, "status", &b);
    if (err)
        return proc_error(err, -E_NO_PROCESS);
    buffer_add(&b, "", 1);
    err = buffer_status(&b);
    if (!err) {
        const char *text = (const char *)b.data;
        p->uid = (uid_t)status_number(text, "\nUid:\t", false, 0);
        p->inner_pid = (pid_t)status_number(text, "\nNSpid:\t", true, p->pid);
        /* /proc/TID also exists for a thread, which is not a process. */
        if (status_number(text, "\nTgid:\t", false, p->pid) != p->pid)
            err = -E_NO_PROCESS;
    }
    buffer_deinit(&b);
    return err;
}

static int read_exe(struct process *p)
{
    static const char suffix[] = " (deleted)";
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
    ssize_t n = readlink(path, p->exe, sizeof(p->exe) - 1);
    if (n < 0) {
        p->exe[0] = '\0';
        /* A kernel thread has no executable. */
        return proc_error(-errno, -E_NOT_BEAM);
    }
    p->exe[n] = '\0';
    size_t len = (size_t)n, cut = sizeof(suffix) - 1;
    if (len > cut && strcmp(p->exe + len - cut, suffix) == 0)
        p->exe[len - cut] = '\0';
    return 0;
}

/* beam.smp, beam.emu.smp, beam.debug.smp, ...: erts/emulator/Makefile.in */
static bool beam_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return strncmp(name, "beam.", 5) == 0;
}

/*
 * Renamed emulators exist. erlexec, which starts every one of them, always
 * hands it -root, -bindir and -progname behind "--" (erlexec.c).
 */
static bool beam_args(const struct buffer *argv)
{
    static const char want[] = "\0--\0-root\0";
    return memmem(argv->data, argv->len, want, sizeof(want) - 1) &&
           memmem(argv->data, argv->len, "\0-bindir\0", 9) &&
           memmem(argv->data, argv->len, "\0-progname\0", 11);
}

/* By the executable's name or the arguments. When the executable's path cannot
 * be read, argv[0] stands for it. */
static bool looks_like_beam(const struct process *p, const struct buffer *argv)
{
    if (p->exe[0])
        return beam_name(p->exe) || beam_args(argv);
    size_t len = strnlen((const char *)argv->data, argv->len);
    return (len < argv->len && beam_name((const char *)argv->data)) ||
           beam_args(argv);
}

/* An exec changes the executable before the arguments. With the same executable
 * before and after them, arguments are of that executable, or still empty. */
static int read_exe_and_args(struct process *p, struct buffer *argv,
                             int *exe_err)
{
    char before[sizeof(p->exe)];
    for (int tries = 0; tries < 10; tries++) {
        *exe_err = read_exe(p);
        memcpy(before, p->exe, sizeof(before));
        int err = read_proc(p->pid, "cmdline", argv);
        if (err)
            return proc_error(err, -E_NO_PROCESS);
        if (*exe_err == read_exe(p) && strcmp(before, p->exe) == 0)
            return 0;
        buffer_deinit(argv);
    }
    return -E_NOT_BEAM;
}

static int identify(struct process *p)
{
    struct buffer argv = {0};
    int exe_err = 0, err = read_exe_and_args(p, &argv, &exe_err);
    if (err)
        return err;
    err = exe_err == -E_NO_ACCESS ? 0 : exe_err;
    if (!err && (argv.len == 0 || !looks_like_beam(p, &argv)))
        err = -E_NOT_BEAM;
    if (!err)
        err = process_parse_cmdline(argv.data, argv.len, p);
    p->by_erlexec = !err && beam_args(&argv);
    buffer_deinit(&argv);
    return err ? err : exe_err;
}

int process_open(pid_t pid, struct process *out)
{
    if (pid <= 0)
        return -E_NO_PROCESS;
    struct process p = {.pid = pid, .inner_pid = pid};
    struct process_stat stat;
    int err = process_stat_read(pid, &stat);
    if (err)
        return err;
    if (ended(stat.state))
        return -E_GONE;
    p.start_time = stat.start_time;
    err = read_status(&p);
    if (!err)
        err = identify(&p);
    if (!err && process_stat_read(pid, &stat) == 0)
        p.stack = stat.stack;
    /* A process that ends meanwhile causes other errors: report its end. */
    if (err && !process_alive(&p))
        return -E_GONE;
    if (!err || err == -E_NO_ACCESS)
        *out = p;
    return err;
}

bool process_alive(const struct process *p)
{
    struct process_stat stat;
    int err = process_stat_read(p->pid, &stat);
    if (err) /* other errors, such as no free descriptor, prove nothing */
        return err != -E_NO_PROCESS && err != -ENOENT && err != -ESRCH;
    bool other_program = p->stack && stat.stack && stat.stack != p->stack;
    return stat.start_time == p->start_time && !other_program &&
           !ended(stat.state);
}

bool process_is_stopped(const struct process *p)
{
    struct process_stat stat;
    return process_stat_read(p->pid, &stat) == 0 && stat.state == 'T';
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void process_path(const struct process *p, const char *path,
                  char out[PROCESS_PATH_MAX + 64])
{
    char root[64], inside[PROCESS_PATH_MAX + 64];
    struct stat a, b;
    snprintf(root, sizeof(root), "/proc/%d/root", (int)p->pid);
    snprintf(inside, sizeof(inside), "%s%.*s", root, PROCESS_PATH_MAX, path);
    bool theirs = stat(inside, &a) == 0, ours = stat(path, &b) == 0;
    bool same = theirs && ours
                    ? same_file(&a, &b)
                    /* It does not exist yet, or may not be looked at: compare
                       the roots instead. */
                    : !theirs && (stat(root, &a) != 0 ||
                                  (stat("/", &b) == 0 && same_file(&a, &b)));
    snprintf(out, PROCESS_PATH_MAX + 64, "%s", same ? path : inside);
}

int process_environ(const struct process *p, const char *name,
                    struct buffer *value)
{
    struct buffer b;
    int err = read_proc(p->pid, "environ", &b);
    if (err)
        return proc_error(err, -E_GONE);
    buffer_add(&b, "", 1);
    err = buffer_status(&b) ? buffer_status(&b) : -E_NOT_FOUND;
    size_t name_len = strlen(name);
    for (size_t at = 0; at < b.len && err == -E_NOT_FOUND;) {
        const char *entry = (const char *)b.data + at;
        if (strncmp(entry, name, name_len) == 0 && entry[name_len] == '=') {
            buffer_printf(value, "%s", entry + name_len + 1);
            err = buffer_status(value);
        }
        at += strlen(entry) + 1;
    }
    buffer_deinit(&b);
    return err;
}
