#include "port/port_watch.h"

#include "port/port_encode.h"
#include "report/report.h"

int port_watch_event(struct buffer *out, const struct watch_event *e)
{
    struct port_encoder x;
    port_encode_begin(&x, 0, "event");
    report_walk_watch(e, &x.sink);
    return port_encode_finish(&x, out);
}

int port_watch_refused(struct buffer *out, const char *text)
{
    struct port_encoder x;
    port_encode_begin(&x, 0, "error");
    port_encode_tuple(&x, 2);
    port_encode_atom(&x, "invalid_option");
    port_encode_text(&x, text);
    return port_encode_finish(&x, out);
}
