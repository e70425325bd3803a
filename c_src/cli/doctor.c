/* cprof doctor: shows what works here, and what to do about the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "cli/advice.h"
#include "cli/limits_advice.h"
#include "cli/nodes.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "engine/engine.h"
#include "recorder/limits.h"
#include "recorder/target_state.h"

/* A detail may quote text that another process chose, such as its path. */
static void row(const char *mark, const char *what, const char *detail)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, detail, strlen(detail));
    if (buffer_status(&shown) == 0)
        printf("%-4s %-19s %.*s\n", mark, what, (int)shown.len,
               shown.data ? (const char *)shown.data : "");
    buffer_deinit(&shown);
}

static void judge(int err, const char *what, const char *good)
{
    row(err ? "no" : "ok", what, err ? err_text(err) : good);
}

/* --- what works ---------------------------------------------------------- */

/* Without a pid the engines are tried on this program itself. */
static void try_all(pid_t pid, struct advice_facts *f)
{
    enum { MAX = sizeof(f->engines) / sizeof(f->engines[0]) };
    *f = (struct advice_facts){.node_given = pid != 0};
    rights_read(pid, &f->rights);
    for (size_t i = 0; engine_all[i] && i < MAX; i++) {
        const struct engine_ops *ops = engine_all[i];
        int err = ops->probe(pid ? pid : getpid());
        f->engines[f->engine_count++] = (struct advice_engine){
            .name = ops->name,
            .opt_in = ops->opt_in,
            .built = ops->open != NULL,
            .err = ops->open ? rights_explain(&f->rights, err) : err,
        };
    }
}

static const char *how_it_works(const struct advice_engine *e)
{
    if (e->opt_in)
        return "works; it stops the node's threads, so only --engine selects "
               "it";
    return strcmp(e->name, "bpf") == 0 ? "works; every stack is exact"
                                       : "works; below C code, Erlang stacks "
                                         "are read just after the sample";
}

static void say_engines(const struct advice_facts *f)
{
    for (size_t i = 0; i < f->engine_count; i++) {
        const struct advice_engine *e = &f->engines[i];
        char what[32];
        snprintf(what, sizeof(what), "engine %s", e->name);
        judge(e->err, what, how_it_works(e));
    }
}

/* The only event that needs more than an engine for CPU time. */
static void say_alloc(const struct advice_facts *f)
{
    int err = engine_alloc.probe(getpid());
    judge(
        rights_explain(&f->rights, err), "event alloc",
        "works, by breakpoints of the CPUs, which change nothing in the node");
}

static void say_memory(const struct advice_facts *f)
{
    static const char *const which[] = {
        [ADVICE_ALL_NODES] = "of all nodes can be read",
        [ADVICE_OWN_NODES] =
            "of this user's nodes can be read; root can read all",
        [ADVICE_STARTED_NODES] = "can be read only of nodes that `cprof record "
                                 "-- COMMAND` starts (Yama)",
        [ADVICE_NO_NODES] = "cannot be read of any node",
    };
    int err = advice_memory_error(f);
    const char *text = f->node_given ? "can be read" : which[advice_memory(f)];
    if (err && f->rights.yama == 3)
        row("no", "memory",
            "Yama forbids everyone to read it (ptrace_scope 3)");
    else if (err && !f->node_given && advice_memory(f) == ADVICE_STARTED_NODES)
        row("no", "memory", text);
    else
        judge(err, "memory", text);
}

static void say_kernel(const struct advice_facts *f)
{
    int err = advice_kernel_error(f);
    if (err == -E_PERF_PARANOID && f->rights.perf_user == 0)
        row("no", "time in the kernel",
            "not sampled; run as root, or run `sudo sysctl "
            "kernel.perf_event_paranoid=1`");
    else
        judge(err, "time in the kernel", "is sampled as well");
}

/* --- the node ------------------------------------------------------------ */

/* False: some schedulers are not known. */
static bool say_schedulers(const struct target_state *t)
{
    size_t
        known = 0,
        all,
        of[] = {
            [THREAD_NORMAL] = 0, [THREAD_DIRTY_CPU] = 0, [THREAD_DIRTY_IO] = 0};
    char line[128];
    for (size_t i = 0; i < t->threads.count; i++) {
        const struct thread *thread = &t->threads.list[i];
        if (thread->kind > THREAD_DIRTY_IO)
            continue;
        of[thread->kind]++;
        known += layout_scheduler(&t->layout, thread->tid) != NULL;
    }
    all = of[THREAD_NORMAL] + of[THREAD_DIRTY_CPU] + of[THREAD_DIRTY_IO];
    snprintf(line, sizeof(line),
             "%zu of %zu known: %zu normal, %zu dirty CPU, %zu dirty IO", known,
             all, of[THREAD_NORMAL], of[THREAD_DIRTY_CPU], of[THREAD_DIRTY_IO]);
    row(known == all ? "ok" : "no", "schedulers", line);
    return known == all;
}

/* What --event alloc needs to know. */
static void describe_collector(struct target_state *t)
{
    struct collector collector;
    int err = target_state_collector(t, &collector);
    judge(err, "garbage collector", "recognised, for --event alloc");
}

