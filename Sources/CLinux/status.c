#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int holdfast_statx(int directory, const char *name, struct holdfast_status *status) {
    struct statx raw;
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name[0] ? 0 : AT_EMPTY_PATH);
    if (syscall(SYS_statx, directory, name, flags, STATX_BASIC_STATS, &raw) != 0) return -1;
    *status = (struct holdfast_status){
        .inode = raw.stx_ino,
        .size = raw.stx_size,
        .blocks = raw.stx_blocks,
        .attributes = raw.stx_attributes & raw.stx_attributes_mask,
        .modified_seconds = raw.stx_mtime.tv_sec,
        .changed_seconds = raw.stx_ctime.tv_sec,
        .modified_nanoseconds = raw.stx_mtime.tv_nsec,
        .changed_nanoseconds = raw.stx_ctime.tv_nsec,
        .mode = raw.stx_mode,
        .uid = raw.stx_uid,
        .gid = raw.stx_gid,
        .links = raw.stx_nlink,
        .device_major = raw.stx_dev_major,
        .device_minor = raw.stx_dev_minor,
        .special_major = raw.stx_rdev_major,
        .special_minor = raw.stx_rdev_minor,
    };
    return 0;
}
