#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options_view.h"

static int writable(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

/* A new file beside path, to be renamed to it; its descriptor or -errno. */
static int open_beside(const char *path, char temporary[PATH_MAX])
{
    if (snprintf(temporary, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX)
        return -ENAMETOOLONG;
    int fd = mkostemp(temporary, O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Rights do not tell all (a read-only file system, /proc): it is tried. */
static int can_create(const char *path)
{
    char temporary[PATH_MAX];
    int fd = open_beside(path, temporary);
    if (fd < 0)
        return fd;
    unlink(temporary);
    close(fd);
    return 0;
}

int output_check(const char *path)
{
    struct stat st;
    if (!path)
        return 0;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? can_create(path) : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    int err = writable(path);
    char target[PATH_MAX];
    if (err || !S_ISREG(st.st_mode))
        return err;
    return realpath(path, target) ? can_create(target) : -errno;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* A device or a pipe is written in place; a rename would replace it. */
static int write_in_place(const char *path, const struct buffer *bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int err = write_all(fd, bytes->data, bytes->len);
    close(fd);
    return err;
}

/* An existing file keeps its mode: a recording holds a command line. */
static mode_t file_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return st.st_mode & 07777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static int write_beside(const char *path, const struct buffer *bytes)
{
    char temporary[PATH_MAX];
    int fd = open_beside(path, temporary);
    if (fd < 0)
        return fd;
    int err = write_all(fd, bytes->data, bytes->len);
    if (fchmod(fd, file_mode(path)) != 0 && !err)
        err = -errno;
    if (close(fd) != 0 && !err)
        err = -errno;
    if (!err && rename(temporary, path) != 0)
        err = -errno;
    if (err)
        unlink(temporary);
    return err;
}

int output_write(const char *path, const struct buffer *bytes)
{
    if (!path)
        return write_all(STDOUT_FILENO, bytes->data, bytes->len);
    struct stat st;
    if (stat(path, &st) != 0)
        return write_beside(path, bytes);
    if (!S_ISREG(st.st_mode))
        return write_in_place(path, bytes);
    char target[PATH_MAX]; /* a link stays a link */
    return realpath(path, target) ? write_beside(target, bytes) : -errno;
}

bool output_unreadable(const struct options *o)
{
    return !o->output && o->format->binary && isatty(STDOUT_FILENO);
}

static uint64_t samples_of(const struct profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_sample_at(p, i)->count;
    return sum;
}

/* A filtered report says so: its counters are of the whole recording. */
static int note_filter(struct profile *filtered, const struct options *o,
                       const struct profile *whole)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    buffer_text(&line, "filtered:");
    options_view_describe(o, profile_meta(whole)->bucket_ns, &line);
    buffer_printf(&line,
                  "; %" PRIu64 " of %" PRIu64
                  " samples; quality counters are of the whole recording",
                  samples_of(filtered), samples_of(whole));
    buffer_add(&line, "", 1);
    int err = buffer_status(&line);
    if (!err)
        err = profile_note(filtered, (const char *)line.data);
    buffer_deinit(&line);
    return err;
}

int output_render(const struct profile *p, const struct options *o,
                  struct buffer *bytes)
{
    const struct format_options how =
        options_view_format(o, !o->output && isatty(STDOUT_FILENO));
    struct filter filter = options_filter(o);
    if (filter_is_empty(&filter))
        return o->format->write(p, &how, bytes);
    struct profile *filtered;
    int err = filter_apply(p, &filter, &filtered);
    if (err)
        return err;
    err = note_filter(filtered, o, p);
    if (!err)
        err = o->format->write(filtered, &how, bytes);
    profile_destroy(filtered);
    return err;
}
