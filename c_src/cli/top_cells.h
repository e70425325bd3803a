/**
 * @file top_cells.h
 * Figures in the few columns that a screen has for them.
 */
#ifndef CPROF_CLI_TOP_CELLS_H
#define CPROF_CLI_TOP_CELLS_H

#include <stdint.h>

#include "base/buffer.h"
#include "profile/moment.h"

enum { TOP_CELL = 32 };

/** "12345", "123k", "1.2M": at most five columns; "-" for FIGURE_UNKNOWN. */
void top_cells_count(char text[TOP_CELL], uint64_t n);
/** The same in bytes, with powers of 1024: "1.2M". */
void top_cells_bytes(char text[TOP_CELL], uint64_t n);
/** The same for a rate, which may have decimals: "0.4", "1.2k"; "-" for NAN. */
void top_cells_rate(char text[TOP_CELL], double per_s);
/** A rate with its sign: "+12", "-0.4", "0". */
void top_cells_growth(char text[TOP_CELL], double per_s);
/** "12 s", "12 min 31 s", "3 h 05 min", "2 d 04 h". */
void top_cells_time(char text[TOP_CELL], uint64_t ns);

#endif
