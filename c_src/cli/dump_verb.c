/* cprof dump: shows what every scheduler and process of a node is doing now. */
#include <string.h>

#include "cli/ask.h"
#include "cli/nodes.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "engine/engine.h"
#include "recorder/dump_read.h"
#include "recorder/limits.h"

static int write_result(const struct options *o, const struct dump *d)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    const struct view view = options_view(o);
    int err = o->format->write_dump(d, &view.how, &bytes);
    int code = verb_write_processes(o, err, &bytes, d->counts.seen);
    buffer_deinit(&bytes);
    return code;
}

static int run(int argc, char **argv)
{
    struct options o;
    struct dump *d;
    struct ask ask;
    int code;
    if (!verb_options(&verb_dump, argc, argv, &o, &code))
        return code;
    code = verb_output(&o);
    if (code == EXIT_DONE)
        code = nodes_choose("dump", &o);
    if (code == EXIT_DONE)
        code = ask_prepare(&ask, &o);
    if (code != EXIT_DONE)
        return code;
    limits_raise();
    bool any = strcmp(o.engine, ENGINE_AUTO) == 0;
    const struct dump_how how = {any ? NULL : o.engine, o.force};
    int err = dump_read(o.pid, &how, &d);
    if (err)
        return fail_node(o.pid, err);
    err = ask_node(&ask, o.pid, d->profile);
    code = write_result(&o, d);
    if (err)
        code = fail("--ask", err);
    dump_destroy(d);
    return code;
}

const struct verb verb_dump = {
    .name = "dump",
    .options = OPTION_DUMP,
    .run = run,
    .uses = {{"[-p PID | -n NAME] [-o FILE]",
              "what every scheduler and process does now"},
             {"[-p PID | -n NAME] --all",
              "with all groups of processes, and idle threads"}},
    .about =
        "Shows what a node does at this moment: each scheduler with the "
        "process that it runs and its whole stack; every Erlang process with "
        "its state and its stack, those that do the same together, the "
        "biggest group first; and whose answer processes wait for, "
        "through other processes, too. It reads the node's memory from outside "
        "and stops nothing, unless --engine ptrace is given.",
    .after = "The stack of a process that runs is that of its scheduler. A "
             "scheduler on a CPU is sampled, so its stack is a few "
             "milliseconds old, as its line says. Processes that changed "
             "whenever they were read are counted and left out.",
};
