#include "profile/waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/index.h"
#include "profile/platform.h"

/* --- names ---------------------------------------------------------------- */

static bool is_wait(const struct profile *p, uint32_t function)
{
    const struct profile_function *f = profile_function_at(p, function);
    return f->kind == FRAME_RUNTIME &&
           strncmp(profile_text(p, f->name), WAITS_FOR,
                   sizeof(WAITS_FOR) - 1) == 0;
}

/* The part of a frame's name that tells processes apart: the registered name,
 * or the pid without what follows it. */
struct key {
    const char *text;
    size_t len;
};

static struct key key_of_frame(const char *frame)
{
    const char *text = frame + sizeof(WAITS_FOR) - 1;
    size_t len = strlen(text);
    if (*text == '<')
        return (struct key){text, strcspn(text, " ]")};
    return (struct key){text, len - (len > 0)};
}

/* --- the work ------------------------------------------------------------- */

struct pair {
    uint32_t row, other, state;
    uint64_t ns;
};

struct pairs {
    struct pair *list;
    size_t count;
};

struct work {
    const struct profile *p;
    struct waits *w;
    uint32_t samples;  /* which of the values is their number */
    uint32_t *site_of; /* by stack: function, see platform_call_sites */
    uint32_t *row_of;  /* by function: its row, or PROFILE_NONE */
    uint32_t *same_as; /* by row: the row that it is joined with, or itself */
    uint32_t *process_row; /* by process: the same */
    struct key *keys;      /* by row */
    struct index by_key;
    struct pairs sites; /* row, function from which it was asked */
    struct pairs own;   /* row, function in which it was itself, its state */
    struct pairs asks;  /* row, row that it waited for */
};

