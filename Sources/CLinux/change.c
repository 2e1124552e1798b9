#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int holdfast_renameat2(int directory, const char *name, int new_directory, const char *new_name, unsigned flags) {
    return (int)syscall(SYS_renameat2, directory, name, new_directory, new_name, flags);
}

int holdfast_mknodat(int directory, const char *name, unsigned mode, unsigned major, unsigned minor) {
    return mknodat(directory, name, (mode_t)mode, makedev(major, minor));
}

int holdfast_ficlone(int target, int source) { return ioctl(target, FICLONE, source); }

int holdfast_ficlonerange(int target, uint64_t target_offset, int source, uint64_t source_offset, uint64_t length) {
    struct file_clone_range range = {
        .src_fd = source, .src_offset = source_offset, .src_length = length, .dest_offset = target_offset};
    return ioctl(target, FICLONERANGE, &range);
}

long holdfast_copy_file_range(int source, int64_t source_offset, int target, int64_t target_offset, size_t length) {
    return syscall(SYS_copy_file_range, source, &source_offset, target, &target_offset, length, 0u);
}

int holdfast_start_writeback(int file, int64_t offset, int64_t length) {
    return sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
}

int holdfast_syncfs(int file) { return syncfs(file); }
