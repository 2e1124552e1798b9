#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/magic.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int holdfast_open_beneath(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int holdfast_open_in_root(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int holdfast_open_within(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int holdfast_open_on_mount(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int holdfast_is_proc(int file) {
    struct statfs status;
    if (fstatfs(file, &status) != 0) return -1;
    return status.f_type == PROC_SUPER_MAGIC;
}

int holdfast_is_ext4(int file) {
    struct statfs status;
    if (fstatfs(file, &status) != 0) return -1;
    return status.f_type == EXT4_SUPER_MAGIC;
}

int holdfast_file_system(int file, uint64_t *type, uint64_t *flags) {
    struct statfs status;
    if (fstatfs(file, &status) != 0) return -1;
    *type = (uint64_t)status.f_type;
    *flags = (uint64_t)status.f_flags;
    return 0;
}

int holdfast_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

char **holdfast_environment(void) { return environ; }

long holdfast_getdents64(int directory, void *buffer, size_t size) {
    return syscall(SYS_getdents64, directory, buffer, size);
}
