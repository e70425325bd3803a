#include "profile/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/clock.h"
#include "profile/innermost.h"
#include "profile/tree.h"

/* Working memory: each pointer but p is an allocation of its own. */
struct work {
    const struct profile *p;
    uint32_t *owner; /* by stack: function whose own it is, or PROFILE_NONE */
    /* By stack: the counted samples that end there; after sum_subtrees, those
       that pass through it. */
    uint64_t *inclusive;
    uint64_t *frame_self;  /* by frame, for the line of a function */
    uint64_t *frame_total; /* by frame, where it is the function's outermost */
    uint32_t *on_path;     /* by function: how often on the walk's path */
    struct summary_function *functions; /* by function id */
    uint64_t *processes;                /* by process id */
};

/* --- work memory ---------------------------------------------------------- */

static int work_init(struct work *w, const struct profile *p)
{
    size_t stacks = profile_stack_count(p) + 1;
    size_t frames = profile_frame_count(p) + 1;
    size_t functions = profile_function_count(p) + 1;
    *w = (struct work){
        .p = p,
        .inclusive = calloc(stacks, sizeof(*w->inclusive)),
        .frame_self = calloc(frames, sizeof(*w->frame_self)),
        .frame_total = calloc(frames, sizeof(*w->frame_total)),
        .on_path = calloc(functions, sizeof(*w->on_path)),
        .functions = calloc(functions, sizeof(*w->functions)),
        .processes =
            calloc(profile_process_count(p) + 1, sizeof(*w->processes)),
    };
    bool ok = w->inclusive && w->frame_self && w->frame_total && w->on_path &&
              w->functions && w->processes;
    return ok ? 0 : -ENOMEM;
}

static void work_deinit(struct work *w)
{
    free(w->owner);
    free(w->inclusive);
    free(w->frame_self);
    free(w->frame_total);
    free(w->on_path);
    free(w->functions);
    free(w->processes);
}

/* --- self and own --------------------------------------------------------- */

static int find_owners(struct work *w)
{
    size_t n = profile_function_count(w->p);
    bool *fits = calloc(n + 1, sizeof(*fits));
    for (uint32_t i = 0; fits && i < n; i++) {
        enum frame_kind kind = profile_function_at(w->p, i)->kind;
        fits[i] = kind == FRAME_ERLANG || kind == FRAME_ELIXIR;
    }
    w->owner = fits ? innermost_find(w->p, fits) : NULL;
    free(fits);
    return w->owner ? 0 : -ENOMEM;
}

static void count_own(struct work *w, struct summary *s,
                      const struct profile_sample *row, uint64_t weight)
{
    uint32_t owner =
        row->stack == PROFILE_NONE ? PROFILE_NONE : w->owner[row->stack];
    if (owner == PROFILE_NONE) {
        add_capped(&s->unowned_by_state[row->state], weight);
        return;
    }
    struct summary_function *f = &w->functions[owner];
    uint32_t last = innermost_frame(w->p, row->stack);
    enum frame_kind leaf = profile_function_at(w->p, last)->kind;
    add_capped(&s->owned, weight);
    add_capped(&f->own, weight);
    if (leaf == FRAME_KERNEL)
        add_capped(&f->own_kernel, weight);
    else if (leaf == FRAME_GC)
        add_capped(&f->own_gc, weight);
    else if (leaf != FRAME_ERLANG && leaf != FRAME_ELIXIR)
        add_capped(&f->own_c, weight);
}

static void count_leaf(struct work *w, struct summary *s,
                       const struct profile_sample *row, uint64_t weight)
{
    if (row->stack == PROFILE_NONE)
        return;
    uint32_t frame = profile_stack_at(w->p, row->stack)->frame;
    uint32_t function = profile_frame_at(w->p, frame)->function;
    enum frame_kind kind = profile_function_at(w->p, function)->kind;
    add_capped(&w->inclusive[row->stack], weight);
    add_capped(&w->frame_self[frame], weight);
    add_capped(&w->functions[function].self, weight);
    add_capped(&s->by_leaf_kind[kind], weight);
}

/* The root frame of an idle stack names the part. */
static enum idle_part idle_part(const struct profile *p, uint32_t stack)
{
    if (stack == PROFILE_NONE)
        return IDLE_UNKNOWN;
    const struct profile_stack *s = profile_stack_at(p, stack);
    while (s->parent != PROFILE_NONE)
        s = profile_stack_at(p, s->parent);
    uint32_t function = profile_frame_at(p, s->frame)->function;
    return idle_part_of(
        profile_text(p, profile_function_at(p, function)->name));
}

