#include "cli/top_cells.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"

static const char units[] = "kMGTPE";

/* From 100,000 on in units, with a decimal below 10 of them. */
static void scaled(char text[TOP_CELL], double value, double step)
{
    int unit = -1;
    do {
        value /= step;
        unit++;
    } while (value >= 999.5 && units[unit + 1]);
    snprintf(text, TOP_CELL, value < 9.95 ? "%.1f%c" : "%.0f%c", value,
             units[unit]);
}

void top_cells_count(char text[TOP_CELL], uint64_t n)
{
    if (n == FIGURE_UNKNOWN)
        snprintf(text, TOP_CELL, "-");
    else if (n < 100000)
        snprintf(text, TOP_CELL, "%u", (unsigned)n);
    else
        scaled(text, (double)n, 1000);
}

void top_cells_bytes(char text[TOP_CELL], uint64_t n)
{
    if (n == FIGURE_UNKNOWN)
        snprintf(text, TOP_CELL, "-");
    else if (n < 1024)
        snprintf(text, TOP_CELL, "%u", (unsigned)n);
    else
        scaled(text, (double)n, 1024);
}

void top_cells_rate(char text[TOP_CELL], double per_s)
{
    if (isnan(per_s))
        snprintf(text, TOP_CELL, "-");
    else if (per_s >= 99999.5)
        scaled(text, per_s, 1000);
    else
        snprintf(text, TOP_CELL, per_s > 0 && per_s < 9.95 ? "%.1f" : "%.0f",
                 per_s);
}

void top_cells_growth(char text[TOP_CELL], double per_s)
{
    char size[TOP_CELL - 1];
    if (isnan(per_s) || fabs(per_s) < 0.05) {
        snprintf(text, TOP_CELL, isnan(per_s) ? "-" : "0");
        return;
    }
    top_cells_rate(text, fabs(per_s));
    snprintf(size, sizeof(size), "%.*s", (int)sizeof(size) - 1, text);
    snprintf(text, TOP_CELL, "%c%s", per_s < 0 ? '-' : '+', size);
}

void top_cells_time(char text[TOP_CELL], uint64_t ns)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    unsigned long s = (unsigned long)(ns / NS_PER_S);
    if (s < MINUTE)
        snprintf(text, TOP_CELL, "%lu s", s);
    else if (s < HOUR)
        snprintf(text, TOP_CELL, "%lu min %02lu s", s / MINUTE, s % MINUTE);
    else if (s < DAY)
        snprintf(text, TOP_CELL, "%lu h %02lu min", s / HOUR,
                 s % HOUR / MINUTE);
    else
        snprintf(text, TOP_CELL, "%lu d %02lu h", s / DAY, s % DAY / HOUR);
}
