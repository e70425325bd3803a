#include "target/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/reader.h"

/* A node with a large heap has some thousand mappings: far less text. */
#define MAX_TEXT ((size_t)256 << 20)

/* The part of a line that is not parsed yet; `failed` as in base/reader.h. */
struct line {
    char *at, *end;
    bool failed;
};

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return 16;
}

/* A number in the given base, and the byte that must follow it; a blank may be
 * missing at the end of the line. */
static uint64_t number(struct line *l, int base, char then)
{
    uint64_t value = 0;
    char *start = l->at;
    for (; l->at < l->end && digit(*l->at) < base; l->at++) {
        if (value > (UINT64_MAX - 15) / (uint64_t)base)
            l->failed = true;
        else
            value = value * (uint64_t)base + (uint64_t)digit(*l->at);
    }
    if (l->at == start)
        l->failed = true;
    if (l->at < l->end && *l->at == then)
        l->at++;
    else if (l->at < l->end || then != ' ')
        l->failed = true;
    return value;
}

static unsigned flags(struct line *l)
{
    if (l->end - l->at < 5 || l->at[4] != ' ') {
        l->failed = true;
        return 0;
    }
    const char *p = l->at;
    l->at += 5;
    return (p[0] == 'r' ? MAPS_READ : 0) | (p[1] == 'w' ? MAPS_WRITE : 0) |
           (p[2] == 'x' ? MAPS_EXEC : 0) | (p[3] == 's' ? MAPS_SHARED : 0);
}

/* The kernel writes a newline in a path as \012 (seq_path); nothing else is
   escaped. This can be undone in place, because the text only gets shorter. */
static void unescape(char *path)
{
    char *to = path;
    for (const char *from = path; *from; to++) {
        if (strncmp(from, "\\012", 4) == 0) {
            *to = '\n';
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static const char *path_of(struct line *l, bool *deleted)
{
    static const char suffix[] = " (deleted)";
    while (l->at < l->end && *l->at == ' ')
        l->at++;
    if (l->at == l->end)
        return "";
    *l->end = '\0'; /* replaces the newline or the NUL of maps_parse */
    char *path = l->at;
    size_t len = strlen(path), cut = sizeof(suffix) - 1;
    *deleted = len > cut && strcmp(path + len - cut, suffix) == 0;
    if (*deleted)
        path[len - cut] = '\0';
    unescape(path);
    return path;
}

static bool parse_line(struct line *l, struct map *m)
{
    *m = (struct map){0};
    m->start = number(l, 16, '-');
    m->end = number(l, 16, ' ');
    m->flags = flags(l);
    m->offset = number(l, 16, ' ');
    uint64_t major = number(l, 16, ':'), minor = number(l, 16, ' ');
    m->dev_major = (uint32_t)major;
    m->dev_minor = (uint32_t)minor;
    m->inode = number(l, 10, ' ');
    if (l->failed || m->start >= m->end || major > UINT32_MAX ||
        minor > UINT32_MAX)
        return false;
    m->path = path_of(l, &m->deleted);
    return true;
}

static void parse_lines(struct maps *maps, struct reader r)
{
    const char *line;
    size_t line_len;
    uint64_t end = 0;
    while (reader_line(&r, &line, &line_len)) {
        char *at = maps->text + (line - maps->text);
        struct line l = {at, at + line_len, false};
        struct map *m = &maps->list[maps->count];
        if (parse_line(&l, m) && m->start >= end) {
            end = m->end;
            maps->count++;
        } else {
            maps->skipped++;
        }
    }
}

int maps_parse(const void *text, size_t len, struct maps *out)
{
    if (len > MAX_TEXT)
        return -E_LIMIT;
    struct maps maps = {.text = malloc(len + 1)};
    if (!maps.text)
        return -ENOMEM;
    if (len)
        memcpy(maps.text, text, len);
    maps.text[len] = '\0';
    struct reader lines = reader_of(maps.text, len);
    maps.list = calloc(reader_line_count(&lines), sizeof(*maps.list));
    if (!maps.list) {
        free(maps.text);
        return -ENOMEM;
    }
    parse_lines(&maps, lines);
    *out = maps;
    return 0;
}

int maps_read(pid_t pid, struct maps *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    struct buffer text;
    buffer_init(&text, MAX_TEXT);
    int err = buffer_read_file(&text, path);
    if (!err)
        err = maps_parse(text.data, text.len, out);
    buffer_deinit(&text);
    if (err == -ENOENT || err == -ESRCH)
        return -E_GONE;
    return err == -EACCES || err == -EPERM ? -E_NO_ACCESS : err;
}

void maps_deinit(struct maps *maps)
{
    free(maps->list);
    free(maps->text);
    *maps = (struct maps){0};
}

const struct map *maps_find(const struct maps *maps, uint64_t addr)
{
    size_t low = 0, high = maps->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (maps->list[mid].end <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    bool found = low < maps->count && maps->list[low].start <= addr;
    return found ? &maps->list[low] : NULL;
}
