/*
 * The call tree of all counted samples, without branches that have less than
 * min_pct of them. An only child is not indented further, so that deep stacks
 * stay readable:
 *
 *   100.00   0.00  |- proc_lib:init_p/5
 *   100.00   0.00  |  gen_server:loop/7
 *    60.00  40.00  |  |- server:work/1
 */
#include <errno.h>
#include <stdlib.h>

#include "base/add.h"
#include "formats/format.h"
#include "formats/lineless.h"
#include "formats/text_parts.h"
#include "formats/value.h"

struct node {
    uint64_t total, self;
    uint32_t first, count; /* its shown children, in call_tree.shown */
    uint64_t cut;          /* samples of the children that are not shown */
    uint32_t cut_count;
};

struct call_tree {
    const struct profile *p;
    const struct summary *s;
    struct buffer *out;
    double min_pct;
    struct lineless l;
    struct node *nodes; /* by stack of plain; the last is the root of all */
    uint32_t *shown;    /* shown children of all nodes */
    uint32_t root;
    struct buffer lead; /* the lines of the tree in front of a name */
};

/* --- the shown nodes ------------------------------------------------------ */

static uint32_t parent_of(const struct call_tree *t, uint32_t node)
{
    uint32_t parent = profile_stack_at(t->l.plain, node)->parent;
    return parent == PROFILE_NONE ? t->root : parent;
}

static void count(struct call_tree *t)
{
    for (size_t i = 0; i < profile_sample_count(t->p); i++) {
        const struct profile_sample *s = profile_sample_at(t->p, i);
        uint64_t weight = profile_weight(t->p, i);
        if (!profile_counts(t->p, s->state))
            continue;
        uint32_t at = s->stack == PROFILE_NONE ? t->root : t->l.stack[s->stack];
        add_capped(&t->nodes[at].self, weight);
        add_capped(&t->nodes[at].total, weight);
    }
    for (uint32_t i = t->root; i-- > 0;)
        add_capped(&t->nodes[parent_of(t, i)].total, t->nodes[i].total);
}

static bool is_shown(const struct call_tree *t, uint32_t node)
{
    uint64_t total = t->nodes[node].total;
    return total && summary_pct(total, t->s->counted) >= t->min_pct;
}

static int by_total(const void *a, const void *b, void *tree)
{
    const struct call_tree *t = tree;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint64_t total_x = t->nodes[x].total, total_y = t->nodes[y].total;
    if (total_x != total_y)
        return total_x > total_y ? -1 : 1;
    return t->l.place[x] < t->l.place[y] ? -1 : 1;
}

/* Fills in `shown`: the children of each node together, the biggest first. */
static void choose(struct call_tree *t)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < t->root; i++) {
        struct node *parent = &t->nodes[parent_of(t, i)];
        if (is_shown(t, i)) {
            parent->count++;
        } else if (t->nodes[i].total) {
            add_capped(&parent->cut, t->nodes[i].total);
            parent->cut_count++;
        }
    }
    for (uint32_t i = 0; i <= t->root; i++) {
        t->nodes[i].first = next;
        next += t->nodes[i].count;
        t->nodes[i].count = 0;
    }
    for (uint32_t i = 0; i < t->root; i++) {
        struct node *parent = &t->nodes[parent_of(t, i)];
        if (is_shown(t, i))
            t->shown[parent->first + parent->count++] = i;
    }
    for (uint32_t i = 0; i <= t->root; i++)
        qsort_r(t->shown + t->nodes[i].first, t->nodes[i].count,
                sizeof(*t->shown), by_total, t);
}

/* --- writing -------------------------------------------------------------- */

static uint32_t function_of(const struct call_tree *t, uint32_t node)
{
    return profile_stack_at(t->l.plain, node)->frame;
}

/* Children that are not shown get a line if they have min_pct together. */
static bool is_cut(const struct call_tree *t, const struct node *n)
{
    return n->cut && summary_pct(n->cut, t->s->counted) >= t->min_pct;
}

static bool is_chain(const struct call_tree *t, uint32_t node)
{
    return t->nodes[node].count == 1 && !is_cut(t, &t->nodes[node]);
}

