/**
 * @file output_file.h
 * A regular file, written whole or not at all: into a file without a name
 * where the file system allows that, else into ".cprof-*" beside it; then it
 * gets its name at once. No signal but SIGKILL ends the program between.
 *
 * What SIGKILL leaves behind: nothing where a file can be without a name
 * (ext4, XFS, Btrfs, tmpfs, overlayfs ...), even if it comes in the middle;
 * elsewhere (NFS, FAT, most of FUSE) the ".cprof-*", if it comes while that is
 * written.
 */
#ifndef CPROF_OUTPUT_OUTPUT_FILE_H
#define CPROF_OUTPUT_OUTPUT_FILE_H

#include "base/buffer.h"
#include "output/output_place.h"

/** 0, or -errno: no file can be made at p, or that there cannot be replaced.
 *  Leaves nothing behind. */
MUST_USE int output_file_check(const struct output_place *p);

/**
 * Makes the file, or puts a new one in the place of a regular file. Its mode
 * is what umask leaves of 0666. That of a file of this user's with no other
 * name is kept, but never more than 0777 of it.
 * @param fresh  fails with -EEXIST when something is there by now
 * @return 0, or -errno; then everything is as before
 */
MUST_USE int output_file_write(const struct output_place *p, bool fresh,
                               const struct buffer *bytes);

#endif
