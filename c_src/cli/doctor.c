/* cprof doctor: what works here, and the remedy for what does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cli/options.h"
#include "cli/target_state.h"
#include "cli/verbs.h"
#include "engine/engine.h"

static const char help[] =
    "cprof doctor [-p PID]\n"
    "\n"
    "Says which sampling engines can work here and, with a pid, what is\n"
    "known of that node; for what is missing, what to do about it.\n";

static void say(bool good, const char *what, const char *detail)
{
    printf("%-4s %-18s %s\n", good ? "ok" : "no", what, detail);
}

static void setting(const char *what, const char *path)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    if (buffer_read_file(&text, path) == 0 && text.len > 0)
        printf("     %-18s %.*s\n", what, (int)strcspn((char *)text.data, "\n"),
               (char *)text.data);
    else
        printf("     %-18s not there\n", what);
    buffer_deinit(&text);
}

/* Without a pid the engines are tried on this program itself. */
static bool check_engines(pid_t pid)
{
    bool any = false;
    for (const struct engine_ops *const *e = engine_all; *e; e++) {
        int err = (*e)->probe(pid);
        char what[32];
        snprintf(what, sizeof(what), "engine %s", (*e)->name);
        say(!err, what, err ? err_text(err) : "works");
        any |= !err;
    }
    return any;
}

static void describe_node(const struct target_state *t)
{
    char line[512];
    say(true, "Erlang VM", t->process.exe);
    size_t functions = 0;
    for (size_t i = 0; i < jit_module_count(t->jit); i++)
        functions += jit_module(t->jit, i)->function_count;
    snprintf(line, sizeof(line), "%zu modules, %zu functions%s",
             jit_module_count(t->jit), functions,
             jit_frame_pointers(t->jit) ? ", frame pointers" : "");
    say(true, "JIT code list", line);
    snprintf(line, sizeof(line), "%zu of them known inside the VM, %zu threads",
             t->layout.scheduler_count, t->threads.count);
    say(t->layout.scheduler_count > 0, "schedulers", line);
    layout_missing(&t->layout, line, sizeof(line));
    say(!line[0], "VM layout",
        line[0] ? line : "every field was found and checks out");
}

static bool check_node(pid_t pid)
{
    struct target_state t;
    char what[32];
    snprintf(what, sizeof(what), "pid %d", pid);
    int err = target_state_open(&t, pid);
    if (err) {
        say(false, what, err_text(err));
        return false;
    }
    describe_node(&t);
    target_state_close(&t);
    return true;
}

int verb_doctor(int argc, char **argv)
{
    struct options o;
    struct options_fault fault;
    if (options_parse_doctor(argc, argv, &o, &fault) != 0)
        return usage_error("doctor", fault.what, fault.why);
    if (o.help) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    bool good = check_engines(o.pid ? o.pid : getpid());
    if (o.pid)
        good &= check_node(o.pid);
    printf("     %-18s %u\n", "running as uid", (unsigned)geteuid());
    setting("perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid");
    setting("ptrace_scope (Yama)", "/proc/sys/kernel/yama/ptrace_scope");
    return good ? EXIT_DONE : EXIT_FAILED;
}
