#include "profile/moment.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/filter.h"
#include "profile/platform.h"
#include "profile/waits.h"

void moment_deinit(struct moment *m)
{
    process_names_deinit(&m->names);
    summary_deinit(&m->summary);
    profile_destroy(m->window);
    free(m->threads);
    free(m->processes);
    *m = (struct moment){0};
}

/* --- one process ---------------------------------------------------------- */

static const struct profile_process *row_of(const struct moment *m,
                                            const struct moment_process *p)
{
    return profile_process_at(m->profile, p->process);
}

const char *moment_pid(const struct moment *m, const struct moment_process *p)
{
    return profile_text(m->profile, row_of(m, p)->pid);
}

const char *moment_name(const struct moment *m, const struct moment_process *p)
{
    return process_names_of(&m->names, p->process);
}

static const char *function_name(const struct moment *m, uint32_t function)
{
    return profile_text(m->profile,
                        profile_function_at(m->profile, function)->name);
}

const char *moment_leaf(const struct moment *m, const struct moment_process *p)
{
    return p->stack == PROFILE_NONE
               ? ""
               : function_name(m, profile_stack_function(m->profile, p->stack));
}

/* "in shop:wait/1", "sleeps in shop:poll/0"; false if the leaf is all that is
 * shown. */
static bool waits_in(const struct moment *m, const struct moment_process *p,
                     struct buffer *out)
{
    const char *leaf = moment_leaf(m, p);
    bool asleep = strcmp(leaf, WAITS_SLEEPS) == 0;
    if (p->stack == PROFILE_NONE || (*leaf == '[' && !asleep))
        return false;
    uint32_t stack = p->stack;
    if (asleep && profile_stack_at(m->profile, stack)->parent != PROFILE_NONE)
        stack = profile_stack_at(m->profile, stack)->parent;
    buffer_text(out, asleep ? "sleeps in " : "in ");
    buffer_text(out, function_name(m, platform_call_site(m->profile, stack)));
    return true;
}

void moment_doing(const struct moment *m, const struct moment_process *p,
                  struct buffer *out)
{
    if (p->state == STATE_IDLE)
        buffer_text(out, "idle");
    else if (p->state != STATE_WAITING || !waits_in(m, p, out))
        buffer_text(out, moment_leaf(m, p));
}

static int by_term(const void *a, const void *b)
{
    const struct moment_process *x = a, *y = b;
    return (x->term > y->term) - (x->term < y->term);
}

const struct moment_process *moment_find(const struct moment *m, uint64_t term)
{
    const struct moment_process key = {.term = term};
    return m->process_count ? bsearch(&key, m->processes, m->process_count,
                                      sizeof(m->processes[0]), by_term)
                            : NULL;
}

int moment_own_samples(const struct moment *m, const struct moment_process *p,
                       struct profile **out, struct summary *s)
{
    const char *pid = moment_pid(m, p);
    const struct filter only = {
        .processes = &pid, .process_count = 1, .idle_is_fine = true};
    struct profile *own;
    if (!m->window)
        return -E_NO_MATCH;
    int err = filter_apply(m->window, &only, &own);
    if (err)
        return err;
    err = summary_compute(own, s);
    if (err)
        profile_destroy(own);
    else
        *out = own;
    return err;
}

/* --- which, and in which order -------------------------------------------- */

static bool has(const char *text, const char *match)
{
    return strcasestr(text, match) != NULL;
}

static bool matches(const struct moment *m, const struct moment_process *p,
                    const char *match)
{
    const struct profile_process *row = row_of(m, p);
    return !*match || has(moment_pid(m, p), match) ||
           has(moment_name(m, p), match) || has(moment_leaf(m, p), match) ||
           has(profile_text(m->profile, row->name), match) ||
           has(profile_text(m->profile, row->label), match) ||
           has(profile_text(m->profile, row->initial_call), match);
}

/* What is not known comes last, so it is less than nothing. */
static double figure(uint64_t value)
{
    return value == FIGURE_UNKNOWN ? -1 : (double)value;
}

/* In the order of MOMENT_WAITS, of those that nobody waits for. */
static double rank(const struct moment_process *p)
{
    static const enum sample_state order[] = {
        STATE_IDLE,    STATE_EXITING, STATE_SUSPENDED, STATE_GC,
        STATE_RUNNING, STATE_WAITING, STATE_RUNNABLE,  STATE_BLOCKED};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (order[i] == p->state)
            return (double)i;
    return -1;
}

static double key_of(const struct moment_process *p, enum moment_column column)
{
    switch (column) {
    case MOMENT_REDUCTIONS:
        return isnan(p->speed) ? -1 : p->speed;
    case MOMENT_MAILBOX:
        return figure(p->queue);
    case MOMENT_MEMORY:
        return figure(p->memory);
    case MOMENT_BINARIES:
        return figure(p->binaries);
    case MOMENT_WAITS:
        return p->waiting ? STATE_COUNT + (double)p->waiting : rank(p);
    default:
        return (double)p->cpu_ns;
    }
}

const char *moment_column_name(size_t column)
{
    static const char *const names[MOMENT_COLUMNS] = {
        [MOMENT_CPU] = "cpu",           [MOMENT_REDUCTIONS] = "reductions",
        [MOMENT_MAILBOX] = "mailbox",   [MOMENT_MEMORY] = "memory",
        [MOMENT_BINARIES] = "binaries", [MOMENT_WAITS] = "waits",
    };
    return column < MOMENT_COLUMNS ? names[column] : NULL;
}

struct ordering {
    const struct moment *m;
    enum moment_column column;
};

static int compare(const void *a, const void *b, void *ordering)
{
    const struct ordering *o = ordering;
    const struct moment_process *x = &o->m->processes[*(const uint32_t *)a];
    const struct moment_process *y = &o->m->processes[*(const uint32_t *)b];
    double kx = key_of(x, o->column), ky = key_of(y, o->column);
    if (kx != ky)
        return kx > ky ? -1 : 1;
    if (o->column == MOMENT_WAITS) {
        int texts = strcmp(moment_leaf(o->m, x), moment_leaf(o->m, y));
        if (texts)
            return texts;
    }
    kx = key_of(x, MOMENT_REDUCTIONS);
    ky = key_of(y, MOMENT_REDUCTIONS);
    if (kx != ky)
        return kx > ky ? -1 : 1;
    return strverscmp(moment_pid(o->m, x), moment_pid(o->m, y));
}

int64_t moment_order(const struct moment *m, enum moment_column column,
                     const char *match, uint32_t **order)
{
    struct ordering how = {m, column};
    uint32_t *list = malloc((m->process_count + 1) * sizeof(*list));
    size_t count = 0;
    if (!list)
        return -ENOMEM;
    for (uint32_t i = 0; i < m->process_count; i++)
        if (matches(m, &m->processes[i], match))
            list[count++] = i;
    qsort_r(list, count, sizeof(*list), compare, &how);
    *order = list;
    return (int64_t)count;
}
