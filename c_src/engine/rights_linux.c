/*
 * Reads the facts: from /proc/self/status, from sysctls, and by trials, which
 * ask the kernel for as little as possible and leave nothing behind.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "engine/perf_event.h"
#include "engine/rights.h"

enum { STATUS_MAX = 1 << 20 };

/* The number after "\nNAME:" in a status file; 0 when it is not there. */
static uint64_t field(const char *status, const char *name, int base)
{
    char key[32];
    snprintf(key, sizeof(key), "\n%s:", name);
    const char *at = strstr(status, key);
    return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

static void read_status(struct rights *r)
{
    struct buffer text;
    buffer_init(&text, STATUS_MAX);
    bool read = buffer_read_file(&text, "/proc/self/status") == 0;
    buffer_add(&text, "", 1);
    if (read && buffer_status(&text) == 0) {
        const char *status = (const char *)text.data;
        r->caps = field(status, "CapEff", 16);
        r->seccomp = field(status, "Seccomp", 10) != 0;
        r->no_new_privs = field(status, "NoNewPrivs", 10) != 0;
    }
    buffer_deinit(&text);
}

static int setting(const char *path)
{
    FILE *file = fopen(path, "re");
    int value = RIGHTS_UNKNOWN;
    if (file && fscanf(file, "%d", &value) != 1)
        value = RIGHTS_UNKNOWN;
    if (file)
        fclose(file);
    return value;
}

/* The first user namespace maps all users to themselves. */
static bool in_namespace(void)
{
    FILE *file = fopen("/proc/self/uid_map", "re");
    unsigned long from = 0, to = 0, count = UINT32_MAX;
    bool other = file && fscanf(file, "%lu %lu %lu", &from, &to, &count) == 3 &&
                 (from != 0 || to != 0 || count != UINT32_MAX);
    if (file)
        fclose(file);
    return other;
}

static int try_perf(bool kernel)
{
    const struct perf_event_setup setup = {
        .period_ns = NS_PER_S, .kernel = kernel, .bare = true};
    int fd = perf_event_open(0, &setup);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

/* A look-up in a map needs no rights. This map does not exist, so EBADF means
 * that the call was permitted. */
static int try_bpf(void)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)-1;
    long result = syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
    return result < 0 && errno != EBADF ? -errno : 0;
}

/* Nothing is mapped at address 0, so EFAULT means that reading is permitted. */
static int try_read(pid_t pid)
{
    char byte;
    struct iovec to = {&byte, 1}, from = {NULL, 1};
    ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);
    return got < 0 && errno != EFAULT ? -errno : 0;
}

static bool is_of_user(pid_t pid, uid_t uid)
{
    char path[32];
    struct stat st;
    snprintf(path, sizeof(path), "/proc/%d", pid);
    return stat(path, &st) != 0 || st.st_uid == uid;
}

void rights_read(pid_t pid, struct rights *out)
{
    *out = (struct rights){
        .uid = geteuid(),
        .namespaced = in_namespace(),
        .paranoid = setting("/proc/sys/kernel/perf_event_paranoid"),
        .yama = setting("/proc/sys/kernel/yama/ptrace_scope"),
        .perf_user = try_perf(false),
        .perf_kernel = try_perf(true),
        .bpf_call = try_bpf(),
        .read_self = try_read(getpid()),
        .same_user = true,
    };
    read_status(out);
    if (pid) {
        int err = try_read(pid);
        out->read_node = err == -ESRCH ? 0 : err; /* attaching reports ESRCH */
        out->same_user = is_of_user(pid, out->uid);
    }
}

struct rights_pace rights_pace(void)
{
    return (struct rights_pace){
        .per_s = setting("/proc/sys/kernel/perf_event_max_sample_rate"),
        .share = setting("/proc/sys/kernel/perf_cpu_time_max_percent")};
}
