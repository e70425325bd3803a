/* cprof diff: recordings before and after a change, compared. */
#include "output/output.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "formats/diff_write.h"

struct side {
    struct profile *recordings[OPTIONS_MAX_VALUES];
    size_t count;
};

static void side_deinit(struct side *side)
{
    for (size_t i = 0; i < side->count; i++)
        profile_destroy(side->recordings[i]);
}

/* The recording, or what the filter leaves of it. */
static int read_one(const char *path, const struct filter *filter,
                    struct profile **out)
{
    struct profile *whole;
    int err = pprof_read_file(path, &whole);
    return err ? err : filter_take(whole, filter, out);
}

static bool has_work(const struct profile *p)
{
    for (size_t i = 0; i < profile_sample_count(p); i++)
        if (profile_counts(p, profile_sample_at(p, i)->state) &&
            profile_weight(p, i) > 0)
            return true;
    return false;
}

/* EXIT_DONE, or said what failed. A side without any work cannot be compared;
 * one of its recordings may be. */
static int side_read(const struct options_side *files,
                     const struct filter *filter, struct side *side)
{
    bool any = false;
    for (size_t i = 0; i < files->count; i++) {
        struct profile *p;
        int err = read_one(files->files[i], filter, &p);
        if (err)
            return fail(files->files[i], err);
        side->recordings[side->count++] = p;
        any |= has_work(p);
    }
    return any ? EXIT_DONE : fail(files->files[0], -E_EMPTY);
}

/* The one sentence, where scripts look for it. */
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
    return err ? fail(output ? output : "stdout", err) : EXIT_DONE;
}

static int compare(const struct side *base, const struct side *now,
                   const struct options *o)
{
    struct diff_options options = {.min_effect = o->min_effect};
    struct diff *d;
    int err =
        diff_create((const struct profile *const *)base->recordings,
                    base->count, (const struct profile *const *)now->recordings,
                    now->count, &options, &d);
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
    int err = output_check(o.output);
    if (err)
        return fail(o.output, err);
    const struct view view = options_view(&o);
    struct side base = {0}, now = {0};
    code = side_read(&o.base, &view.filter, &base);
    if (code == EXIT_DONE)
        code = side_read(&o.now, &view.filter, &now);
    if (code == EXIT_DONE)
        code = compare(&base, &now, &o);
    side_deinit(&base);
    side_deinit(&now);
    return code;
}

const struct verb verb_diff = {
    .name = "diff",
    .options = OPTION_DIFF,
    .run = run,
    .uses = {{"BASE NEW [--fail-above PERCENT]", "what changed"},
             {"--base FILE ... --new FILE ...", "of several recordings"}},
    .about =
        "Shows which functions now take more or less of the CPU, by how much, "
        "and how certain that is. BASE and NEW are recordings (.pb.gz) of the "
        "same work. Several recordings for each side show how much chance "
        "there is.",
    .after = "Exit status: 0 compared, 1 failed, 2 incorrect usage, 3 above "
             "the limit.",
};
