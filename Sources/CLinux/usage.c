#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int holdfast_stat_entry(int directory, const char *name, struct holdfast_entry *entry) {
    struct stat raw;
    if (fstatat(directory, name, &raw, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) return -1;
    entry->device = raw.st_dev;
    entry->inode = raw.st_ino;
    entry->size = (uint64_t)raw.st_size;
    entry->blocks = (uint64_t)raw.st_blocks;
    entry->modified_seconds = raw.st_mtim.tv_sec;
    entry->mode = raw.st_mode;
    entry->uid = raw.st_uid;
    entry->gid = raw.st_gid;
    entry->links = (uint32_t)raw.st_nlink;
    return 0;
}

int holdfast_extents(int file, uint64_t start, struct holdfast_extent extents[64]) {
    union {
        struct fiemap map;
        char room[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)];
    } request;
    memset(&request, 0, sizeof request);
    request.map.fm_start = start;
    request.map.fm_length = FIEMAP_MAX_OFFSET - start;
    request.map.fm_extent_count = 64;
    if (ioctl(file, FS_IOC_FIEMAP, &request.map) != 0) return -1;
    int count = (int)request.map.fm_mapped_extents;
    for (int i = 0; i < count; i++) {
        const struct fiemap_extent *found = &request.map.fm_extents[i];
        extents[i] = (struct holdfast_extent){found->fe_logical, found->fe_physical, found->fe_length, found->fe_flags};
    }
    return count;
}
