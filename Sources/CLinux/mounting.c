#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> exclude each other in older C libraries, so the old calls are declared here.
extern int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
extern int umount2(const char *target, int flags);

// The numbers are the same on every architecture that Swift runs on.
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define EMPTY_PATH 0x1000 // AT_EMPTY_PATH
#define NO_FOLLOW 0x100   // AT_SYMLINK_NOFOLLOW

struct attributes {
    uint64_t set, clear, propagation, user_namespace;
};

int holdfast_fsopen(const char *type) { return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); }

int holdfast_fsconfig_string(int context, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}

int holdfast_fsconfig_flag(int context, const char *key) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0);
}

int holdfast_fsconfig_descriptor(int context, const char *key, int value) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FD, key, NULL, value);
}

int holdfast_fsconfig_create(int context) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int holdfast_fsmount(int context, unsigned attributes) {
    return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

int holdfast_clone_tree(int entry, int recursive) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return (int)syscall(SYS_open_tree, entry, "", flags);
}

int holdfast_clone_tree_at(int directory, const char *name) {
    return (int)syscall(SYS_open_tree, directory, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | NO_FOLLOW);
}

int holdfast_move_mount(int tree, int directory, const char *name) {
    return (int)syscall(SYS_move_mount, tree, "", directory, name, MOVE_MOUNT_F_EMPTY_PATH);
}

int holdfast_move_mount_onto(int tree, int place) {
    return (int)syscall(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int holdfast_mount_setattr(int tree, int recursive, unsigned attributes, unsigned propagation, int user_namespace) {
    struct attributes change = {.set = attributes, .propagation = propagation};
    if (user_namespace >= 0) {
        change.set |= 0x00100000; // MOUNT_ATTR_IDMAP
        change.user_namespace = (uint64_t)user_namespace;
    }
    unsigned flags = EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return (int)syscall(SYS_mount_setattr, tree, "", flags, &change, sizeof change);
}

int holdfast_mount_attributes(int entry) {
    struct statvfs status;
    if (fstatvfs(entry, &status) != 0) return -1;
    // ST_RDONLY, ST_NOSUID, ST_NODEV and ST_NOEXEC have the same bits as MOUNT_ATTR_….
    return (int)(status.f_flag & 15);
}

int holdfast_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}

int holdfast_unshare_mounts(void) {
    if (unshare(CLONE_NEWNS) != 0) return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int holdfast_umount2(const char *target, int flags) { return umount2(target, flags); }
