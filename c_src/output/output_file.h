/**
 * @file output_file.h
 * A regular file, written completely or not at all. The bytes are written into
 * a file without a name if the file system allows that, and otherwise into
 * ".cprof-*" in the same folder; then the file gets its name in one step. Until
 * then, only SIGKILL can end the program.
 *
 * SIGKILL leaves nothing behind where files without a name are possible (ext4,
 * XFS, Btrfs, tmpfs, overlayfs ...). Elsewhere (NFS, FAT, most of FUSE) it
 * leaves the ".cprof-*" behind if it comes while that is written.
 */
#ifndef CPROF_OUTPUT_OUTPUT_FILE_H
#define CPROF_OUTPUT_OUTPUT_FILE_H

#include "base/buffer.h"
#include "output/output_place.h"

/** 0, or -errno: no file can be created at p, or the one that is there cannot
 * be replaced. Leaves nothing behind. */
MUST_USE int output_file_check(const struct output_place *p);

/**
 * Creates the file, or replaces a regular file by a new one. Its mode is 0666
 * minus the umask. But if the old file belongs to this user and has no other
 * name, its mode is kept, except for bits beyond 0777.
 * @param fresh  fail with -EEXIST if something is there by now
 * @return 0, or -errno, and then nothing has changed
 */
MUST_USE int output_file_write(const struct output_place *p, bool fresh,
                               const struct buffer *bytes);

#endif
