#include "cli/output.h"

#include <inttypes.h>
#include <unistd.h>

#include "cli/options_view.h"
#include "cli/output_file.h"
#include "cli/output_place.h"
#include "cli/output_stream.h"

/* A rename would put a file in the place of a device or a pipe, and an open
 * descriptor's file may have lost its name or have others who write to it. */
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

static int write_at(const char *path, bool fresh, bool waits,
                    const struct buffer *bytes)
{
    struct output_place p;
    int err = output_place_find(path, fresh, &p);
    if (err)
        return err;
    err = is_written_in_place(&p)
              ? output_stream_write(&p, waits ? path : NULL, bytes)
              : output_file_write(&p, fresh, bytes);
    output_place_leave(&p);
    return err;
}

int output_write(const char *path, const struct buffer *bytes)
{
    return path ? write_at(path, false, true, bytes)
                : output_stream_write_fd(STDOUT_FILENO, bytes);
}

int output_write_now(const char *path, bool fresh, const struct buffer *bytes)
{
    return write_at(path, fresh, false, bytes);
}

bool output_unreadable(const struct options *o)
{
    return !o->output && o->format->binary && isatty(STDOUT_FILENO);
}

static uint64_t samples_of(const struct profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_sample_at(p, i)->count;
    return sum;
}

/* A filtered report says so: its counters are of the whole recording. */
static int note_filter(struct profile *filtered, const struct options *o,
                       const struct profile *whole)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    buffer_text(&line, "filtered:");
    options_view_describe(o, profile_meta(whole)->bucket_ns, &line);
    buffer_printf(&line,
                  "; %" PRIu64 " of %" PRIu64
                  " samples; quality counters are of the whole recording",
                  samples_of(filtered), samples_of(whole));
    buffer_add(&line, "", 1);
    int err = buffer_status(&line);
    if (!err)
        err = profile_note(filtered, (const char *)line.data);
    buffer_deinit(&line);
    return err;
}

int output_render(const struct profile *p, const struct options *o,
                  struct buffer *bytes)
{
    const struct format_options how =
        options_view_format(o, !o->output && isatty(STDOUT_FILENO));
    struct filter filter = options_filter(o);
    if (filter_is_empty(&filter))
        return o->format->write(p, &how, bytes);
    struct profile *filtered;
    int err = filter_apply(p, &filter, &filtered);
    if (err)
        return err;
    err = note_filter(filtered, o, p);
    if (!err)
        err = o->format->write(filtered, &how, bytes);
    profile_destroy(filtered);
    return err;
}
