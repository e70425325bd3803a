#include "cli/recording.h"

#include "base/buffer.h"
#include "formats/format.h"

/* What is longer is no recording: hours of one are some megabytes. */
enum { RECORDING_MAX = 256 << 20 };

int recording_read(const char *path, struct profile **out)
{
    struct buffer file;
    buffer_init(&file, RECORDING_MAX);
    int err = buffer_read_file(&file, path);
    if (!err)
        err = pprof_read(file.data, file.len, out);
    buffer_deinit(&file);
    return err;
}
