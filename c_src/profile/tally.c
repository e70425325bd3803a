#include "profile/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "profile/tree.h"

/* Parents have lower ids than their children, so they come first. */
static void charge_all(struct tally_shape *s, const struct profile *p)
{
    for (uint32_t i = 0; i < s->stacks; i++) {
        const struct profile_stack *stack = profile_stack_at(p, i);
        s->parent[i] = stack->parent;
        s->function[i] = profile_frame_at(p, stack->frame)->function;
        if (frame_is_charged(profile_function_at(p, s->function[i])->kind))
            s->charged[i] = s->function[i];
        else
            s->charged[i] = stack->parent == PROFILE_NONE
                                ? PROFILE_NONE
                                : s->charged[stack->parent];
    }
    for (uint32_t i = 0; i < s->stacks; i++)
        if (s->charged[i] == PROFILE_NONE)
            s->charged[i] = s->function[i];
}

/* on_path: by function, how often it is on the path of the walk; all 0 before
 * and after. */
static void mark_outermost(struct tally_shape *s, const struct tree *t,
                           uint32_t *on_path)
{
    uint32_t at = t->first_root;
    while (at != PROFILE_NONE) {
        s->outermost[at] = on_path[s->function[at]]++ == 0;
        if (t->nodes[at].first_child != PROFILE_NONE) {
            at = t->nodes[at].first_child;
            continue;
        }
        on_path[s->function[at]]--;
        while (t->nodes[at].next_sibling == PROFILE_NONE) {
            at = t->nodes[at].parent;
            if (at == PROFILE_NONE)
                return;
            on_path[s->function[at]]--;
        }
        at = t->nodes[at].next_sibling;
    }
}

int tally_shape_init(struct tally_shape *s, const struct profile *p)
{
    size_t stacks = profile_stack_count(p);
    size_t functions = profile_function_count(p);
    *s = (struct tally_shape){
        .stacks = stacks,
        .functions = functions,
        .parent = calloc(stacks + 1, sizeof(*s->parent)),
        .function = calloc(stacks + 1, sizeof(*s->function)),
        .charged = calloc(stacks + 1, sizeof(*s->charged)),
        .outermost = calloc(stacks + 1, sizeof(*s->outermost)),
    };
    uint32_t *on_path = calloc(functions + 1, sizeof(*on_path));
    struct tree tree = {0};
    int err = s->parent && s->function && s->charged && s->outermost && on_path
                  ? tree_build(p, NULL, &tree)
                  : -ENOMEM;
    if (!err) {
        charge_all(s, p);
        mark_outermost(s, &tree, on_path);
    }
    tree_deinit(&tree);
    free(on_path);
    return err;
}

void tally_shape_deinit(struct tally_shape *s)
{
    free(s->parent);
    free(s->function);
    free(s->charged);
    free(s->outermost);
}

int tally_init(struct tally *t, const struct tally_shape *s)
{
    size_t n = s->functions + 1;
    *t = (struct tally){.self = calloc(n, sizeof(uint64_t)),
                        .own = calloc(n, sizeof(uint64_t)),
                        .total = calloc(n, sizeof(uint64_t))};
    return t->self && t->own && t->total ? 0 : -ENOMEM;
}

void tally_deinit(struct tally *t)
{
    free(t->self);
    free(t->own);
    free(t->total);
}

static void count_ends(struct tally *t, const struct tally_shape *s,
                       uint64_t *through, const bool *without)
{
    for (size_t i = 0; i < s->stacks; i++) {
        if (without && without[s->charged[i]])
            through[i] = 0;
        add_capped(&t->self[s->function[i]], through[i]);
        add_capped(&t->own[s->charged[i]], through[i]);
    }
}

int tally_count(struct tally *t, const struct tally_shape *s,
                const uint64_t *by_stack, const bool *without)
{
    uint64_t *through = malloc((s->stacks + 1) * sizeof(*through));
    if (!through)
        return -ENOMEM;
    memcpy(through, by_stack, s->stacks * sizeof(*through));
    count_ends(t, s, through, without);
    for (size_t i = s->stacks; i-- > 0;) {
        if (s->outermost[i])
            add_capped(&t->total[s->function[i]], through[i]);
        if (s->parent[i] != PROFILE_NONE)
            add_capped(&through[s->parent[i]], through[i]);
    }
    free(through);
    return 0;
}
