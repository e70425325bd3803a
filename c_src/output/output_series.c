#include "output/output_series.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"

enum { BLOCK = 4096 }; /* in which most file systems give space */

/* --- names ---------------------------------------------------------------- */

static bool fits_name(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_-.@", c));
}

bool output_series_name_fits(const char *name)
{
    size_t len = 0;
    while (fits_name(name[len]))
        len++;
    return len > 0 && len < OUTPUT_SERIES_NAME && !name[len] && name[0] != '.';
}

void output_series_stem(const struct output_series *s, uint64_t unix_ns,
                        const char *word, char stem[static OUTPUT_SERIES_STEM])
{
    const time_t second = (time_t)(unix_ns / 1000000000);
    char time[32] = "", of[OUTPUT_SERIES_WORD];
    struct tm utc;
    if (gmtime_r(&second, &utc))
        strftime(time, sizeof(time), "%Y%m%dT%H%M%S", &utc);
    snprintf(of, sizeof(of), "%s", *word ? word : "_");
    for (char *c = of; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c))
            *c = '_';
    snprintf(stem, OUTPUT_SERIES_STEM, "%.*s-%s.%03uZ-%s",
             OUTPUT_SERIES_NAME - 1, s->name, time,
             (unsigned)(unix_ns / 1000000 % 1000), of);
}

/* Does the text begin like that? 'd' stands for a digit. */
static bool has_form(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == 'd' ? !isdigit((unsigned char)*text) : *text != *form)
            return false;
    return true;
}

static bool is_ending(const struct output_series *s, const char *text)
{
    for (const char *const *e = s->endings; *e; e++)
        if (strcmp(*e, text) == 0)
            return true;
    return false;
}

size_t output_series_owns(const struct output_series *s, const char *file)
{
    static const char form[] = "-ddddddddTdddddd.dddZ-";
    size_t len = strlen(s->name), word = 0;
    if (strncmp(file, s->name, len) != 0 || !has_form(file + len, form))
        return 0;
    len += sizeof(form) - 1;
    while (islower((unsigned char)file[len + word]) ||
           isdigit((unsigned char)file[len + word]) || file[len + word] == '_')
        word++;
    return word > 0 && word < OUTPUT_SERIES_WORD &&
                   is_ending(s, file + len + word)
               ? len + word
               : 0;
}

/* --- what is there -------------------------------------------------------- */

struct member {
    char name[NAME_MAX + 1];
    size_t stem;
    uint64_t bytes;
};

struct members {
    struct member *list;
    size_t count, cap;
    uint64_t bytes;
};

uint64_t output_series_space(uint64_t bytes)
{
    return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static int add(struct members *all, int folder, const char *name, size_t stem)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return 0;
    int err = ARRAY_RESERVE(all->list, all->cap, all->count + 1);
    if (err)
        return err;
    struct member *m = &all->list[all->count++];
    snprintf(m->name, sizeof(m->name), "%s", name);
    m->stem = stem;
    m->bytes = output_series_space((uint64_t)st.st_size);
    all->bytes += m->bytes;
    return 0;
}

/* Names of one series sort by time. */
static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->name,
                  ((const struct member *)b)->name);
}

static int gather(const struct output_series *s, DIR *folder,
                  struct members *out)
{
    struct dirent *entry;
    int err = 0;
    errno = 0;
    while (!err && (entry = readdir(folder))) {
        size_t stem = output_series_owns(s, entry->d_name);
        if (stem)
            err = add(out, dirfd(folder), entry->d_name, stem);
        errno = 0;
    }
    err = err ? err : -errno;
    if (out->count)
        qsort(out->list, out->count, sizeof(out->list[0]), by_name);
    return err;
}

/* --- making room ---------------------------------------------------------- */

static bool is_same_recording(const struct member *a, const struct member *b)
{
    return a->stem == b->stem && memcmp(a->name, b->name, a->stem) == 0;
}

static int remove_one(struct members *all, const struct member *m, int folder,
                      output_series_removed *removed, void *ctx)
{
    if (unlinkat(folder, m->name, 0) != 0 && errno != ENOENT)
        return -errno;
    all->bytes -= m->bytes;
    if (removed)
        removed(ctx, m->name);
    return 0;
}

/* A recording goes with all its files. */
static int remove_oldest(struct members *all, uint64_t most, int folder,
                         output_series_removed *removed, void *ctx)
{
    int err = 0;
    for (size_t i = 0; i < all->count && !err && all->bytes > most;) {
        const struct member *first = &all->list[i];
        for (;
             i < all->count && !err && is_same_recording(first, &all->list[i]);
             i++)
            err = remove_one(all, &all->list[i], folder, removed, ctx);
    }
    return err;
}

int output_series_make_room(const struct output_series *s, uint64_t space,
                            output_series_removed *removed, void *ctx)
{
    struct members all = {.count = 0};
    if (space > s->most_bytes)
        return -E_LIMIT;
    DIR *folder = opendir(s->folder);
    if (!folder)
        return -errno;
    int err = gather(s, folder, &all);
    if (!err)
        err = remove_oldest(&all, s->most_bytes - space, dirfd(folder), removed,
                            ctx);
    closedir(folder);
    free(all.list);
    return err;
}
