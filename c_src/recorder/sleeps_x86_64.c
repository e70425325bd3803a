/* A process that waits continues at the label of its receive. If that has
 * patterns, the instruction loop_rec is there, whose code begins by loading its
 * own address (erts/emulator/beam/jit/x86/instr_msg.cpp, emit_i_loop_rec; it is
 * aligned, so some bytes may lie before it):
 *
 *   48 8d 3d f9 ff ff ff    lea rdi, [rip - 7]
 *
 * Otherwise the instruction wait_timeout is there, which has no such code. */
#include "recorder/sleeps.h"

#include <stddef.h>
#include <string.h>

enum { MOST_PADDING = 8 };

static const uint8_t loads_itself[] = {0x48, 0x8d, 0x3d, 0xf9,
                                       0xff, 0xff, 0xff};

bool sleeps(const struct memory *m, const struct sample *s)
{
    uint8_t code[MOST_PADDING + sizeof(loads_itself)];
    return s->at_rest.has_timer && s->process.continuation &&
           memory_read(m, s->process.continuation, code, sizeof(code)) == 0 &&
           !memmem(code, sizeof(code), loads_itself, sizeof(loads_itself));
}
