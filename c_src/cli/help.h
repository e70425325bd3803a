/**
 * @file help.h
 * What the program says about itself, made of the tables of verbs (verbs.h)
 * and options (option_table.h): help texts, the man page, and completion for
 * shells.
 */
#ifndef CPROF_CLI_HELP_H
#define CPROF_CLI_HELP_H

#include "base/buffer.h"
#include "cli/verbs.h"

/** Each appends to out. The verbs, a line or two each. */
void help_program(struct buffer *out);
/** What a verb does, with its options. */
void help_verb(struct buffer *out, const struct verb *verb);
/** A man page, section 1. */
void help_man(struct buffer *out);
/** A script to be sourced. shell: "bash" or "zsh"; false: no other is known. */
bool help_completion(struct buffer *out, const char *shell);

#endif
