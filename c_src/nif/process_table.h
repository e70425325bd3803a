/**
 * @file process_table.h
 * The VM's table of processes: an array of pointers to struct Process that is
 * allocated at start and stays (erl_ptab.h, struct ErtsPTabReadOnlyData). It
 * is found without symbols, which OTP 29 hides: the one word in the
 * executable's data that points to an array in which this process stands where
 * its pid says, with the limit of processes beside it.
 */
#ifndef CPROF_NIF_PROCESS_TABLE_H
#define CPROF_NIF_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/term.h"

/** How a pid tells its slot (erl_ptab.h, erts_ptab_id2pix). */
enum pid_to_slot {
    PID_HIGH_WORD, /**< OTP 25: the upper 32 bits of the term */
    PID_LOW_BITS   /**< OTP 26 and later: (term >> 4) modulo the limit */
};

struct process_table {
    uint64_t place; /**< address of the word that points to the array */
    uint64_t slots; /**< address of the array */
    uint32_t limit; /**< of slots; a power of two */
    uint32_t size;  /**< bytes of a struct Process */
    enum pid_to_slot how;
};

/** What lies before and after `place` and is the table's own: its counters. */
enum { TABLE_BEFORE = 640, TABLE_AFTER = 128 };

static inline uint32_t slot_of_pid(const struct process_table *t, uint64_t pid)
{
    return (uint32_t)term_slot(pid, t->how == PID_HIGH_WORD, t->limit);
}

/**
 * Looks for the table. Takes some milliseconds, so on a dirty scheduler.
 * @param own_pid, own_process the calling process as a term and where it is
 * @param limit system_info(process_limit)
 * @return 0; -ENOENT: nothing fits; -ENOTUNIQ: more than one place does;
 *         -EPROTO: the size of a struct Process is not where it should be,
 *         or what lies around the place cannot be read
 */
int process_table_find(uint64_t own_pid, uint64_t own_process, uint32_t limit,
                       struct process_table *out);

/** Where the pid's struct is, or 0; a value, to be followed only under the
 *  rules of walk.h. */
uint64_t process_table_at(const struct process_table *t, uint64_t pid);

#endif
