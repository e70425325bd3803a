#include "formats/words.h"

#include <math.h>

#include "formats/text_parts.h"

void words_bytes(struct buffer *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    enum { UNITS = sizeof(units) / sizeof(units[0]) };
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < UNITS; unit++)
        value /= 1024;
    int decimals = unit == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    buffer_printf(out, "%.*f %s", decimals, value, units[unit]);
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
