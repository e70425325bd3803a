#include "recorder/most_waiting.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void most_waiting_deinit(struct most_waiting *m)
{
    free(m->rows);
    *m = (struct most_waiting){NULL, 0, 0};
}

int64_t most_waiting_add(struct most_waiting *m, uint32_t function,
                         uint32_t tick)
{
    size_t need = (size_t)function + 1;
    int err = ARRAY_RESERVE(m->rows, m->cap, need);
    if (err)
        return err;
    if (m->count < need) {
        memset(m->rows + m->count, 0, (need - m->count) * sizeof(*m->rows));
        m->count = need;
    }
    struct most_waiting_row *row = &m->rows[function];
    if (row->tick != tick)
        *row = (struct most_waiting_row){tick, 0};
    return ++row->count;
}
