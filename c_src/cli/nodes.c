#include "cli/nodes.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/verbs.h"
#include "target/beams.h"

enum { NAME_WIDTH = 30, RUNS_WIDTH = 22, TEXT = 64 };

/* --- one line per node ---------------------------------------------------- */

/* Uses fgetpwent, because a static program cannot use the name service. */
static void user_text(uid_t uid, char text[TEXT])
{
    FILE *file = fopen("/etc/passwd", "re");
    snprintf(text, TEXT, "%u", (unsigned)uid);
    for (struct passwd *p; file && (p = fgetpwent(file));)
        if (p->pw_uid == uid) {
            snprintf(text, TEXT, "%s", p->pw_name);
            break;
        }
    if (file)
        fclose(file);
}

/* In the largest unit that gives at least 2. */
static void uptime_text(uint64_t seconds, char text[TEXT])
{
    static const struct {
        const char *unit;
        uint64_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t i = 0;
    while (i < 3 && seconds < 2 * units[i].seconds)
        i++;
    snprintf(text, TEXT, "%" PRIu64 " %s", seconds / units[i].seconds,
             units[i].unit);
}

/* Prints a name that somebody else chose, padded. */
static void cell(FILE *to, const char *text, int width)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, text, strlen(text));
    int used = (int)utf8_shown_length(text, strlen(text));
    if (buffer_status(&shown) == 0)
        fprintf(to, "  %.*s%*s", (int)shown.len,
                shown.data ? (const char *)shown.data : "",
                used < width ? width - used : 0, "");
    buffer_deinit(&shown);
}

static void print_beam(FILE *to, const struct beam *b)
{
    char release[TEXT] = "?", uptime[TEXT], user[TEXT];
    if (b->release)
        snprintf(release, sizeof(release), "%d", b->release);
    uptime_text(b->uptime_s, uptime);
    user_text(b->process.uid, user);
    fprintf(to, "%7d", (int)b->process.pid);
    cell(to, b->process.node[0] ? b->process.node : "-", NAME_WIDTH);
    cell(to, b->runs[0] ? b->runs : "-", RUNS_WIDTH);
    cell(to, release, 3);
    cell(to, uptime, 7);
    cell(to, user, 0);
    fprintf(to, "\n");
}

static void print_first(FILE *to, const struct beams *b, size_t n)
{
    if (n)
        fprintf(to, "%7s  %-*s  %-*s  %-3s  %-7s  %s\n", "PID", NAME_WIDTH,
                "NODE", RUNS_WIDTH, "RUNS", "OTP", "UP FOR", "USER");
    for (size_t i = 0; i < n; i++)
        print_beam(to, &b->list[i]);
}

int nodes_print(void)
{
    struct beams all;
    int err = beams_list(&all);
    if (err)
        return err;
    print_first(stdout, &all, all.count);
    int only = all.count == 1 ? all.list[0].process.pid : 0;
    beams_deinit(&all);
    return only;
}

static int say_none(const char *verb, const struct beams *b)
{
    char why[320], hidden[128] = "";
    if (b->hidden)
        snprintf(hidden, sizeof(hidden),
                 "; %zu processes of other users cannot be read", b->hidden);
    snprintf(why, sizeof(why),
             "no Erlang node is running here: none of %zu processes in /proc "
             "is a VM (beam.smp)%s%s",
             b->looked_at, hidden,
             geteuid() == 0 ? "" : "; use sudo for nodes of other users");
    return fail_text(verb, why);
}

int nodes_show(void)
{
    struct beams all;
    int err = beams_list(&all), code = EXIT_DONE;
    if (err)
        return fail("/proc", err);
    if (all.count)
        print_first(stdout, &all, all.count);
    else
        code = say_none("--nodes", &all);
    beams_deinit(&all);
    return code;
}

/* --- which one ------------------------------------------------------------ */

/* Moves the nodes with this name to the front. Returns their number. */
static size_t named_first(struct beams *b, const char *name)
{
    char host[256] = "";
    size_t named = 0;
    gethostname(host, sizeof(host) - 1);
    for (size_t i = 0; i < b->count; i++) {
        struct beam one = b->list[i];
        if (!beams_is_named(one.process.node, host, name))
            continue;
        b->list[i] = b->list[named];
        b->list[named++] = one;
    }
    return named;
}

static int say_several(const char *verb, const struct beams *b, size_t n,
                       bool named)
{
    print_first(stderr, b, n);
    return usage_error(verb, verb,
                       named ? "several nodes have that name; choose one with "
                               "-p PID"
                             : "several nodes run here; choose one with -p PID "
                               "or -n NAME");
}

static int take(const char *verb, const struct beams *b, struct options *o)
{
    const struct process *p = &b->list[0].process;
    o->pid = p->pid;
    if (!o->quiet)
        say("%s: pid %d%s%s%s", verb, (int)p->pid, p->node[0] ? ", " : "",
            p->node, o->node ? "" : ", the only Erlang node here");
    return EXIT_DONE;
}

/* A node may have got its name after its start; then only the node knows it. */
static int say_unknown(const char *name, const struct beams *b)
{
    print_first(stderr, b, b->count);
    return fail_text(name, "no node was started with that name (-name or "
                           "-sname); use -p PID");
}

int nodes_find(const char *name, size_t *named)
{
    struct beams b;
    int err = beams_list(&b);
    if (err)
        return err;
    *named = named_first(&b, name);
    int pid = *named == 1 ? b.list[0].process.pid : 0;
    beams_deinit(&b);
    return pid;
}

void nodes_show_named(const char *name)
{
    struct beams b;
    if (beams_list(&b) != 0)
        return;
    print_first(stderr, &b, named_first(&b, name));
    beams_deinit(&b);
}

int nodes_choose(const char *verb, struct options *o)
{
    struct beams b;
    if (o->pid)
        return EXIT_DONE;
    int err = beams_list(&b);
    if (err)
        return fail("/proc", err);
    size_t fit = o->node ? named_first(&b, o->node) : b.count;
    int code = fit == 1  ? take(verb, &b, o)
               : fit     ? say_several(verb, &b, fit, o->node)
               : b.count ? say_unknown(o->node, &b)
                         : say_none(verb, &b);
    beams_deinit(&b);
    return code;
}
