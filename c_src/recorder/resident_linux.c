#include "recorder/resident.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/figure.h"

uint64_t resident_bytes(pid_t pid)
{
    char path[48];
    uint64_t all, resident = FIGURE_UNKNOWN;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return FIGURE_UNKNOWN;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) == 2)
        resident *= (uint64_t)sysconf(_SC_PAGESIZE);
    else
        resident = FIGURE_UNKNOWN;
    fclose(file);
    return resident;
}