static bool same_key(const void *things, uint32_t id, const void *key)
{
    const struct key *a = &((const struct key *)things)[id], *b = key;
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static uint32_t find_row(const struct work *k, struct key key)
{
    uint32_t at = index_find(&k->by_key, hash_bytes(key.text, key.len),
                             same_key, k->keys, &key);
    return at == INDEX_NONE ? PROFILE_NONE : at;
}

static uint32_t *filled(size_t n)
{
    uint32_t *list = malloc((n + 1) * sizeof(*list));
    if (list)
        memset(list, 0xff, (n + 1) * sizeof(*list));
    return list;
}

static int work_init(struct work *k, const struct profile *p, struct waits *w)
{
    size_t functions = profile_function_count(p);
    size_t samples = profile_sample_count(p) + 1;
    *k = (struct work){
        .p = p, .w = w, .samples = profile_find_value(p, VALUE_SAMPLES)};
    index_init(&k->by_key);
    k->site_of = platform_call_sites(p);
    k->row_of = filled(functions);
    k->same_as = filled(functions);
    k->process_row = filled(profile_process_count(p));
    k->keys = malloc((functions + 1) * sizeof(*k->keys));
    k->sites.list = malloc(samples * sizeof(*k->sites.list));
    k->own.list = malloc(samples * sizeof(*k->own.list));
    k->asks.list = malloc(samples * sizeof(*k->asks.list));
    w->rows = calloc(functions + 1, sizeof(*w->rows));
    return k->site_of && k->row_of && k->same_as && k->process_row && k->keys &&
                   k->sites.list && k->own.list && k->asks.list && w->rows
               ? 0
               : -ENOMEM;
}

static void work_deinit(struct work *k)
{
    index_deinit(&k->by_key);
    free(k->site_of);
    free(k->row_of);
    free(k->same_as);
    free(k->process_row);
    free(k->keys);
    free(k->sites.list);
    free(k->own.list);
    free(k->asks.list);
}

/* --- rows ----------------------------------------------------------------- */

static int add_row(struct work *k, struct key key, const char *frame)
{
    struct waits *w = k->w;
    struct waits_row *row = &w->rows[w->count];
    const char *text = frame + sizeof(WAITS_FOR) - 1;
    size_t len = strlen(text);
    *row = (struct waits_row){.name = strndup(text, len - (len > 0)),
                              .process = PROFILE_NONE,
                              .usual_function = PROFILE_NONE,
                              .waits_for = PROFILE_NONE};
    if (!row->name)
        return -ENOMEM;
    row->unknown =
        strcmp(frame, WAITS_UNKNOWN) == 0 || strcmp(frame, WAITS_MANY) == 0;
    row->port = waits_is_port(row->name);
    k->keys[w->count] = key;
    k->same_as[w->count] = (uint32_t)w->count;
    return index_add(&k->by_key, hash_bytes(key.text, key.len),
                     (uint32_t)w->count++);
}

/* Before the process had its name, others may have waited for its pid. */
static void see_most(const struct work *k, struct waits_row *row, uint32_t most)
{
    if (row->most < most && profile_counters(k->p)->partial == 0)
        row->most = most;
}

/* Each frame that names a process belongs to a row. */
static int find_rows(struct work *k)
{
    int err = 0;
    for (uint32_t i = 0; i < profile_function_count(k->p) && !err; i++) {
        if (!is_wait(k->p, i))
            continue;
        const char *frame =
            profile_text(k->p, profile_function_at(k->p, i)->name);
        struct key key = key_of_frame(frame);
        if (find_row(k, key) == PROFILE_NONE)
            err = add_row(k, key, frame);
        k->row_of[i] = find_row(k, key);
        see_most(k, &k->w->rows[k->row_of[i]],
                 profile_function_at(k->p, i)->most);
    }
    return err;
}

static uint32_t row_of_name(const struct work *k, const char *name)
{
    char frame[WAITS_TEXT];
    if (*name == '\0')
        return PROFILE_NONE;
    waits_text(name, "", "", frame);
    return find_row(k, key_of_frame(frame));
}

static void join(struct work *k, uint32_t from, uint32_t to)
{
    k->same_as[from] = to;
    see_most(k, &k->w->rows[to], k->w->rows[from].most);
}

/* A process belongs to the row of its name, or otherwise to that of its pid.
 * Where it was asked before it had the name, the rows are joined. */
static void find_processes(struct work *k)
{
    for (uint32_t i = 0; i < profile_process_count(k->p); i++) {
        const struct profile_process *who = profile_process_at(k->p, i);
        const char *pid = profile_text(k->p, who->pid);
        uint32_t by_name = row_of_name(k, profile_text(k->p, who->name));
        uint32_t by_pid = find_row(k, (struct key){pid, strlen(pid)});
        k->process_row[i] = by_name == PROFILE_NONE ? by_pid : by_name;
        if (by_name != PROFILE_NONE && by_pid != PROFILE_NONE)
            join(k, by_pid, by_name);
    }
}

/* --- samples -------------------------------------------------------------- */

static uint32_t row_waited_for(const struct work *k,
                               const struct profile_sample *s)
{
    if (s->state != STATE_BLOCKED || s->stack == PROFILE_NONE)
        return PROFILE_NONE;
    uint32_t row = k->row_of[profile_stack_function(k->p, s->stack)];
    return row == PROFILE_NONE ? row : k->same_as[row];
}

static void count_wait(struct work *k, size_t i, uint32_t whom)
{
    const struct profile_sample *s = profile_sample_at(k->p, i);
    struct waits_row *row = &k->w->rows[whom];
    uint64_t ns = profile_weight(k->p, i);
    uint32_t parent = profile_stack_at(k->p, s->stack)->parent;
    add_capped(&row->ns, ns);
    add_capped(&row->samples, profile_value(k->p, i, k->samples));
    if (parent != PROFILE_NONE)
        k->sites.list[k->sites.count++] =
            (struct pair){whom, k->site_of[parent], 0, ns};
}

static void count_own(struct work *k, size_t i, uint32_t row, uint32_t whom)
{
    const struct profile_sample *s = profile_sample_at(k->p, i);
    uint64_t ns = profile_weight(k->p, i);
    k->w->rows[row].process = s->process;
    add_capped(&k->w->rows[row].own_ns, ns);
    add_capped(&k->w->rows[row].own_samples,
               profile_value(k->p, i, k->samples));
    add_capped(&k->w->rows[row].own_by_state[s->state], ns);
    if (s->stack != PROFILE_NONE)
        k->own.list[k->own.count++] =
            (struct pair){row, k->site_of[s->stack], s->state, ns};
    if (whom != PROFILE_NONE)
        k->asks.list[k->asks.count++] = (struct pair){row, whom, 0, ns};
}

static void count_samples(struct work *k)
{
    for (size_t i = 0; i < profile_sample_count(k->p); i++) {
        const struct profile_sample *s = profile_sample_at(k->p, i);
        uint32_t whom = row_waited_for(k, s);
        if (whom != PROFILE_NONE)
            count_wait(k, i, whom);
        if (s->process != PROFILE_NONE &&
            k->process_row[s->process] != PROFILE_NONE)
            count_own(k, i, k->process_row[s->process], whom);
    }
}

/* --- the longest ---------------------------------------------------------- */

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->other != y->other)
        return x->other < y->other ? -1 : 1;
    return (x->state > y->state) - (x->state < y->state);
}

