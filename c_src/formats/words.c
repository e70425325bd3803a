#include "formats/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/units.h"
#include "formats/text_parts.h"

void words_bytes(struct buffer *out, uint64_t bytes)
{
    units_bytes(out, (double)bytes);
}

void words_rate(struct buffer *out, double rate)
{
    if (fabs(rate) < 10) {
        buffer_printf(out, "%.1f", rate);
        return;
    }
    if (rate < 0)
        buffer_text(out, "-");
    text_cell_number(out, (uint64_t)llround(fabs(rate)));
}

void words_percent(struct buffer *out, double share)
{
    buffer_printf(out, "%.1f", 100 * share);
}

void words_seconds(struct buffer *out, double ms)
{
    buffer_printf(out, "%.1f s", ms / 1000);
}

/* --- in few columns ------------------------------------------------------- */

/* From 100,000 on in units, with a decimal below 10 of them. */
static void scaled(char text[WORDS_SHORT], double value, double step)
{
    static const char units[] = "kMGTPE";
    value /= step;
    unsigned unit = units_scale(&value, step, sizeof(units) - 2);
    snprintf(text, WORDS_SHORT, value < 9.95 ? "%.1f%c" : "%.0f%c", value,
             units[unit]);
}

void words_short_count(char text[WORDS_SHORT], uint64_t n)
{
    if (n == FIGURE_UNKNOWN)
        snprintf(text, WORDS_SHORT, "-");
    else if (n < 100000)
        snprintf(text, WORDS_SHORT, "%u", (unsigned)n);
    else
        scaled(text, (double)n, 1000);
}

void words_short_bytes(char text[WORDS_SHORT], uint64_t n)
{
    if (n == FIGURE_UNKNOWN)
        snprintf(text, WORDS_SHORT, "-");
    else if (n < 1024)
        snprintf(text, WORDS_SHORT, "%u", (unsigned)n);
    else
        scaled(text, (double)n, 1024);
}

void words_short_rate(char text[WORDS_SHORT], double per_s)
{
    if (isnan(per_s))
        snprintf(text, WORDS_SHORT, "-");
    else if (per_s >= 99999.5)
        scaled(text, per_s, 1000);
    else
        snprintf(text, WORDS_SHORT, per_s > 0 && per_s < 9.95 ? "%.1f" : "%.0f",
                 per_s);
}

void words_short_growth(char text[WORDS_SHORT], double per_s)
{
    char size[WORDS_SHORT - 1];
    if (isnan(per_s) || fabs(per_s) < 0.05) {
        snprintf(text, WORDS_SHORT, isnan(per_s) ? "-" : "0");
        return;
    }
    words_short_rate(text, fabs(per_s));
    snprintf(size, sizeof(size), "%.*s", (int)sizeof(size) - 1, text);
    snprintf(text, WORDS_SHORT, "%c%s", per_s < 0 ? '-' : '+', size);
}

void words_time(char text[WORDS_SHORT], uint64_t s)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    if (s < MINUTE)
        snprintf(text, WORDS_SHORT, "%" PRIu64 " s", s);
    else if (s < HOUR)
        snprintf(text, WORDS_SHORT, "%" PRIu64 " min %02" PRIu64 " s",
                 s / MINUTE, s % MINUTE);
    else if (s < DAY)
        snprintf(text, WORDS_SHORT, "%" PRIu64 " h %02" PRIu64 " min", s / HOUR,
                 s % HOUR / MINUTE);
    else
        snprintf(text, WORDS_SHORT, "%" PRIu64 " d %02" PRIu64 " h", s / DAY,
                 s % DAY / HOUR);
}
