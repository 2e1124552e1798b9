#ifndef HOLDFAST_CLINUX_H
#define HOLDFAST_CLINUX_H

// System calls that Glibc for Swift does not offer, one function each. Every function returns -1 and sets errno on
// failure, as libc does. No policy lives here.

#include <stddef.h>
#include <stdint.h>
#include <sys/xattr.h>

/// Constants that Glibc for Swift hides behind _GNU_SOURCE.
#define HOLDFAST_O_NOATIME 01000000
#define HOLDFAST_SEEK_DATA 3
#define HOLDFAST_SEEK_HOLE 4

/// What statx(2) says of an entry, without the fields that Holdfast never asks for.
struct holdfast_status {
    uint64_t inode, size, blocks, attributes;
    int64_t modified_seconds, changed_seconds;
    uint32_t modified_nanoseconds, changed_nanoseconds;
    uint32_t mode, uid, gid, links;
    uint32_t device_major, device_minor, special_major, special_minor;
};

/// statx(2) of `name` below `directory`, never following a link; of `directory` itself if `name` is empty.
int holdfast_statx(int directory, const char *name, struct holdfast_status *status);

/// openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS.
int holdfast_open_beneath(int directory, const char *path, int flags);

/// pipe2(2) with O_CLOEXEC: the reading end first.
int holdfast_pipe(int ends[2]);

/// environ(7), for a program that inherits it.
char **holdfast_environment(void);

/// getdents64(2).
long holdfast_getdents64(int directory, void *buffer, size_t size);

/// renameat2(2). `flags`: 0, or one of the two below.
int holdfast_renameat2(int directory, const char *name, int new_directory, const char *new_name, unsigned flags);
#define HOLDFAST_RENAME_NOREPLACE 1u
#define HOLDFAST_RENAME_EXCHANGE 2u

/// mknodat(2) with a device number made of its two halves (makedev(3)).
int holdfast_mknodat(int directory, const char *name, unsigned mode, unsigned major, unsigned minor);

/// ioctl_ficlone(2): the whole of `source`.
int holdfast_ficlone(int target, int source);

/// copy_file_range(2) from and to explicit offsets, which it does not change.
long holdfast_copy_file_range(int source, int64_t source_offset, int target, int64_t target_offset, size_t length);

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: begins to write the range out and does not wait for it.
int holdfast_start_writeback(int file, int64_t offset, int64_t length);

/// syncfs(2).
int holdfast_syncfs(int file);

/// The extended attributes of the entry `name` below `directory`, never following a link: listxattrat(2) and its kin
/// where the kernel has them (6.13), llistxattr(2) and its kin by way of /proc/self/fd elsewhere.
long holdfast_listxattrat(int directory, const char *name, char *list, size_t size);
long holdfast_getxattrat(int directory, const char *name, const char *attribute, void *value, size_t size);
int holdfast_setxattrat(int directory, const char *name, const char *attribute, const void *value, size_t size);
int holdfast_removexattrat(int directory, const char *name, const char *attribute);

/// The number of processors this thread may run on (sched_getaffinity(2)), at least 1.
int holdfast_processor_count(void);

#endif
