#include "recorder/sample_counts.h"

enum event sample_event(enum sample_of of)
{
    static const enum event events[] = {
        [SAMPLE_CPU] = EVENT_CPU,          [SAMPLE_PROCESS] = EVENT_WALL,
        [SAMPLE_ALLOC] = EVENT_ALLOC,      [SAMPLE_BLOCK] = EVENT_BLOCK,
        [SAMPLE_COLLECTION] = EVENT_ALLOC,
    };
    return events[of];
}

void sample_counts_values(const struct sample *s, uint64_t values[])
{
    uint64_t times = s->weight ? s->weight : 1;
    switch (s->of) {
    case SAMPLE_CPU:
        values[0] = times;
        values[1] = s->period_ns;
        break;
    case SAMPLE_PROCESS:
        values[0] = s->period_ns;
        values[1] = 1;
        break;
    case SAMPLE_ALLOC:
        values[0] = s->heap_bytes;
        values[1] = s->binary_bytes;
        values[2] = s->again ? 0 : times;
        break;
    case SAMPLE_BLOCK:
        values[0] = s->period_ns;
        values[1] = s->weight;
        values[2] = 1;
        break;
    case SAMPLE_COLLECTION:
        values[3] = s->collection.filled;
        values[4] = s->collection.times;
        values[5] = s->collection.minor;
        values[6] = s->collection.survived;
        break;
    }
}

void sample_counts_longest(struct profile *of, const struct sample *s)
{
    struct profile_meta *m = profile_meta_edit(of);
    if (s->of == SAMPLE_BLOCK && s->away == SAMPLE_WAITED &&
        s->away_ns > m->longest_ns)
        m->longest_ns = s->away_ns;
}

void sample_counts_quality(struct profile *of, const struct profile_sample *row,
                           const struct unwound *u)
{
    struct profile_counters *c = profile_counters_edit(of);
    c->truncated += u->truncated;
    c->unverified += u->unverified;
    c->c_cut += u->c_gap == UNWIND_CUT;
    c->c_unreadable += u->c_gap == UNWIND_UNREADABLE;
    c->short_copies += u->copy_short;
    c->erlang_leaf += u->erlang;
    c->erlang_leaf_complete += u->erlang && u->complete;
    c->no_process +=
        state_is_of_process(row->state) && row->process == PROFILE_NONE;
}
