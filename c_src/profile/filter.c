#include "profile/filter.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* What is known about a stack; a child inherits its parent's marks. */
enum mark { MARK_FOCUS = 1, MARK_IGNORE = 2, MARK_USED = 4 };

struct filtering {
    const struct profile *from;
    const struct filter *filter;
    struct profile *to;
    regex_t focus, ignore;
    bool has_focus, has_ignore;
    uint8_t *functions; /* marks by function */
    uint8_t *stacks;    /* marks by stack */
    uint8_t *processes; /* by process: asked for */
    uint8_t *rows;      /* by sample: kept */
    uint32_t *new_frames, *new_stacks;
};

static int compile(const char *text, regex_t *re, bool *has)
{
    if (!text || !*text)
        return 0;
    if (regcomp(re, text, REG_EXTENDED | REG_NOSUB) != 0)
        return -E_PATTERN;
    *has = true;
    return 0;
}

int filter_check(const char *pattern)
{
    regex_t re;
    bool has = false;
    int err = compile(pattern, &re, &has);
    if (has)
        regfree(&re);
    return err;
}

/* NONE in every slot. */
static uint32_t *new_ids(size_t n)
{
    uint32_t *ids = malloc((n + 1) * sizeof(*ids));
    if (ids)
        memset(ids, 0xff, (n + 1) * sizeof(*ids));
    return ids;
}

static int filtering_init(struct filtering *f)
{
    const struct profile *p = f->from;
    f->functions = calloc(profile_function_count(p) + 1, 1);
    f->stacks = calloc(profile_stack_count(p) + 1, 1);
    f->processes = calloc(profile_process_count(p) + 1, 1);
    f->rows = calloc(profile_sample_count(p) + 1, 1);
    f->new_frames = new_ids(profile_frame_count(p));
    f->new_stacks = new_ids(profile_stack_count(p));
    if (!f->functions || !f->stacks || !f->processes || !f->rows ||
        !f->new_frames || !f->new_stacks)
        return -ENOMEM;
    int err = compile(f->filter->focus, &f->focus, &f->has_focus);
    if (!err)
        err = compile(f->filter->ignore, &f->ignore, &f->has_ignore);
    return err ? err : profile_create(&f->to);
}

static void filtering_deinit(struct filtering *f)
{
    if (f->has_focus)
        regfree(&f->focus);
    if (f->has_ignore)
        regfree(&f->ignore);
    free(f->functions);
    free(f->stacks);
    free(f->processes);
    free(f->rows);
    free(f->new_frames);
    free(f->new_stacks);
    profile_destroy(f->to);
}

/* --- which rows stay ------------------------------------------------------ */

static void mark_functions(struct filtering *f)
{
    for (uint32_t i = 0; i < profile_function_count(f->from); i++) {
        const char *name =
            profile_text(f->from, profile_function_at(f->from, i)->name);
        if (f->has_focus && regexec(&f->focus, name, 0, NULL, 0) == 0)
            f->functions[i] |= MARK_FOCUS;
        if (f->has_ignore && regexec(&f->ignore, name, 0, NULL, 0) == 0)
            f->functions[i] |= MARK_IGNORE;
    }
}

static void mark_stacks(struct filtering *f)
{
    for (uint32_t i = 0; i < profile_stack_count(f->from); i++) {
        const struct profile_stack *s = profile_stack_at(f->from, i);
        uint32_t function = profile_frame_at(f->from, s->frame)->function;
        f->stacks[i] = f->functions[function];
        if (s->parent != PROFILE_NONE)
            f->stacks[i] |= f->stacks[s->parent];
    }
}

static bool is_asked_for(const struct filtering *f, uint32_t process)
{
    const struct profile_process *row = profile_process_at(f->from, process);
    for (size_t i = 0; i < f->filter->process_count; i++) {
        const char *text = f->filter->processes[i];
        if (*text == '\0')
            continue;
        if (strcmp(profile_text(f->from, row->pid), text) == 0 ||
            strcmp(profile_text(f->from, row->name), text) == 0 ||
            strcmp(profile_text(f->from, row->label), text) == 0 ||
            strcmp(profile_text(f->from, row->initial_call), text) == 0)
            return true;
    }
    return false;
}

static void mark_processes(struct filtering *f)
{
    for (uint32_t i = 0; i < profile_process_count(f->from); i++)
        f->processes[i] = is_asked_for(f, i);
}

static bool is_kept(const struct filtering *f, const struct profile_sample *s)
{
    uint8_t marks = s->stack == PROFILE_NONE ? 0 : f->stacks[s->stack];
    if (f->filter->process_count > 0 &&
        (s->process == PROFILE_NONE || !f->processes[s->process]))
        return false;
    if (f->has_focus && !(marks & MARK_FOCUS))
        return false;
    return !(marks & MARK_IGNORE);
}

