#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// The numbers are the same on every architecture that Swift runs on; headers older than Linux 6.13 lack them.
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif

struct arguments {
    uint64_t value;
    uint32_t size;
    uint32_t flags;
};

// Written without a lock: every thread that finds the calls missing writes the same value.
static volatile int lacks_calls;

/// Whether the failed call must be done again through /proc. A seccomp filter may answer EPERM for what it does not
/// know; then the second call gives the real answer, so nothing is remembered.
static int is_missing(void) {
    if (errno == ENOSYS) lacks_calls = 1;
    return errno == ENOSYS || errno == EPERM;
}

/// `/proc/self/fd/N/name`: the kernel resolves N to the open directory, whatever its path is now.
static int link_path(char *path, size_t size, int directory, const char *name) {
    int length = snprintf(path, size, "/proc/self/fd/%d/%s", directory, name);
    if (length > 0 && (size_t)length < size) return 0;
    errno = ENAMETOOLONG;
    return -1;
}

enum { path_size = 320 };

long holdfast_listxattrat(int directory, const char *name, char *list, size_t size) {
    if (!lacks_calls) {
        long result = syscall(SYS_listxattrat, directory, name, AT_SYMLINK_NOFOLLOW, list, size);
        if (result >= 0 || !is_missing()) return result;
    }
    char path[path_size];
    return link_path(path, sizeof path, directory, name) ? -1 : llistxattr(path, list, size);
}

long holdfast_getxattrat(int directory, const char *name, const char *attribute, void *value, size_t size) {
    if (!lacks_calls) {
        struct arguments arguments = {.value = (uint64_t)(uintptr_t)value, .size = (uint32_t)size};
        long result =
            syscall(SYS_getxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
        if (result >= 0 || !is_missing()) return result;
    }
    char path[path_size];
    return link_path(path, sizeof path, directory, name) ? -1 : lgetxattr(path, attribute, value, size);
}

int holdfast_setxattrat(int directory, const char *name, const char *attribute, const void *value, size_t size) {
    if (!lacks_calls) {
        struct arguments arguments = {.value = (uint64_t)(uintptr_t)value, .size = (uint32_t)size};
        long result =
            syscall(SYS_setxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
        if (result >= 0 || !is_missing()) return (int)result;
    }
    char path[path_size];
    return link_path(path, sizeof path, directory, name) ? -1 : lsetxattr(path, attribute, value, size, 0);
}

int holdfast_removexattrat(int directory, const char *name, const char *attribute) {
    if (!lacks_calls) {
        long result = syscall(SYS_removexattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute);
        if (result >= 0 || !is_missing()) return (int)result;
    }
    char path[path_size];
    return link_path(path, sizeof path, directory, name) ? -1 : lremovexattr(path, attribute);
}

long holdfast_get_attribute_of_handle(int handle, const char *attribute, void *value, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", handle);
    return getxattr(path, attribute, value, size);
}
