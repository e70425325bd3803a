#include "profile/breakdown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/intern.h"

/* A BIF that was also called through its stub in JIT code has two functions
 * with the same name. Reports show only the name, so they become one. */
static int merge_names(const struct profile *p, uint32_t *charged)
{
    uint32_t n = (uint32_t)profile_stack_count(p);
    uint32_t *first = malloc((profile_string_count(p) + 1) * sizeof(*first));
    if (!first)
        return -ENOMEM;
    memset(first, 0xff, (profile_string_count(p) + 1) * sizeof(*first));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t *of = &first[profile_function_at(p, charged[i])->name];
        if (*of == PROFILE_NONE)
            *of = charged[i];
        charged[i] = *of;
    }
    free(first);
    return 0;
}

/* By stack: the function to charge. Parents have lower ids than their children,
 * so they come first. */
static uint32_t *charge_all(const struct profile *p)
{
    uint32_t n = (uint32_t)profile_stack_count(p);
    uint32_t *charged = malloc((n + 1) * sizeof(*charged));
    if (!charged)
        return NULL;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t parent = profile_stack_at(p, i)->parent;
        uint32_t function = profile_stack_function(p, i);
        if (frame_is_charged(profile_function_at(p, function)->kind))
            charged[i] = function;
        else
            charged[i] =
                parent == PROFILE_NONE ? PROFILE_NONE : charged[parent];
    }
    for (uint32_t i = 0; i < n; i++)
        if (charged[i] == PROFILE_NONE)
            charged[i] = profile_stack_function(p, i);
    return charged;
}

static int count(const struct profile *p, const uint32_t *owner_of,
                 const uint32_t *charged, struct intern *rows)
{
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *s = profile_sample_at(p, i);
        uint64_t weight = profile_weight(p, i);
        if (!weight || !profile_counts(p, s->state) ||
            s->process == PROFILE_NONE || s->stack == PROFILE_NONE ||
            owner_of[s->process] == PROFILE_NONE)
            continue;
        struct breakdown_row key = {owner_of[s->process], charged[s->stack], 0};
        int64_t id = intern_row(rows, &key);
        if (id < 0)
            return (int)id;
        struct breakdown_row *row = (struct breakdown_row *)rows->rows + id;
        add_capped(&row->samples, weight);
    }
    return 0;
}

static int by_owner(const void *a, const void *b, void *profile)
{
    const struct breakdown_row *x = a, *y = b;
    const struct profile *p = profile;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    int names =
        strcmp(profile_text(p, profile_function_at(p, x->function)->name),
               profile_text(p, profile_function_at(p, y->function)->name));
    if (names != 0)
        return names;
    return x->function < y->function ? -1 : x->function > y->function;
}

/* Takes ownership of the rows. */
static int sort(const struct profile *p, size_t owners, struct intern *rows,
                struct breakdown *out)
{
    size_t *first = malloc((owners + 1) * sizeof(*first));
    if (!first)
        return -ENOMEM;
    struct breakdown_row *all = rows->rows;
    if (rows->len)
        qsort_r(all, rows->len, sizeof(*all), by_owner, (void *)p);
    size_t at = 0;
    for (size_t i = 0; i <= owners; i++) {
        while (at < rows->len && all[at].owner < i)
            at++;
        first[i] = at;
    }
    *out = (struct breakdown){all, first, owners};
    rows->rows = NULL;
    return 0;
}

int breakdown_compute(const struct profile *p, const uint32_t *owner_of,
                      size_t owners, struct breakdown *out)
{
    struct intern rows;
    intern_init(&rows, sizeof(struct breakdown_row), 2 * sizeof(uint32_t));
    uint32_t *charged = charge_all(p);
    int err = charged ? merge_names(p, charged) : -ENOMEM;
    if (!err)
        err = count(p, owner_of, charged, &rows);
    if (!err)
        err = sort(p, owners, &rows, out);
    free(charged);
    intern_deinit(&rows);
    return err;
}

void breakdown_deinit(struct breakdown *b)
{
    free(b->rows);
    free(b->first);
    *b = (struct breakdown){0};
}
