/* cprof report: a recording read back and shown in any format. */
#include <stdio.h>

#include "cli/options.h"
#include "cli/options_view.h"
#include "output/output.h"
#include "cli/verbs.h"

static const char help[] =
    "cprof report FILE [-f FORMAT] [-o OUT]\n"
    "\n"
    "Shows a recording (the .pb.gz that `cprof record -o` wrote, or any\n"
    "pprof file).\n"
    "\n"
    "  -f, --format FORMAT   text (default), html, json, collapsed,\n"
    "                        speedscope or pprof\n"
    "  -o, --output OUT      the output file; its extension chooses the "
    "format\n"
    "      --process P       only this Erlang process: <0.90.0>, a registered\n"
    "                        name or an initial call "
    "(repeatable)\n" OPTIONS_VIEW_HELP;

int verb_report(int argc, char **argv)
{
    struct options o;
    struct options_fault fault;
    if (options_parse_report(argc, argv, &o, &fault) != 0)
        return usage_error("report", fault.what, fault.why);
    if (o.help) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    int err = output_check(o.output);
    if (err)
        return fail(o.output, err);
    if (options_view_unreadable(&o))
        return fail_text(
            o.format->name,
            "this format is not for a terminal; give --output OUT");
    struct profile *p;
    err = pprof_read_file(o.input, &p);
    if (err)
        return fail(o.input, err);
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    const struct view view = options_view(&o);
    err = view_render(p, &view, &bytes);
    profile_destroy(p);
    const char *what = o.input;
    if (!err) {
        what = o.output ? o.output : "stdout";
        err = output_write(o.output, say_waiting, &bytes);
    }
    buffer_deinit(&bytes);
    return err ? fail(what, err) : EXIT_DONE;
}
