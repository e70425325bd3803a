#include "formats/lineless.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int lineless_init(struct lineless *l, const struct profile *p)
{
    size_t stacks = profile_stack_count(p) + 1;
    *l = (struct lineless){
        .stack = calloc(stacks, sizeof(*l->stack)),
        .function = calloc(profile_function_count(p) + 1, sizeof(*l->function)),
        .place = calloc(stacks, sizeof(*l->place)),
    };
    if (!l->stack || !l->function || !l->place)
        return -ENOMEM;
    return profile_create(&l->plain);
}

void lineless_deinit(struct lineless *l)
{
    profile_destroy(l->plain);
    tree_deinit(&l->tree);
    free(l->stack);
    free(l->function);
    free(l->place);
    *l = (struct lineless){0};
}

static int64_t plain_frame(struct lineless *l, const struct profile *p,
                           uint32_t function)
{
    const struct profile_function *f = profile_function_at(p, function);
    int64_t id =
        profile_frame(l->plain, &(struct frame){
                                    .kind = f->kind,
                                    .name = profile_text(p, f->name),
                                    .module = profile_text(p, f->module),
                                    .function = profile_text(p, f->function),
                                    .arity = f->arity,
                                    .file = profile_text(p, f->file),
                                });
    if (id >= 0)
        l->function[id] = function;
    return id;
}

static int make_stacks(struct lineless *l, const struct profile *p,
                       uint32_t *frames)
{
    memset(frames, 0xff, profile_function_count(p) * sizeof(*frames));
    for (uint32_t i = 0; i < profile_stack_count(p); i++) {
        const struct profile_stack *s = profile_stack_at(p, i);
        uint32_t function = profile_frame_at(p, s->frame)->function;
        if (frames[function] == PROFILE_NONE) {
            int64_t frame = plain_frame(l, p, function);
            if (frame < 0)
                return (int)frame;
            frames[function] = (uint32_t)frame;
        }
        uint32_t parent =
            s->parent == PROFILE_NONE ? PROFILE_NONE : l->stack[s->parent];
        int64_t id = profile_stack(l->plain, parent, frames[function]);
        if (id < 0)
            return (int)id;
        l->stack[i] = (uint32_t)id;
    }
    return 0;
}

static void set_places(struct lineless *l)
{
    const struct tree *t = &l->tree;
    uint32_t place = 0, at = t->first_root;
    while (at != PROFILE_NONE) {
        l->place[at] = place++;
        uint32_t next = t->nodes[at].first_child;
        while (next == PROFILE_NONE && at != PROFILE_NONE) {
            next = t->nodes[at].next_sibling;
            at = t->nodes[at].parent;
        }
        at = next;
    }
}

int lineless_make(const struct profile *p, struct lineless *out)
{
    struct lineless l;
    uint32_t *frames =
        malloc((profile_function_count(p) + 1) * sizeof(*frames));
    int err = lineless_init(&l, p);
    if (!frames)
        err = -ENOMEM;
    if (!err)
        err = make_stacks(&l, p, frames);
    if (!err)
        err = tree_build(l.plain, NULL, &l.tree);
    free(frames);
    if (err) {
        lineless_deinit(&l);
        return err;
    }
    set_places(&l);
    *out = l;
    return 0;
}
