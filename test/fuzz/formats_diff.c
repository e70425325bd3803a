/*
 * Two pprof files compared, told apart at the first byte: what of the input is
 * the base's. Any that can be read can be compared and written, unless a side
 * has no sample of work; what is of the base is never more than all.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_rows(const struct diff *d)
{
    const struct profile *p = diff_profile(d);
    for (size_t i = 0; i < profile_sample_count(p); i++)
        if (diff_base_of_row(d, i) > profile_weight(p, i))
            abort();
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_share *s = &diff_function_at(d, i)->own;
        if (!(s->growth_low <= s->growth && s->growth <= s->growth_high))
            abort();
    }
}

static void compare(const struct profile *base, const struct profile *now)
{
    const struct format_options options = {0};
    struct diff *d;
    int err = diff_create(&base, 1, &now, 1, NULL, &d);
    if (err == -E_EMPTY)
        return;
    if (err)
        abort();
    check_rows(d);
    struct buffer bytes;
    buffer_init(&bytes, 64 << 20);
    if (format_text.write_diff(d, &options, &bytes) != 0)
        abort();
    buffer_clear(&bytes);
    if (format_json.write_diff(d, &options, &bytes) != 0)
        abort();
    buffer_deinit(&bytes);
    diff_destroy(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct profile *base, *now;
    if (len < 1)
        return 0;
    size_t split = 1 + (len - 1) * data[0] / 255;
    if (pprof_read(data + 1, split - 1, &base) != 0)
        return 0;
    if (pprof_read(data + split, len - split, &now) != 0)
        now = NULL;
    compare(base, now ? now : base);
    profile_destroy(base);
    profile_destroy(now);
    return 0;
}
