#include "profile/filter_rows.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "profile/filter_spans.h"
#include "profile/process_names.h"
#include "profile/thread_names.h"

/* What is known about a stack; a child inherits its parent's marks. */
enum mark { MARK_FOCUS = 1, MARK_IGNORE = 2 };

struct choosing {
    const struct profile *p;
    const struct filter *filter;
    regex_t focus, ignore;
    bool has_focus, has_ignore;
    uint8_t *functions, *stacks;       /* marks */
    bool *processes, *threads, *spans; /* by id: does it match? */
    uint64_t first_bucket, buckets;    /* the span of time, in buckets */
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

/* Finds the buckets that overlap the span of the filter. */
static int set_span(struct choosing *c)
{
    uint64_t length = profile_meta(c->p)->bucket_ns;
    const struct filter *f = c->filter;
    c->buckets = UINT64_MAX;
    if (!f->from_ns && !f->to_ns)
        return 0;
    if (!length)
        return -E_NO_TIMELINE;
    c->first_bucket = f->from_ns / length;
    if (f->to_ns) {
        uint64_t end = f->to_ns / length + (f->to_ns % length != 0);
        c->buckets = end > c->first_bucket ? end - c->first_bucket : 0;
    }
    return 0;
}

static int choosing_init(struct choosing *c)
{
    const struct profile *p = c->p;
    c->functions = calloc(profile_function_count(p) + 1, 1);
    c->stacks = calloc(profile_stack_count(p) + 1, 1);
    c->processes = calloc(profile_process_count(p) + 1, sizeof(bool));
    c->threads = calloc(profile_thread_count(p) + 1, sizeof(bool));
    c->spans = filter_spans_chosen(p, c->filter);
    if (!c->functions || !c->stacks || !c->processes || !c->threads ||
        !c->spans)
        return -ENOMEM;
    int err = compile(c->filter->focus, &c->focus, &c->has_focus);
    if (!err)
        err = compile(c->filter->ignore, &c->ignore, &c->has_ignore);
    return err ? err : set_span(c);
}

static void choosing_deinit(struct choosing *c)
{
    if (c->has_focus)
        regfree(&c->focus);
    if (c->has_ignore)
        regfree(&c->ignore);
    free(c->functions);
    free(c->stacks);
    free(c->processes);
    free(c->threads);
    free(c->spans);
}

/* --- marks ---------------------------------------------------------------- */

static void mark_functions(struct choosing *c)
{
    for (uint32_t i = 0; i < profile_function_count(c->p); i++) {
        const char *name =
            profile_text(c->p, profile_function_at(c->p, i)->name);
        if (c->has_focus && regexec(&c->focus, name, 0, NULL, 0) == 0)
            c->functions[i] |= MARK_FOCUS;
        if (c->has_ignore && regexec(&c->ignore, name, 0, NULL, 0) == 0)
            c->functions[i] |= MARK_IGNORE;
    }
}

static void mark_stacks(struct choosing *c)
{
    for (uint32_t i = 0; i < profile_stack_count(c->p); i++) {
        const struct profile_stack *s = profile_stack_at(c->p, i);
        uint32_t function = profile_frame_at(c->p, s->frame)->function;
        c->stacks[i] = c->functions[function];
        if (s->parent != PROFILE_NONE)
            c->stacks[i] |= c->stacks[s->parent];
    }
}

/* Does the text equal `asked`, either as it is or as reports show it? */
static bool is_text(const char *text, const char *asked)
{
    struct buffer shown;
    if (*asked == '\0' || strcmp(text, asked) == 0)
        return *asked != '\0';
    if (!strchr(asked, '\\'))
        return false;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, text, strlen(text));
    buffer_add(&shown, "", 1);
    bool same = !shown.failed && strcmp((const char *)shown.data, asked) == 0;
    buffer_deinit(&shown);
    return same;
}

static bool is_process(const struct choosing *c,
                       const struct process_names *names, uint32_t process)
{
    const struct profile_process *row = profile_process_at(c->p, process);
    const char *const texts[] = {
        profile_text(c->p, row->pid),     profile_text(c->p, row->name),
        profile_text(c->p, row->label),   profile_text(c->p, row->initial_call),
        process_names_of(names, process),
    };
    for (size_t i = 0; i < c->filter->process_count; i++)
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
            if (is_text(texts[j], c->filter->processes[i]))
                return true;
    return false;
}

static bool is_thread(const struct choosing *c, uint32_t thread)
{
    const struct profile_thread *row = profile_thread_at(c->p, thread);
    const char *name = profile_text(c->p, row->name);
    char tid[16];
    snprintf(tid, sizeof(tid), "%u", row->tid);
    for (size_t i = 0; i < c->filter->thread_count; i++)
        if (strcmp(c->filter->threads[i], name) == 0 ||
            strcmp(c->filter->threads[i], tid) == 0)
            return true;
    uint32_t scheduler = thread_names_scheduler(name);
    for (size_t i = 0; scheduler && i < c->filter->scheduler_count; i++)
        if (scheduler == c->filter->schedulers[i])
            return true;
    return false;
}

static int mark_processes(struct choosing *c)
{
    struct process_names names;
    int err =
        c->filter->process_count ? process_names_compute(c->p, &names) : 0;
    if (err || !c->filter->process_count)
        return err;
    bool any = false;
    for (uint32_t i = 0; i < profile_process_count(c->p); i++)
        any |= c->processes[i] = is_process(c, &names, i);
    process_names_deinit(&names);
    return any || c->filter->idle_is_fine ? 0 : -E_NO_MATCH;
}

static int check_spans(const struct choosing *c)
{
    bool any = c->filter->span_count == 0 || c->filter->idle_is_fine;
    for (size_t i = 1; i < profile_span_count(c->p) && !any; i++)
        any = c->spans[i];
    return any ? 0 : -E_NO_SPAN;
}

static void mark(struct choosing *c)
{
    mark_functions(c);
    mark_stacks(c);
    for (uint32_t i = 0; i < profile_thread_count(c->p); i++)
        c->threads[i] = is_thread(c, i);
}

/* --- rows ----------------------------------------------------------------- */

static bool of_asked_id(const bool *asked, uint32_t id)
{
    return id != PROFILE_NONE && asked[id];
}

static bool is_kept(const struct choosing *c, const struct profile_sample *s)
{
    const struct filter *f = c->filter;
    uint8_t marks = s->stack == PROFILE_NONE ? 0 : c->stacks[s->stack];
    if (f->process_count && !of_asked_id(c->processes, s->process))
        return false;
    if ((f->thread_count || f->scheduler_count) &&
        !of_asked_id(c->threads, s->thread))
        return false;
    if (!c->spans[s->span])
        return false;
    if (f->states && !(f->states >> s->state & 1))
        return false;
    if (s->bucket < c->first_bucket ||
        s->bucket - c->first_bucket >= c->buckets)
        return false;
    if (c->has_focus && !(marks & MARK_FOCUS))
        return false;
    return !(marks & MARK_IGNORE);
}

int filter_rows_choose(const struct profile *p, const struct filter *f,
                       bool *kept)
{
    struct choosing c = {.p = p, .filter = f};
    int err = choosing_init(&c);
    if (!err)
        err = mark_processes(&c);
    if (!err)
        err = check_spans(&c);
    if (!err) {
        mark(&c);
        for (size_t i = 0; i < profile_sample_count(p); i++)
            kept[i] = is_kept(&c, profile_sample_at(p, i));
    }
    choosing_deinit(&c);
    return err;
}
