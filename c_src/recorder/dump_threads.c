#include "recorder/dump_threads.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/minus.h"
#include "base/term.h"
#include "engine/asleep.h"
#include "engine/engine.h"
#include "engine/schedstat.h"
#include "recorder/dump_name.h"
#include "recorder/limits.h"
#include "recorder/session_meta.h"
#include "recorder/thread_doing.h"
#include "target/erlproc.h"

enum {
    LEAST_MS = 10,  /* a thread that runs is sampled in this time */
    MOST_MS = 1000, /* one that waits for a CPU may need longer */
    ALONE_MS = 100, /* without an engine: most threads rest at some time */
    FRESH_MS = 20,  /* an older sample is kept only if no newer one comes */
    POLL_MS = 1,
};

/* Hz; the first that the engine can take. */
static const unsigned rates[] = {1000, 99};

/* A thread, and the newest that is known of it. */
struct watched {
    pid_t tid;
    enum thread_kind kind;
    struct schedstat stat;
    uint64_t since_ns; /* when it was read first with these counts; 0: never */
    bool ended;
    uint64_t at_ns; /* when it was last known to be so; 0: nothing is known */
    uint64_t pid;   /* term of its process; 0: none */
    struct dump_thread is;
};

struct watch {
    struct attached *node;
    struct thread_parts parts;
    struct watched *list; /* by tid; later by kind and number */
    size_t count;
    const struct engine_ops *ops;
    struct engine *engine;
    uint64_t began_ns;
    struct asleep asleep;
    struct unwound unwound;
    int error; /* of a sample */
};

/* --- which threads -------------------------------------------------------- */

static void add(struct watch *w, const struct thread *t)
{
    struct watched *one = &w->list[w->count++];
    struct schedstat now = {0};
    pid_t pid = w->node->target.process.pid;
    bool known = schedstat_read(pid, t->tid, &now) == 0;
    *one = (struct watched){.tid = t->tid,
                            .kind = t->kind,
                            .stat = now,
                            .since_ns = known ? clock_now_ns() : 0,
                            .is = {.kind = thread_kind_name(t->kind),
                                   .number = t->number,
                                   .seen = DUMP_UNSEEN,
                                   .stack = PROFILE_NONE}};
}

static int choose_threads(struct watch *w)
{
    const struct threads *all = &w->node->target.threads;
    w->list = calloc(all->count + 1, sizeof(*w->list));
    if (!w->list)
        return -ENOMEM;
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].kind <= THREAD_POLL)
            add(w, &all->list[i]);
    w->node->dump->threads.others = all->count - w->count + all->left_out;
    return 0;
}

static int by_tid(const void *a, const void *b)
{
    const struct watched *x = a, *y = b;
    return (x->tid > y->tid) - (x->tid < y->tid);
}

static struct watched *find(struct watch *w, pid_t tid)
{
    const struct watched key = {.tid = tid};
    return bsearch(&key, w->list, w->count, sizeof(key), by_tid);
}

/* --- what they do --------------------------------------------------------- */

/* The pid of a process, which an exact sample has; 0: not known. */
static uint64_t pid_at(const struct target_state *t, uint64_t c_p,
                       const struct sample *s)
{
    uint64_t pid = 0;
    if (s && s->process.c_p == c_p)
        return s->process.id;
    if (!c_p || !t->layout.known[LAYOUT_ID] ||
        memory_read_u64(&t->memory, c_p + t->layout.offset[LAYOUT_ID], &pid))
        return 0;
    return pid;
}

static int see(struct watch *w, struct watched *one, const struct sample *s,
               enum dump_seen seen)
{
    struct thread_doing doing;
    int err = thread_doing_of(&w->parts, s, &w->unwound, &doing);
    if (err)
        return err;
    one->at_ns = s->time_ns;
    one->pid = pid_at(&w->node->target, w->unwound.c_p, s);
    one->is.seen = seen;
    one->is.state = doing.named.state;
    one->is.stack = doing.named.stack;
    one->is.unverified = w->unwound.unverified;
    one->is.still_ns = 0;
    return 0;
}

/* Engines may hand out samples late. */
static bool on_sample(void *ctx, const struct sample *s)
{
    struct watch *w = ctx;
    struct watched *one = find(w, s->tid);
    if (one && s->time_ns > one->at_ns && !w->error)
        w->error = see(w, one, s, DUMP_SAMPLED);
    return !w->error;
}

