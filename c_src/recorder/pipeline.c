#include "recorder/pipeline.h"

#include "profile/process_names.h"
#include "recorder/pipeline_parts.h"
#include "recorder/sample_counts.h"
#include "recorder/thread_doing.h"

int pipeline_status(const struct pipeline *p)
{
    return p->error;
}

static void keep_error(struct pipeline *p, int64_t result)
{
    if (result < 0 && result != -E_NOT_FOUND && !p->error)
        p->error = (int)result;
}

static uint32_t id_or_none(struct pipeline *p, int64_t id)
{
    keep_error(p, id);
    return id < 0 ? PROFILE_NONE : (uint32_t)id;
}

/* A port's task is work for the process that owns it. */
static uint32_t process_of(struct pipeline *p, const struct named *named,
                           const struct sample *s)
{
    if (named->owner != PROFILE_NONE)
        return named->owner;
    return id_or_none(p, census_process(p->census, sample_event(s->of),
                                        p->unwound.c_p, &s->process));
}

/* The row of a sample in the bucket of its time. Buckets may have been joined
 * since it was taken. Without a timeline it has its bucket since it came. 0, or
 * an error: then it is in the first bucket. */
static int in_bucket(struct pipeline *p, const struct span_item *item,
                     struct profile_sample *row)
{
    *row = item->row;
    if (!p->timeline.profile)
        return 0;
    int bucket = timeline_at(&p->timeline, item->order.time_ns);
    row->bucket = bucket < 0 ? 0 : (uint32_t)bucket;
    return bucket < 0 ? bucket : 0;
}

static int count(void *pipeline, const struct span_item *item)
{
    struct pipeline *p = pipeline;
    struct profile_sample row;
    int late = in_bucket(p, item, &row);
    int err = profile_add(p->of_event[item->event], &row, item->values);
    return err ? err : late;
}

static struct span_join_config joined(struct pipeline *p)
{
    return (struct span_join_config){
        .target = p->target, .profile = p->profile, .count = count, .ctx = p};
}

int pipeline_join_spans(struct pipeline *p, const struct span_choice *choice)
{
    struct span_join_config config = joined(p);
    config.choice = *choice;
    return span_join_open(&config, &p->spans);
}

int pipeline_pass_spans(struct pipeline *p, span_stacks_on_end *ended,
                        void *ctx)
{
    struct span_join_config config = joined(p);
    config.ended = ended;
    config.ended_ctx = ctx;
    return span_join_open(&config, &p->spans);
}

int pipeline_each_span(const struct pipeline *p, span_stacks_on_end *each,
                       void *ctx)
{
    return p->spans ? span_join_each(p->spans, each, ctx) : 0;
}

static void count_item(struct pipeline *p, struct span_item *item)
{
    keep_error(p, p->spans ? span_join_add(p->spans, item) : count(p, item));
}

/* @param pid  term of the process that the sample is of; 0: not known */
static void count_in_span(struct pipeline *p, const struct sample *s,
                          const struct profile_sample *row, uint64_t pid)
{
    struct span_item item = {.order = {.time_ns = s->time_ns},
                             .pid = pid,
                             .event = sample_event(s->of),
                             .row = *row};
    item.row.bucket = p->timeline.bucket;
    sample_counts_values(s, item.values);
    if (s->of == SAMPLE_ALLOC)
        carried_join(p->carried, row, item.values);
    count_item(p, &item);
}

/* A process that ends soon cannot be asked who it is. Its stack at a collection
 * tells, and is kept for that alone: the row of a collection has no weight. */
static uint32_t stack_that_names(struct pipeline *p, uint32_t process,
                                 const struct sample *s)
{
    struct profile *of = p->of_event[EVENT_ALLOC];
    struct thread_parts parts = {p->target, p->unwinder, p->naming};
    struct thread_doing doing;
    parts.naming.profile = of;
    if (process == PROFILE_NONE ||
        !process_names_need_stack(p->profile, process))
        return PROFILE_NONE;
    int err = thread_doing_of(&parts, s, &p->unwound, &doing);
    keep_error(p, err);
    return err ? PROFILE_NONE : process_names_root(of, doing.named.stack);
}

/* What a collection says about its process. */
static void add_collection(struct pipeline *p, const struct sample *s)
{
    const struct sample_process *of = &s->process;
    struct span_item item = {
        .order = {.time_ns = s->time_ns},
        .pid = census_term(p->census, of->c_p, of),
        .event = EVENT_ALLOC,
        .row = {.stack = PROFILE_NONE,
                .process = id_or_none(
                    p, census_process(p->census, EVENT_ALLOC, of->c_p, of)),
                .thread = PROFILE_NONE,
                .state = STATE_RUNNING}};
    item.row.stack = stack_that_names(p, item.row.process, s);
    item.row.bucket = p->timeline.bucket;
    sample_counts_values(s, item.values);
    if (s->collection.size && item.pid)
        keep_error(p, heap_growth_read(p->growth, item.pid, s->collection.size,
                                       &item.values[7], &item.values[8]));
    count_item(p, &item);
}

