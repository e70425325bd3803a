/**
 * @file tree.h
 * The stack trie as a tree with first children and next siblings, to walk from
 * its roots. Building it takes O(stacks log stacks). A walk needs no stack of
 * its own: go to first_child; if there is none, to next_sibling; if there is
 * none, up through the parents until one has a next_sibling (as in summary.c).
 */
#ifndef CPROF_PROFILE_TREE_H
#define CPROF_PROFILE_TREE_H

#include "base/err.h"
#include "profile/profile.h"

struct tree_node {
    uint32_t parent, first_child, next_sibling; /**< PROFILE_NONE: none */
};

struct tree {
    struct tree_node *nodes; /**< by stack id */
    uint32_t first_root;
};

/**
 * @param rank  by frame id: siblings are sorted by the rank of their frames;
 *              NULL: by id
 * @param out  unchanged on an error; tree_deinit frees it
 * @return 0 or -ENOMEM
 */
MUST_USE int tree_build(const struct profile *p, const uint32_t *rank,
                        struct tree *out);
void tree_deinit(struct tree *t);

#endif
