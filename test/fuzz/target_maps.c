#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "target/maps.h"
#include "target/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct maps *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct map *map = &m->list[i];
        if (map->start >= map->end || (i && map[-1].end > map->start))
            abort();
        if (maps_find(m, map->start) != map ||
            maps_find(m, map->end - 1) != map)
            abort();
        if (strlen(map->path) > 1u << 20)
            abort();
    }
}

/* The texts of /proc: a maps file, a stat file and a command line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maps m;
    if (maps_parse(data, size, &m) == 0) {
        check(&m);
        maps_deinit(&m);
    }
    struct process_stat stat;
    int err = process_stat_parse(data, size, &stat);
    static struct process p;
    err |= process_parse_cmdline(data, size, &p);
    if (strlen(p.command) >= sizeof(p.command) ||
        strlen(p.node) >= sizeof(p.node))
        abort();
    return err > 0;
}
