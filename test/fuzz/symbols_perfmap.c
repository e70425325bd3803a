/* The text of a perf map: ranges come out sorted and apart. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "symbols/perfmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct perfmap map;
    if (perfmap_parse(data, size, &map) != 0)
        return 0;
    for (size_t i = 0; i < map.count; i++) {
        if (map.list[i].start >= map.list[i].end ||
            (i && map.list[i - 1].end > map.list[i].start) ||
            perfmap_find(&map, map.list[i].start) != &map.list[i])
            abort();
    }
    perfmap_deinit(&map);
    return 0;
}
