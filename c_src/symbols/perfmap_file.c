#include "symbols/perfmap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"

static bool is_flag(const char *arg, const char **value)
{
    static const char flag[] = "JPperfdirectory";
    if ((arg[0] != '-' && arg[0] != '+') ||
        strncmp(arg + 1, flag, sizeof(flag) - 1) != 0)
        return false;
    *value = arg + sizeof(flag);
    return true;
}

/* The VM takes the value from the rest of the flag's own argument, or from the
 * next argument (erts/emulator/beam/erl_init.c, get_arg()); "--" ends its
 * flags. */
void perfmap_file_directory(const void *argv, size_t len, char *out,
                            size_t size)
{
    const char *at = argv, *end = at + len;
    bool next = false;
    out[0] = '\0';
    while (at < end) {
        size_t arg_len = strnlen(at, (size_t)(end - at));
        const char *value;
        if (at + arg_len == end || strcmp(at, "--") == 0)
            return;
        if (next)
            snprintf(out, size, "%s", at);
        next = !next && is_flag(at, &value) && !*value;
        if (!next && is_flag(at, &value))
            snprintf(out, size, "%s", value);
        at += arg_len + 1;
    }
}

static void directory_of(const struct process *p, char *out, size_t size)
{
    char path[64];
    struct buffer argv;
    out[0] = '\0';
    buffer_init(&argv, 1 << 22);
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
    if (buffer_read_file(&argv, path) == 0)
        perfmap_file_directory(argv.data, argv.len, out, size);
    buffer_deinit(&argv);
    if (!out[0])
        snprintf(out, size, "/tmp");
}

static bool from_environ(const struct process *p, struct perfmap_file *f)
{
    struct buffer value;
    buffer_init(&value, PROCESS_PATH_MAX);
    bool set = process_environ(p, "ERL_SYM_MAP_FILE", &value) == 0 && value.len;
    if (set)
        snprintf(f->path, sizeof(f->path), "%.*s", (int)value.len,
                 (const char *)value.data);
    buffer_deinit(&value);
    return set;
}

void perfmap_file_init(struct perfmap_file *f, const struct process *p)
{
    char directory[PROCESS_PATH_MAX];
    *f = (struct perfmap_file){0};
    if (from_environ(p, f))
        return;
    directory_of(p, directory, sizeof(directory));
    snprintf(f->path, sizeof(f->path), "%s/perf-%d.map", directory,
             (int)p->inner_pid);
}

void perfmap_file_deinit(struct perfmap_file *f)
{
    perfmap_deinit(&f->map);
}

/* Opens a path as the process itself would: links in it lead to places below
 * the process's root, and the file itself must not be a link. Kernels before
 * 5.6 cannot ensure this, so the file is not opened there. */
static int open_inside(const struct process *p, const char *path)
{
    char top[64];
    const char *base = path[0] == '/' ? "root" : "cwd";
    snprintf(top, sizeof(top), "/proc/%d/%s", (int)p->pid, base);
    int dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    int err = fd < 0 ? -errno : 0;
    close(dir);
    return err ? err : (int)fd;
}

static int read_map(struct perfmap_file *f, int fd)
{
    struct perfmap map;
    struct buffer text;
    buffer_init(&text, PERFMAP_FILE_MAX);
    int err = buffer_read_fd(&text, fd);
    if (!err)
        err = perfmap_parse(text.data, text.len, &map);
    if (!err) {
        perfmap_deinit(&f->map);
        f->map = map;
    }
    buffer_deinit(&text);
    return err ? err : 1;
}

/* A file that cannot be read is tried again only when it has grown. */
static int read_grown(struct perfmap_file *f, int fd, uint64_t size)
{
    uint64_t from = clock_now_ns();
    if (from < f->idle_ns)
        return 0;
    f->read_size = size;
    if (size > PERFMAP_FILE_MAX)
        return -E_LIMIT;
    int result = read_map(f, fd);
    uint64_t now = clock_now_ns();
    f->idle_ns = now + 9 * (now - from);
    return result;
}

/* A file with a second name may be a hard link to another file of the node's
 * user, which somebody else planted here. */
static bool is_nodes_own(const struct stat *st, const struct process *p)
{
    return S_ISREG(st->st_mode) && st->st_uid == p->uid && st->st_nlink == 1;
}

int perfmap_file_refresh(struct perfmap_file *f, const struct process *p)
{
    struct stat st;
    int fd = open_inside(p, f->path);
    if (fd < 0)
        return fd == -ELOOP ? -E_NO_ACCESS : fd;
    int result = 0;
    if (fstat(fd, &st) != 0)
        result = -errno;
    else if (!is_nodes_own(&st, p))
        result = -E_NO_ACCESS;
    else if ((uint64_t)st.st_size > f->read_size)
        result = read_grown(f, fd, (uint64_t)st.st_size);
    close(fd);
    return result;
}