static void line(struct call_tree *t, uint64_t total, uint64_t self,
                 const char *mark)
{
    buffer_printf(t->out, "%6.2f  %6.2f  ", summary_pct(total, t->s->counted),
                  summary_pct(self, t->s->counted));
    value_add(t->out, t->p, total);
    buffer_text(t->out, "  ");
    buffer_add(t->out, t->lead.data, t->lead.len);
    buffer_text(t->out, mark);
}

static void cut_line(struct call_tree *t, const struct node *n)
{
    line(t, n->cut, 0, "\xe2\x94\x94\xe2\x94\x80 ");
    buffer_printf(t->out, "... %u smaller\n", n->cut_count);
}

/* Writes a node. A recursion is one line. Returns its last node. */
static uint32_t write_node(struct call_tree *t, uint32_t at, const char *mark)
{
    uint32_t function = function_of(t, at), depth = 1;
    uint64_t total = t->nodes[at].total, self = t->nodes[at].self;
    while (is_chain(t, at)) {
        uint32_t child = t->shown[t->nodes[at].first];
        if (function_of(t, child) != function)
            break;
        at = child;
        add_capped(&self, t->nodes[at].self);
        depth++;
    }
    line(t, total, self, mark);
    const struct profile_function *f =
        profile_function_at(t->l.plain, function);
    text_cell_add(t->out, profile_text(t->l.plain, f->name), 0);
    if (depth > 1)
        buffer_printf(t->out, " (%u deep)", depth);
    text_cell_end_line(t->out);
    return at;
}

static void write_branch(struct call_tree *t, uint32_t node);

/* Writes a node, the chain of only children below it, and then the branches
 * below those. */
static void write_child(struct call_tree *t, uint32_t at, bool last)
{
    size_t lead = t->lead.len;
    at = write_node(t, at,
                    last ? "\xe2\x94\x94\xe2\x94\x80 "
                         : "\xe2\x94\x9c\xe2\x94\x80 ");
    buffer_text(&t->lead, last ? "   " : "\xe2\x94\x82  ");
    while (is_chain(t, at))
        at = write_node(t, t->shown[t->nodes[at].first], "");
    write_branch(t, at);
    t->lead.len = lead;
}

/* Recursive, but at most 100 / min_pct levels deep: a node with several
 * branches gives each of them at least min_pct less than it has itself. */
static void write_branch(struct call_tree *t, uint32_t node)
{
    const struct node *n = &t->nodes[node];
    for (uint32_t i = 0; i < n->count; i++)
        write_child(t, t->shown[n->first + i],
                    i == n->count - 1 && !is_cut(t, n));
    if (is_cut(t, n))
        cut_line(t, n);
}

/* --- the whole ------------------------------------------------------------ */

static int call_tree_init(struct call_tree *t)
{
    buffer_init(&t->lead, BUFFER_DEFAULT_MAX);
    int err = lineless_make(t->p, &t->l);
    if (err)
        return err;
    t->root = (uint32_t)profile_stack_count(t->l.plain);
    t->nodes = calloc(t->root + 1, sizeof(*t->nodes));
    t->shown = calloc(t->root + 1, sizeof(*t->shown));
    return t->nodes && t->shown ? 0 : -ENOMEM;
}

static void call_tree_deinit(struct call_tree *t)
{
    lineless_deinit(&t->l);
    free(t->nodes);
    free(t->shown);
    buffer_deinit(&t->lead);
}

int text_tree_write(const struct text_table *table, double min_pct)
{
    struct call_tree t = {
        .p = table->p,
        .s = table->s,
        .out = table->out,
        .min_pct = min_pct > 0 ? min_pct : FORMAT_TEXT_MIN_PCT,
    };
    int err = call_tree_init(&t);
    if (!err) {
        count(&t);
        choose(&t);
        text_table_head(table,
                        "TOTAL%%   SELF%%  %8s  CALL TREE, branches of "
                        "%g %% and more",
                        value_title(t.p), t.min_pct);
        write_branch(&t, t.root);
        uint64_t rootless = t.nodes[t.root].self;
        if (rootless)
            line(&t, rootless, rootless, "[no stack]\n");
        err = buffer_status(&t.lead);
    }
    call_tree_deinit(&t);
    return err;
}
