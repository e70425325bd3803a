/**
 * @file at_exit.h
 * A program that finishes something when this VM ends (a recording that was not
 * stopped: port/port_will.h) is waited for, so that whoever started the VM
 * finds it finished. The VM closes its ports before it exits, and the C library
 * then calls us. Where it is not to flush, or is killed, it ends at once: then
 * nothing is waited for.
 */
#ifndef CPROF_NIF_AT_EXIT_H
#define CPROF_NIF_AT_EXIT_H

#include <sys/types.h>

/** A program that is stopped must not keep the VM for ever. */
enum { AT_EXIT_MS = 5000 };

/** Waits for this process at the end, and for no other; 0: for none. */
void at_exit_wait_for(pid_t pid);

#endif
