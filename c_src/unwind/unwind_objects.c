#include "unwind/unwind_objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool same_mapping(const struct map *a, const struct map *b)
{
    return a->start == b->start && a->end == b->end && a->offset == b->offset &&
           a->inode == b->inode && a->dev_major == b->dev_major &&
           a->dev_minor == b->dev_minor && strcmp(a->path, b->path) == 0;
}

static void object_deinit(struct unwind_object *object)
{
    image_close(object->image);
    free((char *)object->map.path);
    *object = (struct unwind_object){0};
}

void unwind_objects_deinit(struct unwind_objects *o)
{
    for (size_t i = 0; i < o->count; i++)
        object_deinit(&o->list[i]);
    free(o->list);
    *o = (struct unwind_objects){0};
}

static struct unwind_object *find(const struct unwind_objects *o, uint64_t addr)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (o->list[mid].map.end <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == o->count || addr < o->list[low].map.start)
        return NULL;
    return &o->list[low];
}

/* Adds one mapping. If it has not changed, its image moves over. */
static int add_mapping(struct unwind_objects *to, struct unwind_objects *from,
                       const struct map *map)
{
    struct unwind_object *old = find(from, map->start);
    struct unwind_object *object = &to->list[to->count];
    char *path = strdup(map->path);
    if (!path)
        return -ENOMEM;
    *object = (struct unwind_object){.map = *map};
    if (old && same_mapping(&old->map, map)) {
        *object = *old;
        object->map = *map;
        old->image = NULL;
        old->tried = false;
        old->table.count = 0;
    }
    object->map.path = path;
    to->count++;
    return 0;
}

static bool any_table_left(const struct unwind_objects *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->list[i].table.count)
            return true;
    return false;
}

int unwind_objects_set(struct unwind_objects *o, const struct maps *maps)
{
    struct unwind_objects fresh = {0};
    fresh.list = calloc(maps->count + 1, sizeof(*fresh.list));
    if (!fresh.list)
        return -ENOMEM;
    int err = 0;
    for (size_t i = 0; i < maps->count && !err; i++)
        if ((maps->list[i].flags & MAPS_EXEC) && maps->list[i].path[0])
            err = add_mapping(&fresh, o, &maps->list[i]);
    int gone = any_table_left(o);
    unwind_objects_deinit(o);
    *o = fresh;
    return err ? err : gone;
}

static void find_table(struct unwind_object *object)
{
    const struct image *image = object->image;
    struct cfi_section header = {
        .bytes =
            image_at(image, image->eh_frame_hdr_addr, image->eh_frame_hdr_len),
        .len = image->eh_frame_hdr_len,
        .addr = image->eh_frame_hdr_addr,
    };
    struct cfi_section frames = {
        .bytes = image_at(image, image->eh_frame_addr, image->eh_frame_len),
        .len = image->eh_frame_len,
        .addr = image->eh_frame_addr,
    };
    if (!header.addr || !header.bytes || !frames.addr || !frames.bytes ||
        cfi_table_parse(&header, &frames, &object->table) != 0)
        object->table.count = 0;
}

/* If the image cannot be opened (JIT code is a deleted memfd, a file may be
 * gone), the object has no table. */
static void open_image(struct unwind_object *object, const struct process *p,
                       const struct memory *m)
{
    object->tried = true;
    if (image_of_map(p, m, &object->map, &object->image) != 0) {
        object->image = NULL;
        return;
    }
    object->bias = object->map.start -
                   image_vaddr(object->image, &object->map, object->map.start);
    find_table(object);
}

struct unwind_object *unwind_objects_at(struct unwind_objects *o,
                                        const struct process *p,
                                        const struct memory *m, uint64_t addr)
{
    struct unwind_object *object = find(o, addr);
    if (!object)
        return NULL;
    if (!object->tried)
        open_image(object, p, m);
    return object->table.count ? object : NULL;
}