/* The processes of a tick depend on each other, so a tick counts as one. */
static void count_ticks(const struct profile *p, struct summary *s)
{
    uint64_t n = profile_counters(p)->ticks, ns = profile_meta(p)->duration_ns;
    s->hits = s->hits < n ? s->hits : n;
    s->rate_reached = ns ? (double)n * (double)NS_PER_S / (double)ns : 0;
    memset(s->by_idle_part, 0, sizeof(s->by_idle_part));
}

/* Of waits, those that are not all taken stand for all_from_ns each, and longer
 * ones have no sampling error. So the error is at most that of one sample per
 * all_from_ns. */
static void count_waits(const struct profile *p, struct summary *s)
{
    uint64_t each_ns = profile_meta(p)->all_from_ns;
    if (each_ns && s->counted / each_ns > s->hits)
        s->hits = s->counted / each_ns;
}

static void count_samples(struct work *w, struct summary *s)
{
    uint32_t cpu = profile_find_value(w->p, VALUE_CPU);
    uint32_t hits = profile_find_value(w->p, VALUE_SAMPLES);
    for (int i = 0; i < STATE_COUNT; i++)
        s->is_counted[i] = profile_counts(w->p, (enum sample_state)i);
    for (size_t i = 0; i < profile_sample_count(w->p); i++) {
        const struct profile_sample *row = profile_sample_at(w->p, i);
        uint64_t weight = profile_weight(w->p, i);
        add_capped(&s->samples, weight);
        add_capped(&s->cpu_ns, profile_value(w->p, i, cpu));
        add_capped(&s->by_state[row->state], weight);
        if (row->state == STATE_IDLE)
            add_capped(&s->by_idle_part[idle_part(w->p, row->stack)], weight);
        if (!s->is_counted[row->state])
            continue;
        add_capped(&s->counted, weight);
        bool has = hits != PROFILE_NONE;
        add_capped(&s->hits, has ? profile_value(w->p, i, hits) : weight);
        if (row->process != PROFILE_NONE)
            add_capped(&w->processes[row->process], weight);
        count_leaf(w, s, row, weight);
        count_own(w, s, row, weight);
    }
    if (profile_is_wall(w->p))
        count_ticks(w->p, s);
    if (profile_event(w->p) == EVENT_BLOCK)
        count_waits(w->p, s);
    s->hits = profile_equal_samples(w->p, s->hits);
    if (s->cpu_ns)
        s->rate_reached =
            (double)s->samples * (double)NS_PER_S / (double)s->cpu_ns;
}

/* --- total: the walk ------------------------------------------------------ */

/* Parents have lower ids than their children, so one pass from the end is
 * enough. */
static void sum_subtrees(struct work *w)
{
    for (size_t i = profile_stack_count(w->p); i-- > 0;) {
        uint32_t parent = profile_stack_at(w->p, (uint32_t)i)->parent;
        if (parent != PROFILE_NONE)
            add_capped(&w->inclusive[parent], w->inclusive[i]);
    }
}

/* In a recursion, only the outermost frame of the function counts. */
static void enter(struct work *w, uint32_t stack)
{
    uint32_t function = innermost_frame(w->p, stack);
    if (w->on_path[function]++ > 0)
        return;
    uint32_t frame = profile_stack_at(w->p, stack)->frame;
    add_capped(&w->functions[function].total, w->inclusive[stack]);
    add_capped(&w->frame_total[frame], w->inclusive[stack]);
}

static void walk(struct work *w, const struct tree *t)
{
    uint32_t at = t->first_root;
    while (at != PROFILE_NONE) {
        enter(w, at);
        if (t->nodes[at].first_child != PROFILE_NONE) {
            at = t->nodes[at].first_child;
            continue;
        }
        w->on_path[innermost_frame(w->p, at)]--;
        while (t->nodes[at].next_sibling == PROFILE_NONE) {
            at = t->nodes[at].parent;
            if (at == PROFILE_NONE)
                return;
            w->on_path[innermost_frame(w->p, at)]--;
        }
        at = t->nodes[at].next_sibling;
    }
}

/* Chooses the line of each function: a known line, then the one with the most
 * self samples, then the one with the largest total. */
static void choose_lines(struct work *w)
{
    uint32_t n = (uint32_t)profile_frame_count(w->p);
    uint32_t *best = w->on_path; /* all zero after the walk: frame + 1 */
    for (uint32_t i = 0; i < n; i++) {
        const struct profile_frame *f = profile_frame_at(w->p, i);
        if (f->line == 0)
            continue;
        uint32_t old = best[f->function];
        bool better = !old || w->frame_self[i] > w->frame_self[old - 1] ||
                      (w->frame_self[i] == w->frame_self[old - 1] &&
                       w->frame_total[i] > w->frame_total[old - 1]);
        if (better) {
            best[f->function] = i + 1;
            w->functions[f->function].line = f->line;
        }
    }
}

