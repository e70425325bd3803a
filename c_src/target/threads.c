#include "target/threads.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

/* The kernel keeps 15 bytes of a thread's name (TASK_COMM_LEN). */
enum { COMM_LEN = 15 };

/* The names that the VM gives, with the number before (OTP 25, 26) or behind.
   Sources: erts/emulator/beam/erl_process.c (start of the schedulers and of the
   aux and poll threads), erl_async.c. */
static const struct pattern {
    enum thread_kind kind;
    bool number_first;
    const char *text;
} patterns[] = {
    {THREAD_NORMAL, true, "_scheduler"},
    {THREAD_DIRTY_CPU, true, "_dirty_cpu_scheduler"},
    {THREAD_DIRTY_IO, true, "_dirty_io_scheduler"},
    {THREAD_AUX, true, "_aux"},
    {THREAD_POLL, true, "_poller"},
    {THREAD_ASYNC, false, "async_"},
    {THREAD_NORMAL, false, "erts_sched_"},
    {THREAD_DIRTY_CPU, false, "erts_dcpus_"},
    {THREAD_DIRTY_IO, false, "erts_dios_"},
    {THREAD_AUX, false, "erts_aux_"},
    {THREAD_POLL, false, "erts_poll_"},
    {THREAD_ASYNC, false, "erts_async_"},
};

static const char *const kind_names[] = {
    [THREAD_NORMAL] = "scheduler",  [THREAD_DIRTY_CPU] = "dirty-cpu",
    [THREAD_DIRTY_IO] = "dirty-io", [THREAD_AUX] = "aux",
    [THREAD_POLL] = "poll",         [THREAD_ASYNC] = "async",
    [THREAD_OTHER] = "other",
};

const char *thread_kind_name(enum thread_kind kind)
{
    return kind_names[kind];
}

/* Reads the digits at text; returns what follows, NULL when there are none. */
static const char *digits(const char *text, unsigned *number)
{
    const char *at = text;
    unsigned value = 0;
    for (; isdigit((unsigned char)*at) && value < 100000000; at++)
        value = value * 10 + (unsigned)(*at - '0');
    *number = value;
    return at == text ? NULL : at;
}

static bool matches(const struct pattern *p, const char *comm, unsigned *number)
{
    if (!p->number_first) {
        size_t len = strlen(p->text);
        if (strncmp(comm, p->text, len) != 0)
            return false;
        const char *end = digits(comm + len, number);
        return end && *end == '\0';
    }
    const char *rest = digits(comm, number);
    if (!rest)
        return false;
    size_t len = strlen(rest);
    bool cut = strlen(comm) == COMM_LEN;
    return cut ? len > 1 && strncmp(rest, p->text, len) == 0
               : strcmp(rest, p->text) == 0;
}

void thread_classify(const char *comm, enum thread_kind *kind, unsigned *number)
{
    *kind = THREAD_OTHER;
    *number = 0;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        unsigned n;
        if (matches(&patterns[i], comm, &n)) {
            *kind = patterns[i].kind;
            *number = n;
            return;
        }
    }
}

/* Reads task/TID/comm: 1; 0 when the thread has ended; or -errno. */
static int read_comm(int dir, const char *tid, char name[COMM_LEN + 1])
{
    char path[64];
    snprintf(path, sizeof(path), "%.20s/comm", tid);
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ESRCH ? 0 : -errno;
    ssize_t n = read(fd, name, COMM_LEN + 1);
    int err = n < 0 && errno != ESRCH ? -errno : 0;
    close(fd);
    if (n <= 0)
        return err;
    size_t len = (size_t)n - (name[n - 1] == '\n');
    name[len < COMM_LEN ? len : COMM_LEN] = '\0';
    return 1;
}

static int add(struct threads *t, size_t *cap, const struct thread *thread)
{
    int err = ARRAY_RESERVE(t->list, *cap, t->count + 1);
    if (!err)
        t->list[t->count++] = *thread;
    return err;
}

