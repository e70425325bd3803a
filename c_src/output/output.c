#include "output/output.h"

#include <unistd.h>

#include "output/output_file.h"
#include "output/output_place.h"
#include "output/output_stream.h"

/* A rename would replace a device or a pipe by a file. And the file of an open
 * descriptor may have lost its name, or others may be writing to it. */
static bool is_written_in_place(const struct output_place *p)
{
    return !p->name[0] || (p->there >= 0 && !S_ISREG(p->st.st_mode));
}

int output_check(const char *path)
{
    struct output_place p;
    if (!path)
        return 0;
    int err = output_place_find(path, false, &p);
    if (err)
        return err;
    err = is_written_in_place(&p) ? output_stream_check(&p)
                                  : output_file_check(&p);
    output_place_leave(&p);
    return err;
}

static int write_at(const char *path, bool fresh, output_waits *waits,
                    const struct buffer *bytes)
{
    struct output_place p;
    int err = output_place_find(path, fresh, &p);
    if (err)
        return err;
    err = is_written_in_place(&p) ? output_stream_write(&p, waits, path, bytes)
                                  : output_file_write(&p, fresh, bytes);
    output_place_leave(&p);
    return err;
}

int output_write(const char *path, output_waits *waits,
                 const struct buffer *bytes)
{
    return path ? write_at(path, false, waits, bytes)
                : output_stream_write_fd(STDOUT_FILENO, bytes);
}

int output_write_now(const char *path, bool fresh, const struct buffer *bytes)
{
    return write_at(path, fresh, NULL, bytes);
}
