#include "cli/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cli/verbs.h"
#include "port/cnode.h"
#include "port/cnode_epmd.h"
#include "target/beams.h"
#include "target/process.h"

enum { NAME = 256, FIRST_WITH_LABELS = 27 };

/* --- which node ----------------------------------------------------------- */

/* A node may have got its name after its start; then only the user knows it. */
static const char *name_of(const struct options *o, const struct process *node)
{
    return node->node[0] ? node->node : o->node;
}

/* -p and -n together are for a node that has got its name since. */
static int refuse_other_name(const struct options *o,
                             const struct process *node)
{
    char host[NAME] = "", why[2 * NAME];
    gethostname(host, sizeof(host) - 1);
    if (!o->node || !node->node[0] || beams_is_named(node->node, host, o->node))
        return EXIT_DONE;
    snprintf(why, sizeof(why),
             "pid %d was started as %.200s; give -p or -n, not both",
             (int)node->pid, node->node);
    return fail_text(o->node, why);
}

int ask_prepare(struct ask *a, const struct options *o)
{
    struct process node = {.uid = geteuid()};
    a->options = o;
    if (!o->ask)
        return EXIT_DONE;
    if (o->pid) {
        int err = process_open(o->pid, &node);
        if (err)
            return fail_node(o->pid, err);
        if (!name_of(o, &node))
            return fail_text("--ask", "this node was started without a name "
                                      "(-name or -sname); if it has one now, "
                                      "give it with -p PID -n NAME");
        int code = refuse_other_name(o, &node);
        if (code != EXIT_DONE)
            return code;
    }
    return cookie_read(o->cookie_file, node.uid, a->cookie);
}

/* "shop@host" is alive@host. Without a host it is the short name of this
 * machine, in which no part after a dot is used. */
static void split_name(const char *name, char alive[NAME], char host[NAME])
{
    size_t len = strcspn(name, "@");
    snprintf(alive, NAME, "%.*s", (int)len, name);
    if (name[len]) {
        snprintf(host, NAME, "%s", name + len + 1);
        return;
    }
    if (gethostname(host, NAME) != 0)
        host[0] = '\0';
    host[NAME - 1] = '\0';
    host[strcspn(host, ".")] = '\0';
}

/* By the environment that the node was started in. */
static uint16_t epmd_of(const struct process *node)
{
    struct buffer value;
    long port = 0;
    buffer_init(&value, 64);
    if (process_environ(node, "ERL_EPMD_PORT", &value) == 0) {
        buffer_add(&value, "", 1);
        port = buffer_status(&value) ? 0 : atol((const char *)value.data);
    }
    buffer_deinit(&value);
    return port > 0 && port <= UINT16_MAX ? (uint16_t)port : CNODE_EPMD_PORT;
}

/* --- what came of it ------------------------------------------------------ */

static int note(struct profile *p, const char *line)
{
    int err = 0;
    for (; p && !err; p = profile_next_edit(p))
        err = profile_note(p, line);
    return err;
}

static int note_failure(struct profile *p, const char *name, const char *why,
                        const struct cnode_result *r)
{
    char line[400];
    snprintf(line, sizeof(line),
             "--ask: %s: %s; %s names that only the node knows are missing",
             name, why, r->processes ? "some" : "the");
    say("%s", line);
    return note(p, line);
}

static int note_success(const struct options *o, struct profile *p,
                        const char *name, const struct cnode_result *r)
{
    char line[160];
    if (!o->quiet && r->processes)
        say("asked %s about %" PRIu64 " processes", name, r->processes);
    if (r->left_out == 0)
        return 0;
    snprintf(line, sizeof(line),
             "--ask: %" PRIu64 " more processes lack the names that only the "
             "node knows, because it is not asked about that many",
             r->left_out);
    return note(p, line);
}

/* --- all of it ------------------------------------------------------------ */

static int ask_named(const struct ask *a, const struct process *node,
                     const char *name, struct profile *p)
{
    char alive[NAME], host[NAME];
    struct cnode_result result;
    split_name(name, alive, host);
    const struct cnode_options how = {
        .alive = alive,
        .host = host,
        .cookie = a->cookie,
        .epmd = epmd_of(node),
        .pid = node->inner_pid,
        .labels =
            atoi(profile_text(p, profile_meta(p)->otp)) >= FIRST_WITH_LABELS};
    int err = cnode_describe(&how, p, &result);
    return err ? note_failure(p, name, err_text(err), &result)
               : note_success(a->options, p, name, &result);
}

int ask_node(const struct ask *a, pid_t pid, struct profile *p)
{
    static const struct cnode_result nothing;
    struct process node;
    char what[32];
    if (!a->options->ask)
        return 0;
    snprintf(what, sizeof(what), "pid %d", (int)pid);
    int err = process_open(pid, &node);
    if (err)
        return note_failure(p, what, err_text(err), &nothing);
    const char *name = name_of(a->options, &node);
    return name ? ask_named(a, &node, name, p)
                : note_failure(p, what, "it was started without a name",
                               &nothing);
}
