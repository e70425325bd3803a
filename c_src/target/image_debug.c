/*
 * Symbols of a separate debug file, which is looked for where GDB does
 * ("Debugging Information in Separate Files"): by build id under
 * /usr/lib/debug; by the name in .gnu_debuglink beside the object, in .debug/,
 * and under /usr/lib/debug. A file of another build is refused.
 */
#include "target/image_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reader.h"

#define DEBUG_ROOT "/usr/lib/debug"

/* --- is it the same build -------------------------------------------------*/

/* The CRC-32 of .gnu_debuglink (polynomial 0xedb88320). */
static uint32_t crc32_of(const uint8_t *bytes, size_t len)
{
    uint32_t table[256], crc = UINT32_MAX;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < len; i++)
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
    return ~crc;
}

/* The checksum is the last word of the section. */
static bool crc_matches(const struct image *image, const struct image *debug)
{
    struct image_section s;
    if (!image_section_named(image, ".gnu_debuglink", &s) || s.size < 4)
        return false;
    const uint8_t *at = image_view(image, s.offset, s.size);
    struct reader r = reader_of(at ? at + s.size - 4 : NULL, at ? 4 : 0);
    uint32_t want = reader_u32(&r);
    return !r.failed && crc32_of(debug->bytes, debug->len) == want;
}

static bool same_build(const struct image *image, const struct image *debug)
{
    if (image->build_id_len == 0)
        return crc_matches(image, debug);
    return image->build_id_len == debug->build_id_len &&
           memcmp(image->build_id, debug->build_id, image->build_id_len) == 0;
}

/* --- merging --------------------------------------------------------------*/

static size_t names_size(const struct image *debug)
{
    size_t size = 1;
    for (size_t i = 0; i < debug->symbol_count; i++)
        size += strlen(debug->symbols[i].name) + 1;
    return size;
}

/* .symtab has versioned symbols as name@VERSION; only the name is copied. */
static const char *copy_name(char **to, const char *name)
{
    char *start = *to;
    size_t len = strcspn(name, "@");
    memcpy(start, name, len);
    start[len] = '\0';
    *to += len + 1;
    return start;
}

static int add_all(struct image_candidates *c, const struct image *from,
                   char **names)
{
    int err = 0;
    for (size_t i = 0; i < from->symbol_count && !err; i++) {
        struct image_candidate one = {.symbol = from->symbols[i]};
        if (names)
            one.symbol.name = copy_name(names, one.symbol.name);
        one.rank = image_name_rank(one.symbol.name, false);
        err = image_candidate_add(c, &one);
    }
    return err;
}

int image_symbols_merge(struct image *image, const struct image *debug)
{
    struct image_candidates c = {0};
    char *names = malloc(names_size(debug)), *at = names;
    if (!names)
        return -ENOMEM;
    int err = add_all(&c, image, NULL);
    if (!err)
        err = add_all(&c, debug, &at);
    if (!err)
        err = image_candidates_settle(&c, image);
    free(c.list);
    if (err)
        free(names);
    else
        image->names = names; /* NULL until now, as this is done only once */
    return err;
}

/* --- looking for it -------------------------------------------------------*/

struct search {
    const struct process *process;
    struct image *image; /* the object */
    struct image *found; /* its debug file, or NULL */
};

static void try_file(struct search *s, const char *path)
{
    struct image *debug;
    if (s->found || image_open(path, &debug) != 0)
        return;
    if (debug->symbol_count && same_build(s->image, debug))
        s->found = debug;
    else
        image_close(debug);
}

/* Tries a path of the process below its root, then the same path here, as the
   process may share our debug files. */
static void try_path(struct search *s, const char *path)
{
    char seen[PROCESS_PATH_MAX + 64];
    process_path(s->process, path, seen);
    try_file(s, seen);
    if (!s->found && strcmp(seen, path) != 0)
        try_file(s, path);
}

static void by_build_id(struct search *s)
{
    char path[128];
    const struct image *image = s->image;
    if (image->build_id_len < 2)
        return;
    int n = snprintf(path, sizeof(path), DEBUG_ROOT "/.build-id/%02x/",
                     image->build_id[0]);
    for (size_t i = 1; i < image->build_id_len; i++)
        n += snprintf(path + n, sizeof(path) - (size_t)n, "%02x",
                      image->build_id[i]);
    snprintf(path + n, sizeof(path) - (size_t)n, ".debug");
    try_path(s, path);
}

/* In a chroot, maps shows paths with the prefix of the chroot; the paths below
 * /usr/lib/debug do not have it. */
static const char *without_root(const struct process *p, const char *path)
{
    char link[64], root[PROCESS_PATH_MAX];
    snprintf(link, sizeof(link), "/proc/%d/root", (int)p->pid);
    ssize_t n = readlink(link, root, sizeof(root) - 1);
    if (n <= 1)
        return path;
    root[n] = '\0';
    bool below = strncmp(path, root, (size_t)n) == 0 && path[n] == '/';
    return below ? path + n : path;
}

static void by_link(struct search *s, const char *object)
{
    static const char *const places[] = {"%.*s/%s", "%.*s/.debug/%s",
                                         DEBUG_ROOT "%.*s/%s"};
    const char *path = without_root(s->process, object);
    const char *slash = strrchr(path, '/');
    if (!s->image->debuglink[0] || !slash)
        return;
    for (size_t i = 0; i < 3 && !s->found; i++) {
        char at[PROCESS_PATH_MAX];
        int n = snprintf(at, sizeof(at), places[i], (int)(slash - path), path,
                         s->image->debuglink);
        if (n > 0 && (size_t)n < sizeof(at))
            try_path(s, at);
    }
}

int image_debug_merge(struct image *image, const struct process *p,
                      const struct map *map)
{
    struct search s = {.process = p, .image = image};
    by_build_id(&s);
    if (!s.found)
        by_link(&s, map->path);
    int err = s.found ? image_symbols_merge(image, s.found) : 0;
    image_close(s.found);
    return err;
}
