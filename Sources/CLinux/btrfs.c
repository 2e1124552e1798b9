#define _GNU_SOURCE
#include "CLinux.h"

#include <endian.h>
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fs.h>
#include <stdint.h>
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

int holdfast_subvolume_create(int directory, const char *name) {
    struct btrfs_ioctl_vol_args arguments;
    memset(&arguments, 0, sizeof arguments);
    if (set_name(arguments.name, sizeof arguments.name, name) != 0) return -1;
    return ioctl(directory, BTRFS_IOC_SUBVOL_CREATE, &arguments);
}

int holdfast_subvolume_snapshot(int directory, const char *name, int subvolume, int is_writable) {
    struct btrfs_ioctl_vol_args_v2 arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.fd = subvolume;
    arguments.flags = is_writable ? 0 : BTRFS_SUBVOL_RDONLY;
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

int holdfast_subvolume_is_read_only(int subvolume) {
    unsigned long long flags = 0;
    if (ioctl(subvolume, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) != 0) return -1;
    return (flags & BTRFS_SUBVOL_RDONLY) != 0;
}

int holdfast_subvolume_has_nested(int subvolume) {
    struct btrfs_ioctl_get_subvol_rootref_args arguments;
    memset(&arguments, 0, sizeof arguments);
    if (ioctl(subvolume, BTRFS_IOC_GET_SUBVOL_ROOTREF, &arguments) != 0) {
        return errno == EOVERFLOW ? 1 : -1;
    }
    return arguments.num_items > 0;
}

/// The items of one key range of a tree, at most what `search` has room for: how many there are, or -1.
static int search_tree(int file, struct btrfs_ioctl_search_args *search, uint64_t tree, uint32_t type, uint64_t offset) {
    memset(search, 0, sizeof *search);
    search->key.tree_id = tree;
    search->key.min_type = search->key.max_type = type;
    search->key.min_offset = search->key.max_offset = offset;
    search->key.max_transid = UINT64_MAX;
    search->key.nr_items = 1;
    if (ioctl(file, BTRFS_IOC_TREE_SEARCH, search) != 0) return -1;
    return (int)search->key.nr_items;
}

/// The one item that was found, if it is at least as long as it must be.
static const void *found_item(const struct btrfs_ioctl_search_args *search, size_t size) {
    struct btrfs_ioctl_search_header header;
    memcpy(&header, search->buf, sizeof header);
    return header.len < size ? NULL : search->buf + sizeof header;
}

/// Whether the accounts are right: 1, 0, or -1 for an error.
static int are_groups_consistent(int file) {
    struct btrfs_ioctl_search_args search;
    struct btrfs_qgroup_status_item status;
    int count = search_tree(file, &search, BTRFS_QUOTA_TREE_OBJECTID, BTRFS_QGROUP_STATUS_KEY, 0);
    // Without quotas there is no such tree.
    if (count < 0) return errno == ENOENT ? 0 : -1;
    const void *item = count == 1 ? found_item(&search, sizeof status) : NULL;
    if (item == NULL) return 0;
    memcpy(&status, item, sizeof status);
    // Everything but ON says that they are not: RESCAN, INCONSISTENT, and SIMPLE_MODE, which counts who wrote and not who has.
    return le64toh(status.flags) == BTRFS_QGROUP_STATUS_FLAG_ON;
}

int holdfast_subvolume_number(int subvolume, uint64_t *number) {
    struct btrfs_ioctl_ino_lookup_args lookup;
    memset(&lookup, 0, sizeof lookup);
    lookup.objectid = BTRFS_FIRST_FREE_OBJECTID;
    if (ioctl(subvolume, BTRFS_IOC_INO_LOOKUP, &lookup) != 0) return -1;
    *number = lookup.treeid;
    return 0;
}

int holdfast_subvolume_account(int subvolume, uint64_t *referenced, uint64_t *exclusive) {
    uint64_t number;
    if (holdfast_subvolume_number(subvolume, &number) != 0) return -1;
    int consistent = are_groups_consistent(subvolume);
    if (consistent != 1) return consistent;
    struct btrfs_ioctl_search_args search;
    struct btrfs_qgroup_info_item info;
    // The group of a subvolume has its number and level 0.
    int count = search_tree(subvolume, &search, BTRFS_QUOTA_TREE_OBJECTID, BTRFS_QGROUP_INFO_KEY, number);
    if (count < 0) return -1;
    const void *item = count == 1 ? found_item(&search, sizeof info) : NULL;
    if (item == NULL) return 0;
    memcpy(&info, item, sizeof info);
    *referenced = le64toh(info.rfer);
    *exclusive = le64toh(info.excl);
    return 1;
}

int holdfast_btrfs_is_administered(int file) {
    struct btrfs_ioctl_search_args search;
    return search_tree(file, &search, BTRFS_ROOT_TREE_OBJECTID, BTRFS_ROOT_ITEM_KEY, 0) < 0 ? -1 : 1;
}

int holdfast_is_overwritten_in_place(int directory) {
    int flags = 0;
    if (ioctl(directory, FS_IOC_GETFLAGS, &flags) != 0) return -1;
    return (flags & FS_NOCOW_FL) != 0;
}

int holdfast_btrfs_identity(int file, uint64_t identity[2]) {
    struct btrfs_ioctl_fs_info_args arguments;
    memset(&arguments, 0, sizeof arguments);
    if (ioctl(file, BTRFS_IOC_FS_INFO, &arguments) != 0) return -1;
    memcpy(identity, arguments.fsid, 2 * sizeof *identity);
    return 0;
}
