#include "port/port_will.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/format.h"
#include "port/port_output.h"

bool port_will_take(struct port_will *w, const struct port_request *start,
                    struct buffer *packet)
{
    port_will_drop(w);
    if (start->at_end.left == 0)
        return false;
    *w = (struct port_will){*packet, start->at_end};
    buffer_init(packet, PORT_MAX_PACKET);
    return true;
}

void port_will_drop(struct port_will *w)
{
    if (w->requests.packet)
        buffer_deinit(&w->packet);
    *w = (struct port_will){.requests.packet = NULL};
}

static void write_one(struct port_request *r, const struct buffer *recording,
                      uint64_t samples, port_wrote *wrote)
{
    char path[PATH_MAX];
    r->recording = (struct port_bytes){recording->data, recording->len};
    int err = port_output_save(r);
    snprintf(path, sizeof(path), "%.*s", (int)r->path.len,
             (const char *)r->path.data);
    wrote(path, err, samples);
}

static void write_all(struct port_will *w, struct port_request *r,
                      const struct buffer *recording, uint64_t samples,
                      port_wrote *wrote)
{
    const uint8_t *packet;
    size_t len;
    while (port_next_recording(&w->requests, &packet, &len))
        if (port_decode(packet, len, r) == 0 && r->command == PORT_WRITE)
            write_one(r, recording, samples, wrote);
}

void port_will_carry_out(struct port_will *w, struct profile *p,
                         port_wrote *wrote)
{
    struct port_request *r = malloc(sizeof(*r));
    struct buffer recording;
    buffer_init(&recording, PORT_MAX_PACKET);
    int err =
        r ? profile_note(p, "the node ended before the recording was stopped")
          : -ENOMEM;
    if (!err)
        err = format_pprof.write(p, &(struct format_options){0}, &recording);
    if (err)
        wrote("recording", err, 0);
    else
        write_all(w, r, &recording, profile_counters(p)->samples, wrote);
    buffer_deinit(&recording);
    free(r);
}
