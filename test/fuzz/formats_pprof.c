/* pprof files, plain or gzipped; what is read must be writable as read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A profile that was read is one that every format can show. */
static void write_all(const struct profile *p, const struct format_options *o,
                      struct buffer *bytes)
{
    static const struct format *const formats[] = {
        &format_text, &format_json, &format_collapsed, &format_speedscope};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        buffer_clear(bytes);
        int err = formats[i]->write(p, o, bytes);
        if (err && !(err == -E_LIMIT && bytes->failed))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct profile *p, *again;
    if (pprof_read(data, len, &p) != 0)
        return 0;
    const struct format_options options = {.tree = true, .min_pct = 0.01};
    struct buffer bytes;
    buffer_init(&bytes, 64 << 20);
    if (format_pprof.write(p, &options, &bytes) == 0) {
        if (pprof_read(bytes.data, bytes.len, &again) != 0)
            abort();
        if (profile_sample_count(again) != profile_sample_count(p))
            abort();
        profile_destroy(again);
    }
    write_all(p, &options, &bytes);
    buffer_deinit(&bytes);
    profile_destroy(p);
    return 0;
}
