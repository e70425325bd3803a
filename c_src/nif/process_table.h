/**
 * @file process_table.h
 * The VM's table of processes: an array of pointers to struct Process, which is
 * allocated at start and never freed (erl_ptab.h, struct ErtsPTabReadOnlyData).
 * It is found without symbols, which OTP 29 hides: by the only word in the
 * executable's data that points to an array which has the calling process in
 * the slot of its pid, and that has the process limit next to it.
 */
#ifndef CPROF_NIF_PROCESS_TABLE_H
#define CPROF_NIF_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/term.h"

/** How to get the slot from a pid (erl_ptab.h, erts_ptab_id2pix). */
enum pid_to_slot {
    PID_HIGH_WORD, /**< OTP 25: the upper 32 bits of the term */
    PID_LOW_BITS   /**< OTP 26 and later: (term >> 4) modulo the limit */
};

struct process_table {
    uint64_t place; /**< address of the word that points to the array */
    uint64_t slots; /**< address of the array */
    uint32_t limit; /**< number of slots, a power of two */
    uint32_t size;  /**< bytes of a struct Process */
    enum pid_to_slot how;
};

/** Bytes before and after `place` that belong to the table: its counters. */
enum { TABLE_BEFORE = 640, TABLE_AFTER = 128 };

static inline uint32_t slot_of_pid(const struct process_table *t, uint64_t pid)
{
    return (uint32_t)term_slot(pid, t->how == PID_HIGH_WORD, t->limit);
}

/**
 * Searches for the table. Takes some milliseconds: only on a dirty scheduler.
 * @param own_pid, own_process  the calling process: its term and its address
 * @param limit  system_info(process_limit)
 * @return 0; -ENOENT: no place fits; -ENOTUNIQ: several places fit; -EPROTO:
 *         the size of a struct Process is not where it should be, or the bytes
 *         around the place cannot be read
 */
int process_table_find(uint64_t own_pid, uint64_t own_process, uint32_t limit,
                       struct process_table *out);

/** The address of the pid's struct, or 0. It may be followed only under the
 *  rules of walk.h. */
uint64_t process_table_at(const struct process_table *t, uint64_t pid);

#endif
