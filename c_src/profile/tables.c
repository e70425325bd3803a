#include "profile/tables.h"

#include <stddef.h>
#include <stdlib.h>

void tables_destroy(struct tables *t)
{
    if (!t)
        return;
    texts_deinit(&t->texts);
    intern_deinit(&t->functions);
    intern_deinit(&t->frames);
    intern_deinit(&t->stacks);
    processes_deinit(&t->processes);
    intern_deinit(&t->threads);
    intern_deinit(&t->spans);
    span_times_deinit(&t->span_times);
    free(t);
}

struct tables *tables_create(void)
{
    struct tables *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    texts_init(&t->texts);
#define TABLE(field, row, key_end)                                             \
    intern_init(&t->field, sizeof(struct row), key_end)
    TABLE(frames, profile_frame, sizeof(struct profile_frame));
    TABLE(stacks, profile_stack, offsetof(struct profile_stack, depth));
    TABLE(threads, profile_thread, sizeof(struct profile_thread));
    TABLE(spans, profile_span, offsetof(struct profile_span, depth));
#undef TABLE
    functions_init(&t->functions);
    processes_init(&t->processes);
    span_times_init(&t->span_times);
    if (texts_intern(&t->texts, "", 0) == 0 &&
        intern_row(&t->spans, &(struct profile_span){.parent = 0}) == 0)
        return t;
    tables_destroy(t);
    return NULL;
}
