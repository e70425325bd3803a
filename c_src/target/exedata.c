/*
 * Finds and copies .data and .bss of the node's executable. If one page of a
 * part cannot be read, the whole part is left out and not searched.
 */
#include "target/exedata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/page.h"

static bool is_data(const struct map *map, const char *exe)
{
    return (map->flags & (MAPS_READ | MAPS_WRITE)) ==
               (MAPS_READ | MAPS_WRITE) &&
           !(map->flags & MAPS_SHARED) && strcmp(map->path, exe) == 0;
}

static bool continues(const struct map *before, const struct map *map)
{
    return map->start == before->end && map->inode == 0 &&
           map->path[0] == '\0' && (map->flags & MAPS_WRITE);
}

static int add_part(struct exedata *d, const struct map *map,
                    const struct memory *m, size_t *total)
{
    size_t len = (map->end - map->start) & ~(uint64_t)7;
    if (d->count == EXEDATA_MAX_PARTS || len == 0 ||
        *total + len > EXEDATA_MAX_BYTES)
        return 0;
    uint8_t *bytes = malloc(len);
    if (!bytes)
        return -ENOMEM;
    int status = memory_read(m, map->start, bytes, len);
    if (status < 0) {
        free(bytes);
        return status == -EFAULT ? 0 : status;
    }
    d->parts[d->count++] =
        (struct exedata_part){.addr = map->start, .bytes = bytes, .len = len};
    *total += len;
    return 0;
}

int exedata_read(const char *exe, const struct maps *maps,
                 const struct memory *m, struct exedata *out)
{
    struct exedata d = {.count = 0};
    size_t total = 0;
    const struct map *last = NULL;
    for (size_t i = 0; i < maps->count; i++) {
        const struct map *map = &maps->list[i];
        if (!is_data(map, exe) && !(last && continues(last, map)))
            continue;
        last = map;
        int status = add_part(&d, map, m, &total);
        if (status < 0) {
            exedata_deinit(&d);
            return status;
        }
    }
    if (d.count == 0)
        return -E_NOT_FOUND;
    *out = d;
    return 0;
}

void exedata_deinit(struct exedata *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->parts[i].bytes);
    d->count = 0;
}

uint64_t exedata_u64(const struct exedata_part *part, size_t at)
{
    uint64_t value;
    memcpy(&value, part->bytes + at, sizeof(value));
    return value;
}

uint32_t exedata_u32(const struct exedata_part *part, size_t at)
{
    uint32_t value;
    memcpy(&value, part->bytes + at, sizeof(value));
    return value;
}

const struct map *exedata_pointee(const struct maps *maps, uint64_t addr,
                                  size_t len)
{
    if (addr & 7 || addr < PAGE)
        return NULL;
    const struct map *map = maps_find(maps, addr);
    if (!map || len > map->end - addr)
        return NULL;
    unsigned rw = MAPS_READ | MAPS_WRITE;
    return (map->flags & rw) == rw ? map : NULL;
}
