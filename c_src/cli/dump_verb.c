/* cprof dump: shows what every process of a node is doing now. */
#include "cli/nodes.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "recorder/dump_read.h"

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
    int code;
    if (!verb_options(&verb_dump, argc, argv, &o, &code))
        return code;
    code = verb_output(&o);
    if (code == EXIT_DONE)
        code = nodes_choose("dump", &o);
    if (code != EXIT_DONE)
        return code;
    int err = dump_read(o.pid, &d);
    if (err)
        return fail_node(o.pid, err);
    code = write_result(&o, d);
    dump_destroy(d);
    return code;
}

const struct verb verb_dump = {
    .name = "dump",
    .options = OPTION_DUMP,
    .run = run,
    .uses = {{"[-p PID | -n NAME] [-o FILE]", "what every process does now"}},
    .about =
        "Shows what every Erlang process of a node does at this moment: "
        "its state and its stack, those that do the same together, the "
        "biggest group first; and whose answer processes wait for, "
        "through other processes, too. It reads the node's memory from outside "
        "and stops nothing.",
    .after = "Processes that run at that moment are shown without a stack: "
             "what is in memory is from before their turn. Those that changed "
             "whenever they were read are counted and left out.",
};