/* Joins the entries of the same pair. */
static void settle(struct pairs *all)
{
    size_t kept = 0;
    qsort(all->list, all->count, sizeof(all->list[0]), by_pair);
    for (size_t i = 0; i < all->count; i++)
        if (kept && by_pair(&all->list[kept - 1], &all->list[i]) == 0)
            add_capped(&all->list[kept - 1].ns, all->list[i].ns);
        else
            all->list[kept++] = all->list[i];
    all->count = kept;
}

static void find_usual(struct waits *w, const struct pairs *own)
{
    uint64_t most = 0;
    for (size_t r = 0; r < w->count; r++)
        for (int i = 0; i < STATE_COUNT; i++)
            if (w->rows[r].own_by_state[i] >
                w->rows[r].own_by_state[w->rows[r].usual])
                w->rows[r].usual = (enum sample_state)i;
    for (size_t i = 0; i < own->count; i++) {
        const struct pair *o = &own->list[i];
        struct waits_row *row = &w->rows[o->row];
        if (i == 0 || o->row != own->list[i - 1].row)
            most = 0;
        if (o->state == (uint32_t)row->usual && o->ns > most) {
            most = o->ns;
            row->usual_function = o->other;
        }
    }
}

static void keep_longest(struct work *k)
{
    struct waits *w = k->w;
    settle(&k->sites);
    settle(&k->own);
    settle(&k->asks);
    for (size_t i = 0; i < k->sites.count; i++) {
        const struct pair *site = &k->sites.list[i];
        struct waits_row *row = &w->rows[site->row];
        longest_keep(row->sites, &row->site_count, WAITS_SITES, site->other,
                     site->ns);
    }
    find_usual(w, &k->own);
    for (size_t i = 0; i < k->asks.count; i++) {
        const struct pair *a = &k->asks.list[i];
        if (a->ns <= w->rows[a->row].waits_for_ns)
            continue;
        w->rows[a->row].waits_for = a->other;
        w->rows[a->row].waits_for_ns = a->ns;
    }
}

/* --- the order ------------------------------------------------------------ */

static int by_ns(const void *a, const void *b, void *rows)
{
    const struct waits_row *all = rows;
    const struct waits_row *x = &all[*(const uint32_t *)a];
    const struct waits_row *y = &all[*(const uint32_t *)b];
    if (x->ns != y->ns)
        return x->ns > y->ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Rows for which nobody waits are left out: a filter removed those that did, or
 * the row was joined with another one. */
static int sort_rows(struct waits *w)
{
    size_t n = w->count, kept = 0;
    struct waits_row *sorted = calloc(n + 1, sizeof(*sorted));
    uint32_t *order = filled(n), *now_at = filled(n);
    int err = sorted && order && now_at ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < n && !err; i++)
        order[i] = i;
    if (!err)
        qsort_r(order, n, sizeof(*order), by_ns, w->rows);
    for (size_t i = 0; i < n && !err; i++)
        if (w->rows[order[i]].ns) {
            now_at[order[i]] = (uint32_t)kept;
            sorted[kept++] = w->rows[order[i]];
            w->rows[order[i]].name = NULL;
        }
    for (size_t i = 0; i < kept; i++)
        if (sorted[i].waits_for != PROFILE_NONE)
            sorted[i].waits_for = now_at[sorted[i].waits_for];
    if (!err) {
        waits_deinit(w);
        *w = (struct waits){sorted, kept};
        sorted = NULL;
    }
    free(sorted);
    free(order);
    free(now_at);
    return err;
}

int waits_find(const struct profile *p, struct waits *out)
{
    struct work k;
    *out = (struct waits){NULL, 0};
    if (!profile_is_wall(p))
        return 0;
    int err = work_init(&k, p, out);
    if (!err)
        err = find_rows(&k);
    if (!err) {
        find_processes(&k);
        count_samples(&k);
        keep_longest(&k);
        err = sort_rows(out);
    }
    work_deinit(&k);
    return err;
}

void waits_deinit(struct waits *w)
{
    for (size_t i = 0; i < w->count && w->rows; i++)
        free(w->rows[i].name);
    free(w->rows);
    *w = (struct waits){NULL, 0};
}
