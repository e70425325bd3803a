/**
 * @file bifs_code.h
 * What the JIT's machine code says about the C functions behind Erlang names:
 * the stub of a BIF, the stub of a NIF, and the call out of a fragment. Pure;
 * fuzzed. It accepts the exact instruction sequences that the JIT writes and
 * nothing else.
 */
#ifndef CPROF_SYMBOLS_BIFS_CODE_H
#define CPROF_SYMBOLS_BIFS_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BIFS_CODE_TARGETS = 2, BIFS_CODE_BYTES = 128 };

/** C functions a stub leads to; a dirty NIF has two: the one that schedules
 *  it (shared by all of them) and its own. */
struct bifs_code {
    uint64_t target[BIFS_CODE_TARGETS];
    size_t count;
    bool nif;
    uint64_t entry; /**< a BIF's: the address that its stub hands on as the one
                         it runs at (Process.i); 0 for a NIF */
};

/**
 * Decodes the code of one function of a module. `at` is its address; code may
 * begin with the function's ErtsCodeInfo (some 48 bytes) and may be cut.
 * @return false when it is no stub
 */
bool bifs_code_decode(const uint8_t *code, size_t len, uint64_t at,
                      struct bifs_code *out);

/** A place that calls a BIF: its C function and its struct Export. */
struct bifs_code_site {
    uint64_t target, export;
};

/** The call of a BIF that begins with these bytes. */
bool bifs_code_site(const uint8_t *code, size_t len,
                    struct bifs_code_site *out);

enum { BIFS_CODE_SITE = 64 }; /* bytes that a call of a BIF may have */

/** The call of a BIF that returns to the end of these bytes. */
bool bifs_code_site_before(const uint8_t *code, size_t len,
                           struct bifs_code_site *out);

/** The call of a function of another module that returns to the end of these
 *  bytes: the address of its struct Export; 0: it is no such call. */
uint64_t bifs_code_export_before(const uint8_t *code, size_t len);

/**
 * The next call of a BIF in a module's code, from *at on (an offset, moved
 * past what was looked at).
 * @return false when there is none
 */
bool bifs_code_next_site(const uint8_t *code, size_t len, size_t *at,
                         struct bifs_code_site *out);

/**
 * The first call out of a fragment: its target in *target, or with *slot the
 * address of the 8 bytes that hold it.
 */
bool bifs_code_call(const uint8_t *code, size_t len, uint64_t at,
                    uint64_t *target, bool *slot);

/** Targets of the direct jumps (jmp rel32, conditional ones too) in C code, as
 *  bifs_code_calls. */
size_t bifs_code_jumps(const uint8_t *code, size_t len, uint64_t at,
                       uint64_t *targets, size_t max);

/** Targets of the direct calls (call rel32) in C code; returns how many,
 *  at most max. Not a disassembler: a caller checks that a target is the
 *  start of a function. */
size_t bifs_code_calls(const uint8_t *code, size_t len, uint64_t at,
                       uint64_t *targets, size_t max);

#endif
