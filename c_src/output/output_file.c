#include "output/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

/* The new file, before it has its name. */
enum { DRAFT_NAME = 32 };
struct draft {
    int folder, fd;
    char name[DRAFT_NAME]; /* in the folder; "": no name */
};

/* --- the mode ------------------------------------------------------------ */

/* Is there an old file whose mode is to be kept? Others who may create files in
 * the folder could put their own file there, with any mode, or a hard link to a
 * file of ours; those do not count. */
static bool is_old_to_keep(const struct output_place *p)
{
    return p->there >= 0 && p->st.st_uid == geteuid() && p->st.st_nlink == 1;
}

static mode_t mode_of(const struct output_place *p)
{
    return is_old_to_keep(p) ? p->st.st_mode & 0777 : 0666;
}

/* Gives the new file the group and the mode of the old one, whatever the umask.
 * If the group cannot be kept, the group's rights are dropped. */
static int keep_mode(const struct output_place *p, int fd)
{
    struct stat st;
    mode_t mode = mode_of(p);
    if (!is_old_to_keep(p))
        return 0;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (st.st_gid != p->st.st_gid && fchown(fd, (uid_t)-1, p->st.st_gid) != 0)
        mode &= (mode_t)~S_IRWXG;
    return (st.st_mode & 07777) != mode && fchmod(fd, mode) != 0 ? -errno : 0;
}

/* --- a draft ------------------------------------------------------------- */

static int new_name(char name[static DRAFT_NAME])
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        return -errno;
    snprintf(name, DRAFT_NAME, ".cprof-%016" PRIx64, number);
    return 0;
}

static int make_named(struct draft *d, mode_t mode)
{
    int err = new_name(d->name);
    if (err)
        return err;
    d->fd = openat(d->folder, d->name,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    return d->fd < 0 ? -errno : 0;
}

/* Only /proc can give the file a name later, so without it this fails. */
static bool make_nameless(struct draft *d, mode_t mode)
{
    char path[OUTPUT_PLACE_FD_PATH];
    d->name[0] = '\0';
    d->fd = openat(d->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
    if (d->fd < 0)
        return false;
    output_place_fd_path(d->fd, path);
    if (access(path, F_OK) == 0)
        return true;
    close(d->fd);
    return false;
}

static int make(struct draft *d, const struct output_place *p, mode_t mode)
{
    *d = (struct draft){.folder = p->folder};
    return make_nameless(d, mode) ? 0 : make_named(d, mode);
}

static void discard(const struct draft *d)
{
    if (d->name[0])
        unlinkat(d->folder, d->name, 0);
    close(d->fd);
}

/* Some file systems report only on close that there is no room (NFS, quotas).
 * Closing a copy of the descriptor reports it before the file has its name. */
static int flush(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 || close(copy) != 0 ? -errno : 0;
}

static int fill(const struct draft *d, const struct output_place *p,
                const struct buffer *bytes)
{
    for (size_t done = 0; done < bytes->len;) {
        ssize_t n = write(d->fd, bytes->data + done, bytes->len - done);
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    int err = keep_mode(p, d->fd);
    return err ? err : flush(d->fd);
}

/* --- its name ------------------------------------------------------------ */

/* Gives this name to a draft that has none. */
static int link_as(const struct draft *d, const char *name)
{
    char path[OUTPUT_PLACE_FD_PATH];
    output_place_fd_path(d->fd, path);
    return linkat(AT_FDCWD, path, d->folder, name, AT_SYMLINK_FOLLOW) != 0
               ? -errno
               : 0;
}

static int rename_fresh(const struct draft *d, const char *name)
{
    if (renameat2(d->folder, d->name, d->folder, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (linkat(d->folder, d->name, d->folder, name, 0) != 0)
        return -errno;
    return unlinkat(d->folder, d->name, 0) != 0 ? -errno : 0;
}

static int rename_over(const struct draft *d, const char *name)
{
    return renameat(d->folder, d->name, d->folder, name) != 0 ? -errno : 0;
}

/* The kernel cannot link a file without a name over an existing one, so the
 * draft gets a temporary name first. */
static int replace(const struct draft *d, const char *name)
{
    struct draft named = *d;
    int err = new_name(named.name);
    if (!err)
        err = link_as(d, named.name);
    if (err)
        return err;
    err = rename_over(&named, name);
    if (err)
        unlinkat(d->folder, named.name, 0);
    return err;
}

/* If we were killed before the rename, the temporary name would be left behind.
 * So a child does it, which shares our memory but is not in our process group:
 * a signal to us or our group does not reach it. */
static int replace_apart(const struct draft *d, const char *name)
{
    volatile int result = 0;
    pid_t child = vfork();
    if (child == 0) {
        setpgid(0, 0);
        result = replace(d, name);
        _exit(0);
    }
    if (child < 0)
        return replace(d, name);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return result;
}

static int publish(const struct draft *d, const struct output_place *p,
                   bool fresh)
{
    if (d->name[0])
        return fresh ? rename_fresh(d, p->name) : rename_over(d, p->name);
    int err = p->there >= 0 ? -EEXIST : link_as(d, p->name);
    return err == -EEXIST && !fresh ? replace_apart(d, p->name) : err;
}

/* --- all of it ----------------------------------------------------------- */

/* Until a draft has its name, only SIGKILL may end the program. */
static void hold_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

static void let_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int write_file(const struct output_place *p, bool fresh,
                      const struct buffer *bytes)
{
    struct draft d;
    int err = make(&d, p, mode_of(p));
    if (err)
        return err;
    err = fill(&d, p, bytes);
    if (!err)
        err = publish(&d, p, fresh);
    if (err)
        discard(&d);
    else if (close(d.fd) != 0)
        err = -errno;
    return err;
}

int output_file_write(const struct output_place *p, bool fresh,
                      const struct buffer *bytes)
{
    sigset_t before;
    hold_signals(&before);
    int err = write_file(p, fresh, bytes);
    let_signals(&before);
    return err;
}

/* Permissions do not tell everything (read-only file systems, /proc), so this
 * creates a file and removes it. */
static int try_it(const struct output_place *p)
{
    sigset_t before;
    struct draft d;
    hold_signals(&before);
    int err = make(&d, p, 0600);
    if (!err)
        discard(&d);
    let_signals(&before);
    return err;
}

/* A file on which something is mounted cannot be replaced. */
static bool is_mounted(const struct output_place *p)
{
    struct statx st;
    return statx(p->there, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 &&
           st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

int output_file_check(const struct output_place *p)
{
    if (p->there >= 0 && faccessat(p->folder, p->name, W_OK,
                                   AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    return p->there >= 0 && is_mounted(p) ? -EBUSY : try_it(p);
}
