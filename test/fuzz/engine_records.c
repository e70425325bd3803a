/* A ring of foreign bytes: the first two say where reading starts and how
 * much was written, the rest is the ring. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/perf_records.h"

enum { RING_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void touch(const struct perf_record *record)
{
    const struct sample_copy *stack = &record->sample.stack;
    for (size_t i = 0; i < stack->len; i++)
        sink += stack->bytes[i];
    for (size_t i = 0; i < record->sample.kernel_count; i++)
        sink += record->sample.kernel_ips[i];
}

static void walk(uint8_t *ring, uint64_t tail, uint64_t len, bool callchain)
{
    static uint8_t scratch[PERF_RECORDS_MAX_BYTES];
    static struct perf_record record;
    struct perf_records records = {ring,       RING_BYTES, tail,
                                   tail + len, callchain,  scratch};
    while (perf_records_next(&records, &record) == 1)
        if (record.kind == PERF_RECORDS_SAMPLE)
            touch(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    uint64_t tail = data[0] * 16ull;
    uint64_t len = data[1] * 17ull;
    uint8_t *ring = calloc(1, RING_BYTES);
    size -= 2;
    memcpy(ring, data + 2, size < RING_BYTES ? size : RING_BYTES);
    walk(ring, tail, len, false);
    walk(ring, tail, len, true);
    free(ring);

    struct perf_record record;
    if (perf_records_parse(data, size, true, &record) == 0 &&
        record.kind == PERF_RECORDS_SAMPLE)
        touch(&record);
    return 0;
}
