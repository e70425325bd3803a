#include "cli/advice.h"

#include <errno.h>
#include <stdio.h>

enum { CAP_TO_TRACE = 1 << 19 }; /* CAP_SYS_PTRACE */

const struct advice_engine *advice_engine_taken(const struct advice_facts *f)
{
    for (size_t i = 0; i < f->engine_count; i++)
        if (!f->engines[i].opt_in && f->engines[i].err == 0)
            return &f->engines[i];
    return NULL;
}

/* --- memory -------------------------------------------------------------- */

enum advice_memory advice_memory(const struct advice_facts *f)
{
    const struct rights *r = &f->rights;
    if (r->read_self != 0 || r->yama >= 3)
        return ADVICE_NO_NODES;
    if (rights_read_any(r))
        return r->caps & CAP_TO_TRACE ? ADVICE_ALL_NODES : ADVICE_OWN_NODES;
    return r->yama == 1 ? ADVICE_STARTED_NODES : ADVICE_NO_NODES;
}

int advice_memory_error(const struct advice_facts *f)
{
    bool none = f->node_given ? f->rights.read_node != 0
                              : advice_memory(f) >= ADVICE_STARTED_NODES;
    return none ? rights_explain(&f->rights, -E_NO_ACCESS) : 0;
}

int advice_kernel_error(const struct advice_facts *f)
{
    int err = f->rights.perf_kernel;
    if (err == 0)
        return 0;
    /* Only the setting refuses events with the kernel and allows events without
     * it. */
    if (f->rights.perf_user == 0)
        return -E_PERF_PARANOID;
    return rights_explain(&f->rights, -E_PERF_DENIED);
}

bool advice_can_record(const struct advice_facts *f)
{
    bool engine = false;
    for (size_t i = 0; i < f->engine_count; i++)
        engine |= f->engines[i].err == 0;
    bool memory = f->node_given ? f->rights.read_node == 0
                                : advice_memory(f) != ADVICE_NO_NODES;
    return engine && memory && !f->node_err;
}

/* --- the one command ----------------------------------------------------- */

/* The advice if more rights are needed. If rights have no effect here, or sudo
 * cannot give them, the user has to leave the container or namespace that takes
 * them away. */
static enum advice more_rights(const struct rights *r)
{
    return r->uid == 0 || r->namespaced || r->no_new_privs ? ADVICE_HOST
                                                           : ADVICE_ROOT;
}

static enum advice for_engine(const struct rights *r,
                              const struct advice_engine *e)
{
    switch (e->err) {
    case -E_SECCOMP:
        return ADVICE_HOST;
    case -E_BPF_DENIED:
        return rights_bpf(r) ? ADVICE_KERNEL : more_rights(r);
    case -E_BPF_MISSING:
        return e->built ? ADVICE_KERNEL : ADVICE_BUILD;
    case -E_PERF_PARANOID:
        return more_rights(r) == ADVICE_HOST ? ADVICE_HOST : ADVICE_PARANOID;
    case -E_PERF_DENIED:
        return rights_perf(r) ? ADVICE_KERNEL : more_rights(r);
    default:
        return ADVICE_KERNEL;
    }
}

/* The advice for the first engine that does not work but could. Engines behind
 * one that works would be no improvement. */
static enum advice for_engines(const struct advice_facts *f)
{
    enum advice result = ADVICE_NOTHING;
    for (size_t i = 0; i < f->engine_count && f->engines[i].err; i++) {
        if (f->engines[i].opt_in)
            continue;
        result = for_engine(&f->rights, &f->engines[i]);
        if (result != ADVICE_KERNEL)
            break;
    }
    return result;
}

static enum advice for_memory(const struct rights *r, int err)
{
    if (r->yama >= 3)
        return ADVICE_REBOOT;
    if (err == -E_SECCOMP)
        return ADVICE_HOST;
    enum advice more = more_rights(r);
    bool sudo_is_none = more == ADVICE_HOST && r->uid != 0;
    return r->yama == 1 && sudo_is_none ? ADVICE_LAUNCH : more;
}

static bool is_no_node(int err)
{
    return err == -E_NO_PROCESS || err == -E_GONE || err == -E_NOT_BEAM ||
           err == -E_NOT_JIT;
}

/* Without the node's memory no recording is possible, whatever engines work. */
enum advice advice_choose(const struct advice_facts *f)
{
    if (is_no_node(f->node_err))
        return ADVICE_OTHER_PID;
    int memory = advice_memory_error(f);
    if (memory)
        return for_memory(&f->rights, memory);
    enum advice advice = for_engines(f);
    bool more = !rights_perf(&f->rights) && advice_kernel_error(f);
    if (more && (advice == ADVICE_NOTHING || advice == ADVICE_KERNEL))
        return more_rights(&f->rights);
    return advice == ADVICE_NOTHING && f->node_gaps ? ADVICE_REPORT : advice;
}

void advice_line(enum advice advice, const char *program, pid_t pid, char *line,
                 size_t size)
{
    char node[16] = "PID";
    if (pid)
        snprintf(node, sizeof(node), "%d", (int)pid);
    switch (advice) {
    case ADVICE_NOTHING:
        snprintf(line, size,
                 "nothing to do: recordings are as good as they can be");
        break;
    case ADVICE_ROOT:
        snprintf(line, size, "sudo %s record -p %s", program, node);
        break;
    case ADVICE_HOST:
        snprintf(line, size,
                 "on the host: sudo cprof record -p PID (its pid "
                 "there); or start the container with --cap-add BPF --cap-add "
                 "PERFMON --cap-add SYS_PTRACE --security-opt "
                 "seccomp=unconfined");
        break;
    case ADVICE_BUILD:
        snprintf(line, size,
                 "sudo apt-get install clang libbpf-dev, then "
                 "run make in cprof's source folder");
        break;
    case ADVICE_PARANOID:
        snprintf(line, size, "sudo sysctl kernel.perf_event_paranoid=2");
        break;
    case ADVICE_LAUNCH:
        snprintf(line, size, "%s record -- COMMAND, which starts the node",
                 program);
        break;
    case ADVICE_REBOOT:
        snprintf(line, size,
                 "reboot with kernel.yama.ptrace_scope below 3 in "
                 "/etc/sysctl.d; without a reboot, level 3 cannot be lowered");
        break;
    case ADVICE_OTHER_PID:
        snprintf(line, size, "cprof --nodes, then use a pid from that list");
        break;
    case ADVICE_REPORT:
        snprintf(line, size,
                 "no command helps: cprof does not recognise all of this VM "
                 "(see above); recordings work, but lack what depends on it; "
                 "please report it");
        break;
    case ADVICE_KERNEL:
        snprintf(line, size,
                 "no command helps: the kernel, its configuration or a "
                 "security module does not allow it");
        break;
    }
}
