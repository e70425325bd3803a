/**
 * @file at_exit.h
 * Delays the end of this VM until a program has finished its work (writing a
 * recording that was not stopped: port/port_will.h), so that whoever started
 * the VM finds the result. The VM closes its ports before it exits, and the C
 * library then calls us. A VM that does not flush, or that is killed, ends at
 * once, without waiting.
 */
#ifndef CPROF_NIF_AT_EXIT_H
#define CPROF_NIF_AT_EXIT_H

#include <sys/types.h>

/** A program that is stopped must not keep the VM for ever. */
enum { AT_EXIT_MS = 5000 };

/** Waits for this process at the end, and for no other; 0: for none. */
void at_exit_wait_for(pid_t pid);

#endif
