/**
 * @file unwind_seam.h
 * What the machine code around a return address tells about the stacks:
 * is it the return address of a call at all, and where does Erlang code find
 * its own stack again when C code returns to it. Pure functions over code
 * bytes; each architecture has its own file.
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
    SEAM_BEFORE = 8,     /**< code bytes that unwind_seam_is_return wants */
    SEAM_AFTER = 192,    /**< and that unwind_seam_resume looks at, at most */
    SEAM_ENTRY_MAX = 96, /**< from a light BIF call's start to its return */
};

/**
 * Is the address right after these bytes one that a call returns to?
 * @param before  the SEAM_BEFORE bytes in front of the address
 * @param target  distance from the address to the function called when the
 *                call is direct, else 0
 */
bool unwind_seam_is_return(const uint8_t before[SEAM_BEFORE], int32_t *target);

/**
 * Decodes forward from a return address (or an ip) in Erlang code.
 * @param stop  offset of Process.stop when it is known, else 0: any
 */
enum seam_resume unwind_seam_resume(const uint8_t *code, size_t len,
                                    uint32_t stop);

/**
 * Where call_light_bif_shared keeps the entry address of its call site while
 * the BIF runs, from the fragment's code.
 * @param disp  for SEAM_ENTRY_MEMORY: distance from rbx, the register array
 */
enum seam_entry unwind_seam_entry(const uint8_t *code, size_t len,
                                  int32_t *disp);

#endif
