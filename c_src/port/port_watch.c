#include "port/port_watch.h"

#include "port/port_encode.h"
#include "report/report.h"

int port_watch_event(struct buffer *out, const struct watch_event *e)
{
    struct port_encoder x;
    port_encode_init(&x);
    port_encode_tuple(&x, 3);
    port_encode_integer(&x, 0);
    port_encode_atom(&x, "event");
    report_walk_watch(e, &x.sink);
    return port_encode_finish(&x, out);
}
