/* What the threads of a node do, as text: lines of the head, and a paragraph
 * for each that is not idle. The C stacks of idle threads say nothing about the
 * node, so they are shown only if everything is. */
#include "base/clock.h"
#include "formats/dump_parts.h"

static void milliseconds(struct buffer *out, uint64_t ns)
{
    buffer_printf(out, "%.1f ms", (double)ns / (double)NS_PER_MS);
}

static bool has_engine(const struct dump_text *t)
{
    return *profile_text(t->p, profile_meta(t->p)->engine) != '\0';
}

/* --- how they were looked at ---------------------------------------------- */

static void how_seen(struct dump_text *t, struct buffer *line)
{
    const struct dump_threads *d = &t->d->threads;
    text_cell_number(line, d->count);
    buffer_text(line, " watched for ");
    milliseconds(line, d->watched_ns);
    if (has_engine(t))
        buffer_printf(line, " with engine %s",
                      profile_text(t->p, profile_meta(t->p)->engine));
    if (d->others) {
        buffer_text(line, "; ");
        text_cell_number(line, d->others);
        buffer_text(line, d->others == 1 ? " other is" : " others are");
        buffer_text(line, " not shown");
    }
}

static void no_engine(struct dump_text *t, struct buffer *line)
{
    buffer_printf(line, "%s: %s",
                  has_engine(t) ? "a better engine was not used"
                                : "threads on a CPU cannot be sampled",
                  err_text(t->d->threads.engine_why));
}

static void no_asleep(struct dump_text *t, struct buffer *line)
{
    buffer_printf(line, "threads that do not run cannot be read: %s",
                  err_text(t->d->threads.asleep_why));
}

/* --- threads with the same words ------------------------------------------ */

/* Aux and poll threads have the state other; they idle unless they are on a
 * CPU. */
static bool is_idle(const struct dump_thread *t)
{
    return t->seen != DUMP_UNSEEN && !t->has_process &&
           (t->state == STATE_IDLE ||
            (t->state == STATE_OTHER && t->seen == DUMP_ASLEEP));
}

static bool are_idle(const struct dump_thread *a, const struct dump_thread *b)
{
    return a->kind == b->kind && is_idle(a) && is_idle(b);
}

/* Was it so when the watch ended? Threads are looked at one after the other. */
static bool is_now(const struct dump_thread *t)
{
    return t->seen == DUMP_ASLEEP && t->age_ns < NS_PER_MS;
}

static bool are_alike(const struct dump_thread *a, const struct dump_thread *b)
{
    return a->kind == b->kind && is_now(a) && is_now(b) &&
           a->state == b->state && a->stack == b->stack &&
           a->unverified == b->unverified && !a->has_process && !b->has_process;
}

typedef bool alike_fn(const struct dump_thread *a, const struct dump_thread *b);

/* "1-3, 5": the numbers of the threads from `one` on that are like it. */
static void numbers(struct buffer *out, const struct dump_thread *one,
                    const struct dump_thread *end, alike_fn *alike)
{
    unsigned first = one->number, last = first;
    const char *before = "";
    for (const struct dump_thread *t = one + 1; t <= end; t++) {
        if (t < end && !alike(one, t))
            continue;
        if (t < end && t->number == last + 1) {
            last++;
            continue;
        }
        buffer_printf(out, "%s%u", before, first);
        if (last > first)
            buffer_printf(out, "%s%u", last > first + 1 ? "-" : ", ", last);
        first = last = t < end ? t->number : 0;
        before = ", ";
    }
}

/* Is one of those before it in the list like it? */
static bool is_written(const struct dump_threads *d, size_t i, alike_fn *alike)
{
    for (size_t k = 0; k < i; k++)
        if (alike(&d->list[k], &d->list[i]))
            return true;
    return false;
}

/* --- the lines of the head ------------------------------------------------ */

static size_t count_idle(const struct dump_threads *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->count; i++)
        n += is_idle(&d->list[i]);
    return n;
}

