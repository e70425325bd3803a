/* cprof report: reads a recording and shows it in any format. */
#include <inttypes.h>

#include "cli/options.h"
#include "cli/verbs.h"
#include "output/output.h"

/* Of the events that are shown. */
static uint64_t samples_of(const struct profile *p, unsigned events)
{
    uint64_t sum = 0;
    for (; p; p = profile_next(p))
        if (!events || events & EVENT_SET(profile_event(p)))
            sum += profile_counters(p)->samples;
    return sum;
}

static bool is_part(const struct view *view)
{
    struct filter rest = view->filter;
    rest.events = 0;
    return !filter_is_empty(&rest);
}

static int run(int argc, char **argv)
{
    struct options o;
    int code;
    if (!verb_options(&verb_report, argc, argv, &o, &code))
        return code;
    code = verb_output(&o);
    if (code != EXIT_DONE)
        return code;
    struct profile *p;
    int err = pprof_read_file(o.input, &p);
    if (err)
        return fail(o.input, err);
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    const struct view view = options_view(&o);
    err = view_render(p, &view, &bytes);
    uint64_t samples = samples_of(p, o.events);
    profile_destroy(p);
    const char *what = options_at_fault(&o, err, o.input);
    if (!err) {
        what = o.output ? o.output : "stdout";
        err = output_write(o.output, say_waiting, &bytes);
    }
    buffer_deinit(&bytes);
    if (err)
        return fail(what, err);
    if (o.output && !o.quiet)
        say("wrote %s (%s%" PRIu64 " samples)", o.output,
            is_part(&view) ? "part of " : "", samples);
    return EXIT_DONE;
}

const struct verb verb_report = {
    .name = "report",
    .options = OPTION_REPORT,
    .run = run,
    .uses = {{"FILE [-f FORMAT] [-o OUT]", "show a recording"}},
    .about = "Shows a recording (the .pb.gz that `cprof record -o` wrote, or "
             "any pprof file).",
};