static int by_tid(const void *a, const void *b)
{
    const struct thread *x = a, *y = b;
    return (x->tid > y->tid) - (x->tid < y->tid);
}

/* By kind and number, the oldest thread first. Thread ids wrap around, so the
 * age of a thread is the distance from the process's id, which is that of the
 * first thread. */
static int by_name_and_age(const void *a, const void *b, void *pid)
{
    const struct thread *x = a, *y = b;
    uint32_t age_x = (uint32_t)(x->tid - *(pid_t *)pid);
    uint32_t age_y = (uint32_t)(y->tid - *(pid_t *)pid);
    if (x->kind != y->kind)
        return (x->kind > y->kind) - (x->kind < y->kind);
    if (x->number != y->number)
        return (x->number > y->number) - (x->number < y->number);
    return (age_x > age_y) - (age_x < age_y);
}

/* A thread inherits the name of the thread that started it. So a thread that a
 * NIF starts and does not name has the name of a scheduler. */
static void unmask_namesakes(struct threads *t, pid_t pid)
{
    qsort_r(t->list, t->count, sizeof(*t->list), by_name_and_age, &pid);
    for (size_t i = t->count - 1; i > 0; i--) {
        struct thread *one = &t->list[i], *before = &t->list[i - 1];
        if (one->kind == before->kind && one->number == before->number) {
            one->kind = THREAD_OTHER;
            one->number = 0;
        }
    }
    qsort(t->list, t->count, sizeof(*t->list), by_tid);
}

/* Reads one entry of the directory. */
static int read_one(int dir, const char *tid, struct threads *t, size_t *cap)
{
    struct thread thread = {.tid = atoi(tid)};
    if (thread.tid <= 0)
        return 0;
    if (t->count == THREADS_MAX) {
        t->left_out++;
        return 0;
    }
    int there = read_comm(dir, tid, thread.name);
    if (there <= 0)
        return there;
    thread_classify(thread.name, &thread.kind, &thread.number);
    return add(t, cap, &thread);
}

static int read_all(DIR *dir, pid_t pid, const struct deadline *until,
                    struct threads *t)
{
    size_t cap = 0;
    struct dirent *e;
    while ((e = readdir(dir))) {
        int err = deadline_check(until);
        if (!err)
            err = read_one(dirfd(dir), e->d_name, t, &cap);
        if (err)
            return err;
    }
    if (t->count == 0)
        return -E_GONE;
    unmask_namesakes(t, pid);
    return 0;
}

int threads_read(pid_t pid, struct threads *out)
{
    return threads_read_until(pid, NULL, out);
}

int threads_read_until(pid_t pid, const struct deadline *until,
                       struct threads *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT || errno == ESRCH ? -E_GONE : -errno;
    struct threads t = {0};
    int err = read_all(dir, pid, until, &t);
    closedir(dir);
    if (err)
        threads_deinit(&t);
    else
        *out = t;
    return err;
}

void threads_deinit(struct threads *t)
{
    free(t->list);
    *t = (struct threads){0};
}

const struct thread *threads_find(const struct threads *t, pid_t tid)
{
    struct thread key = {.tid = tid};
    if (t->count == 0)
        return NULL;
    return bsearch(&key, t->list, t->count, sizeof(*t->list), by_tid);
}

static bool is_taken(const struct threads *t, const struct thread *one)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].kind == one->kind && t->list[i].number == one->number)
            return true;
    return false;
}

void threads_newcomer(const struct threads *t, pid_t tid, const char *comm,
                      struct thread *out)
{
    *out = (struct thread){.tid = tid};
    snprintf(out->name, sizeof(out->name), "%s", *comm ? comm : "unknown");
    thread_classify(out->name, &out->kind, &out->number);
    if (is_taken(t, out)) {
        out->kind = THREAD_OTHER;
        out->number = 0;
    }
}
