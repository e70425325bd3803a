/* A request is whatever arrives on stdin. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "port/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct port_request request;
    if (port_decode(bytes, len, &request) != 0)
        return 0;
    /* What a request points to must lie in the packet, and its texts end. */
    if (request.recording_len > 0 &&
        (request.recording < bytes ||
         request.recording + request.recording_len > bytes + len))
        abort();
    if (request.process_count > PORT_MAX_PROCESSES ||
        strnlen(request.engine, PORT_TEXT) == PORT_TEXT ||
        strnlen(request.focus, PORT_TEXT) == PORT_TEXT)
        abort();
    return 0;
}
