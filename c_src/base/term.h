/**
 * @file term.h
 * Recognises pids, ports and atoms, which the VM stores in a single word, by
 * their lowest bits (erl_term.h, _TAG_IMMED1_PID, _TAG_IMMED1_PORT,
 * _TAG_IMMED2_ATOM; the same in OTP 25 to 29). Any word may have these bits by
 * chance, so code that follows one has to check more.
 */
#ifndef CPROF_BASE_TERM_H
#define CPROF_BASE_TERM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TERM_BITS = 4, /**< tag bits; the data of a pid or a port is above them */
    TERM_PID = 3,
    TERM_PORT = 7,
    TERM_ATOM_BITS = 6, /**< tag bits; the index of an atom is above them */
    TERM_ATOM = 0x0b,
    TERM_MAX_ARITY = 255, /**< of a function; an MFA has it as a plain number */
};

static inline bool term_is_pid(uint64_t word)
{
    return (word & ((1 << TERM_BITS) - 1)) == TERM_PID;
}

static inline bool term_is_port(uint64_t word)
{
    return (word & ((1 << TERM_BITS) - 1)) == TERM_PORT;
}

/** Has the term of a pid or a port the format from before OTP 26? The release
 *  says it. If it is not known (0): old terms have the slot number in the upper
 *  32 bits, new ones a serial number, which is 0 until the node has created
 * 2^28 processes. */
static inline bool term_is_old(uint64_t word, int release)
{
    return release ? release < 26 : word >> 32 != 0;
}

/** The slot of a pid or a port in its table, which has `slots` slots, a power
 * of two (erl_ptab.h, erts_ptab_id2pix). old: the VM is older than OTP 26. */
static inline uint64_t term_slot(uint64_t word, bool old, uint64_t slots)
{
    return old ? word >> 32 : (word >> TERM_BITS) & (slots - 1);
}

static inline bool term_is_atom(uint64_t word)
{
    return (word & ((1 << TERM_ATOM_BITS) - 1)) == TERM_ATOM;
}

#endif
