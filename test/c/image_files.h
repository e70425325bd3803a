/* Files in a folder of the test's own, and the mappings of them. */
#ifndef CPROF_TEST_IMAGE_FILES_H
#define CPROF_TEST_IMAGE_FILES_H

#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "target/image.h"

static char dir[] = "/tmp/cprof-image-XXXXXX";

static inline int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static inline const char *in_dir(const char *name)
{
    static char paths[4][128];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* The mapping that a process would have of this file. */
static inline struct map map_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (struct map){.start = 0x10000,
                        .end = 0x11000,
                        .inode = st.st_ino,
                        .dev_major = major(st.st_dev),
                        .dev_minor = minor(st.st_dev),
                        .flags = MAPS_READ | MAPS_EXEC,
                        .path = path};
}

static inline const struct process *self(void)
{
    static struct process p;
    p.pid = getpid();
    return &p;
}

static inline int open_map(const struct process *p, const struct map *map,
                           struct image **out)
{
    struct memory m = memory_of_pid(p->pid);
    return image_of_map(p, &m, map, out);
}

#endif
