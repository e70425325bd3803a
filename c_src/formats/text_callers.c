/*
 * The callers and callees of a function. Each counted sample that has the
 * function on its stack is in one row of each table: that of the caller of its
 * outermost frame, and that of the callee of its innermost frame. So both
 * tables add up to the function's total.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "formats/text_parts.h"
#include "formats/value.h"

enum { NAMED = 5 };

/* What is known about a stack. */
struct standing {
    uint32_t caller;    /* function + 1 that called the outermost; 0: none */
    uint32_t callee;    /* function + 1 that the innermost called; 0: itself */
    bool within, again; /* the function is on the stack; more than once */
};

struct row {
    uint32_t function; /* function + 1; 0: none, or itself */
    uint64_t samples;
};

struct callers {
    const struct text_table *t;
    const struct profile *p;
    const struct summary *s;
    struct buffer *out;
    size_t top;
    bool *chosen; /* by function */
    struct standing *standings;
    struct row *above, *below; /* by function + 1 */
    uint64_t total, self, again;
};

/* --- the chosen functions ------------------------------------------------- */

/* whole: asked is a name like "lists:seq/2"; otherwise it is like "lists:seq",
 * which means all arities. */
static bool is_named(const char *name, const char *asked, bool whole)
{
    size_t len = strlen(asked);
    if (whole)
        return strcmp(name, asked) == 0;
    return strncmp(name, asked, len) == 0 && name[len] == '/' &&
           strspn(name + len + 1, "0123456789") == strlen(name + len + 1);
}

static bool choose_named(struct callers *c, const char *asked, bool whole)
{
    bool any = false;
    for (uint32_t i = 0; i < profile_function_count(c->p); i++) {
        uint32_t name = profile_function_at(c->p, i)->name;
        c->chosen[i] = is_named(profile_text(c->p, name), asked, whole);
        any |= c->chosen[i];
    }
    return any;
}

/* --- counting ------------------------------------------------------------- */

/* Parents have lower ids than their children, so they come first. */
static void place_stacks(struct callers *c)
{
    for (uint32_t i = 0; i < profile_stack_count(c->p); i++) {
        const struct profile_stack *s = profile_stack_at(c->p, i);
        uint32_t function = profile_stack_function(c->p, i);
        struct standing at = {0};
        if (s->parent != PROFILE_NONE)
            at = c->standings[s->parent];
        if (c->chosen[function]) {
            at.again |= at.within;
            if (!at.within && s->parent != PROFILE_NONE)
                at.caller = profile_stack_function(c->p, s->parent) + 1;
            at.within = true;
            at.callee = 0;
        } else if (at.within && !at.callee) {
            at.callee = function + 1;
        }
        c->standings[i] = at;
    }
}

static void count(struct callers *c)
{
    for (size_t i = 0; i < profile_sample_count(c->p); i++) {
        const struct profile_sample *s = profile_sample_at(c->p, i);
        if (!profile_counts(c->p, s->state) || s->stack == PROFILE_NONE)
            continue;
        const struct standing *at = &c->standings[s->stack];
        uint64_t weight = profile_weight(c->p, i);
        if (!at->within)
            continue;
        add_capped(&c->total, weight);
        add_capped(&c->above[at->caller].samples, weight);
        add_capped(&c->below[at->callee].samples, weight);
        if (at->callee == 0)
            add_capped(&c->self, weight);
        if (at->again)
            add_capped(&c->again, weight);
    }
}

/* --- writing -------------------------------------------------------------- */

static int by_samples(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    return x->function < y->function ? -1 : x->function > y->function;
}

static const char *name_of(const struct callers *c, const struct row *row,
                           const char *none)
{
    if (row->function == 0)
        return none;
    return profile_text(c->p,
                        profile_function_at(c->p, row->function - 1)->name);
}

