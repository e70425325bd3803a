#include "recorder/attached.h"

#include <string.h>

#include "base/clock.h"
#include "recorder/session_meta.h"

uint64_t attached_code_now(struct attached *a)
{
    const struct sample now = {.time_ns = clock_now_ns()};
    return target_state_code_at(&a->target, &now);
}

void attached_limit(struct attached *a, unsigned ms)
{
    a->target.until = deadline_in(ms, NULL);
}

static int open_readers(struct attached *a)
{
    struct target_state *t = &a->target;
    int err = target_state_processes(t, &a->table);
    if (!err)
        err = readers_open(t, &a->readers);
    if (!err)
        err = frames_open(a->readers.symbols, a->dump->profile, &a->frames);
    if (!err)
        err = census_open(t, a->dump->profile, &a->census);
    return err;
}

int attached_open(pid_t pid, struct attached *a)
{
    memset(a, 0, sizeof(*a));
    int err = target_state_open(&a->target, pid, NULL);
    if (err)
        return err;
    err = dump_create(&a->dump);
    if (!err)
        err = open_readers(a);
    return err ? err : session_meta_node(a->dump->profile, &a->target, false);
}

void attached_close(struct attached *a, struct dump **kept)
{
    census_close(a->census);
    frames_close(a->frames);
    readers_close(&a->readers);
    proctable_close(a->table);
    target_state_close(&a->target);
    if (kept)
        *kept = a->dump;
    else
        dump_destroy(a->dump);
    a->dump = NULL;
}

int attached_explain(const struct attached *a, pid_t pid, int err)
{
    if (err && a->target.process.pid && !process_alive(&a->target.process))
        err = -E_GONE;
    return err ? readers_explain(err, pid) : 0;
}
