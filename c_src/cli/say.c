#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/utf8.h"
#include "cli/verbs.h"

enum { LINE_MAX_BYTES = 1 << 20 };

/* Appends a line in the form of utf8_show, because it may quote any names. */
static void add_line(struct buffer *out, const char *format, va_list args)
{
    char *line;
    int len = vasprintf(&line, format, args);
    if (len < 0) {
        out->failed = true;
        return;
    }
    utf8_show(out, line, (size_t)len);
    buffer_text(out, "\n");
    free(line);
}

/* Written in one piece, so that lines of the node on the same terminal do not
 * mix with it. */
void say(const char *format, ...)
{
    struct buffer line;
    va_list args;
    buffer_init(&line, LINE_MAX_BYTES);
    buffer_text(&line, "cprof: ");
    va_start(args, format);
    add_line(&line, format, args);
    va_end(args);
    if (buffer_status(&line) == 0)
        fwrite(line.data, 1, line.len, stderr);
    else
        fputs("cprof: not enough memory to say what is wrong\n", stderr);
    buffer_deinit(&line);
}

void say_waiting(const char *path)
{
    say("%s: waiting for a reader of this pipe; Ctrl-C gives up", path);
}

/* An argument may be empty. */
static const char *visible(const char *what)
{
    return *what ? what : "''";
}

int fail_text(const char *what, const char *why)
{
    say("%s: %s", visible(what), why);
    return EXIT_FAILED;
}

int fail(const char *what, int code)
{
    return fail_text(what, err_text(code));
}

int fail_node(pid_t pid, int code)
{
    char what[32], why[128];
    snprintf(what, sizeof(what), "pid %d", (int)pid);
    if (code != -E_LAYOUT)
        return fail(what, code);
    snprintf(why, sizeof(why),
             "the process table of this VM was not recognised; `cprof doctor "
             "-p %d` says what is missing",
             (int)pid);
    return fail_text(what, why);
}

int usage_error(const char *verb, const char *what, const char *why)
{
    bool asks = *why && why[strlen(why) - 1] == '?';
    say("%s: %s%s `cprof %s --help`", visible(what), why,
        asks ? " See" : "; see", verb);
    return EXIT_USAGE;
}
