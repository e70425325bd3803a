#include "profile/tree.h"

#include <errno.h>
#include <stdlib.h>

struct order {
    uint32_t rank, id;
};

static int by_rank(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static uint32_t *child_link(struct tree *t, uint32_t parent)
{
    return parent == PROFILE_NONE ? &t->first_root
                                  : &t->nodes[parent].first_child;
}

/* Each node is put in front of the siblings linked so far, so the last comes
 * first. */
static void link_nodes(struct tree *t, const struct order *order, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        uint32_t id = order ? order[i].id : (uint32_t)i;
        uint32_t *link = child_link(t, t->nodes[id].parent);
        t->nodes[id].next_sibling = *link;
        *link = id;
    }
}

static int link_ranked(struct tree *t, const struct profile *p,
                       const uint32_t *rank, size_t n)
{
    struct order *order = malloc((n + 1) * sizeof(*order));
    if (!order)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        order[i] = (struct order){rank[profile_stack_at(p, i)->frame], i};
    qsort(order, n, sizeof(*order), by_rank);
    link_nodes(t, order, n);
    free(order);
    return 0;
}

int tree_build(const struct profile *p, const uint32_t *rank, struct tree *out)
{
    size_t n = profile_stack_count(p);
    struct tree t = {.first_root = PROFILE_NONE};
    t.nodes = malloc((n + 1) * sizeof(*t.nodes));
    if (!t.nodes)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        t.nodes[i] = (struct tree_node){profile_stack_at(p, i)->parent,
                                        PROFILE_NONE, PROFILE_NONE};
    int err = 0;
    if (rank)
        err = link_ranked(&t, p, rank, n);
    else
        link_nodes(&t, NULL, n);
    if (err) {
        tree_deinit(&t);
        return err;
    }
    *out = t;
    return 0;
}

void tree_deinit(struct tree *t)
{
    free(t->nodes);
    *t = (struct tree){.first_root = PROFILE_NONE};
}