static struct engine_view view_of(const struct attached *node)
{
    const struct target_state *t = &node->target;
    return (struct engine_view){.threads = &t->threads,
                                .layout = &t->layout,
                                .maps = &t->maps,
                                .code_list = jit_head_address(t->jit)};
}

/* It does not run. The counts of a thread that runs are from before, so if they
 * are the same, it has not run since. */
static void stays(struct watched *one, const struct schedstat *now,
                  uint64_t now_ns)
{
    if (!one->since_ns || one->stat.runs != now->runs ||
        one->stat.cpu_ns != now->cpu_ns)
        one->since_ns = now_ns;
    one->stat = *now;
    one->at_ns = now_ns;
    one->is.still_ns = now_ns - one->since_ns;
}

/* A thread that did not run then, and has not come onto a CPU since. */
static bool is_still_asleep(const struct watch *w, struct watched *one)
{
    struct schedstat now;
    uint64_t now_ns = clock_now_ns();
    if (one->is.seen != DUMP_ASLEEP ||
        schedstat_read(w->asleep.pid, one->tid, &now) != 0 ||
        now.runs != one->stat.runs)
        return false;
    stays(one, &now, now_ns);
    return true;
}

static int see_asleep(struct watch *w, struct watched *one)
{
    int err = see(w, one, &w->asleep.sample, DUMP_ASLEEP);
    stays(one, &w->asleep.stat, w->asleep.sample.time_ns);
    return err;
}

/* 1: what is known of the thread is so now, or was just now; 0: it is not; or
 * an error. */
static int look_at(struct watch *w, struct watched *one)
{
    const struct engine_view view = view_of(w->node);
    if (one->ended || is_still_asleep(w, one))
        return 1;
    asleep_request(&w->asleep, &view, one->tid);
    int found = asleep_sample(&w->asleep);
    if (found > 0) {
        int err = see_asleep(w, one);
        return err ? err : 1;
    }
    one->ended = found == -ESRCH;
    if (found < 0 && !one->ended)
        w->node->dump->threads.asleep_why = found;
    bool fresh = one->is.seen == DUMP_SAMPLED &&
                 clock_now_ns() - one->at_ns < FRESH_MS * NS_PER_MS;
    return one->ended || fresh;
}

/* How many are not known as they are now, or an error. */
static int look_at_all(struct watch *w)
{
    int left = 0;
    for (size_t i = 0; i < w->count; i++) {
        int known = look_at(w, &w->list[i]);
        if (known < 0)
            return known;
        left += !known;
    }
    return left;
}

/* Looking at all of them may have taken long. */
static void end_watch(struct watch *w)
{
    for (size_t i = 0; i < w->count; i++)
        (void)is_still_asleep(w, &w->list[i]);
    w->node->dump->threads.watched_ns = clock_now_ns() - w->began_ns;
}

static int wait_for_samples(struct watch *w)
{
    if (w->ops)
        return w->ops->poll(w->engine, POLL_MS, on_sample, w);
    poll(NULL, 0, POLL_MS);
    return 0;
}

static int watch_all(struct watch *w)
{
    uint64_t most_ms = w->ops ? MOST_MS : ALONE_MS;
    uint64_t passed;
    int left = 1;
    do {
        int news = wait_for_samples(w);
        if (news < 0 || w->error)
            return news < 0 ? news : w->error;
        passed = clock_now_ns() - w->began_ns;
        if (passed >= LEAST_MS * NS_PER_MS)
            left = look_at_all(w);
    } while (left > 0 && passed < most_ms * NS_PER_MS);
    end_watch(w);
    return left < 0 ? left : 0;
}

/* --- the engine ----------------------------------------------------------- */

/* Events on threads may slow the node down for the time of a watch, so their
 * cost needs no other bound. */
static int open_with(struct watch *w, const struct dump_how *how,
                     struct engine_choice *choice)
{
    int err = -E_RATE;
    for (size_t i = 0; i < 2 && err == -E_RATE; i++) {
        const struct engine_config config = {.pid = w->node->target.process.pid,
                                             .view = view_of(w->node),
                                             .rate = rates[i],
                                             .event = ENGINE_CPU_CLOCK,
                                             .force = how->force};
        err = engine_open(how->engine ? how->engine : ENGINE_AUTO, &config,
                          choice, &w->engine);
    }
    return err;
}

