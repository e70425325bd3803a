#include "port/port_output.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "formats/view.h"
#include "output/output.h"

struct filter port_filter(const struct port_request *r,
                          struct port_names *names)
{
    size_t count = port_texts(&r->processes, names->processes);
    size_t spans = port_texts(&r->spans, names->spans);
    unsigned events = 0; /* all, unless the names of some are given */
    (void)!event_parse_set(r->event, &events);
    /* Inside a node, the process is known to exist, for example the caller of a
     * trigger. So it is not an error if it was not sampled. */
    return (struct filter){.idle_is_fine = true,
                           .events = events,
                           .processes = names->processes,
                           .process_count = count,
                           .spans = names->spans,
                           .span_count = spans,
                           .focus = r->focus[0] ? r->focus : NULL,
                           .ignore = r->ignore[0] ? r->ignore : NULL};
}

static int render(const struct port_request *r, struct buffer *bytes)
{
    struct port_names names;
    const struct view view = {
        .filter = port_filter(r, &names),
        .format = format_by_name(r->format),
        .how = {.top = (unsigned)r->top, .reader = FORMAT_READER_INSIDE}};
    if (!view.format)
        return -E_UNKNOWN_FORMAT;
    struct profile *p;
    int err = pprof_read(r->recording.data, r->recording.len, &p);
    if (err)
        return err;
    err = view_render(p, &view, bytes);
    profile_destroy(p);
    return err;
}

int port_output_render(const struct port_request *r, struct buffer *out)
{
    struct buffer bytes;
    buffer_init(&bytes, PORT_MAX_PACKET);
    int err = render(r, &bytes);
    if (!err)
        err = port_reply_binary(out, r->ref, bytes.data, bytes.len);
    buffer_deinit(&bytes);
    return err;
}

/* The path as a C string. */
static int path_of(const struct port_request *r, char path[static PATH_MAX])
{
    if (r->path.len >= PATH_MAX)
        return -ENAMETOOLONG;
    if (r->path.len == 0)
        return -ENOENT;
    if (memchr(r->path.data, '\0', r->path.len))
        return -EINVAL;
    memcpy(path, r->path.data, r->path.len);
    path[r->path.len] = '\0';
    return 0;
}

int port_output_check(const struct port_request *r, struct buffer *out)
{
    char path[PATH_MAX];
    int err = path_of(r, path);
    if (!err)
        err = output_check(path);
    return err ? err : port_reply_atom(out, r->ref, "writable");
}

int port_output_save(const struct port_request *r)
{
    char path[PATH_MAX];
    struct buffer bytes;
    int err = path_of(r, path);
    if (err)
        return err;
    buffer_init(&bytes, PORT_MAX_PACKET);
    if (r->format[0])
        err = render(r, &bytes);
    else
        buffer_add(&bytes, r->recording.data, r->recording.len);
    if (!err)
        err = buffer_status(&bytes);
    if (!err)
        err = output_write_now(path, r->exclusive, &bytes);
    buffer_deinit(&bytes);
    return err;
}

int port_output_write(const struct port_request *r, struct buffer *out)
{
    int err = port_output_save(r);
    return err ? err : port_reply_atom(out, r->ref, "written");
}
