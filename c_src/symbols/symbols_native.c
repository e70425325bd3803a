#include "symbols/symbols_native.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/index.h"
#include "symbols/bifs_code.h"
#include "symbols/symbols_mangled.h"
#include "target/image.h"

enum { MAX_CACHED = 1 << 20, MAX_NAME = 1024, MAX_FUNCTION = 4096 };
enum { MAX_TARGETS = 64 };

/* A mapped file, opened for the first address in it. */
struct object {
    uint32_t dev_major, dev_minor;
    uint64_t inode;
    const char *path;    /* in the pool */
    const char *name;    /* the last part of path */
    struct image *image; /* NULL: not opened, or opening failed */
    bool tried;
    bool mapped; /* used only by symbols_native_set_maps */
};

struct cached {
    uint64_t at;
    struct native_function f;
};

struct symbols_native {
    const struct process *process;
    const struct memory *memory;
    const struct maps *maps;
    struct texts *pool;
    struct object *objects;
    size_t object_count, object_cap;
    struct index index; /* by address, into cache */
    struct cached *cache;
    uint32_t cached, cache_cap;
    struct native_function uncached; /* answer when the cache has no room */
};

int symbols_native_open(const struct process *process,
                        const struct memory *memory, struct texts *pool,
                        struct symbols_native **out)
{
    struct symbols_native *n = calloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->process = process;
    n->memory = memory;
    n->pool = pool;
    *out = n;
    return 0;
}

static void forget(struct symbols_native *n)
{
    index_deinit(&n->index);
    n->cached = 0;
}

void symbols_native_close(struct symbols_native *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->object_count; i++)
        image_close(n->objects[i].image);
    free(n->objects);
    forget(n);
    free(n->cache);
    free(n);
}

/* --- objects ------------------------------------------------------------ */

static bool is_of_map(const struct object *o, const struct map *map)
{
    return o->inode == map->inode && o->dev_major == map->dev_major &&
           o->dev_minor == map->dev_minor && strcmp(o->path, map->path) == 0;
}

static struct object *find_object(struct symbols_native *n,
                                  const struct map *map)
{
    for (size_t i = 0; i < n->object_count; i++)
        if (is_of_map(&n->objects[i], map))
            return &n->objects[i];
    return NULL;
}

static struct object *add_object(struct symbols_native *n,
                                 const struct map *map)
{
    if (ARRAY_RESERVE(n->objects, n->object_cap, n->object_count + 1))
        return NULL;
    struct object *o = &n->objects[n->object_count++];
    const char *slash = strrchr(map->path, '/');
    *o = (struct object){
        .dev_major = map->dev_major,
        .dev_minor = map->dev_minor,
        .inode = map->inode,
        .path = texts_keep(n->pool, map->path),
        .name = texts_keep(n->pool, slash ? slash + 1 : map->path),
    };
    return o;
}

/* A file, or [vdso], which has no file and is read from memory. The JIT's code
 * is a memfd, which has a name but is not ELF. */
static bool is_object(const struct map *map)
{
    if (!(map->flags & MAPS_EXEC))
        return false;
    return strcmp(map->path, "[vdso]") == 0 ||
           (map->inode && map->path[0] == '/' &&
            strncmp(map->path, "/memfd:", 7) != 0);
}

static struct object *object_of(struct symbols_native *n, const struct map *map)
{
    struct object *o = find_object(n, map);
    if (!o)
        o = add_object(n, map);
    if (o && !o->tried) {
        o->tried = true;
        if (image_of_map(n->process, n->memory, map, &o->image))
            o->image = NULL;
    }
    return o;
}

static void mark_mapped(struct symbols_native *n, const struct maps *maps)
{
    for (size_t i = 0; i < maps->count; i++) {
        struct object *o = find_object(n, &maps->list[i]);
        if (o)
            o->mapped = true;
    }
}

