#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "nif/query_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text of a query. The result is never longer than what was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query_text q;
    query_text_make(&q, (const char *)data, size);
    if (q.length > QUERY_TEXT_MAX || q.length > size)
        abort();
    uint64_t id = query_text_id((const char *)data, size);
    if (id == 0 || id >> 58 != 0 ||
        id != query_text_id((const char *)data, size))
        abort();
    return 0;
}
