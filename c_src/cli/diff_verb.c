/* cprof diff: recordings before and after a change, compared. */
#include <stdio.h>
#include <unistd.h>

#include "cli/options_diff.h"
#include "cli/options_view.h"
#include "output/output.h"
#include "cli/verbs.h"

static const char help[] =
    "cprof diff BASE NEW [-f FORMAT] [-o OUT] [--fail-above PERCENT]\n"
    "cprof diff --base FILE ... --new FILE ...\n"
    "\n"
    "Shows which functions now take more or less of the CPU, by how much, and\n"
    "how certain that is. BASE and NEW are recordings (.pb.gz) of the same\n"
    "work. Several recordings for each side show how much chance there is.\n"
    "\n"
    "  -f, --format FORMAT   text (default), html or json\n"
    "  -o, --output OUT      the output file; its extension chooses the "
    "format\n"
    "      --base FILE       a recording from before the change (repeatable)\n"
    "      --new FILE        a recording from after it (repeatable)\n"
    "      --fail-above P    exit with status 3 if a function grew by more\n"
    "                        than P percent and by more than chance\n"
    "      --min-effect P    ignore changes below P percent (default 5)\n"
    "      --top N           text: rows of the table (default 15)\n"
    "      --process P       only this Erlang process: a registered name or\n"
    "                        an initial call (repeatable)\n"
    "      --focus RE        only stacks with a matching function\n"
    "      --ignore RE       no stacks with a matching function\n"
    "      --state STATE, --scheduler N, --thread T, --from S, --to S\n"
    "                        as for `cprof report`\n"
    "\n"
    "Exit status: 0 compared, 1 failed, 2 incorrect usage, 3 above the "
    "limit.\n";

struct side {
    struct profile *recordings[OPTIONS_MAX_RECORDINGS];
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
        if (profile_sample_at(p, i)->state != STATE_SCHEDULER &&
            profile_sample_at(p, i)->count > 0)
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
static int judge(const struct diff *d, const struct options_diff *o)
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

static int show(const struct diff *d, const struct options_diff *o)
{
    const char *output = o->view.output;
    const struct format_options how = {
        .top = o->view.top, .color = !output && isatty(STDOUT_FILENO)};
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    int err = o->format->write(d, &how, &bytes);
    if (!err)
        err = output_write(output, say_waiting, &bytes);
    buffer_deinit(&bytes);
    return err ? fail(output ? output : "stdout", err) : EXIT_DONE;
}

static int compare(const struct side *base, const struct side *now,
                   const struct options_diff *o)
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

int verb_diff(int argc, char **argv)
{
    struct options_diff o;
    struct options_fault fault;
    if (options_diff_parse(argc, argv, &o, &fault) != 0)
        return usage_error("diff", fault.what, fault.why);
    if (o.view.help) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    int err = output_check(o.view.output);
    if (err)
        return fail(o.view.output, err);
    struct filter filter = options_filter(&o.view);
    struct side base = {0}, now = {0};
    int code = side_read(&o.base, &filter, &base);
    if (code == EXIT_DONE)
        code = side_read(&o.now, &filter, &now);
    if (code == EXIT_DONE)
        code = compare(&base, &now, &o);
    side_deinit(&base);
    side_deinit(&now);
    return code;
}
