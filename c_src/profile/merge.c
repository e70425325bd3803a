#include "profile/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "profile/process_copy.h"
#include "profile/span_copy.h"

struct identity {
    uint32_t name, module, function; /* strings of `to` */
    int32_t arity;
    uint32_t kind;
    uint32_t frame; /* not part of the key */
};

void merge_init(struct merge *m, struct profile *to)
{
    m->to = to;
    intern_init(&m->functions, sizeof(struct identity),
                offsetof(struct identity, frame));
}

void merge_deinit(struct merge *m)
{
    intern_deinit(&m->functions);
}

/* --- functions ------------------------------------------------------------ */

/* On another machine or in another release, the same library may have another
 * path, so only its file name counts. */
static const char *object_name(enum frame_kind kind, const char *module)
{
    const char *slash = strrchr(module, '/');
    bool in_object = kind == FRAME_NATIVE || kind == FRAME_KERNEL;
    return in_object && slash ? slash + 1 : module;
}

static int identify(struct merge *m, const struct profile *from,
                    const struct profile_function *f, struct identity *out)
{
    const char *module = profile_text(from, f->module);
    int64_t name = profile_string(m->to, profile_text(from, f->name));
    int64_t object = profile_string(m->to, object_name(f->kind, module));
    int64_t function = profile_string(m->to, profile_text(from, f->function));
    if (name < 0 || object < 0 || function < 0)
        return (int)(name < 0 ? name : object < 0 ? object : function);
    *out = (struct identity){.name = (uint32_t)name,
                             .module = (uint32_t)object,
                             .function = (uint32_t)function,
                             .arity = f->arity,
                             .kind = f->kind,
                             .frame = PROFILE_NONE};
    return 0;
}

static int name_function(struct merge *m, const struct profile *from,
                         uint32_t id, uint32_t line)
{
    const struct profile_function *f = profile_function_at(from, id);
    struct identity key;
    int err = identify(m, from, f, &key);
    if (err || intern_find(&m->functions, &key) != INDEX_NONE)
        return err;
    int64_t frame = profile_frame(
        m->to, &(struct frame){.kind = f->kind,
                               .name = profile_text(from, f->name),
                               .module = profile_text(from, f->module),
                               .function = profile_text(from, f->function),
                               .arity = f->arity,
                               .file = profile_text(from, f->file),
                               .line = line});
    if (frame < 0)
        return (int)frame;
    key.frame = (uint32_t)frame;
    int64_t row = intern_row(&m->functions, &key);
    return row < 0 ? (int)row : 0;
}

/* By frame: how many samples end there. */
static uint64_t *count_leaves(const struct profile *p)
{
    uint64_t *leaves = calloc(profile_frame_count(p) + 1, sizeof(*leaves));
    if (!leaves)
        return NULL;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *s = profile_sample_at(p, i);
        if (s->stack == PROFILE_NONE)
            continue;
        add_capped(&leaves[profile_stack_at(p, s->stack)->frame],
                   profile_weight(p, i));
    }
    return leaves;
}

/* By function: the id + 1 of its frame at the line with the most samples; 0 if
 * no line is known. */
static uint32_t *main_frames(const struct profile *p, const uint64_t *leaves)
{
    uint32_t *best = calloc(profile_function_count(p) + 1, sizeof(*best));
    if (!best)
        return NULL;
    for (uint32_t i = 0; i < profile_frame_count(p); i++) {
        const struct profile_frame *f = profile_frame_at(p, i);
        uint32_t *old = &best[f->function];
        if (f->line && (!*old || leaves[i] > leaves[*old - 1]))
            *old = i + 1;
    }
    return best;
}

int merge_functions(struct merge *m, const struct profile *from)
{
    uint64_t *leaves = count_leaves(from);
    uint32_t *best = leaves ? main_frames(from, leaves) : NULL;
    int err = best ? 0 : -ENOMEM;
    for (uint32_t i = 0; !err && i < profile_function_count(from); i++) {
        uint32_t line = best[i] ? profile_frame_at(from, best[i] - 1)->line : 0;
        err = name_function(m, from, i, line);
    }
    free(leaves);
    free(best);
    return err;
}

/* --- meta ----------------------------------------------------------------- */

/* used_ns and seen_ns are not copied, because add_meta sums them up over all
 * recordings. */
int merge_meta(struct merge *m, const struct profile *from)
{
    struct profile_meta *meta = profile_meta_edit(m->to);
    uint64_t used_ns = meta->used_ns, seen_ns = meta->seen_ns;
    int err = profile_copy_meta(m->to, from);
    if (!err)
        err = profile_copy_values(m->to, from);
    if (err)
        return err;
    meta->bucket_ns = 0;
    meta->used_ns = used_ns;
    meta->seen_ns = seen_ns;
    return 0;
}

