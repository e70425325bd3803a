/**
 * @file self_memory.h
 * Reads this process's own memory at addresses that may be invalid: an address
 * that is not mapped is an error, never a fault. Each read is a system call, so
 * this is for finding things once, and too slow for a walk.
 */
#ifndef CPROF_NIF_SELF_MEMORY_H
#define CPROF_NIF_SELF_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/** 0; -EFAULT when a part of it cannot be read; or the -errno with which the
 *  kernel refused it. */
int self_memory_read(uint64_t address, void *to, size_t len);

#endif