static void figures(struct callers *c, uint64_t samples)
{
    buffer_printf(
        c->out, "%6.2f  %5.2f  %6.2f  ", summary_pct(samples, c->s->counted),
        summary_part_error_pct(c->s, samples), summary_pct(samples, c->total));
    value_add(c->out, c->p, samples);
    buffer_text(c->out, "  ");
}

static void table(struct callers *c, const char *title, struct row *rows,
                  const char *none)
{
    size_t n = profile_function_count(c->p) + 1, shown = 0;
    for (uint32_t i = 0; i < n; i++)
        rows[i].function = i;
    qsort(rows, n, sizeof(*rows), by_samples);
    text_table_head(c->t, "     %%     +-  OF THIS  %8s  %s", value_title(c->p),
                    title);
    for (; shown < n && shown < c->top && rows[shown].samples; shown++) {
        figures(c, rows[shown].samples);
        text_cell_add(c->out, name_of(c, &rows[shown], none), 0);
        text_cell_end_line(c->out);
    }
    uint64_t more = 0, left = 0;
    for (size_t i = shown; i < n && rows[i].samples; i++, left++)
        add_capped(&more, rows[i].samples);
    if (left) {
        figures(c, more);
        buffer_printf(c->out, "... %llu more\n", (unsigned long long)left);
    }
}

static void head(struct callers *c)
{
    int named = 0;
    buffer_text(c->out, "\nFunction:");
    for (uint32_t i = 0; i < profile_function_count(c->p); i++) {
        if (!c->chosen[i] || ++named > NAMED)
            continue;
        buffer_text(c->out, named > 1 ? ", " : " ");
        text_cell_add(
            c->out, profile_text(c->p, profile_function_at(c->p, i)->name), 0);
    }
    if (named > NAMED)
        buffer_printf(c->out, " and %d more", named - NAMED);
    buffer_printf(c->out, "\n          self %.2f +-%.2f %% (",
                  summary_pct(c->self, c->s->counted),
                  summary_part_error_pct(c->s, c->self));
    value_say(c->out, c->p, c->self);
    buffer_printf(c->out, "), total %.2f +-%.2f %% (",
                  summary_pct(c->total, c->s->counted),
                  summary_part_error_pct(c->s, c->total));
    value_say(c->out, c->p, c->total);
    buffer_text(c->out, ")\n");
    if (c->again)
        buffer_printf(c->out,
                      "          %.2f %% of it is recursive (callers of the "
                      "outermost call, "
                      "callees of the innermost call)\n",
                      summary_pct(c->again, c->total));
}

/* --- the whole ------------------------------------------------------------ */

static int callers_init(struct callers *c)
{
    size_t functions = profile_function_count(c->p) + 1;
    c->chosen = calloc(functions, sizeof(*c->chosen));
    c->above = calloc(functions, sizeof(*c->above));
    c->below = calloc(functions, sizeof(*c->below));
    c->standings = calloc(profile_stack_count(c->p) + 1, sizeof(*c->standings));
    bool ok = c->chosen && c->above && c->below && c->standings;
    return ok ? 0 : -ENOMEM;
}

static void callers_deinit(struct callers *c)
{
    free(c->chosen);
    free(c->above);
    free(c->below);
    free(c->standings);
}

int text_callers_write(const struct text_table *t, const char *function)
{
    struct callers c = {.t = t,
                        .p = t->p,
                        .s = t->s,
                        .out = t->out,
                        .top = t->top ? t->top : FORMAT_TEXT_SELF_TOP};
    int err = callers_init(&c);
    if (!err && !choose_named(&c, function, true) &&
        !choose_named(&c, function, false))
        err = -E_NO_FUNCTION;
    if (!err) {
        place_stacks(&c);
        count(&c);
        head(&c);
        table(&c, "CALLED BY", c.above, "(nothing: it is the first function)");
        table(&c, "CALLS", c.below, "(itself: the function's own code)");
    }
    callers_deinit(&c);
    return err;
}
