#include "recorder/frame_slots.h"

#include <string.h>

/* Is it the return address of the frame? It is behind the address of the next
 * frame in the list; that of the first function ends the stack. */
static bool ends_frame(const struct sample *p, const struct unwound *u,
                       size_t frame, size_t at, uint64_t word)
{
    if (frame + 1 < u->count)
        return u->list[frame + 1].kind == ADDRESS_ERLANG &&
               word == u->list[frame + 1].at + 1;
    return p->process.stop + at + 8 == p->process.hend;
}

/* They are the words below the return address. With frame pointers one lies
 * between; it is aligned, which no term is. */
struct frame_slots frame_slots(const struct sample *p, const struct unwound *u,
                               size_t frame, size_t from)
{
    struct frame_slots s = {.next = from};
    for (; s.next + 8 <= p->erlang.len; s.next += 8) {
        uint64_t word;
        memcpy(&word, p->erlang.bytes + s.next, sizeof(word));
        if (ends_frame(p, u, frame, s.next, word)) {
            s.count -= s.count && (s.list[s.count - 1] & 7) == 0;
            s.next += 8;
            return s;
        }
        if (s.count == FRAME_SLOTS)
            break;
        s.list[s.count++] = word;
    }
    s.count = 0;
    return s;
}
