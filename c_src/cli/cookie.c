#include "cli/cookie.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "cli/verbs.h"

#define VARIABLE "CPROF_COOKIE"

enum { FILE_MAX = 4096, PIPE_MS = 5000, PIPE_LOOK_MS = 100 };

/* --- what is a cookie ----------------------------------------------------- */

/* As in auth.erl: visible characters of ASCII, then nothing but white space. */
static bool take(const char *text, char cookie[COOKIE_MAX + 1])
{
    size_t len = 0;
    while (text[len] > ' ' && text[len] <= '~')
        len++;
    if (len == 0 || len > COOKIE_MAX ||
        text[len + strspn(text + len, " \t\r\n")] != '\0')
        return false;
    memcpy(cookie, text, len);
    cookie[len] = '\0';
    return true;
}

static int take_or_fail(const char *from, const char *text,
                        char cookie[COOKIE_MAX + 1])
{
    return take(text, cookie)
               ? EXIT_DONE
               : fail_text(from, "holds no cookie: 1 to 255 visible characters "
                                 "of ASCII, in one line");
}

/* --- in a file ------------------------------------------------------------ */

/* A pipe that nobody writes to must not hold us up: that of a process
 * substitution, <(command), has a writer, others may have none. */
static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

/* A pipe gives its text in pieces, as its writer writes them. Returns how many
 * bytes were read, at most FILE_MAX, or a negative error: -E_TIME if the writer
 * has not closed the pipe after PIPE_MS. */
static ssize_t read_to_end(int fd, char *text)
{
    const struct deadline until = deadline_in(PIPE_MS, NULL);
    struct pollfd more = {.fd = fd, .events = POLLIN};
    size_t len = 0;
    while (len < FILE_MAX) {
        ssize_t n = read(fd, text + len, FILE_MAX - len);
        if (n == 0)
            break;
        if (n > 0) {
            len += (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (deadline_check(&until))
            return -E_TIME;
        poll(&more, 1, PIPE_LOOK_MS);
    }
    return (ssize_t)len;
}

static int read_open(int fd, const char *path, char cookie[COOKIE_MAX + 1])
{
    char text[FILE_MAX + 1];
    ssize_t len = read_to_end(fd, text);
    if (len == -E_TIME)
        return fail_text(path,
                         "did not end within 5 s; its writer must close it");
    if (len < 0)
        return fail(path, (int)len);
    text[len] = '\0';
    return memchr(text, '\0', (size_t)len) || len == FILE_MAX
               ? take_or_fail(path, "", cookie)
               : take_or_fail(path, text, cookie);
}

/* A file that the user names is taken as it is: a release's COOKIE, or a
 * secret of Kubernetes, can often be read by others. */
static int read_named(const char *path, char cookie[COOKIE_MAX + 1])
{
    int fd = open_file(path);
    if (fd < 0)
        return fail(path, fd);
    int code = read_open(fd, path, cookie);
    close(fd);
    return code;
}

/* --- at home -------------------------------------------------------------- */

/* Uses fgetpwent, because a static program cannot use the name service. */
static void find_home(uid_t user, char home[PATH_MAX])
{
    const char *own = getenv("HOME");
    home[0] = '\0';
    if (own && user == geteuid()) {
        snprintf(home, PATH_MAX, "%s", own);
        return;
    }
    FILE *file = fopen("/etc/passwd", "re");
    for (struct passwd *p; file && (p = fgetpwent(file));)
        if (p->pw_uid == user) {
            snprintf(home, PATH_MAX, "%s", p->pw_dir);
            break;
        }
    if (file)
        fclose(file);
}

/* When root reads the home of another user, that may have put a link there to
 * a file of root. */
static const char *why_not(int fd, uid_t user)
{
    struct stat s;
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
        return "is not a file";
    if (s.st_uid != user && user != geteuid())
        return "does not belong to the node's user";
    if (s.st_mode & (S_IRWXG | S_IRWXO))
        return "can be used by others than its owner, which Erlang refuses, "
               "too; run `chmod 600` on it";
    return NULL;
}

/* Erlang looks in the second place if there is no file in the first one. */
static int open_at_home(const char *home, char path[PATH_MAX])
{
    static const char *const places[] = {"", ".config/erlang/"};
    int fd = -ENOENT;
    for (size_t i = 0; i < 2 && fd == -ENOENT; i++) {
        int len =
            snprintf(path, PATH_MAX, "%s/%s.erlang.cookie", home, places[i]);
        fd = len < PATH_MAX ? open_file(path) : -ENAMETOOLONG;
    }
    return fd;
}

static int read_home(uid_t user, char cookie[COOKIE_MAX + 1])
{
    char home[PATH_MAX], path[PATH_MAX];
    find_home(user, home);
    int fd = open_at_home(home, path);
    if (fd == -ENOENT)
        return fail_text(home, "has no .erlang.cookie; name the file that has "
                               "the node's cookie with --cookie-file, or set "
                               "the cookie in " VARIABLE);
    if (fd < 0)
        return fail(path, fd);
    const char *why = why_not(fd, user);
    int code = why ? fail_text(path, why) : read_open(fd, path, cookie);
    close(fd);
    return code;
}

/* --- all places ----------------------------------------------------------- */

int cookie_read(const char *file, uid_t user, char cookie[COOKIE_MAX + 1])
{
    const char *variable = getenv(VARIABLE);
    int code = file ? read_named(file, cookie)
               : variable && *variable
                   ? take_or_fail(VARIABLE, variable, cookie)
                   : read_home(user, cookie);
    unsetenv(VARIABLE);
    return code;
}
