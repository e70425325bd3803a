#include "recorder/crowd_rows.h"

#include <stdlib.h>

#include "base/array.h"

int crowd_rows_open(struct crowd_rows *r)
{
    return crowd_open(&r->crowd);
}

void crowd_rows_close(struct crowd_rows *r)
{
    crowd_close(r->crowd);
    free(r->rows);
}

uint32_t crowd_rows_find(const struct crowd_rows *r, uint32_t crowd)
{
    return crowd < r->count ? r->rows[crowd] : PROFILE_NONE;
}

int crowd_rows_set(struct crowd_rows *r, uint32_t crowd, uint32_t row)
{
    int err = ARRAY_RESERVE(r->rows, r->cap, (size_t)crowd + 1);
    if (err)
        return err;
    while (r->count <= crowd)
        r->rows[r->count++] = PROFILE_NONE;
    r->rows[crowd] = row;
    return profile_set_members(r->profile, row, crowd_members(r->crowd, crowd));
}
