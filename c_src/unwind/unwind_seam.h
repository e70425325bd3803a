/**
 * @file unwind_seam.h
 * What the machine code around a return address shows about the stacks: whether
 * it is the return address of a call at all, and where Erlang code finds its
 * own stack again when C code returns to it. Pure functions on code bytes; each
 * architecture has its own file.
 *
 * Source: erts/emulator/beam/jit/x86/beam_asm.hpp (emit_enter_runtime,
 * emit_leave_runtime), instr_bif.cpp (emit_call_light_bif_shared); the same
 * in OTP 25, 27 and 29.
 */
#ifndef CPROF_UNWIND_UNWIND_SEAM_H
#define CPROF_UNWIND_UNWIND_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How Erlang code gets its stack pointer back after a call of C code. */
enum seam_resume {
    SEAM_UNKNOWN,
    SEAM_SAVED, /**< from the register it was saved in (x86-64: rbp) */
    SEAM_STOP,  /**< from Process.stop */
};

/** Where a shared fragment keeps the address of its call site. */
enum seam_entry { SEAM_ENTRY_NONE, SEAM_ENTRY_R15, SEAM_ENTRY_MEMORY };

enum {
    SEAM_BEFORE = 8,     /**< code bytes that unwind_seam_is_return needs */
    SEAM_AFTER = 192,    /**< code bytes to pass to unwind_seam_resume */
    SEAM_ENTRY_MAX = 96, /**< most bytes from the start of a light BIF call
                              to its return address */
};

/**
 * Is the address right after these bytes a return address of a call?
 * @param before  the SEAM_BEFORE bytes in front of the address
 * @param target  for a direct call, the distance from the address to the
 *                function called, else 0
 */
bool unwind_seam_is_return(const uint8_t before[SEAM_BEFORE], int32_t *target);

/**
 * Decodes forward from a return address (or an ip) in Erlang code.
 * @param stop  offset of Process.stop; 0: not known, any offset will do
 */
enum seam_resume unwind_seam_resume(const uint8_t *code, size_t len,
                                    uint32_t stop);

/**
 * Finds in the code of call_light_bif_shared where it keeps the entry address
 * of its call site while the BIF runs.
 * @param disp  for SEAM_ENTRY_MEMORY: the offset from rbx, the register array
 */
enum seam_entry unwind_seam_entry(const uint8_t *code, size_t len,
                                  int32_t *disp);

#endif