/* False: a part of the VM was not recognised. */
static bool describe_node(struct target_state *t)
{
    char line[512];
    row("ok", "Erlang VM", t->process.exe);
    size_t functions = 0;
    for (size_t i = 0; i < jit_module_count(t->jit); i++)
        functions += jit_module(t->jit, i)->function_count;
    snprintf(line, sizeof(line), "%zu modules, %zu functions%s",
             jit_module_count(t->jit), functions,
             jit_frame_pointers(t->jit) ? ", frame pointers" : "");
    row("ok", "JIT code list", line);
    bool whole = say_schedulers(t);
    char missing[400];
    layout_missing(&t->layout, missing, sizeof(missing));
    snprintf(line, sizeof(line), "not found: %s", missing);
    row(missing[0] ? "no" : "ok", "VM layout",
        missing[0] ? line : "every field was found and verified");
    describe_collector(t);
    return whole && !missing[0];
}

static int check_node(struct advice_facts *f, pid_t pid)
{
    struct target_state t;
    char what[32];
    snprintf(what, sizeof(what), "pid %d", pid);
    int err = target_state_open(&t, pid, NULL);
    if (err) {
        err = rights_explain(&f->rights, err);
        row("no", what, err_text(err));
        return err;
    }
    f->node_gaps = !describe_node(&t);
    target_state_close(&t);
    return 0;
}

/* With a pid, also shows the threads of the node. */
static void say_limits(const struct advice_facts *f, pid_t pid)
{
    static const struct {
        const char *what;
        bool (*judge)(const struct limits_advice *l,
                      char text[LIMITS_ADVICE_TEXT]);
    } rows[] = {{"descriptors", limits_advice_descriptors},
                {"locked memory", limits_advice_locked},
                {"process slots", limits_advice_processes},
                {"threads", limits_advice_threads}};
    const struct advice_engine *taken = advice_engine_taken(f);
    struct limits_advice l = {.each_thread =
                                  taken && strcmp(taken->name, "perf") == 0};
    struct threads threads;
    char text[LIMITS_ADVICE_TEXT];
    if (pid && threads_read(pid, &threads) == 0) {
        l.threads = threads.count;
        threads_deinit(&threads);
    }
    limits_advice_read(f->rights.caps, &l);
    for (size_t i = 0; i < (l.threads ? 4 : 3); i++) {
        bool good = rows[i].judge(&l, text);
        row(good ? "ok" : "no", rows[i].what, text);
    }
}

/* The user gave no node, so facts about the only node do not decide whether
 * recordings work. */
static void look_for_nodes(const struct advice_facts *f)
{
    struct advice_facts of_node = *f;
    int only = nodes_print();
    if (only > 0)
        (void)check_node(&of_node, (pid_t)only);
    else if (only < 0)
        row("no", "nodes", err_text(only));
}

/* --- facts and advice ----------------------------------------------------- */

static void say_setting(const char *what, int value)
{
    char text[16] = "not available";
    if (value != RIGHTS_UNKNOWN)
        snprintf(text, sizeof(text), "%d", value);
    row("", what, text);
}

static void say_facts(const struct rights *r)
{
    char line[128];
    snprintf(line, sizeof(line), "%u%s%s%s", (unsigned)r->uid,
             r->namespaced ? ", in a user namespace" : "",
             r->seccomp ? ", under a seccomp filter" : "",
             r->no_new_privs ? ", no_new_privs: sudo has no effect" : "");
    row("", "running as uid", line);
    say_setting("perf_event_paranoid", r->paranoid);
    say_setting("ptrace_scope (Yama)", r->yama);
}

static void program_path(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    if (len < 0)
        snprintf(path, size, "cprof");
    else
        path[len] = '\0';
}

static void say_advice(const struct advice_facts *f, pid_t pid)
{
    char path[1024], line[1400];
    const struct advice_engine *taken = advice_engine_taken(f);
    if (!advice_can_record(f))
        snprintf(line, sizeof(line), "no recording is possible");
    else if (!taken)
        snprintf(line, sizeof(line),
                 "no engine is used by default; name one with --engine");
    else
        snprintf(line, sizeof(line), "`cprof record` uses engine %s",
                 taken->name);
    row("now", "", line);
    program_path(path, sizeof(path));
    advice_line(advice_choose(f), path, pid, line, sizeof(line));
    row("best", "", line);
}

static int run(int argc, char **argv)
{
    struct options o;
    int code;
    if (!verb_options(&verb_doctor, argc, argv, &o, &code))
        return code;
    struct advice_facts facts;
    if (o.node && (code = nodes_choose("doctor", &o)) != EXIT_DONE)
        return code;
    limits_raise();
    try_all(o.pid, &facts);
    say_engines(&facts);
    say_alloc(&facts);
    say_memory(&facts);
    say_kernel(&facts);
    say_limits(&facts, o.pid);
    if (o.pid)
        facts.node_err = check_node(&facts, o.pid);
    else
        look_for_nodes(&facts);
    say_facts(&facts.rights);
    say_advice(&facts, o.pid);
    return advice_can_record(&facts) ? EXIT_DONE : EXIT_FAILED;
}

const struct verb verb_doctor = {
    .name = "doctor",
    .options = OPTION_DOCTOR,
    .run = run,
    .uses = {{"[-p PID | -n NAME]", "what works here"}},
    .about = "Shows which sampling engines work here and, with a pid, what is "
             "known about that node; why the rest does not work; and the one "
             "step that would help most.",
    .after = "Exit status 0: a recording is possible.",
};
