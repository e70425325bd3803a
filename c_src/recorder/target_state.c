#include "recorder/target_state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* Finding the atom table takes long, so it is done now, by asking for the first
 * atom. It is not an error if that is not found. */
static void warm_up(struct atoms *atoms)
{
    enum { FIRST_ATOM = 0x0b };
    char text[8];
    (void)!atoms_text(atoms, FIRST_ATOM, text, sizeof(text));
}

static int read_facts(struct target_state *t)
{
    int err = maps_read(t->process.pid, &t->maps);
    if (!err)
        err = threads_read_until(t->process.pid, &t->until, &t->threads);
    if (!err)
        err = jit_open(&t->process, &t->maps, &t->memory, &t->jit);
    if (!err)
        err = layout_discover(&t->process, &t->maps, &t->memory, t->jit,
                              &t->threads, &t->layout);
    if (!err)
        err = atoms_open(&t->process, &t->maps, &t->memory, t->jit, &t->atoms);
    if (!err)
        warm_up(t->atoms);
    return err;
}

/* For reading the code list. Most nodes never need more reading than the burst
 * allows. */
static const struct pace code_pace = {.burst_ns = 5 * NS_PER_S, .share = 1};

int target_state_open(struct target_state *t, pid_t pid,
                      const struct deadline *until)
{
    memset(t, 0, sizeof(*t));
    int err = process_open(pid, &t->process);
    if (err)
        return err;
    t->until = until ? *until : deadline_in(TARGET_ATTACH_MS, NULL);
    t->code_pace = code_pace;
    t->memory = memory_of_pid(pid);
    t->memory.until = &t->until;
    err = read_facts(t);
    if (err) {
        if (!process_alive(&t->process))
            err = -E_GONE;
        target_state_close(t);
        return err == -EPERM || err == -EACCES ? -E_NO_ACCESS : err;
    }
    return 0;
}

void target_state_close(struct target_state *t)
{
    atoms_close(t->atoms);
    layout_deinit(&t->layout);
    jit_close(t->jit);
    threads_deinit(&t->threads);
    maps_deinit(&t->maps);
    memset(t, 0, sizeof(*t));
}

/* In a node that has just started, there are not yet enough processes that
 * agree on where the fields are. */
int target_state_collector(struct target_state *t, struct collector *out)
{
    static const struct timespec pause = {.tv_nsec = 200 * NS_PER_MS};
    enum { TRIES = 15 };
    int err = collector_find(&t->process, &t->maps, &t->memory, t->jit,
                             &t->layout, out);
    for (int i = 1; i < TRIES && (err == -E_COLLECTOR || err == -E_LAYOUT);
         i++) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        err = layout_complete(&t->layout, &t->process, &t->maps, &t->memory,
                              &t->threads);
        if (!err)
            err = collector_find(&t->process, &t->maps, &t->memory, t->jit,
                                 &t->layout, out);
    }
    return err;
}

/* The layout is found by looking at some processes of the node. If many
 * processes come and go, too few of those may be usable, so others are looked
 * at. */
int target_state_processes(struct target_state *t, struct proctable **out)
{
    enum { TRIES = 10 };
    uint64_t normal_exit = jit_normal_exit(t->jit);
    int err = proctable_open(&t->layout, &t->memory, normal_exit, out);
    for (int i = 1; i < TRIES && err == -E_LAYOUT; i++) {
        err = layout_complete(&t->layout, &t->process, &t->maps, &t->memory,
                              &t->threads);
        if (!err)
            err = proctable_open(&t->layout, &t->memory, normal_exit, out);
    }
    return err;
}

static bool same_threads(const struct threads *a, const struct threads *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->list[i].tid != b->list[i].tid ||
            a->list[i].kind != b->list[i].kind)
            return false;
    return true;
}

static int refresh_threads(struct target_state *t)
{
    struct threads now = {0};
    int err = threads_read_until(t->process.pid, &t->until, &now);
    if (err)
        return err;
    bool same = same_threads(&t->threads, &now);
    threads_deinit(&t->threads);
    t->threads = now;
    return same ? 0 : TARGET_NEW_THREADS;
}

