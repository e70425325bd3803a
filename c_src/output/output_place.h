/**
 * @file output_place.h
 * Where the path of an output leads: a name in a folder that is held open, so
 * that what is found out about it stays true of what is written. Links are
 * followed one by one, as the kernel does, but a planted one is refused,
 * whatever fs.protected_symlinks says.
 */
#ifndef CPROF_OUTPUT_OUTPUT_PLACE_H
#define CPROF_OUTPUT_OUTPUT_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

struct output_place {
    int folder;              /**< O_PATH; of `name` */
    char name[NAME_MAX + 1]; /**< "": an open descriptor, through /proc */
    int there;               /**< O_PATH; what is there, or -1: nothing */
    struct stat st;          /**< of `there`; no link, no folder */
};

/**
 * A folder is refused (-EISDIR); so is, in a folder where anyone may create
 * files: a link (-E_PLANTED_LINK), unless it is on the way and belongs to this
 * user or to the folder's owner; and, when the folder is sticky, what belongs
 * to another user (-E_PLANTED).
 * @param fresh  also refuses (-EEXIST) whatever is there
 * @return 0, and output_place_leave() is to be called; or a negative error
 */
MUST_USE int output_place_find(const char *path, bool fresh,
                               struct output_place *out);
void output_place_leave(struct output_place *p);

/** "/proc/self/fd/FD": the kernel's own link to what is open. */
enum { OUTPUT_PLACE_FD_PATH = 32 };
void output_place_fd_path(int fd, char path[static OUTPUT_PLACE_FD_PATH]);

#endif
