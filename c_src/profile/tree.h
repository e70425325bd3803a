/**
 * @file tree.h
 * The stack trie as a tree to walk from its roots: who is whose first child
 * and next sibling. Made once from a profile, O(stacks log stacks).
 * A walk needs no stack: go to first_child, else to next_sibling, else up by
 * parent until there is one (summary.c has one).
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
 * @param rank  by frame id: siblings are in ascending rank of their frames;
 *              NULL: in ascending id
 * @return 0 or -ENOMEM; then *out is as it was. tree_deinit frees it
 */
MUST_USE int tree_build(const struct profile *p, const uint32_t *rank,
                        struct tree *out);
void tree_deinit(struct tree *t);

#endif