void symbols_native_set_maps(struct symbols_native *n, const struct maps *maps)
{
    size_t kept = 0;
    mark_mapped(n, maps);
    for (size_t i = 0; i < n->object_count; i++) {
        if (!n->objects[i].mapped) {
            image_close(n->objects[i].image);
            continue;
        }
        n->objects[kept] = n->objects[i];
        n->objects[kept++].mapped = false;
    }
    n->object_count = kept;
    n->maps = maps;
    forget(n);
}

/* --- names -------------------------------------------------------------- */

/* Suffixes that compilers append to the names of functions that they split,
 * clone or rename. */
static bool is_clone_mark(const char *at)
{
    static const char *const marks[] = {".part.", ".constprop.", ".isra.",
                                        ".cold",  ".lto_priv.",  ".llvm."};
    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
        if (strncmp(at, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

void symbols_native_plain_name(char *name)
{
    for (char *at = name; *at; at++)
        if (at > name && (*at == '@' || (*at == '.' && is_clone_mark(at)))) {
            *at = '\0';
            break;
        }
    symbols_mangled_name(name);
}

/* The entries of the garbage collector (erts/emulator/beam/erl_gc.c). They call
 * all other parts of it. */
static bool is_collector(const char *name)
{
    return strncmp(name, "erts_garbage_collect", 20) == 0 ||
           strcmp(name, "garbage_collect") == 0 ||
           strcmp(name, "minor_collection") == 0 ||
           strcmp(name, "major_collection") == 0;
}

/* The cold part of a function is in another place and has a start of its own.
 * Its name leads to the start of the function. */
static uint64_t whole_start(const struct image *image, const char *raw,
                            const char *plain, uint64_t start)
{
    uint64_t whole = strstr(raw, ".cold") ? image_lookup(image, plain) : 0;
    return whole ? whole : start;
}

/* Names the function by its symbol, and sets *start to the symbol's address.
 * *start is the function's start by the unwind table: a symbol of unknown size
 * ends where another function begins. */
static bool by_symbol(struct symbols_native *n, const struct image *image,
                      uint64_t vaddr, uint64_t *start,
                      struct native_function *f)
{
    char name[MAX_NAME];
    const struct image_symbol *symbol = image_symbol(image, vaddr);
    if (!symbol || !symbol->name[0] ||
        (symbol->size == 0 && *start > symbol->addr))
        return false;
    snprintf(name, sizeof(name), "%s", symbol->name);
    symbols_native_plain_name(name);
    *start = whole_start(image, symbol->name, name, symbol->addr);
    f->name = texts_keep(n->pool, name);
    f->named = true;
    f->collector = is_collector(name);
    return true;
}

static void by_offset(struct symbols_native *n, const struct object *o,
                      uint64_t offset, struct native_function *f)
{
    char name[MAX_NAME];
    snprintf(name, sizeof(name), "%.900s+0x%" PRIx64, o->name, offset);
    f->name = texts_keep(n->pool, name);
}

static void name_in_image(struct symbols_native *n, const struct object *o,
                          const struct map *map, uint64_t at,
                          struct native_function *f)
{
    uint64_t vaddr = o->image ? image_vaddr(o->image, map, at) : 0;
    uint64_t start = 0, len;
    if (!vaddr) {
        by_offset(n, o, at - map->start + map->offset, f);
        return;
    }
    if (image_function(o->image, vaddr, &start, &len))
        start = 0;
    if (!by_symbol(n, o->image, vaddr, &start, f))
        by_offset(n, o, start ? start : vaddr, f);
    if (start)
        f->start = at - vaddr + start;
}

static const struct map *map_of(const struct symbols_native *n, uint64_t at)
{
    const struct map *map = n->maps ? maps_find(n->maps, at) : NULL;
    return map && is_object(map) ? map : NULL;
}

static struct native_function resolve(struct symbols_native *n, uint64_t at)
{
    struct native_function f = {.name = "", .object = ""};
    const struct map *map = map_of(n, at);
    const struct object *o = map ? object_of(n, map) : NULL;
    if (o) {
        f.object = o->name;
        f.executable = strcmp(o->path, n->process->exe) == 0;
        name_in_image(n, o, map, at, &f);
    }
    return f;
}

/* --- cache -------------------------------------------------------------- */

static bool same_address(const void *things, uint32_t id, const void *key)
{
    return ((const struct cached *)things)[id].at == *(const uint64_t *)key;
}

static bool has_room(struct symbols_native *n)
{
    return ARRAY_RESERVE(n->cache, n->cache_cap, n->cached + 1) == 0;
}

const struct native_function *symbols_native_at(struct symbols_native *n,
                                                uint64_t at)
{
    uint64_t hash = hash_u64(0, at);
    uint32_t id = index_find(&n->index, hash, same_address, n->cache, &at);
    if (id != INDEX_NONE)
        return &n->cache[id].f;
    struct native_function f = resolve(n, at);
    if (n->cached == MAX_CACHED)
        forget(n);
    if (!has_room(n) || index_add(&n->index, hash, n->cached)) {
        n->uncached = f;
        return &n->uncached;
    }
    n->cache[n->cached] = (struct cached){at, f};
    return &n->cache[n->cached++].f;
}

/* --- callees ------------------------------------------------------------ */

static bool is_start(const struct image *image, uint64_t vaddr)
{
    uint64_t start, len;
    return image_function(image, vaddr, &start, &len) == 0 && start == vaddr;
}

struct code {
    const struct image *image;
    const uint8_t *bytes;
    uint64_t start, len; /* vaddr */
    uint64_t bias;       /* address - vaddr */
};

static bool code_at(struct symbols_native *n, uint64_t at, struct code *code)
{
    const struct map *map = map_of(n, at);
    const struct object *o = map ? object_of(n, map) : NULL;
    uint64_t vaddr = o && o->image ? image_vaddr(o->image, map, at) : 0;
    if (!vaddr || image_function(o->image, vaddr, &code->start, &code->len) ||
        code->len > MAX_FUNCTION)
        return false;
    code->image = o->image;
    code->bytes = image_at(o->image, code->start, code->len);
    code->bias = at - vaddr;
    return code->bytes != NULL;
}

/* Copies the targets that are starts of functions, as addresses in the node. */
static size_t keep_starts(const struct code *code, const uint64_t *targets,
                          size_t count, uint64_t *starts, size_t max)
{
    size_t found = 0;
    for (size_t i = 0; i < count && found < max; i++)
        if (is_start(code->image, targets[i]))
            starts[found++] = code->bias + targets[i];
    return found;
}

size_t symbols_native_callees(struct symbols_native *n, uint64_t at,
                              uint64_t *starts, size_t max)
{
    uint64_t called[MAX_TARGETS];
    struct code code;
    if (!code_at(n, at, &code))
        return 0;
    size_t count =
        bifs_code_calls(code.bytes, code.len, code.start, called, MAX_TARGETS);
    return keep_starts(&code, called, count, starts, max);
}

size_t symbols_native_jumps(struct symbols_native *n, uint64_t at,
                            uint64_t *starts, size_t max)
{
    uint64_t jumps[MAX_TARGETS];
    struct code code;
    if (!code_at(n, at, &code))
        return 0;
    size_t count =
        bifs_code_jumps(code.bytes, code.len, code.start, jumps, MAX_TARGETS);
    size_t out = 0;
    for (size_t i = 0; i < count; i++)
        if (jumps[i] - code.start >= code.len)
            jumps[out++] = jumps[i];
    return keep_starts(&code, jumps, out, starts, max);
}

void symbols_native_prepare(struct symbols_native *n)
{
    for (size_t i = 0; n->maps && i < n->maps->count; i++) {
        const struct map *map = &n->maps->list[i];
        if (map->flags & MAPS_EXEC && map->inode)
            (void)symbols_native_at(n, map->start);
    }
}
