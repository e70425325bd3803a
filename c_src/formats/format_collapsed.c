/*
 * Collapsed stacks, one per line: the names from the root, joined by ';', a
 * space, and the number of samples. Lines and files are dropped, so stacks that
 * differ only in these become one. A second profile merges them: its frames
 * have only the name as it is written here. If users ask for that, the spans
 * that a sample is in stand before its stack.
 */
#include "formats/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"
#include "profile/tree.h"

struct collapse {
    const struct profile *from;
    struct profile *plain;
    uint32_t *stacks; /* by stack of from: its stack in plain */
    uint64_t *counts; /* by stack of plain: samples */
    size_t counts_cap;
    uint32_t *rank;              /* by frame of plain: place of its name */
    uint64_t no_stack;           /* samples without a stack */
    uint64_t apart[STATE_COUNT]; /* samples in states that are not counted */
    struct buffer name, path;
    size_t *lengths; /* by depth: length of the path up to that frame */
};

/* Writes a name so that it can break neither the stack, nor the line, nor a
 * terminal. */
static int write_name(struct buffer *out, const char *name)
{
    buffer_clear(out);
    utf8_show(out, name, strlen(name));
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == ';')
            out->data[i] = ':';
    if (out->len == 0)
        buffer_text(out, "[unknown]");
    buffer_add(out, "", 1);
    return buffer_status(out);
}

/* A frame that has only a name: a string of from. */
static int64_t named_frame(struct collapse *c, uint32_t name)
{
    int err = write_name(&c->name, profile_text(c->from, name));
    if (err)
        return err;
    return profile_frame(c->plain, &(struct frame){
                                       .name = (char *)c->name.data,
                                       .module = "",
                                       .function = "",
                                       .arity = FRAME_NO_ARITY,
                                       .file = "",
                                   });
}

static int64_t plain_frame(struct collapse *c, uint32_t frame)
{
    uint32_t function = profile_frame_at(c->from, frame)->function;
    return named_frame(c, profile_function_at(c->from, function)->name);
}

static int make_plain_stacks(struct collapse *c)
{
    for (uint32_t i = 0; i < profile_stack_count(c->from); i++) {
        const struct profile_stack *s = profile_stack_at(c->from, i);
        int64_t id = plain_frame(c, s->frame);
        if (id < 0)
            return (int)id;
        uint32_t parent =
            s->parent == PROFILE_NONE ? PROFILE_NONE : c->stacks[s->parent];
        id = profile_stack(c->plain, parent, (uint32_t)id);
        if (id < 0)
            return (int)id;
        c->stacks[i] = (uint32_t)id;
    }
    return 0;
}

/* --- below spans ---------------------------------------------------------- */

static int64_t below(struct collapse *c, int64_t parent, int64_t frame)
{
    if (parent < 0 || frame < 0)
        return parent < 0 ? parent : frame;
    return profile_stack(c->plain, (uint32_t)parent, (uint32_t)frame);
}

/* The stack of a span with those around it; PROFILE_NONE for span 0. */
static int64_t span_stack(struct collapse *c, uint32_t span)
{
    uint32_t names[PROFILE_SPAN_DEPTH];
    int64_t at = PROFILE_NONE;
    size_t n = 0;
    for (; span; span = profile_span_at(c->from, span)->parent)
        names[n++] = profile_span_at(c->from, span)->name;
    while (n-- > 0)
        at = below(c, at, named_frame(c, names[n]));
    return at;
}

/* The same frames again, below others. */
static int64_t copy_below(struct collapse *c, int64_t at, uint32_t stack)
{
    uint32_t depth = profile_stack_at(c->from, stack)->depth;
    uint32_t *frames = malloc(depth * sizeof(*frames));
    if (!frames)
        return -ENOMEM;
    for (uint32_t i = 0; i < depth; i++) {
        frames[i] = profile_stack_at(c->from, stack)->frame;
        stack = profile_stack_at(c->from, stack)->parent;
    }
    for (uint32_t i = depth; i-- > 0;)
        at = below(c, at, plain_frame(c, frames[i]));
    free(frames);
    return at;
}

static int count_in_span(struct collapse *c, const struct profile_sample *s,
                         uint64_t weight)
{
    size_t old = c->counts_cap;
    int64_t at = span_stack(c, s->span);
    if (at >= 0 && s->stack != PROFILE_NONE)
        at = copy_below(c, at, s->stack);
    if (at < 0)
        return (int)at;
    if (at == PROFILE_NONE) {
        c->no_stack += weight;
        return 0;
    }
    int err = ARRAY_RESERVE(c->counts, c->counts_cap, (size_t)at + 2);
    if (err)
        return err;
    if (c->counts_cap > old)
        memset(c->counts + old, 0, (c->counts_cap - old) * sizeof(*c->counts));
    c->counts[at] += weight;
    return 0;
}

static int count_by_span(struct collapse *c)
{
    int err = 0;
    for (size_t i = 0; i < profile_sample_count(c->from) && !err; i++) {
        const struct profile_sample *s = profile_sample_at(c->from, i);
        uint64_t weight = profile_weight(c->from, i);
        if (profile_counts(c->from, s->state))
            err = count_in_span(c, s, weight);
        else
            c->apart[s->state] += weight;
    }
    return err;
}

