#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

static int set_name(char *field, size_t size, const char *name) {
    size_t length = strlen(name);
    if (length >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(field, name, length);
    return 0;
}

int holdfast_subvolume_snapshot(int directory, const char *name, int subvolume) {
    struct btrfs_ioctl_vol_args_v2 arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.fd = subvolume;
    arguments.flags = BTRFS_SUBVOL_RDONLY;
    if (set_name(arguments.name, sizeof arguments.name, name) != 0) return -1;
    return ioctl(directory, BTRFS_IOC_SNAP_CREATE_V2, &arguments);
}

int holdfast_subvolume_destroy(int directory, const char *name) {
    struct btrfs_ioctl_vol_args arguments;
    memset(&arguments, 0, sizeof arguments);
    if (set_name(arguments.name, sizeof arguments.name, name) != 0) return -1;
    return ioctl(directory, BTRFS_IOC_SNAP_DESTROY, &arguments);
}

int holdfast_subvolume_make_writable(int subvolume) {
    unsigned long long flags = 0;
    if (ioctl(subvolume, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) != 0) return -1;
    flags &= ~(unsigned long long)BTRFS_SUBVOL_RDONLY;
    return ioctl(subvolume, BTRFS_IOC_SUBVOL_SETFLAGS, &flags);
}

int holdfast_subvolume_has_nested(int subvolume) {
    struct btrfs_ioctl_get_subvol_rootref_args arguments;
    memset(&arguments, 0, sizeof arguments);
    if (ioctl(subvolume, BTRFS_IOC_GET_SUBVOL_ROOTREF, &arguments) != 0) {
        return errno == EOVERFLOW ? 1 : -1;
    }
    return arguments.num_items > 0;
}
