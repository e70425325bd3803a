#include "recorder/span_marks.h"

#include <errno.h>
#include <string.h>

enum { WHAT_BITS = 8 };

int span_marks_open(struct span_marks *m, struct target_state *target,
                    struct profile *profile)
{
    *m = (struct span_marks){
        .target = target, .profile = profile, .looks = target->looks + 1};
    span_queue_init(&m->queue, sizeof(struct span_marked));
    return span_page_open(&target->memory, &m->reader);
}

void span_marks_close(struct span_marks *m)
{
    span_queue_deinit(&m->queue);
    span_page_close(m->reader);
}

int span_marks_look(struct span_marks *m)
{
    const struct target_state *t = m->target;
    int err = 0;
    if (m->looks != t->looks)
        err = span_page_look(m->reader, &t->process, &t->maps);
    m->looks = t->looks;
    return err ? err : span_page_is_there(m->reader);
}

void span_marks_renew(struct span_marks *m, struct profile *fresh)
{
    m->profile = fresh;
    memset(m->names, 0, sizeof(m->names));
}

/* The text of a kind is written before its first mark. */
static int name_of(struct span_marks *m, uint32_t kind, uint32_t *name)
{
    size_t len;
    *name = m->names[kind];
    if (*name)
        return 0;
    const char *text = span_page_kind(m->reader, kind, &len);
    int64_t id = profile_string_n(m->profile, text, len);
    if (id >= 0)
        m->names[kind] = (uint32_t)id;
    if (id == 0)
        id = profile_string(m->profile, "[span without a name]");
    if (id < 0)
        return (int)id;
    *name = (uint32_t)id;
    return 0;
}

static int note_gap(struct span_marks *m, uint64_t time_ns)
{
    uint64_t lost = span_page_counts(m->reader).lost;
    struct span_marked gap = {.order = {.time_ns = time_ns},
                              .what = SPAN_MARKS_GAP};
    if (lost == m->lost)
        return 0;
    m->lost = lost;
    return span_queue_put(&m->queue, &gap.order);
}

/* The marks of a new page are later than all that were read of the former. */
static int note_page(struct span_marks *m)
{
    uint64_t pages = span_page_counts(m->reader).pages;
    struct span_marked anew = {.order = {.time_ns = m->last_ns},
                               .what = SPAN_MARKS_ANEW};
    if (pages == m->pages)
        return 0;
    m->pages = pages;
    memset(m->names, 0, sizeof(m->names));
    return pages > 1 ? span_queue_put(&m->queue, &anew.order) : 0;
}

/* Of a span that began before the first mark that the node still had, only the
 * end is known. The last of these to end is the outermost, so each is assumed
 * to have begun before those that ended earlier. After a gap nothing is
 * assumed: the start may have been lost there. */
static int assume_start(struct span_marks *m, const struct span_marked *end)
{
    struct span_marked start = *end;
    if (m->lost || m->pages > 1 || m->first_ns == 0)
        return 0;
    start.order.time_ns = m->first_ns--;
    start.what = SPAN_START;
    start.assumed = true;
    return span_queue_put(&m->queue, &start.order);
}

static int on_mark(void *ctx, const struct span_mark *mark)
{
    struct span_marks *m = ctx;
    struct span_marked marked = {.order = {.time_ns = mark->time_ns},
                                 .pid = mark->process,
                                 .other = mark->other,
                                 .number = mark->what >> WHAT_BITS,
                                 .what = mark->what & ((1 << WHAT_BITS) - 1)};
    int err = note_page(m);
    if (!err)
        err = note_gap(m, mark->time_ns);
    if (!err && marked.what != SPAN_CHILD)
        err = name_of(m, mark->kind, &marked.name);
    if (!m->first_ns)
        m->first_ns = mark->time_ns;
    if (mark->time_ns > m->last_ns)
        m->last_ns = mark->time_ns;
    int seen = err ? err : m->seen(m->ctx, &marked);
    err = seen > 0 ? assume_start(m, &marked) : seen;
    return err ? err : span_queue_put(&m->queue, &marked.order);
}

int span_marks_read(struct span_marks *m, uint64_t now_ns)
{
    int err = span_page_read(m->reader, now_ns, on_mark, m);
    return err ? err : note_page(m);
}

int span_marks_read_last(struct span_marks *m, uint64_t now_ns)
{
    int err = span_page_read_last(m->reader, now_ns, on_mark, m);
    return err ? err : note_page(m);
}
