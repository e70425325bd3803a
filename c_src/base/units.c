#include "base/units.h"

unsigned units_scale(double *value, double step, unsigned most)
{
    unsigned times = 0;
    for (; *value >= 999.5 && times < most; times++)
        *value /= step;
    return times;
}

void units_add(struct buffer *out, double value, double step,
               const char *const *names, unsigned count)
{
    unsigned unit = units_scale(&value, step, count - 1);
    int decimals = unit == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    buffer_printf(out, "%.*f %s", decimals, value, names[unit]);
}

void units_duration(struct buffer *out, double ns)
{
    static const char *const names[] = {"ns", "us", "ms", "s"};
    units_add(out, ns, 1000, names, sizeof(names) / sizeof(names[0]));
}

void units_bytes(struct buffer *out, double bytes)
{
    static const char *const names[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    units_add(out, bytes, 1024, names, sizeof(names) / sizeof(names[0]));
}
