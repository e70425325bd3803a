/* cprof top: shows a node on the screen, again and again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/nodes.h"
#include "cli/options.h"
#include "cli/top_layout.h"
#include "cli/top_screen.h"
#include "cli/verbs.h"
#include "engine/engine.h"
#include "recorder/limits.h"
#include "recorder/live.h"

enum {
    STEP_MS = 50, /* keys wait no longer than that */
    PLAIN_WIDTH = 100,
    PLAIN_HEIGHT = 36,
};

static volatile sig_atomic_t stopped;

/* The loop ends, and the terminal is given back. */
static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void handle_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
}

struct top {
    struct live *live;
    const struct moment *moment;
    struct top_view view;
    bool screen;
    uint64_t end_ns; /* UINT64_MAX: none */
    bool unwritten;  /* stdout takes no more */
};

/* --- what is shown -------------------------------------------------------- */

/* Written in one piece, so that a reader gets whole blocks. The error is told
 * at the end of the verb, so main need not tell it again. */
static int print(struct top *t, const struct top_page *page)
{
    fwrite(page->text.data, 1, page->text.len, stdout);
    int err = fflush(stdout) == 0 ? 0 : -errno;
    t->unwritten = err != 0;
    if (err)
        clearerr(stdout);
    return err;
}

static int show(struct top *t)
{
    struct top_page page;
    if (t->screen)
        top_screen_size(&t->view.width, &t->view.height);
    top_page_init(&page, t->view.width);
    int err = t->screen ? top_layout(t->moment, &t->view, &page)
                        : top_layout_plain(t->moment, &t->view, &page);
    if (!err && t->screen)
        top_screen_show(&page);
    else if (!err)
        err = print(t, &page);
    top_page_deinit(&page);
    return err;
}

static int look(struct top *t)
{
    int err = live_look(t->live, &t->moment);
    return err ? err : show(t);
}

/* --- keys ----------------------------------------------------------------- */

static bool is_other_size(const struct top *t)
{
    unsigned width, height;
    top_screen_size(&width, &height);
    return width != t->view.width || height != t->view.height;
}

static int take_keys(struct top *t)
{
    bool changed = is_other_size(t);
    int key, err = 0;
    while (!err && !t->view.quit && (key = top_screen_key()) != TOP_KEY_NONE) {
        err = top_view_key(&t->view, t->moment, key);
        changed = true;
    }
    live_watch(t->live, top_view_watched(&t->view));
    return err || !changed ? err : show(t);
}

/* --- the loop ------------------------------------------------------------- */

static int step(struct top *t)
{
    int ended = live_run(t->live, STEP_MS);
    int err = ended < 0 ? ended : 0;
    if (!err && ended && !t->view.paused)
        err = look(t);
    if (!err && t->screen)
        err = take_keys(t);
    return err;
}

static int loop(struct top *t)
{
    int err = t->screen ? look(t) : 0;
    while (!err && !stopped && !t->view.quit && clock_now_ns() < t->end_ns)
        err = step(t);
    if (!err && !t->screen && !t->moment)
        err = look(t); /* no interval has ended yet */
    return err;
}

/* --- beginning and end ---------------------------------------------------- */

static uint64_t end_of(const struct options *o)
{
    return o->seconds > 0
               ? clock_now_ns() + (uint64_t)(o->seconds * (double)NS_PER_S)
               : UINT64_MAX;
}

static int explain(pid_t pid, int err)
{
    char what[32];
    snprintf(what, sizeof(what), "pid %d", (int)pid);
    switch (err) {
    case 0:
    case -EINTR:
        return EXIT_DONE;
    case -E_GONE:
        return fail_text(what, "the node has ended");
    case -E_TIME:
        return fail_text(what, "its code and data could not be read within "
                               "30 s; try again when the machine is less busy");
    default:
        return fail(what, err);
    }
}

/* Everything is read before the screen opens: if that fails, the terminal was
 * not touched. */
static int run_top(const struct options *o, bool screen)
{
    const struct live_options how = {
        .pid = o->pid,
        .rate = o->rate,
        .engine = strcmp(o->engine, ENGINE_AUTO) == 0 ? NULL : o->engine,
        .interval_ms = (uint64_t)(o->interval * 1000 + 0.5),
        .stop = &stopped};
    struct top t = {
        .view = {.width = PLAIN_WIDTH, .height = PLAIN_HEIGHT, .sort = o->sort},
        .end_ns = end_of(o)};
    int err = live_open(&how, &t.live);
    if (err)
        return explain(o->pid, err);
    t.screen = screen && top_screen_open();
    err = loop(&t);
    top_screen_close();
    live_close(t.live);
    return t.unwritten ? fail("stdout", err) : explain(o->pid, err);
}

static int run(int argc, char **argv)
{
    struct options o;
    const char *why;
    int code;
    if (!verb_options(&verb_top, argc, argv, &o, &code))
        return code;
    code = nodes_choose("top", &o);
    if (code != EXIT_DONE)
        return code;
    bool screen = top_screen_possible(&why);
    if (why && !o.quiet)
        say("top: %s; plain lines follow, Ctrl-C ends them", why);
    handle_signals();
    limits_raise();
    return run_top(&o, screen);
}

const struct verb verb_top = {
    .name = "top",
    .options = OPTION_TOP,
    .run = run,
    .uses = {{"[-p PID | -n NAME]", "watch a node: functions, processes"}},
    .about =
        "Shows a running Erlang VM on the whole screen, every second: what its "
        "schedulers do, which functions use the CPU, and its processes with "
        "their CPU time, reductions, mailboxes, memory, and what they wait "
        "for. It reads from outside and stops nothing. Keys sort, filter, "
        "pause, and open a process; ? lists them.",
    .after = "Where stdout is no terminal, it writes a block of plain lines "
             "for each second, until -d seconds are over or Ctrl-C is "
             "pressed. It exits with status 1 if the node ends.",
};
