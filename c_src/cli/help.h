/**
 * @file help.h
 * What the program says about itself: help texts, the man page, and completion
 * for shells. All are generated from the tables of verbs (verbs.h) and options
 * (option_table.h).
 */
#ifndef CPROF_CLI_HELP_H
#define CPROF_CLI_HELP_H

#include "base/buffer.h"
#include "cli/verbs.h"

/** Each function appends to out. This one: the verbs, with a line or two for
 *  each. */
void help_program(struct buffer *out);
/** What a verb does, and its options. */
void help_verb(struct buffer *out, const struct verb *verb);
/** A man page, section 1. */
void help_man(struct buffer *out);
/** A script for a shell to source. shell: "bash" or "zsh"; false for any other.
 */
bool help_completion(struct buffer *out, const char *shell);

#endif
