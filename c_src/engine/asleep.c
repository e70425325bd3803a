#include "engine/asleep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/reader.h"
#include "engine/engine.h"

/* --- parsing -------------------------------------------------------------- */

/* The next byte; '\0' at the end, and after a failure. */
static char peek(const struct reader *r)
{
    return !r->failed && reader_left(r) ? (char)*r->at : '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* " 0x7ffe": fails unless it has 1 to 16 digits. */
static uint64_t hex(struct reader *r)
{
    const uint8_t *before = reader_bytes(r, 3);
    uint64_t value = 0;
    int digits = 0;
    if (!before || memcmp(before, " 0x", 3) != 0)
        r->failed = true;
    for (; digit(peek(r)) >= 0; digits++)
        value = value << 4 | (uint64_t)digit((char)reader_u8(r));
    if (digits < 1 || digits > 16)
        r->failed = true;
    return value;
}

/* "202", or "-1", which means none. */
static int64_t number(struct reader *r)
{
    int64_t value = 0;
    int digits = 0;
    if (peek(r) == '-') {
        const uint8_t *none = reader_bytes(r, 2);
        r->failed |= !none || none[1] != '1';
        return -1;
    }
    for (; peek(r) >= '0' && peek(r) <= '9' && digits < 10; digits++)
        value = value * 10 + (reader_u8(r) - '0');
    if (digits < 1)
        r->failed = true;
    return value;
}

/* A thread that runs has no place: the text is "running\n". */
int asleep_parse(const void *text, size_t len, struct asleep_place *out)
{
    static const char running[] = "running";
    struct reader r = reader_of(text, len);
    struct asleep_place p = {.system_call = -1};
    if (len >= sizeof(running) - 1 &&
        memcmp(text, running, sizeof(running) - 1) == 0)
        return 1;
    p.system_call = number(&r);
    for (size_t i = 0; i < 6 && p.system_call >= 0; i++)
        p.args[i] = hex(&r);
    p.sp = hex(&r);
    p.ip = hex(&r);
    if (r.failed || reader_u8(&r) != '\n' || reader_left(&r))
        return -E_FORMAT;
    *out = p;
    return 0;
}

/* --- reading -------------------------------------------------------------- */

/* As the kernel spells it, which is the same while the thread does not move. */
struct text {
    char bytes[256];
    size_t len;
};

static int read_place(const struct asleep *a, struct text *to)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", a->pid, a->tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    ssize_t len = read(fd, to->bytes, sizeof(to->bytes));
    int err = len < 0 ? -errno : 0;
    close(fd);
    to->len = len < 0 ? 0 : (size_t)len;
    return err;
}

/* Did the thread stay where it was? If so, its counts are exact now. */
static int has_stayed(struct asleep *a, const struct text *before)
{
    struct text after;
    uint64_t runs = a->stat.runs;
    int err = read_place(a, &after);
    if (!err)
        err = schedstat_read(a->pid, a->tid, &a->stat);
    if (err)
        return err;
    return after.len == before->len &&
           memcmp(after.bytes, before->bytes, after.len) == 0 &&
           a->stat.runs == runs;
}

void asleep_request(struct asleep *a, const struct engine_view *view, pid_t tid)
{
    a->tid = tid;
    ptrace_copy_plan_of(view, &a->what);
    copy_plan_thread(view, tid, &a->what.thread);
}

int asleep_sample(struct asleep *a)
{
    struct text text;
    struct asleep_place place;
    int err = schedstat_read(a->pid, a->tid, &a->stat);
    if (!err)
        err = read_place(a, &text);
    if (err)
        return err;
    int runs = asleep_parse(text.bytes, text.len, &place);
    if (runs)
        return runs < 0 ? runs : 0;
    a->sample = (struct sample){.time_ns = clock_now_ns(),
                                .tid = a->tid,
                                .has_regs = true,
                                .exact = true,
                                .in_kernel = place.system_call >= 0,
                                .system_call = place.system_call};
    asleep_regs(&place, &a->sample);
    ptrace_copy(a->memory, &a->what, &a->room, &a->sample);
    return has_stayed(a, &text);
}
