/**
 * @file output_place.h
 * Where the path of an output leads: a name in a folder that is held open, so
 * that what was checked is also what is written. Links are followed one by one,
 * as the kernel does, but planted links are refused, whatever
 * fs.protected_symlinks is set to.
 */
#ifndef CPROF_OUTPUT_OUTPUT_PLACE_H
#define CPROF_OUTPUT_OUTPUT_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

struct output_place {
    int folder;              /**< O_PATH; the folder that contains `name` */
    char name[NAME_MAX + 1]; /**< "": `there` was reached by a link of /proc */
    int there;               /**< O_PATH; what has that name; -1: nothing */
    struct stat st;          /**< of `there`; never a link or a folder */
};

/**
 * Follows a path. It refuses folders (-EISDIR), and what others may have
 * planted in a folder where anyone may create files:
 *   - links (-E_PLANTED_LINK), unless they belong to this user or to the
 *     folder's owner; in a sticky folder, the last link of the path is always
 *     refused;
 *   - in a sticky folder, files of another user (-E_PLANTED).
 * Root follows only links of root, in any folder.
 * @param fresh  also refuse whatever is there (-EEXIST)
 * @return 0, and output_place_leave() must be called; or a negative error
 */
MUST_USE int output_place_find(const char *path, bool fresh,
                               struct output_place *out);
void output_place_leave(struct output_place *p);

/** "/proc/self/fd/FD", the kernel's link to what a descriptor has open. */
enum { OUTPUT_PLACE_FD_PATH = 32 };
void output_place_fd_path(int fd, char path[static OUTPUT_PLACE_FD_PATH]);

#endif
