#include "symbols/perfmap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/reader.h"
#include "base/sorted.h"

/* The lines as they were read, with their overlaps. */
struct lines {
    struct perfmap_range *list; /* in file order */
    size_t count, cap;
    size_t skipped;
};

static bool hex(const char **at, const char *end, uint64_t *value)
{
    const char *from = *at;
    *value = 0;
    for (; *at < end && *at - from < 16; (*at)++) {
        char c = **at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            break;
        *value = *value << 4 | digit;
    }
    return *at > from;
}

static void skip_0x(const char **at, const char *end)
{
    if (end - *at > 2 && (*at)[0] == '0' && (*at)[1] == 'x')
        *at += 2;
}

static bool number(const char **at, const char *end, uint64_t *value)
{
    skip_0x(at, end);
    if (!hex(at, end, value) || *at == end || **at != ' ')
        return false;
    (*at)++;
    return true;
}

/* Parses one line; its '\n' becomes the NUL of the name. */
static bool parse_line(char *line, size_t len, struct perfmap_range *out)
{
    const char *at = line, *end = line + len;
    uint64_t size;
    if (!number(&at, end, &out->start) || !number(&at, end, &size) ||
        size == 0 || at == end || out->start + size < out->start)
        return false;
    out->end = out->start + size;
    out->name = at;
    line[len] = '\0';
    return memchr(at, '\0', (size_t)(end - at)) == NULL;
}

static int append(struct lines *lines, const struct perfmap_range *range)
{
    if (lines->count == PERFMAP_MAX_LINES)
        return -E_LIMIT;
    int err = ARRAY_RESERVE(lines->list, lines->cap, lines->count + 1);
    if (err)
        return err;
    lines->list[lines->count++] = *range;
    return 0;
}

static int read_lines(char *text, size_t len, struct lines *lines)
{
    struct reader r = reader_of(text, len);
    const char *line;
    size_t line_len;
    while (reader_line(&r, &line, &line_len)) {
        struct perfmap_range range;
        if (line + line_len == text + len)
            break; /* no '\n' yet: the VM is still writing it */
        if (!parse_line((char *)line, line_len, &range)) {
            lines->skipped++;
            continue;
        }
        int err = append(lines, &range);
        if (err)
            return err;
    }
    return 0;
}

/* A heap of the ranges that contain the sweep's position, with the latest line
 * on top. As `lines` has the order of the file, comparing the pointers compares
 * the places in the file. */
struct heap {
    const struct perfmap_range **list;
    size_t count;
};

static void swap(struct heap *h, size_t a, size_t b)
{
    const struct perfmap_range *t = h->list[a];
    h->list[a] = h->list[b];
    h->list[b] = t;
}

static void heap_push(struct heap *h, const struct perfmap_range *range)
{
    size_t i = h->count++;
    h->list[i] = range;
    for (; i > 0 && h->list[(i - 1) / 2] < h->list[i]; i = (i - 1) / 2)
        swap(h, i, (i - 1) / 2);
}

static void heap_pop(struct heap *h)
{
    h->list[0] = h->list[--h->count];
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < h->count && h->list[child + 1] > h->list[child])
            child++;
        if (child >= h->count || h->list[child] < h->list[i])
            return;
        swap(h, i, child);
        i = child;
    }
}

static int by_start(const void *a, const void *b)
{
    const struct perfmap_range *x = *(const struct perfmap_range *const *)a;
    const struct perfmap_range *y = *(const struct perfmap_range *const *)b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1)
                                : (x > y) - (x < y);
}

/* Appends [start, end) of a range, or extends the last piece if it is of the
 * same line. */
static void emit(struct perfmap *out, const struct perfmap_range *range,
                 uint64_t start, uint64_t end)
{
    struct perfmap_range *last = out->count ? &out->list[out->count - 1] : NULL;
    if (last && last->end == start && last->name == range->name)
        last->end = end;
    else
        out->list[out->count++] =
            (struct perfmap_range){start, end, range->name};
}

/* Sweeps up to `limit`, the next start. Up to there, the code belongs to the
 * range on top of the heap. */
static void drain(struct heap *open, uint64_t *at, uint64_t limit,
                  struct perfmap *out)
{
    while (open->count && *at < limit) {
        const struct perfmap_range *top = open->list[0];
        if (top->end <= *at) {
            heap_pop(open);
            continue;
        }
        uint64_t end = top->end < limit ? top->end : limit;
        emit(out, top, *at, end);
        *at = end;
    }
}

/* out->list has room for two pieces per line. There cannot be more, because a
 * piece begins only at the start or the end of a line. */
static void flatten(const struct perfmap_range **sorted, size_t count,
                    struct heap *open, struct perfmap *out)
{
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        drain(open, &at, sorted[i]->start, out);
        at = sorted[i]->start;
        heap_push(open, sorted[i]);
    }
    drain(open, &at, UINT64_MAX, out);
}

static int resolve(const struct lines *lines, struct perfmap *out)
{
    size_t n = lines->count ? lines->count : 1;
    const struct perfmap_range **sorted = malloc(n * sizeof(*sorted));
    struct heap open = {malloc(n * sizeof(*open.list)), 0};
    out->list = malloc(2 * n * sizeof(*out->list));
    int err = sorted && open.list && out->list ? 0 : -ENOMEM;
    if (!err) {
        for (size_t i = 0; i < lines->count; i++)
            sorted[i] = &lines->list[i];
        qsort(sorted, lines->count, sizeof(*sorted), by_start);
        flatten(sorted, lines->count, &open, out);
    }
    free(sorted);
    free(open.list);
    return err;
}

int perfmap_parse(const void *text, size_t len, struct perfmap *out)
{
    struct perfmap map = {.text = malloc(len + 1)};
    struct lines lines = {0};
    if (!map.text)
        return -ENOMEM;
    if (len)
        memcpy(map.text, text, len);
    int err = read_lines(map.text, len, &lines);
    if (!err)
        err = resolve(&lines, &map);
    map.skipped = lines.skipped;
    free(lines.list);
    if (err)
        perfmap_deinit(&map);
    else
        *out = map;
    return err;
}

void perfmap_deinit(struct perfmap *map)
{
    free(map->list);
    free(map->text);
    *map = (struct perfmap){0};
}

const struct perfmap_range *perfmap_find(const struct perfmap *map,
                                         uint64_t addr)
{
    size_t at = SORTED_UPTO(map->list, map->count, end, addr);
    return at < map->count && map->list[at].start <= addr ? &map->list[at]
                                                          : NULL;
}