static void choose_rows(struct filtering *f)
{
    for (size_t i = 0; i < profile_sample_count(f->from); i++) {
        const struct profile_sample *s = profile_sample_at(f->from, i);
        f->rows[i] = is_kept(f, s);
        if (f->rows[i] && s->stack != PROFILE_NONE)
            f->stacks[s->stack] |= MARK_USED;
    }
    for (size_t i = profile_stack_count(f->from); i-- > 0;) {
        uint32_t parent = profile_stack_at(f->from, (uint32_t)i)->parent;
        if ((f->stacks[i] & MARK_USED) && parent != PROFILE_NONE)
            f->stacks[parent] |= MARK_USED;
    }
}

/* --- copies --------------------------------------------------------------- */

static int copy_meta(struct filtering *f)
{
    struct profile_meta meta = *profile_meta(f->from);
    uint32_t *const texts[] = {
        &meta.host,    &meta.os,     &meta.node,  &meta.otp,     &meta.erts,
        &meta.command, &meta.engine, &meta.event, &meta.version, &meta.notes};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t id = profile_string(f->to, profile_text(f->from, *texts[i]));
        if (id < 0)
            return (int)id;
        *texts[i] = (uint32_t)id;
    }
    *profile_meta_edit(f->to) = meta;
    *profile_counters_edit(f->to) = *profile_counters(f->from);
    return 0;
}

static int copy_frame(struct filtering *f, uint32_t id)
{
    if (f->new_frames[id] != PROFILE_NONE)
        return 0;
    const struct profile *p = f->from;
    const struct profile_frame *old = profile_frame_at(p, id);
    const struct profile_function *fn = profile_function_at(p, old->function);
    int64_t copy =
        profile_frame(f->to, &(struct frame){
                                 .kind = fn->kind,
                                 .name = profile_text(p, fn->name),
                                 .module = profile_text(p, fn->module),
                                 .function = profile_text(p, fn->function),
                                 .arity = fn->arity,
                                 .file = profile_text(p, fn->file),
                                 .line = old->line,
                             });
    if (copy < 0)
        return (int)copy;
    f->new_frames[id] = (uint32_t)copy;
    return 0;
}

/* Parents come first, so they have their new ids already. */
static int copy_stacks(struct filtering *f)
{
    for (uint32_t i = 0; i < profile_stack_count(f->from); i++) {
        const struct profile_stack *s = profile_stack_at(f->from, i);
        if (!(f->stacks[i] & MARK_USED))
            continue;
        int err = copy_frame(f, s->frame);
        if (err)
            return err;
        uint32_t parent =
            s->parent == PROFILE_NONE ? PROFILE_NONE : f->new_stacks[s->parent];
        int64_t copy = profile_stack(f->to, parent, f->new_frames[s->frame]);
        if (copy < 0)
            return (int)copy;
        f->new_stacks[i] = (uint32_t)copy;
    }
    return 0;
}

static int64_t copy_process(struct filtering *f, uint32_t id)
{
    if (id == PROFILE_NONE)
        return PROFILE_NONE;
    const struct profile *p = f->from;
    const struct profile_process *row = profile_process_at(p, id);
    int64_t copy = profile_process_of(
        f->to, &(struct process_texts){
                   .pid = profile_text(p, row->pid),
                   .name = profile_text(p, row->name),
                   .initial_call = profile_text(p, row->initial_call),
                   .label = profile_text(p, row->label),
                   .application = profile_text(p, row->application),
                   .parent = profile_text(p, row->parent),
               });
    if (copy < 0 || profile_members(p, id) == 1)
        return copy;
    int err =
        profile_set_members(f->to, (uint32_t)copy, profile_members(p, id));
    return err ? err : copy;
}

static int64_t copy_thread(struct filtering *f, uint32_t id)
{
    if (id == PROFILE_NONE)
        return PROFILE_NONE;
    const struct profile_thread *row = profile_thread_at(f->from, id);
    return profile_thread(f->to, row->tid, profile_text(f->from, row->name));
}

static int copy_row(struct filtering *f, const struct profile_sample *row)
{
    int64_t process = copy_process(f, row->process);
    if (process < 0)
        return (int)process;
    int64_t thread = copy_thread(f, row->thread);
    if (thread < 0)
        return (int)thread;
    struct profile_sample copy = *row;
    copy.process = (uint32_t)process;
    copy.thread = (uint32_t)thread;
    if (row->stack != PROFILE_NONE)
        copy.stack = f->new_stacks[row->stack];
    return profile_add(f->to, &copy);
}

static int copy_all(struct filtering *f)
{
    int err = copy_meta(f);
    if (!err)
        err = copy_stacks(f);
    for (size_t i = 0; !err && i < profile_sample_count(f->from); i++)
        if (f->rows[i])
            err = copy_row(f, profile_sample_at(f->from, i));
    return err;
}

int filter_apply(const struct profile *p, const struct filter *filter,
                 struct profile **out)
{
    struct filtering f = {.from = p, .filter = filter};
    int err = filtering_init(&f);
    if (!err) {
        mark_functions(&f);
        mark_stacks(&f);
        mark_processes(&f);
        choose_rows(&f);
        err = copy_all(&f);
    }
    if (!err) {
        *out = f.to;
        f.to = NULL;
    }
    filtering_deinit(&f);
    return err;
}
