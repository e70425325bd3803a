/* cprof diff: compares recordings from before and after a change. */
#include "base/clock.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "formats/diff_recordings.h"
#include "formats/diff_write.h"
#include "formats/value.h"
#include "output/output.h"

/* Why a side has no work. */
static int fail_empty(const struct options_side *files, uint64_t from_ns,
                      const struct diff_recordings *side)
{
    if (!side->longest_ns || from_ns < side->longest_ns)
        return fail(files->files[0], -E_EMPTY);
    say("%s: --from %g is after the end: %s %.2f s long", files->files[0],
        (double)from_ns / NS_PER_S,
        files->count == 1 ? "the recording is"
                          : "the longest recording of this side is",
        (double)side->longest_ns / NS_PER_S);
    return EXIT_FAILED;
}

/* Returns EXIT_DONE, or prints what failed. A side must have some work; a
 * single recording of it may have none. */
static int side_read(const struct options_side *files,
                     const struct filter *filter, struct diff_recordings *side)
{
    for (size_t i = 0; i < files->count; i++) {
        int err = diff_recordings_add_file(side, files->files[i], filter);
        if (err)
            return fail(files->files[i], err);
    }
    return diff_recordings_have_work(side)
               ? EXIT_DONE
               : fail_empty(files, filter->from_ns, side);
}

/* Prints one sentence, on stderr, if the limit was exceeded. */
static int judge(const struct diff *d, const struct options *o)
{
    if (!o->has_limit || !diff_grew_above(d, o->limit))
        return EXIT_DONE;
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    diff_sentence_add(&b, d, diff_above(d, o->limit));
    say("above the limit of %g %%: %.*s", o->limit, (int)b.len,
        (const char *)b.data);
    buffer_deinit(&b);
    return EXIT_ABOVE;
}

/* "wrote diff.json (1,318 samples before, 1,402 samples after)" */
static void say_written(const char *output, const struct diff *d)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    value_say(&line, diff_profile(d), diff_base_counted(d));
    buffer_text(&line, " before, ");
    value_say(&line, diff_profile(d), diff_now_counted(d));
    say("wrote %s (%.*s after)", output, (int)line.len,
        (const char *)line.data);
    buffer_deinit(&line);
}

static int show(const struct diff *d, const struct options *o)
{
    const char *output = o->output;
    const struct view view = options_view(o);
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    int err = o->format->write_diff(d, &view.how, &bytes);
    if (!err)
        err = output_write(output, say_waiting, &bytes);
    buffer_deinit(&bytes);
    if (err)
        return fail(output ? output : "stdout", err);
    if (output && !o->quiet)
        say_written(output, d);
    return EXIT_DONE;
}

static int compare(const struct diff_recordings *base,
                   const struct diff_recordings *now, const struct options *o)
{
    struct diff_options options = {.min_effect = o->min_effect};
    struct diff *d;
    int err = diff_recordings_compare(base, now, &options, &d);
    if (err)
        return fail("diff", err);
    int code = show(d, o);
    if (code == EXIT_DONE)
        code = judge(d, o);
    diff_destroy(d);
    return code;
}

static int run(int argc, char **argv)
{
    struct options o;
    int code;
    if (!verb_options(&verb_diff, argc, argv, &o, &code))
        return code;
    code = verb_output(&o);
    if (code != EXIT_DONE)
        return code;
    const struct view view = options_view(&o);
    struct diff_recordings base = {0}, now = {0};
    code = side_read(&o.base, &view.filter, &base);
    if (code == EXIT_DONE)
        code = side_read(&o.now, &view.filter, &now);
    if (code == EXIT_DONE)
        code = compare(&base, &now, &o);
    diff_recordings_deinit(&base);
    diff_recordings_deinit(&now);
    return code;
}

const struct verb verb_diff = {
    .name = "diff",
    .options = OPTION_DIFF,
    .run = run,
    .uses = {{"BASE NEW [--fail-above PERCENT]", "what changed"},
             {"--base FILE ... --new FILE ...",
              "what changed, by several recordings"}},
    .about =
        "Shows which functions now take more or less of the CPU, or of what is "
        "allocated (--event alloc), by how much, and how certain that is. BASE "
        "and NEW are recordings (.pb.gz) of the same work. Several recordings "
        "on each side also show how much recordings of the same work differ.",
    .after = "Exit status: 0 compared, 1 failed, 2 incorrect usage, 3 above "
             "the limit.",
};
