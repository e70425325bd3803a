#include "recorder/sample_values.h"

enum event sample_event(enum sample_of of)
{
    static const enum event events[] = {
        [SAMPLE_CPU] = EVENT_CPU,          [SAMPLE_PROCESS] = EVENT_WALL,
        [SAMPLE_ALLOC] = EVENT_ALLOC,      [SAMPLE_BLOCK] = EVENT_BLOCK,
        [SAMPLE_COLLECTION] = EVENT_ALLOC,
    };
    return events[of];
}

void sample_values(const struct sample *s, uint64_t values[])
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
        values[2] = times;
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
