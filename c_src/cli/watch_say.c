#include "cli/watch_say.h"

#include <errno.h>
#include <math.h>

#include "base/clock.h"
#include "formats/watch_write.h"
#include "port/port.h"
#include "port/port_watch.h"

struct watch_event watch_event_now(enum watch_kind kind)
{
    return (struct watch_event){.kind = kind,
                                .unix_ns = clock_ns_of(CLOCK_REALTIME),
                                .value = NAN,
                                .limit = NAN,
                                .waited_for_cpu = NAN};
}

static int render(const struct watch_say *to, const struct watch_event *e,
                  struct buffer *out)
{
    switch (to->form) {
    case WATCH_JSON:
        return watch_write_json(e, out);
    case WATCH_PORT:
        return port_watch_event(out, e);
    default:
        watch_write_text(e, out);
        return buffer_status(out);
    }
}

int watch_say(struct watch_say *to, const struct watch_event *e)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    int err = render(to, e, &bytes);
    if (!err) {
        err = port_write_all(to->fd, bytes.data, bytes.len);
        err = err == -EPIPE ? -E_NO_READER : err;
        to->err = err;
    }
    buffer_deinit(&bytes);
    return err;
}