/* "4 threads: scheduler 2-4; aux 1 (stacks: --all)" */
static void idle(struct dump_text *t, struct buffer *line)
{
    const struct dump_threads *d = &t->d->threads;
    size_t n = count_idle(d);
    const char *before = ": ";
    text_cell_number(line, n);
    buffer_text(line, n == 1 ? " thread" : " threads");
    for (size_t i = 0; i < d->count; i++) {
        if (!is_idle(&d->list[i]) || is_written(d, i, are_idle))
            continue;
        buffer_printf(line, "%s%s ", before, d->list[i].kind);
        numbers(line, &d->list[i], d->list + d->count, are_idle);
        before = "; ";
    }
    buffer_text(line, " (stacks: --all)");
}

void dump_threads_line(struct dump_text *t)
{
    const struct dump_threads *d = &t->d->threads;
    dump_text_wrapped(t, "Threads:", how_seen);
    if (!t->all && count_idle(d))
        dump_text_wrapped(t, "Idle:", idle);
    if (d->engine_why)
        dump_text_wrapped(t, "Note:", no_engine);
    if (d->asleep_why)
        dump_text_wrapped(t, "Note:", no_asleep);
}

/* --- a thread, or several that do the same -------------------------------- */

static void process(struct dump_text *t, const struct dump_thread *one)
{
    if (!one->has_process)
        return;
    buffer_text(t->out, " ");
    dump_text_member(t, t->out, &one->process);
}

/* How long ago it was so, or for how long it has been. */
static void when(struct dump_text *t, const struct dump_thread *one,
                 const struct dump_thread *end)
{
    uint64_t still = one->still_ns;
    for (const struct dump_thread *i = one + 1; i < end; i++)
        if (are_alike(one, i) && i->still_ns < still)
            still = i->still_ns;
    if (one->seen == DUMP_ASLEEP)
        buffer_text(t->out, ", off its CPU");
    if (one->seen == DUMP_ASLEEP && still) {
        buffer_text(t->out, " for ");
        milliseconds(t->out, still);
        buffer_text(t->out, " or longer");
    }
    if (!is_now(one)) {
        buffer_text(t->out, ", ");
        milliseconds(t->out, one->age_ns);
        buffer_text(t->out, " ago");
    }
}

static void unseen(struct dump_text *t, const struct dump_thread *one)
{
    buffer_text(t->out, "runs, or waits for a CPU");
    if (one->has_process)
        buffer_text(t->out, ", with");
    process(t, one);
    if (!has_engine(t)) {
        buffer_text(t->out, "\n    (no stack: only an engine could tell)\n");
        return;
    }
    buffer_text(t->out, "\n    (no stack: it was not sampled within ");
    milliseconds(t->out, t->d->threads.watched_ns);
    buffer_text(t->out, ")\n");
}

static void seen(struct dump_text *t, const struct dump_thread *one,
                 const struct dump_thread *end)
{
    buffer_text(t->out, state_name(one->state));
    process(t, one);
    when(t, one, end);
    buffer_text(t->out, "\n");
    if (one->unverified)
        buffer_text(t->out, "    (the Erlang part was read after the sample, "
                            "and may be newer)\n");
    dump_text_stack(t, one->stack);
}

static void list(struct dump_text *t, bool idle_ones)
{
    const struct dump_threads *d = &t->d->threads;
    const struct dump_thread *end = d->list + d->count;
    for (size_t i = 0; i < d->count; i++) {
        const struct dump_thread *one = &d->list[i];
        if (is_idle(one) != idle_ones || is_written(d, i, are_alike))
            continue;
        buffer_printf(t->out, "\n%s ", one->kind);
        numbers(t->out, one, end, are_alike);
        buffer_text(t->out, ": ");
        if (one->seen == DUMP_UNSEEN)
            unseen(t, one);
        else
            seen(t, one, end);
    }
}

void dump_threads_list(struct dump_text *t)
{
    list(t, false);
    if (t->all)
        list(t, true);
}
