#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/minus.h"
#include "target/beams.h"
#include "target/layout.h"

/* Releases made by Mix or relx have their name in the environment. */
static void read_release_name(struct beam *b)
{
    static const char *const names[] = {"RELEASE_NAME", "REL_NAME"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buffer value;
        buffer_init(&value, sizeof(b->runs) - 1);
        if (process_environ(&b->process, names[i], &value) == 0 && value.len)
            snprintf(b->runs, sizeof(b->runs), "%.*s", (int)value.len,
                     (const char *)value.data);
        buffer_deinit(&value);
        if (b->runs[0])
            return;
    }
    snprintf(b->runs, sizeof(b->runs), "%s", b->process.runs);
}

/* proc(5): a process's start time is measured from the machine's boot. */
static uint64_t uptime_of(const struct process *p)
{
    struct timespec now;
    long ticks = sysconf(_SC_CLK_TCK);
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t started = ticks > 0 ? p->start_time / (uint64_t)ticks : 0;
    uint64_t up = (uint64_t)now.tv_sec;
    return minus_capped(up, started);
}

static void describe(struct beam *b)
{
    const struct process *p = &b->process;
    b->release = layout_hints_release(p->exe[0] ? p->exe : p->command);
    b->uptime_s = uptime_of(p);
    read_release_name(b);
}

/* A VM forks when it starts (forker_start in sys_drivers.c). Until its child
 * has executed erl_child_setup, it looks like a second VM with the same name.
 */
static bool is_forked(const struct process *p)
{
    struct process_stat own, parent;
    return p->stack && process_stat_read(p->pid, &own) == 0 &&
           process_stat_read(own.parent, &parent) == 0 &&
           parent.stack == p->stack;
}

/* Of another user's process the path of the executable cannot be read, but the
 * arguments can, unless /proc is mounted with hidepid. */
static int look_at(struct beams *b, pid_t pid)
{
    struct beam one = {.release = 0};
    int err = process_open(pid, &one.process);
    b->looked_at++;
    b->hidden += err == -E_NO_ACCESS && !one.process.by_erlexec;
    if ((err && err != -E_NO_ACCESS) || !one.process.by_erlexec ||
        is_forked(&one.process))
        return 0;
    describe(&one);
    err = ARRAY_RESERVE(b->list, b->cap, b->count + 1);
    if (!err)
        b->list[b->count++] = one;
    return err;
}

static int by_pid(const void *a, const void *b)
{
    pid_t x = ((const struct beam *)a)->process.pid;
    pid_t y = ((const struct beam *)b)->process.pid;
    return (x > y) - (x < y);
}

int beams_list(struct beams *out)
{
    struct beams found = {.count = 0};
    DIR *proc = opendir("/proc");
    if (!proc)
        return -errno;
    int err = 0;
    for (struct dirent *e; !err && (e = readdir(proc));) {
        char *end;
        long pid = strtol(e->d_name, &end, 10);
        if (pid > 0 && !*end)
            err = look_at(&found, (pid_t)pid);
    }
    closedir(proc);
    if (err) {
        beams_deinit(&found);
        return err;
    }
    if (found.count)
        qsort(found.list, found.count, sizeof(*found.list), by_pid);
    *out = found;
    return 0;
}

void beams_deinit(struct beams *b)
{
    free(b->list);
    *b = (struct beams){0};
}

/* Are a and b equal up to their end or the first of these characters? */
static bool same_until(const char *a, const char *b, const char *ends)
{
    size_t len = strcspn(a, ends);
    return len == strcspn(b, ends) && memcmp(a, b, len) == 0;
}

bool beams_is_named(const char *node, const char *host, const char *name)
{
    const char *node_host = strchr(node, '@'), *host_asked = strchr(name, '@');
    if (!*node || !*name || !same_until(node, name, "@"))
        return false;
    if (!host_asked)
        return true;
    return node_host ? strcmp(node_host, host_asked) == 0
                     : same_until(host, host_asked + 1, ".");
}
