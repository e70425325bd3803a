/*
 * From a mapping to the bytes of its file. The file is read, not mapped: if a
 * file is truncated while it is mapped, the reader is killed with SIGBUS.
 */
#include "target/image_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAX_FILE ((off_t)512 << 20)
#define MAX_VDSO ((uint64_t)1 << 20)

/* Regular files only: opening a device or a FIFO can have side effects. */
static int open_regular(const char *path, struct stat *st)
{
    if (stat(path, st) != 0)
        return -errno;
    if (!S_ISREG(st->st_mode))
        return -E_FORMAT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int err = fstat(fd, st) != 0 ? -errno : 0;
    if (!err && !S_ISREG(st->st_mode))
        err = -E_FORMAT;
    if (err)
        close(fd);
    return err ? err : fd;
}

/* As much of [0, len) as there is; the file may have become shorter. */
static ssize_t read_all(int fd, uint8_t *to, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, to + done, len - done, (off_t)done);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int image_open_fd(int fd, struct image **out)
{
    struct stat st;
    char magic[4];
    if (fstat(fd, &st) != 0)
        return -errno;
    /* The jit-PID.dump of +JPperf is mapped executable too, and still grows:
       look at the start before reading all of it. */
    if (pread(fd, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4) != 0)
        return -E_FORMAT;
    if (st.st_size <= 0 || st.st_size > MAX_FILE)
        return st.st_size > 0 ? -E_LIMIT : -E_FORMAT;
    uint8_t *bytes = malloc((size_t)st.st_size);
    if (!bytes)
        return -ENOMEM;
    ssize_t len = read_all(fd, bytes, (size_t)st.st_size);
    if (len < 0) {
        free(bytes);
        return (int)len;
    }
    return image_take(bytes, (size_t)len, out);
}

int image_open(const char *path, struct image **out)
{
    struct stat st;
    int fd = open_regular(path, &st);
    if (fd < 0)
        return fd;
    int err = image_open_fd(fd, out);
    close(fd);
    return err;
}

static int open_vdso(const struct memory *m, const struct map *map,
                     struct image **out)
{
    uint64_t len = map->end - map->start;
    if (len > MAX_VDSO)
        return -E_LIMIT;
    uint8_t *bytes = malloc(len);
    if (!bytes)
        return -ENOMEM;
    int err = memory_read(m, map->start, bytes, len);
    if (err) {
        free(bytes);
        return err;
    }
    return image_take(bytes, len, out);
}

/* Is the open file the mapped one? With btrfs and overlayfs maps has another
   device than stat (and with older overlayfs another inode): see the last
   resort of open_mapped. */
static bool is_mapped(const struct stat *st, const struct map *map)
{
    return st->st_ino == map->inode && major(st->st_dev) == map->dev_major &&
           minor(st->st_dev) == map->dev_minor;
}

/* Opens path; returns a descriptor or an error. must_match: -ENOENT unless it
 * is the mapped file. */
static int try_path(const char *path, const struct map *map, bool must_match)
{
    struct stat st;
    int fd = open_regular(path, &st);
    if (fd >= 0 && must_match && !is_mapped(&st, map)) {
        close(fd);
        return -ENOENT;
    }
    return fd;
}

/* The kernel's own links to the mapped file. They work for deleted files, but
   map_files needs a capability, and exe is only the main program. */
static int try_links(const struct process *p, const struct map *map)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)p->pid,
             (unsigned long long)map->start, (unsigned long long)map->end);
    int fd = try_path(path, map, false);
    if (fd >= 0 || strcmp(map->path, p->exe) != 0)
        return fd;
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
    return try_path(path, map, false);
}

/*
 * maps shows paths as its reader sees them: with the prefix of a chroot in our
 * mount namespace, without a prefix for another namespace. So both are tried,
 * and the inode decides.
 */
static int open_mapped(const struct process *p, const struct map *map)
{
    char inside[PROCESS_PATH_MAX + 64];
    int len = snprintf(inside, sizeof(inside), "/proc/%d/root%s", (int)p->pid,
                       map->path);
    bool fits = len > 0 && (size_t)len < sizeof(inside);
    int fd = try_path(map->path, map, true);
    if (fd < 0 && fits)
        fd = try_path(inside, map, true);
    if (fd < 0)
        fd = try_links(p, map);
    if (fd >= 0 || map->deleted)
        return fd;
    /* Last resort: the inode cannot be compared on this file system. */
    if (fits)
        fd = try_path(inside, map, false);
    return fd >= 0 ? fd : try_path(map->path, map, false);
}

int image_of_map(const struct process *p, const struct memory *m,
                 const struct map *map, struct image **out)
{
    if (strcmp(map->path, "[vdso]") == 0)
        return open_vdso(m, map, out);
    /* Code that was generated at run time; the JIT's memfd is not a file with a
       path that can be opened. */
    if (map->path[0] != '/' || strncmp(map->path, "/memfd:", 7) == 0)
        return -E_FORMAT;
    int fd = open_mapped(p, map);
    if (fd < 0)
        return fd == -ENOENT ? -E_NOT_FOUND : fd;
    struct image *image;
    int err = image_open_fd(fd, &image);
    close(fd);
    if (!err && (err = image_debug_merge(image, p, map)) != 0)
        image_close(image);
    if (!err)
        *out = image;
    return err;
}
