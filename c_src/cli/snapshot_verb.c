/* cprof snapshot: shows the figures of a node. */
#include "cli/ask.h"
#include "cli/nodes.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "recorder/snapshot_read.h"

static int write_result(const struct options *o, const struct snapshot *s)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    const struct view view = options_view(o);
    int err = o->format->write_snapshot(s, &view.how, &bytes);
    int code = verb_write_processes(o, err, &bytes, s->sums.count);
    buffer_deinit(&bytes);
    return code;
}

static int run(int argc, char **argv)
{
    struct options o;
    struct snapshot *s;
    struct ask ask;
    int code;
    if (!verb_options(&verb_snapshot, argc, argv, &o, &code))
        return code;
    code = verb_output(&o);
    if (code == EXIT_DONE)
        code = nodes_choose("snapshot", &o);
    if (code == EXIT_DONE)
        code = ask_prepare(&ask, &o);
    if (code != EXIT_DONE)
        return code;
    int err = snapshot_read(o.pid, o.top, &s);
    if (err)
        return fail_node(o.pid, err);
    err = ask_node(&ask, o.pid, s->dump->profile);
    code = write_result(&o, s);
    if (err)
        code = fail("--ask", err);
    snapshot_destroy(s);
    return code;
}

const struct verb verb_snapshot = {
    .name = "snapshot",
    .options = OPTION_SNAPSHOT,
    .run = run,
    .uses = {{"[-p PID | -n NAME] [-o FILE]",
              "the figures of a node and its processes"}},
    .about =
        "Shows the figures of a node at this moment: the states of its "
        "processes, which of them do most, have the longest mailboxes, the "
        "largest heaps and most binaries, where processes wait and for whom, "
        "and what its schedulers use of the CPUs. It reads the node's memory "
        "from outside, twice, a second apart, and stops nothing.",
    .after = "The lines at the end say what only the node itself knows; "
             "`Cprof.snapshot()` and `cprof_nif:print_snapshot()` show that.",
};