/* --- the tables ----------------------------------------------------------- */

/* For BIFs and NIFs total counts, because their time is spent in the C
 * functions below them. */
static uint64_t self_or_below(const struct profile *p,
                              const struct summary_function *f)
{
    enum frame_kind kind = profile_function_at(p, f->function)->kind;
    return kind == FRAME_BIF || kind == FRAME_NIF ? f->total : f->self;
}

static int by_self(const void *a, const void *b, void *profile)
{
    const struct summary_function *x = a, *y = b;
    const struct profile *p = profile;
    uint64_t self_x = self_or_below(p, x), self_y = self_or_below(p, y);
    if (self_x != self_y)
        return self_x > self_y ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    int names =
        strcmp(profile_text(p, profile_function_at(p, x->function)->name),
               profile_text(p, profile_function_at(p, y->function)->name));
    if (names != 0)
        return names;
    return x->function < y->function ? -1 : x->function > y->function;
}

static int by_samples(const void *a, const void *b, void *profile)
{
    const struct summary_process *x = a, *y = b;
    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    const struct profile *p = profile;
    int pids =
        strverscmp(profile_text(p, profile_process_at(p, x->process)->pid),
                   profile_text(p, profile_process_at(p, y->process)->pid));
    if (pids != 0)
        return pids;
    return x->process < y->process ? -1 : x->process > y->process;
}

/* If own and total are equal, the order of by_self remains. */
static int by_own(const void *a, const void *b, void *functions)
{
    const struct summary_function *all = functions;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct summary_function *x = &all[i], *y = &all[j];
    if (x->own != y->own)
        return x->own > y->own ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return i < j ? -1 : i > j;
}

static int order_by_own(struct summary *s)
{
    s->by_own = malloc((s->function_count + 1) * sizeof(*s->by_own));
    if (!s->by_own)
        return -ENOMEM;
    for (uint32_t i = 0; i < s->function_count; i++)
        if (s->functions[i].own)
            s->by_own[s->own_count++] = i;
    qsort_r(s->by_own, s->own_count, sizeof(*s->by_own), by_own, s->functions);
    return 0;
}

static int list_functions(struct work *w, struct summary *s)
{
    size_t kept = 0;
    for (uint32_t i = 0; i < profile_function_count(w->p); i++) {
        struct summary_function f = w->functions[i];
        if (f.total == 0)
            continue;
        f.function = i;
        f.self_pct = summary_pct(f.self, s->counted);
        f.own_pct = summary_pct(f.own, s->counted);
        f.total_pct = summary_pct(f.total, s->counted);
        f.self_error_pct = summary_part_error_pct(s, f.self);
        f.own_error_pct = summary_part_error_pct(s, f.own);
        f.total_error_pct = summary_part_error_pct(s, f.total);
        w->functions[kept++] = f;
    }
    qsort_r(w->functions, kept, sizeof(*w->functions), by_self, (void *)w->p);
    s->functions = w->functions;
    s->function_count = kept;
    w->functions = NULL;
    return order_by_own(s);
}

static int list_processes(struct work *w, struct summary *s)
{
    size_t n = profile_process_count(w->p);
    s->processes = malloc((n + 1) * sizeof(*s->processes));
    if (!s->processes)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        if (w->processes[i] == 0)
            continue;
        s->processes[s->process_count++] = (struct summary_process){
            .process = i,
            .samples = w->processes[i],
            .pct = summary_pct(w->processes[i], s->counted),
            .error_pct = summary_part_error_pct(s, w->processes[i]),
        };
    }
    qsort_r(s->processes, s->process_count, sizeof(*s->processes), by_samples,
            (void *)w->p);
    return 0;
}

int summary_compute(const struct profile *p, struct summary *out)
{
    struct summary s = {0};
    struct tree tree = {0};
    struct work w;
    int err = work_init(&w, p);
    if (!err)
        err = find_owners(&w);
    if (!err)
        err = tree_build(p, NULL, &tree);
    if (!err) {
        count_samples(&w, &s);
        sum_subtrees(&w);
        walk(&w, &tree);
        choose_lines(&w);
        err = list_processes(&w, &s);
    }
    if (!err)
        err = list_functions(&w, &s);
    if (err)
        summary_deinit(&s);
    else
        *out = s;
    tree_deinit(&tree);
    work_deinit(&w);
    return err;
}

void summary_deinit(struct summary *s)
{
    free(s->functions);
    free(s->by_own);
    free(s->processes);
    *s = (struct summary){0};
}
