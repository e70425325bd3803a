/**
 * @file option_fault.h
 * Describes what is wrong with a command line. Each function returns -E_USAGE.
 */
#ifndef CPROF_CLI_OPTION_FAULT_H
#define CPROF_CLI_OPTION_FAULT_H

#include "cli/option_table.h"

/** @param what   the subject: an option as it was written, or another word
 *  @param value  its value; "": none
 *  @param why    the reason */
int option_fault(struct options_fault *f, const char *what, const char *value,
                 const char *why);
/** The same for an option of the table. @param value  NULL: none */
int option_fault_of(struct options_fault *f, const struct option_row *row,
                    const char *value, const char *why);

#endif
