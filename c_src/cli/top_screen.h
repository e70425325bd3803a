/**
 * @file top_screen.h
 * The terminal as a screen, by ncurses, which also handles Ctrl-Z and resizing.
 * While the screen is open, nothing else may be written to the terminal.
 */
#ifndef CPROF_CLI_TOP_SCREEN_H
#define CPROF_CLI_TOP_SCREEN_H

#include <stdbool.h>

#include "cli/top_page.h"

/** Are stdin and stdout a terminal that can show a screen? If not, *why is a
 *  sentence about it, or NULL if stdout is no terminal at all. */
bool top_screen_possible(const char **why);
/** Takes over the terminal. Handlers of signals that end the program must be
 *  set before; they need not restore anything. False: it is not possible. */
bool top_screen_open(void);
/** Gives the terminal back as it was. Does nothing if it is not open. */
void top_screen_close(void);
/** The present size, which may have changed. */
void top_screen_size(unsigned *width, unsigned *height);
/** Shows the page; its width and length should be those of the screen. */
void top_screen_show(const struct top_page *page);
/** The next key that was pressed (enum top_key, or a character), without
 *  waiting; TOP_KEY_NONE: none. */
int top_screen_key(void);

#endif
