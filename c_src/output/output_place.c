#include "output/output_place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MAX_LINKS = 40 /* the kernel's limit, too */ };

/* A path that is being followed. `at` and `child` are O_PATH descriptors. `at`
 * is the folder reached so far; `child` is what `name` is there, or -1 if there
 * is nothing. */
struct walk {
    int at, child;
    char name[NAME_MAX + 1];
    char left[PATH_MAX]; /* the rest of the path, after name */
    struct stat folder, st;
    int links;
    bool fresh;
};

void output_place_fd_path(int fd, char path[static OUTPUT_PLACE_FD_PATH])
{
    snprintf(path, OUTPUT_PLACE_FD_PATH, "/proc/self/fd/%d", fd);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Goes to the folder fd, which the walk owns from here on. */
static int enter(struct walk *w, int fd)
{
    if (fd < 0)
        return -errno;
    close_fd(&w->at);
    w->at = fd;
    return fstat(fd, &w->folder) != 0 ? -errno : 0;
}

/* Begins a path, or continues with the target of a link: a relative one
 * continues from where the walk is. */
static int begin(struct walk *w)
{
    int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    if (w->left[0] == '/')
        return enter(w, open("/", flags));
    return w->at >= 0 ? 0 : enter(w, open(".", flags));
}

/* Takes the next name off the path. */
static int take_name(struct walk *w)
{
    const char *from = w->left + strspn(w->left, "/");
    size_t len = strcspn(from, "/");
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(w->name, from, len);
    w->name[len] = '\0';
    memmove(w->left, from + len, strlen(from + len) + 1);
    return 0;
}

static bool is_last(const struct walk *w)
{
    return w->left[0] == '\0';
}

/* --- what is refused ----------------------------------------------------- */

/* Stricter than fs.protected_symlinks: that may be off, and it covers only
 * sticky folders. The owner of a link is not enough either, since it may be a
 * hard link to one of ours. And root follows no link of anybody else. */
static bool is_planted_link(const struct walk *w)
{
    if (geteuid() == 0 && w->st.st_uid != 0)
        return true;
    if (!(w->folder.st_mode & S_IWOTH))
        return false;
    if (is_last(w) && w->folder.st_mode & S_ISVTX)
        return true;
    return w->st.st_uid != geteuid() && w->st.st_uid != w->folder.st_uid;
}

/* Like fs.protected_regular, but also for pipes and everything else. */
static bool is_planted(const struct walk *w)
{
    return w->folder.st_mode & S_IWOTH && w->folder.st_mode & S_ISVTX &&
           w->st.st_uid != geteuid();
}

/* --- step by step -------------------------------------------------------- */

/* A link in /proc may lead to an open file without a name, so only the kernel
 * can follow it. Nobody can have planted it. */
static bool is_of_proc(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int follow_in_proc(struct walk *w)
{
    int fd = openat(w->at, w->name, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    close_fd(&w->child);
    w->child = fd;
    w->name[0] = '\0';
    return fstat(fd, &w->st) != 0 ? -errno : 0;
}

static int follow(struct walk *w)
{
    char target[PATH_MAX];
    if (++w->links > MAX_LINKS)
        return -ELOOP;
    if (is_planted_link(w))
        return -E_PLANTED_LINK;
    if (is_of_proc(w->child))
        return follow_in_proc(w);
    ssize_t len = readlinkat(w->child, "", target, sizeof(target) - 1);
    if (len < 0)
        return -errno;
    size_t left = strlen(w->left);
    if ((size_t)len + left >= sizeof(w->left))
        return -ENAMETOOLONG;
    memmove(w->left + len, w->left, left + 1);
    memcpy(w->left, target, (size_t)len);
    close_fd(&w->child);
    return begin(w);
}

/* Returns 1 at the end of the walk. */
static int step_into(struct walk *w)
{
    int fd = w->child;
    if (is_last(w))
        return S_ISDIR(w->st.st_mode) ? -EISDIR
               : is_planted(w)        ? -E_PLANTED
                                      : 1;
    if (!S_ISDIR(w->st.st_mode))
        return -ENOTDIR;
    w->child = -1;
    return enter(w, fd);
}

static int step(struct walk *w)
{
    int err = take_name(w);
    if (err)
        return err;
    if (!w->name[0])
        return -EISDIR; /* "/", or "x/" */
    w->child = openat(w->at, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (w->child < 0)
        return errno == ENOENT && is_last(w) ? 1 : -errno;
    if (w->fresh && is_last(w))
        return -EEXIST;
    if (fstat(w->child, &w->st) != 0)
        return -errno;
    if (S_ISLNK(w->st.st_mode)) {
        err = follow(w);
        if (err || w->child < 0)
            return err;
    }
    return step_into(w);
}

int output_place_find(const char *path, bool fresh, struct output_place *out)
{
    struct walk w = {.at = -1, .child = -1, .fresh = fresh};
    if (!path[0])
        return -ENOENT;
    if (strlen(path) >= sizeof(w.left))
        return -ENAMETOOLONG;
    memcpy(w.left, path, strlen(path) + 1);
    int err = begin(&w);
    while (!err)
        err = step(&w);
    *out = (struct output_place){.folder = w.at, .there = w.child, .st = w.st};
    memcpy(out->name, w.name, sizeof(out->name));
    if (err != 1)
        output_place_leave(out);
    return err == 1 ? 0 : err;
}

void output_place_leave(struct output_place *p)
{
    close_fd(&p->folder);
    close_fd(&p->there);
}
