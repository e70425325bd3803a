/* Finds the verb of a command line, and shows what the program says about
 * itself. */
#include "cli/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/nodes.h"
#include "output/output.h"

const struct verb *const verb_all[] = {
    &verb_record, &verb_report,     &verb_diff,  &verb_top,
    &verb_dump,   &verb_snapshot,   &verb_watch, &verb_doctor,
    &verb_port,   &verb_watch_port, NULL};

/* Prints a text about the program itself. */
static int show(const struct buffer *text, FILE *to, int code)
{
    int err = buffer_status(text);
    if (err)
        return fail("help", err);
    if (to == stdout)
        err = output_write(NULL, say_waiting, text);
    else
        fwrite(text->data, 1, text->len, to);
    return err ? fail("stdout", err) : code;
}

static int complete(const char *shell, struct buffer *text)
{
    if (!shell || !help_completion(text, shell)) {
        say("--completion: choose bash or zsh");
        return EXIT_USAGE;
    }
    return show(text, stdout, EXIT_DONE);
}

static const struct verb *verb_named(const char *name)
{
    for (const struct verb *const *v = verb_all; *v; v++)
        if (strcmp((*v)->name, name) == 0)
            return *v;
    return NULL;
}

static int no_verb(const char *name)
{
    say("no verb '%s'; see `cprof --help`", name);
    return EXIT_USAGE;
}

/* As `cprof VERB --help` does, where a verb is given. */
static int help(const char *name, struct buffer *text)
{
    const struct verb *verb = name ? verb_named(name) : NULL;
    if (name && !(verb && verb->uses[0].line))
        return no_verb(name);
    if (verb)
        help_verb(text, verb);
    else
        help_program(text);
    return show(text, stdout, EXIT_DONE);
}

static bool is_help(const char *what)
{
    return strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0 ||
           strcmp(what, "help") == 0;
}

static int unexpected(const char *word)
{
    say("%s: unexpected argument; see `cprof --help`", word);
    return EXIT_USAGE;
}

/* @param next  the word after it, or NULL: none of these takes one */
static int about_program(const char *what, const char *next,
                         struct buffer *text)
{
    bool nodes = strcmp(what, "--nodes") == 0;
    bool version = strcmp(what, "--version") == 0;
    if (!nodes && !version && strcmp(what, "--man") != 0)
        return no_verb(what);
    if (next)
        return unexpected(next);
    if (nodes)
        return nodes_show();
    if (version)
        buffer_text(text, "cprof " CPROF_VERSION "\n");
    else
        help_man(text);
    return show(text, stdout, EXIT_DONE);
}

static int about(int argc, char **argv, struct buffer *text)
{
    if (argc < 2) {
        help_program(text);
        return show(text, stderr, EXIT_USAGE);
    }
    bool shell = strcmp(argv[1], "--completion") == 0;
    if (!shell && !is_help(argv[1]))
        return about_program(argv[1], argv[2], text);
    if (argc > 3)
        return unexpected(argv[3]);
    return shell ? complete(argv[2], text) : help(argv[2], text);
}

bool verb_options(const struct verb *verb, int argc, char **argv,
                  struct options *o, int *code)
{
    struct options_fault fault;
    if (options_parse(verb->options, argc, argv, o, &fault) != 0) {
        *code = usage_error(verb->name, fault.what, fault.why);
        return false;
    }
    if (!o->help)
        return true;
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    help_verb(&text, verb);
    *code = show(&text, stdout, EXIT_DONE);
    buffer_deinit(&text);
    return false;
}

int verb_output(const struct options *o)
{
    int err = output_check(o->output);
    if (err)
        return fail(o->output, err);
    if (options_unreadable(o))
        return fail_text(
            o->format->name,
            "this format is not for a terminal; give --output FILE");
    return EXIT_DONE;
}

int verb_write_processes(const struct options *o, int err,
                         const struct buffer *bytes, uint64_t processes)
{
    if (!err)
        err = output_write(o->output, say_waiting, bytes);
    if (err)
        return fail(o->output ? o->output : "stdout", err);
    if (o->output && !o->quiet)
        say("wrote %s (%" PRIu64 " processes)", o->output, processes);
    return EXIT_DONE;
}

int verbs_run(int argc, char **argv)
{
    const struct verb *verb = argc > 1 ? verb_named(argv[1]) : NULL;
    if (verb)
        return verb->run(argc - 1, argv + 1);
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    int code = about(argc, argv, &text);
    buffer_deinit(&text);
    return code;
}