/* Without an engine, only what does not run can be seen. */
static bool can_do_without(const struct dump_how *how, int err)
{
    return !how->engine && err != -ENOMEM && err != -E_GONE &&
           err != -E_NO_PROCESS;
}

static int open_engine(struct watch *w, const struct dump_how *how)
{
    struct dump *d = w->node->dump;
    struct engine_choice choice = {.ops = NULL};
    struct limits_spare spare;
    int err = limits_keep(&spare);
    if (err)
        return err;
    err = open_with(w, how, &choice);
    limits_release(&spare);
    if (err && can_do_without(how, err)) {
        d->threads.engine_why =
            readers_explain(err, w->node->target.process.pid);
        return 0;
    }
    if (err)
        return err;
    w->ops = choice.ops;
    d->threads.engine_why = choice.why;
    d->threads.held = w->ops->opt_in;
    return session_meta_text(d->profile, &profile_meta_edit(d->profile)->engine,
                             w->ops->name);
}

/* --- the result ----------------------------------------------------------- */

static int by_kind_and_number(const void *a, const void *b)
{
    const struct watched *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->is.number > y->is.number) - (x->is.number < y->is.number);
}

/* The process that a scheduler has now; 0: none, or not known. */
static uint64_t current_pid(const struct target_state *t, pid_t tid)
{
    const struct layout_scheduler *s = layout_scheduler(&t->layout, tid);
    uint64_t c_p;
    if (!s || !s->esdp || !t->layout.known[LAYOUT_CURRENT_PROCESS] ||
        memory_read_u64(&t->memory,
                        s->esdp + t->layout.offset[LAYOUT_CURRENT_PROCESS],
                        &c_p) != 0)
        return 0;
    return pid_at(t, c_p, NULL);
}

static int finish_one(struct watch *w, struct watched *one, uint64_t end_ns)
{
    struct dump_threads *t = &w->node->dump->threads;
    struct dump_thread *is = &t->list[t->count++];
    *is = one->is;
    if (is->seen == DUMP_UNSEEN)
        one->pid = current_pid(&w->node->target, one->tid);
    else
        is->age_ns = minus_capped(end_ns, one->at_ns);
    if (!term_is_pid(one->pid) || one->pid == ERLPROC_NO_PID)
        return 0;
    is->has_process = true;
    return dump_name_member(w->node, one->pid, &is->process);
}

static int finish(struct watch *w)
{
    struct dump_threads *t = &w->node->dump->threads;
    uint64_t end_ns = w->began_ns + t->watched_ns;
    int err = 0;
    t->list = calloc(w->count + 1, sizeof(*t->list));
    if (!t->list)
        return -ENOMEM;
    qsort(w->list, w->count, sizeof(w->list[0]), by_kind_and_number);
    for (size_t i = 0; i < w->count && !err; i++)
        if (!w->list[i].ended)
            err = finish_one(w, &w->list[i], end_ns);
    return err;
}

/* --- all of it ------------------------------------------------------------ */

/* Names are looked for in files before the watch, not during it. */
static int begin(struct watch *w, const struct dump_how *how)
{
    struct attached *n = w->node;
    readers_prepare(&n->readers, false);
    w->asleep.pid = n->target.process.pid;
    w->asleep.memory = &n->target.memory;
    int err = port_tasks_open(&n->target, n->census, n->dump->profile,
                              &w->parts.naming.ports);
    w->parts.target = &n->target;
    w->parts.unwinder = n->readers.unwinder;
    w->parts.naming.frames = n->frames;
    w->parts.naming.profile = n->dump->profile;
    if (!err)
        err = open_engine(w, how);
    w->began_ns = clock_now_ns();
    if (!err)
        err = choose_threads(w);
    return err || !w->ops ? err : w->ops->start(w->engine);
}

int dump_threads_read(struct attached *node, const struct dump_how *how)
{
    struct watch *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->node = node;
    int err = begin(w, how);
    if (!err)
        err = watch_all(w);
    if (w->engine)
        w->ops->close(w->engine);
    if (!err)
        err = finish(w);
    port_tasks_close(w->parts.naming.ports);
    free(w->list);
    free(w);
    return err;
}