/* Allocation whose allocator is not known waits for the next one. */
static void carry(struct pipeline *p, const struct sample *s,
                  const struct profile_sample *key)
{
    struct span_item item = {.order = {.time_ns = s->time_ns}, .row = *key};
    struct profile_sample row;
    item.row.bucket = p->timeline.bucket;
    sample_counts_values(s, item.values);
    keep_error(p, in_bucket(p, &item, &row));
    keep_error(p, carried_keep(p->carried, &row, item.values));
}

/* Of the owner of a port, if the sample is of a port's task. */
static uint64_t pid_of(const struct pipeline *p, const struct named *named,
                       const struct sample *s)
{
    if (named->owner != PROFILE_NONE)
        return s->scheduler.port_owner;
    return census_term(p->census, p->unwound.c_p, &s->process);
}

static void note_work(struct pipeline *p, const struct sample *s,
                      const struct thread_doing *doing)
{
    if (s->of != SAMPLE_CPU || doing->thread.kind != THREAD_NORMAL)
        return;
    p->work.cpu_ns += s->period_ns;
    p->work.idle_ns += doing->named.state == STATE_IDLE ? s->period_ns : 0;
}

struct pipeline_work pipeline_work(const struct pipeline *p)
{
    return p->work;
}

/* A sample of a thread. */
static bool add_thread(struct pipeline *p, const struct sample *s)
{
    struct profile *of = p->of_event[sample_event(s->of)];
    struct thread_parts parts = {p->target, p->unwinder, p->naming};
    parts.naming.profile = of;
    struct thread_doing doing;
    keep_error(p, thread_doing_of(&parts, s, &p->unwound, &doing));
    const struct profile_sample row = {
        .stack = doing.named.stack,
        .process = process_of(p, &doing.named, s),
        .thread = id_or_none(
            p, profile_thread(p->profile, (uint32_t)s->tid, doing.thread.name)),
        .state = doing.named.state,
    };
    if (!s->again)
        sample_counts_quality(of, &row, &p->unwound);
    sample_counts_longest(of, s);
    note_work(p, s, &doing);
    if (s->of == SAMPLE_ALLOC && doing.named.nobodys)
        carry(p, s, &row);
    else
        count_in_span(p, s, &row, p->spans ? pid_of(p, &doing.named, s) : 0);
    return !p->unwound.copy_short;
}

/* A sample of a process, which has no thread. false: it is to be left out. */
static bool name_process(struct pipeline *p, const struct sample *s,
                         struct pipeline_doing *out)
{
    struct sample of_its_code = *s;
    struct named named = {.stack = PROFILE_NONE};
    of_its_code.time_ns = target_state_code_at(p->target, s);
    if (s->erlang.len)
        unwinder_at_rest(p->unwinder, &of_its_code, &p->unwound);
    int named_as = waiting_name(p->waiting, &of_its_code, &p->unwound, &named);
    keep_error(p, named_as);
    if (named_as > 0)
        return false;
    *out = (struct pipeline_doing){
        .process = id_or_none(p, census_at_rest(p->census, s)),
        .stack = named.stack,
        .state = named.state,
    };
    return true;
}

static void add_process(struct pipeline *p, const struct sample *s)
{
    struct pipeline_doing doing;
    if (!name_process(p, s, &doing)) {
        p->left_out++;
        return;
    }
    const struct profile_sample row = {
        .stack = doing.stack,
        .process = doing.process,
        .thread = PROFILE_NONE,
        .state = doing.state,
    };
    if (s->erlang.len)
        sample_counts_quality(p->of_event[EVENT_WALL], &row, &p->unwound);
    count_in_span(p, s, &row, s->process.id);
}

int pipeline_name(struct pipeline *p, const struct sample *s,
                  struct pipeline_doing *out)
{
    *out = (struct pipeline_doing){PROFILE_NONE, PROFILE_NONE, STATE_OTHER};
    (void)name_process(p, s, out);
    return p->error;
}

uint64_t pipeline_pid(const struct pipeline *p, uint32_t process)
{
    return census_pid(p->census, process);
}

bool pipeline_sample(struct pipeline *p, const struct sample *s)
{
    if (s->of == SAMPLE_PROCESS) {
        add_process(p, s);
        return true;
    }
    if (s->of == SAMPLE_COLLECTION) {
        add_collection(p, s);
        return true;
    }
    return add_thread(p, s);
}

size_t pipeline_watched(const struct pipeline *p, const uint64_t **pids)
{
    return waiting_watched(p->waiting, pids);
}

void pipeline_step(struct pipeline *p)
{
    if (p->spans)
        keep_error(p, span_join_step(p->spans));
}

/* Before those that waited for their spans are counted. */
static void settle_rest(struct pipeline *p)
{
    keep_error(p, carried_settle(p->carried));
    keep_error(p, census_settle(p->census));
}

void pipeline_settle(struct pipeline *p)
{
    settle_rest(p);
    if (p->spans)
        keep_error(p, span_join_settle(p->spans));
    pipeline_tell_spans(p);
}

void pipeline_tell_spans(const struct pipeline *p)
{
    if (p->spans)
        span_join_tell(p->spans);
}

void pipeline_finish(struct pipeline *p)
{
    settle_rest(p);
    if (p->spans)
        keep_error(p, span_join_finish(p->spans));
}
