/**
 * @file bifs_code.h
 * What the JIT's machine code says about the C functions behind Erlang names:
 * the stub of a BIF, the stub of a NIF, the calls of these, and the call out of
 * a fragment. Pure; fuzzed. Stubs and their calls are accepted only as the
 * exact sequence of instructions that the JIT writes.
 */
#ifndef CPROF_SYMBOLS_BIFS_CODE_H
#define CPROF_SYMBOLS_BIFS_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BIFS_CODE_TARGETS = 2, BIFS_CODE_BYTES = 128 };

/** The C functions that a stub leads to. A dirty NIF has two: the one that
 *  schedules it, which all dirty NIFs share, and its own. */
struct bifs_code {
    uint64_t target[BIFS_CODE_TARGETS];
    size_t count;
    bool nif;
    uint64_t entry; /**< for a BIF: the address that its stub passes on as
                         Process.i; 0 for a NIF */
};

/**
 * Decodes the code of one function of a module. `at` is its address. The code
 * may begin with the function's ErtsCodeInfo (some 48 bytes), and may be
 * truncated.
 * @return false when it is not a stub
 */
bool bifs_code_decode(const uint8_t *code, size_t len, uint64_t at,
                      struct bifs_code *out);

/** A call of a BIF: the BIF's C function and its struct Export. */
struct bifs_code_site {
    uint64_t target, export;
};

/** Decodes a call of a BIF that begins with these bytes; false: not one. */
bool bifs_code_site(const uint8_t *code, size_t len,
                    struct bifs_code_site *out);

enum { BIFS_CODE_SITE = 64 }; /* most bytes of a call of a BIF */

/** Decodes the call of a BIF that returns to the end of these bytes; false:
 *  not one. */
bool bifs_code_site_before(const uint8_t *code, size_t len,
                           struct bifs_code_site *out);

/** The address of the struct Export in the call of a function of another module
 *  that returns to the end of these bytes; 0: not such a call. */
uint64_t bifs_code_export_before(const uint8_t *code, size_t len);

/**
 * The next call of a BIF in a module's code, from the offset *at on, which is
 * moved to where the next search begins.
 * @return false when there is none
 */
bool bifs_code_next_site(const uint8_t *code, size_t len, size_t *at,
                         struct bifs_code_site *out);

/** The targets of the direct jumps (jmp rel32 and conditional ones) in C code;
 *  otherwise as bifs_code_calls. */
size_t bifs_code_jumps(const uint8_t *code, size_t len, uint64_t at,
                       uint64_t *targets, size_t max);

/** The targets of the direct calls (call rel32) in C code, at most max; returns
 *  their number. This is not a disassembler: bytes inside other instructions
 *  also match, so the caller must check that a target is the start of a
 *  function. */
size_t bifs_code_calls(const uint8_t *code, size_t len, uint64_t at,
                       uint64_t *targets, size_t max);

#endif