static void add_meta(struct profile *to, const struct profile *from)
{
    profile_add_counters(to, from);
    profile_meta_edit(to)->used_ns += profile_meta(from)->used_ns;
    profile_meta_edit(to)->seen_ns += profile_meta(from)->seen_ns;
}

/* --- rows ----------------------------------------------------------------- */

/* Maps the ids of a recording to those of `to`. */
struct ids {
    uint32_t *frames; /* by function */
    uint32_t *stacks, *processes, *threads, *spans;
};

static int ids_init(struct ids *ids, const struct profile *p)
{
    size_t each = sizeof(uint32_t);
    *ids = (struct ids){
        .frames = calloc(profile_function_count(p) + 1, each),
        .stacks = calloc(profile_stack_count(p) + 1, each),
        .processes = calloc(profile_process_count(p) + 1, each),
        .threads = calloc(profile_thread_count(p) + 1, each),
        .spans = calloc(profile_span_count(p), each),
    };
    bool ok = ids->frames && ids->stacks && ids->processes && ids->threads &&
              ids->spans;
    return ok ? 0 : -ENOMEM;
}

static void ids_deinit(struct ids *ids)
{
    free(ids->frames);
    free(ids->stacks);
    free(ids->processes);
    free(ids->threads);
    free(ids->spans);
}

static int map_functions(struct merge *m, const struct profile *from,
                         struct ids *ids)
{
    for (uint32_t i = 0; i < profile_function_count(from); i++) {
        struct identity key;
        int err = identify(m, from, profile_function_at(from, i), &key);
        if (err)
            return err;
        uint32_t id = intern_find(&m->functions, &key);
        if (id == INDEX_NONE)
            return -EINVAL;
        ids->frames[i] = ((const struct identity *)m->functions.rows)[id].frame;
    }
    return 0;
}

/* Parents come first, so they already have their new ids. */
static int map_stacks(struct merge *m, const struct profile *from,
                      struct ids *ids)
{
    for (uint32_t i = 0; i < profile_stack_count(from); i++) {
        const struct profile_stack *s = profile_stack_at(from, i);
        uint32_t function = profile_frame_at(from, s->frame)->function;
        int64_t id = profile_stack(
            m->to,
            s->parent == PROFILE_NONE ? PROFILE_NONE : ids->stacks[s->parent],
            ids->frames[function]);
        if (id < 0)
            return (int)id;
        ids->stacks[i] = (uint32_t)id;
    }
    return 0;
}

static int map_owners(struct merge *m, const struct profile *from,
                      struct ids *ids)
{
    for (uint32_t i = 0; i < profile_process_count(from); i++) {
        int64_t id = process_copy(from, i, m->to);
        if (id < 0)
            return (int)id;
        ids->processes[i] = (uint32_t)id;
    }
    for (uint32_t i = 0; i < profile_thread_count(from); i++) {
        uint32_t name = profile_thread_at(from, i)->name;
        int64_t id = profile_thread(m->to, 0, profile_text(from, name));
        if (id < 0)
            return (int)id;
        ids->threads[i] = (uint32_t)id;
    }
    return 0;
}

static uint32_t mapped(const uint32_t *ids, uint32_t id)
{
    return id == PROFILE_NONE ? PROFILE_NONE : ids[id];
}

static int add_rows(struct merge *m, const struct profile *from,
                    const struct ids *ids)
{
    int err = 0;
    for (size_t i = 0; !err && i < profile_sample_count(from); i++) {
        struct profile_sample row = *profile_sample_at(from, i);
        row.stack = mapped(ids->stacks, row.stack);
        row.process = mapped(ids->processes, row.process);
        row.thread = mapped(ids->threads, row.thread);
        row.span = ids->spans[row.span];
        row.bucket = 0;
        err = profile_add(m->to, &row, profile_values_at(from, i));
    }
    return err;
}

int merge_rows(struct merge *m, const struct profile *from, uint32_t **stacks)
{
    struct ids ids;
    if (!profile_same_values(m->to, from))
        return -E_VALUES;
    int err = ids_init(&ids, from);
    if (!err)
        err = map_functions(m, from, &ids);
    if (!err)
        err = map_stacks(m, from, &ids);
    if (!err)
        err = map_owners(m, from, &ids);
    if (!err)
        err = span_copy(from, m->to, NULL, ids.spans);
    if (!err)
        err = span_copy_times(from, m->to, NULL, ids.spans);
    if (!err)
        err = add_rows(m, from, &ids);
    if (!err) {
        profile_count_also(m->to, profile_counted(from));
        add_meta(m->to, from);
        *stacks = ids.stacks;
        ids.stacks = NULL;
    }
    ids_deinit(&ids);
    return err;
}
