#include "cli/recording.h"

#include "base/buffer.h"
#include "formats/format.h"

int recording_read(const char *path, struct profile **out)
{
    struct buffer file;
    buffer_init(&file, BUFFER_DEFAULT_MAX);
    int err = buffer_read_file(&file, path);
    if (!err)
        err = pprof_read(file.data, file.len, out);
    buffer_deinit(&file);
    return err;
}
