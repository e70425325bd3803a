/**
 * @file term.h
 * The terms of the VM that are one word by themselves: pids, ports, atoms, by
 * their lowest bits (erl_term.h, _TAG_IMMED1_PID, _TAG_IMMED1_PORT,
 * _TAG_IMMED2_ATOM; the same in OTP 25 to 29). A word may look like one by
 * chance: whoever follows it checks more.
 */
#ifndef CPROF_BASE_TERM_H
#define CPROF_BASE_TERM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TERM_BITS = 4, /**< above them a pid or a port has its data */
    TERM_PID = 3,
    TERM_PORT = 7,
    TERM_ATOM_BITS = 6, /**< above them an atom has its index */
    TERM_ATOM = 0x0b,
    TERM_MAX_ARITY = 255, /**< of a function; a plain number beside atoms */
};

static inline bool term_is_pid(uint64_t word)
{
    return (word & ((1 << TERM_BITS) - 1)) == TERM_PID;
}

static inline bool term_is_port(uint64_t word)
{
    return (word & ((1 << TERM_BITS) - 1)) == TERM_PORT;
}

/** The slot of a pid or a port in its table of `slots`, a power of two
 *  (erl_ptab.h, erts_ptab_id2pix). old: before OTP 26. */
static inline uint64_t term_slot(uint64_t word, bool old, uint64_t slots)
{
    return old ? word >> 32 : (word >> TERM_BITS) & (slots - 1);
}

static inline bool term_is_atom(uint64_t word)
{
    return (word & ((1 << TERM_ATOM_BITS) - 1)) == TERM_ATOM;
}

#endif