/* --- as they are ---------------------------------------------------------- */

static void count_rows(struct collapse *c)
{
    for (size_t i = 0; i < profile_sample_count(c->from); i++) {
        const struct profile_sample *s = profile_sample_at(c->from, i);
        uint64_t weight = profile_weight(c->from, i);
        if (!profile_counts(c->from, s->state))
            c->apart[s->state] += weight;
        else if (s->stack == PROFILE_NONE)
            c->no_stack += weight;
        else
            c->counts[c->stacks[s->stack]] += weight;
    }
}

/* --- order of names ------------------------------------------------------- */

struct named {
    const char *name;
    uint32_t frame;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name,
                  ((const struct named *)b)->name);
}

static int rank_frames(struct collapse *c)
{
    uint32_t n = (uint32_t)profile_frame_count(c->plain);
    struct named *order = malloc((n + 1) * sizeof(*order));
    if (!order)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t function = profile_frame_at(c->plain, i)->function;
        uint32_t name = profile_function_at(c->plain, function)->name;
        order[i] = (struct named){profile_text(c->plain, name), i};
    }
    qsort(order, n, sizeof(*order), by_name);
    for (uint32_t i = 0; i < n; i++)
        c->rank[order[i].frame] = i;
    free(order);
    return 0;
}

/* --- writing -------------------------------------------------------------- */

static void write_node(struct collapse *c, uint32_t id, struct buffer *out)
{
    const struct profile_stack *s = profile_stack_at(c->plain, id);
    uint32_t function = profile_frame_at(c->plain, s->frame)->function;
    uint32_t name = profile_function_at(c->plain, function)->name;
    c->path.len = c->lengths[s->depth - 1];
    if (s->depth > 1)
        buffer_text(&c->path, ";");
    buffer_text(&c->path, profile_text(c->plain, name));
    c->lengths[s->depth] = c->path.len;
    if (c->counts[id] == 0)
        return;
    buffer_add(out, c->path.data, c->path.len);
    buffer_printf(out, " %llu\n", (unsigned long long)c->counts[id]);
}

static int write_tree(struct collapse *c, struct buffer *out)
{
    struct tree t;
    int err = tree_build(c->plain, c->rank, &t);
    if (err)
        return err;
    uint32_t at = t.first_root;
    while (at != PROFILE_NONE && !out->failed) {
        write_node(c, at, out);
        uint32_t next = t.nodes[at].first_child;
        while (next == PROFILE_NONE && at != PROFILE_NONE) {
            next = t.nodes[at].next_sibling;
            at = t.nodes[at].parent;
        }
        at = next;
    }
    tree_deinit(&t);
    return buffer_status(&c->path);
}

static int collapse_init(struct collapse *c, const struct profile *p)
{
    size_t stacks = profile_stack_count(p) + 2;
    *c = (struct collapse){
        .from = p,
        .stacks = calloc(stacks, sizeof(*c->stacks)),
        .counts = calloc(stacks, sizeof(*c->counts)),
        .counts_cap = stacks,
        .rank = calloc(profile_frame_count(p) + profile_span_count(p),
                       sizeof(*c->rank)),
        .lengths = calloc(stacks + PROFILE_SPAN_DEPTH, sizeof(*c->lengths)),
    };
    buffer_init(&c->name, BUFFER_DEFAULT_MAX);
    buffer_init(&c->path, BUFFER_DEFAULT_MAX);
    if (!c->stacks || !c->counts || !c->rank || !c->lengths)
        return -ENOMEM;
    return profile_create(&c->plain);
}

static void collapse_deinit(struct collapse *c)
{
    profile_destroy(c->plain);
    free(c->stacks);
    free(c->counts);
    free(c->rank);
    free(c->lengths);
    buffer_deinit(&c->name);
    buffer_deinit(&c->path);
}

static void write_line(struct buffer *out, const char *name, uint64_t count)
{
    if (count)
        buffer_printf(out, "%s %llu\n", name, (unsigned long long)count);
}

/* One line for each state that is not counted: "[idle] 12". */
static void write_apart(const struct collapse *c, struct buffer *out)
{
    for (int i = 0; i < STATE_COUNT; i++)
        if (c->apart[i])
            buffer_printf(out, "[%s] %llu\n", state_name((enum sample_state)i),
                          (unsigned long long)c->apart[i]);
}

static int write_collapsed(const struct profile *p,
                           const struct format_options *o, struct buffer *out)
{
    struct collapse c;
    bool by_span = o && o->by == FORMAT_BY_SPAN;
    int err = collapse_init(&c, p);
    if (!err)
        err = by_span ? count_by_span(&c) : make_plain_stacks(&c);
    if (!err && !by_span)
        count_rows(&c);
    if (!err)
        err = rank_frames(&c);
    if (!err) {
        write_line(out, "[no stack]", c.no_stack);
        write_apart(&c, out);
        err = write_tree(&c, out);
    }
    collapse_deinit(&c);
    return err ? err : buffer_status(out);
}

const struct format format_collapsed = {
    .name = "collapsed",
    .extension = ".collapsed",
    .one_event = true,
    .write = write_collapsed,
};
