#include "profile/garbage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"

/* --- by process ----------------------------------------------------------- */

static void add_row(struct garbage_row *to, const struct garbage_row *from)
{
    add_capped(&to->allocated, from->allocated);
    add_capped(&to->collections, from->collections);
    add_capped(&to->minor, from->minor);
    add_capped(&to->survived, from->survived);
    add_capped(&to->grown, from->grown);
    add_capped(&to->shrunk, from->shrunk);
}

static void add_samples(const struct profile *p, struct garbage_row *of)
{
    uint32_t filled = profile_find_value(p, VALUE_FILLED);
    uint32_t collections = profile_find_value(p, VALUE_COLLECTIONS);
    uint32_t minor = profile_find_value(p, VALUE_MINOR);
    uint32_t survived = profile_find_value(p, VALUE_SURVIVED);
    uint32_t grown = profile_find_value(p, VALUE_GROWN);
    uint32_t shrunk = profile_find_value(p, VALUE_SHRUNK);
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        uint32_t process = profile_sample_at(p, i)->process;
        const struct garbage_row row = {
            .allocated = profile_value(p, i, filled),
            .collections = profile_value(p, i, collections),
            .minor = profile_value(p, i, minor),
            .survived = profile_value(p, i, survived),
            .grown = profile_value(p, i, grown),
            .shrunk = profile_value(p, i, shrunk)};
        if (process != PROFILE_NONE)
            add_row(&of[process], &row);
    }
}

static bool is_empty(const struct garbage_row *row)
{
    return row->allocated == 0 && row->collections == 0;
}

static int by_allocated(const void *a, const void *b)
{
    const struct garbage_row *x = a, *y = b;
    if (x->allocated != y->allocated)
        return x->allocated > y->allocated ? -1 : 1;
    return x->process < y->process ? -1 : x->process > y->process;
}

/* --- by name -------------------------------------------------------------- */

/* The row with the name of the process; NULL if it is the first one, or if
 * nothing is known about it, because such processes have nothing in common. */
static struct garbage_row *row_of(struct garbage *g, uint32_t process,
                                  uint32_t *by_name)
{
    if (*process_names_of(&g->names, process) == '\0')
        return NULL;
    uint32_t *at = &by_name[g->names.of[process]];
    if (*at == PROFILE_NONE) {
        *at = (uint32_t)g->count;
        return NULL;
    }
    return &g->rows[*at];
}

/* The rows of single processes are sorted, so the first one of a name is that
 * of the process that allocated most. */
static void join(const struct profile *p, struct garbage *g, size_t n,
                 uint32_t *by_name)
{
    for (size_t i = 0; i < n; i++) {
        const struct garbage_row one = g->rows[i];
        uint64_t members = profile_members(p, one.process);
        struct garbage_row *row = row_of(g, one.process, by_name);
        add_capped(&g->allocated, one.allocated);
        if (row) {
            add_row(row, &one);
            row->together = true;
            add_capped(&row->processes, members);
            continue;
        }
        g->rows[g->count] = one;
        g->rows[g->count++].processes = members;
    }
}

static bool is_crowd(const struct profile *p, uint32_t process)
{
    return profile_text(p, profile_process_at(p, process)->pid)[0] == '\0';
}

static int group(const struct profile *p, struct garbage *g)
{
    size_t n = 0, names = g->names.texts.len;
    uint32_t *by_name = malloc((names + 1) * sizeof(*by_name));
    if (!by_name)
        return -ENOMEM;
    memset(by_name, 0xff, (names + 1) * sizeof(*by_name));
    for (uint32_t i = 0; i < profile_process_count(p); i++) {
        if (is_empty(&g->rows[i]))
            continue;
        g->rows[n] = g->rows[i];
        g->rows[n].process = i;
        g->rows[n++].together = is_crowd(p, i);
    }
    qsort(g->rows, n, sizeof(*g->rows), by_allocated);
    join(p, g, n, by_name);
    qsort(g->rows, g->count, sizeof(*g->rows), by_allocated);
    free(by_name);
    return 0;
}

int garbage_find(const struct profile *p, struct garbage *out)
{
    *out = (struct garbage){.rows = NULL};
    if (profile_event(p) != EVENT_ALLOC)
        return 0;
    int err = process_names_compute(p, &out->names);
    if (err)
        return err;
    out->rows = calloc(profile_process_count(p) + 1, sizeof(*out->rows));
    if (!out->rows)
        return -ENOMEM;
    add_samples(p, out->rows);
    return group(p, out);
}

void garbage_deinit(struct garbage *g)
{
    process_names_deinit(&g->names);
    free(g->rows);
    *g = (struct garbage){.rows = NULL};
}

const char *garbage_name(const struct garbage *g, const struct garbage_row *row)
{
    return process_names_of(&g->names, row->process);
}

int64_t garbage_growth(const struct garbage_row *row)
{
    bool grew = row->grown >= row->shrunk;
    uint64_t by = grew ? row->grown - row->shrunk : row->shrunk - row->grown;
    if (by > INT64_MAX)
        by = INT64_MAX;
    return grew ? (int64_t)by : -(int64_t)by;
}
