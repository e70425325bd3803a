#include "formats/pprof_labels.h"

#include <errno.h>
#include <string.h>

/* --- writing -------------------------------------------------------------- */

static void add_label(struct pprof_labels *l, enum pprof_label key, int64_t str,
                      int64_t num)
{
    Pprof__Label *row = &l->rows[l->n];
    *row = (Pprof__Label)PPROF__LABEL__INIT;
    row->key = l->labels_at + key;
    row->str = str;
    row->num = num;
    l->list[l->n++] = row;
}

/* One for each span, the outermost first. */
static void add_spans(struct pprof_labels *l, const struct profile *p,
                      uint32_t span)
{
    uint32_t names[PROFILE_SPAN_DEPTH];
    size_t n = 0;
    for (; span; span = profile_span_at(p, span)->parent)
        names[n++] = profile_span_at(p, span)->name;
    while (n-- > 0)
        add_label(l, PPROF_LABEL_SPAN, names[n], 0);
}

static void add_process(struct pprof_labels *l, const struct profile *p,
                        uint32_t process)
{
    const struct profile_process *q = profile_process_at(p, process);
    /* Written even if the pid is "": the label says that there is a process. */
    add_label(l, PPROF_LABEL_PROCESS, q->pid, 0);
    if (q->name)
        add_label(l, PPROF_LABEL_PROCESS_NAME, q->name, 0);
    if (q->initial_call)
        add_label(l, PPROF_LABEL_INITIAL_CALL, q->initial_call, 0);
    if (q->label)
        add_label(l, PPROF_LABEL_LABEL, q->label, 0);
    if (q->application)
        add_label(l, PPROF_LABEL_APPLICATION, q->application, 0);
    if (q->parent)
        add_label(l, PPROF_LABEL_PARENT, q->parent, 0);
    if (q->child)
        add_label(l, PPROF_LABEL_CHILD, q->child, 0);
    uint64_t members = profile_members(p, process);
    if (members > 1)
        add_label(l, PPROF_LABEL_MEMBERS, 0, (int64_t)members);
}

void pprof_labels_set(struct pprof_labels *l, const struct profile *p,
                      const struct profile_sample *s, int64_t labels_at,
                      int64_t states_at)
{
    l->labels_at = labels_at;
    l->n = 0;
    if (s->process != PROFILE_NONE)
        add_process(l, p, s->process);
    if (s->thread != PROFILE_NONE) {
        const struct profile_thread *t = profile_thread_at(p, s->thread);
        add_label(l, PPROF_LABEL_THREAD, t->name, 0);
        add_label(l, PPROF_LABEL_TID, 0, t->tid);
    }
    if (s->bucket)
        add_label(l, PPROF_LABEL_BUCKET, 0, s->bucket);
    add_spans(l, p, s->span);
    add_label(l, PPROF_LABEL_STATE, states_at + s->state, 0);
}

/* --- reading -------------------------------------------------------------- */

/* The labels of a sample in a recording of ours. */
struct read_labels {
    bool process, thread;
    const char *texts[PPROF_LABEL_COUNT];
    uint32_t tid, bucket;
    uint32_t span;    /* the innermost so far */
    uint64_t members; /* of the process row; 0: not given */
    uint64_t bytes;   /* length of all texts */
};

/* The labels of spans are in the order of the spans, the outermost first. */
static int read_span(struct pprof_tables *t, struct read_labels *l)
{
    int64_t id = profile_span(t->p, l->span, l->texts[PPROF_LABEL_SPAN]);
    if (id >= 0)
        l->span = (uint32_t)id;
    return id >= 0 ? 0 : id == -EINVAL ? -E_FORMAT : (int)id;
}

static int read_label(struct pprof_tables *t, const Pprof__Label *label,
                      struct read_labels *l)
{
    int64_t text = pprof_tables_text(t, label->str);
    if (text < 0)
        return (int)text;
    for (int i = 0; i < PPROF_LABEL_COUNT; i++) {
        if (!pprof_tables_is(t, label->key, pprof_comments_labels[i]))
            continue;
        l->texts[i] = profile_text(t->p, (uint32_t)text);
        l->bytes += strlen(l->texts[i]);
        l->process |= i == PPROF_LABEL_PROCESS;
        l->thread |= i == PPROF_LABEL_THREAD;
        if (i == PPROF_LABEL_TID)
            l->tid = (uint32_t)label->num;
        if (i == PPROF_LABEL_BUCKET)
            l->bucket = (uint32_t)label->num;
        if (i == PPROF_LABEL_MEMBERS && label->num > 0)
            l->members = (uint64_t)label->num;
        return i == PPROF_LABEL_SPAN ? read_span(t, l) : 0;
    }
    return 0;
}

static int add_labels(struct pprof_tables *t, const struct read_labels *l,
                      struct profile_sample *row)
{
    if (l->process) {
        const struct process_texts texts = {
            .pid = l->texts[PPROF_LABEL_PROCESS],
            .name = l->texts[PPROF_LABEL_PROCESS_NAME],
            .initial_call = l->texts[PPROF_LABEL_INITIAL_CALL],
            .label = l->texts[PPROF_LABEL_LABEL],
            .application = l->texts[PPROF_LABEL_APPLICATION],
            .parent = l->texts[PPROF_LABEL_PARENT],
            .child = l->texts[PPROF_LABEL_CHILD],
        };
        int64_t id = profile_process_of(t->p, &texts);
        if (id < 0)
            return (int)id;
        row->process = (uint32_t)id;
    }
    if (l->thread) {
        int64_t id = profile_thread(t->p, l->tid, l->texts[PPROF_LABEL_THREAD]);
        if (id < 0)
            return (int)id;
        row->thread = (uint32_t)id;
    }
    row->bucket = l->bucket;
    row->span = l->span;
    const char *state = l->texts[PPROF_LABEL_STATE];
    return *state ? state_parse(state, &row->state) : 0;
}

int pprof_labels_read(struct pprof_tables *t, const Pprof__Sample *s,
                      struct profile_sample *row, uint64_t *members)
{
    struct read_labels l = {0};
    if (!t->comments.own)
        return 0;
    for (int i = 0; i < PPROF_LABEL_COUNT; i++)
        l.texts[i] = "";
    for (size_t i = 0; i < s->n_label; i++) {
        int err = read_label(t, s->label[i], &l);
        if (err)
            return err;
    }
    int err = pprof_tables_spend(t, 1 + l.bytes / 64);
    *members = l.process ? l.members : 0;
    return err ? err : add_labels(t, &l, row);
}
