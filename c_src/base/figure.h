/**
 * @file figure.h
 * Figures that may not be known: of a process, or of a node at a moment.
 */
#ifndef CPROF_BASE_FIGURE_H
#define CPROF_BASE_FIGURE_H

#include <stdint.h>

/** In place of a figure: it is not known. No real figure is that large. */
#define FIGURE_UNKNOWN UINT64_MAX

#endif
