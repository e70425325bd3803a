/* pprof files, plain or gzipped; what is read must be writable as read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct profile *p, *again;
    if (pprof_read(data, len, &p) != 0)
        return 0;
    const struct format_options options = {0};
    struct buffer bytes;
    buffer_init(&bytes, 64 << 20);
    if (format_pprof.write(p, &options, &bytes) == 0) {
        if (pprof_read(bytes.data, bytes.len, &again) != 0)
            abort();
        if (profile_sample_count(again) != profile_sample_count(p))
            abort();
        profile_destroy(again);
    }
    buffer_clear(&bytes);
    if (format_text.write(p, &options, &bytes) != 0)
        abort();
    buffer_deinit(&bytes);
    profile_destroy(p);
    return 0;
}