/* Only mappings with PROT_EXEC matter for stacks, since these contain code. */
static bool same_code_maps(const struct maps *a, const struct maps *b)
{
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        while (i < a->count && !(a->list[i].flags & MAPS_EXEC))
            i++;
        while (j < b->count && !(b->list[j].flags & MAPS_EXEC))
            j++;
        if (i == a->count || j == b->count)
            return i == a->count && j == b->count;
        if (a->list[i].start != b->list[j].start ||
            a->list[i].end != b->list[j].end ||
            strcmp(a->list[i].path, b->list[j].path) != 0)
            return false;
    }
}

static int refresh_maps(struct target_state *t, struct maps *old)
{
    struct maps now = {0};
    int err = maps_read(t->process.pid, &now);
    if (err)
        return err;
    if (same_code_maps(&t->maps, &now)) {
        maps_deinit(&now);
        return 0;
    }
    *old = t->maps;
    t->maps = now;
    return TARGET_NEW_MAPS;
}

/* Tries at the first look, the second, the fourth, the eighth and so on: it is
 * not cheap, and in some VMs a part of the layout is never found. */
static int complete_layout(struct target_state *t)
{
    t->looks++;
    if ((t->looks & (t->looks - 1)) != 0 || !layout_has_gaps(&t->layout))
        return 0;
    return layout_complete(&t->layout, &t->process, &t->maps, &t->memory,
                           &t->threads);
}

int target_state_refresh(struct target_state *t, struct maps *old_maps)
{
    if (!process_alive(&t->process))
        return -E_GONE;
    int err = complete_layout(t);
    if (err)
        return err;
    int threads = refresh_threads(t);
    if (threads < 0)
        return threads;
    int maps = refresh_maps(t, old_maps);
    return maps < 0 ? maps : threads | maps;
}

static bool same_code(const struct sample_code *sampled,
                      const struct sample_code *read)
{
    return sampled->entry && memcmp(sampled, read, sizeof(*read)) == 0;
}

enum { READ_TRIES = 3, NEAR_MS = 20 };

static void settle_ahead(struct target_state *t, uint64_t removed)
{
    bool doubtful = jit_counters(t->jit).removed != removed;
    for (int i = 0; i < TARGET_SAMPLED; i++) {
        t->doubtful[i] += doubtful ? t->ahead[i] : 0;
        t->ahead[i] = 0;
    }
}

/* Reads the list until it has not changed since it was read. If a read fails,
 * the list that was known remains: names are then unresolved or stale, and are
 * counted as such. */
static void read_code(struct target_state *t)
{
    struct sample_code head = jit_head(t->jit);
    uint64_t read_at = jit_read_at(t->jit);
    uint64_t removed = jit_counters(t->jit).removed;
    int changed = 1;
    for (int i = 0; i < READ_TRIES && changed; i++) {
        changed = jit_changed(t->jit);
        if (!changed || deadline_check(&t->until))
            break;
        if (jit_refresh(t->jit) != 0)
            return;
        t->former_code = head;
        t->former_read_at = read_at;
    }
    settle_ahead(t, removed);
}

static void follow_code(struct target_state *t, const struct sample *s)
{
    if (!pace_begin(&t->code_pace)) {
        t->ahead[s->of == SAMPLE_PROCESS ? TARGET_PROCESSES : TARGET_THREADS]++;
        return;
    }
    read_code(t);
    pace_end(&t->code_pace);
}

/* The VM may put a new entry where a freed one was, so the head of a later list
 * can look like that of an earlier one. That takes two loads and a purge in
 * between, which cannot happen within NEAR_MS. */
static bool is_near(uint64_t a, uint64_t b)
{
    return (a > b ? a - b : b - a) <= NEAR_MS * NS_PER_MS;
}

static bool needs_read(const struct target_state *t, const struct sample *s)
{
    struct sample_code head = jit_head(t->jit);
    uint64_t read_at = jit_read_at(t->jit);
    return read_at < s->time_ns &&
           !(same_code(&s->code, &head) && is_near(read_at, s->time_ns));
}

uint64_t target_state_code_at(struct target_state *t, const struct sample *s)
{
    if (needs_read(t, s))
        follow_code(t, s);
    struct sample_code head = jit_head(t->jit);
    uint64_t read_at = jit_read_at(t->jit);
    if (same_code(&s->code, &head) && read_at > s->time_ns &&
        (is_near(read_at, s->time_ns) || jit_since(t->jit) <= s->time_ns))
        return read_at;
    if (same_code(&s->code, &t->former_code) &&
        is_near(t->former_read_at, s->time_ns))
        return t->former_read_at;
    return s->time_ns;
}
