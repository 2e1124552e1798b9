#ifndef HOLDFAST_CLINUX_H
#define HOLDFAST_CLINUX_H

// System calls that Glibc for Swift does not offer, one function each. Every function returns -1 and sets errno on
// failure, as libc does. No policy lives here.

#include <stddef.h>
#include <stdint.h>
#include <sys/xattr.h>

/// Constants that Glibc for Swift hides behind _GNU_SOURCE.
#define HOLDFAST_O_NOATIME 01000000
#define HOLDFAST_O_PATH 010000000
#if defined(__aarch64__) || defined(__arm__)
#define HOLDFAST_O_DIRECT 0200000
#else
#define HOLDFAST_O_DIRECT 040000
#endif
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

/// What a count of blocks needs of an entry.
struct holdfast_entry {
    uint64_t device, inode, size, blocks;
    int64_t modified_seconds;
    uint32_t mode, uid, gid, links;
};

/// fstatat(2) of `name` below `directory`, never following a link: a tenth cheaper than statx(2), and without attributes.
int holdfast_stat_entry(int directory, const char *name, struct holdfast_entry *entry);

/// One piece of a file as its file system has placed it, in bytes.
struct holdfast_extent {
    uint64_t logical, physical, length;
    uint32_t flags;
};
#define HOLDFAST_EXTENT_LAST 0x1u
#define HOLDFAST_EXTENT_UNKNOWN 0x2u
#define HOLDFAST_EXTENT_DELAYED 0x4u
#define HOLDFAST_EXTENT_ENCODED 0x8u
#define HOLDFAST_EXTENT_INLINE 0x200u
#define HOLDFAST_EXTENT_SHARED 0x2000u

/// ioctl_fiemap(2): at most 64 extents from the byte `start` on, and how many there are.
int holdfast_extents(int file, uint64_t start, struct holdfast_extent extents[64]);

/// openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS.
int holdfast_open_beneath(int directory, const char *path, int flags);

/// openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS: `directory` is `/` for the path and for every link in it.
int holdfast_open_in_root(int directory, const char *path, int flags);

/// openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS: links are followed, but nothing leads out of `directory`.
int holdfast_open_within(int directory, const char *path, int flags);

/// As `holdfast_open_beneath`, and with RESOLVE_NO_XDEV: EXDEV for what lies on another mount.
int holdfast_open_on_mount(int directory, const char *path, int flags);

/// Whether the open file is on a proc file system (fstatfs(2)): 1, 0, or -1 for an error.
int holdfast_is_proc(int file);

/// Whether the open file is on ext2, ext3 or ext4 (fstatfs(2)): 1, 0, or -1 for an error.
int holdfast_is_ext4(int file);

/// The kind of the file system of the open entry (`f_type` of statfs(2)) and the flags in force for it there, by the mount or
/// by the file system (`f_flags`, the ST_… of statvfs(3)). O_PATH is enough.
int holdfast_file_system(int file, uint64_t *type, uint64_t *flags);

/// getxattr(2) of an entry that is open with O_PATH, by way of /proc/self/fd.
long holdfast_get_attribute_of_handle(int handle, const char *attribute, void *value, size_t size);

/// pipe2(2) with O_CLOEXEC: the reading end first.
int holdfast_pipe(int ends[2]);

/// memfd_create(2) with MFD_CLOEXEC: an empty file in memory.
int holdfast_memory_file(void);

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

/// ioctl_ficlonerange(2). Offsets and length are multiples of the file system's block, except for an end at the end of `source`.
int holdfast_ficlonerange(int target, uint64_t target_offset, int source, uint64_t source_offset, uint64_t length);

/// btrfs-ioctl(2): makes `name` in `directory` an empty subvolume (BTRFS_IOC_SUBVOL_CREATE), or a snapshot of the subvolume, which
/// is on disk then (BTRFS_IOC_SNAP_CREATE_V2). Removes a subvolume with everything in it (BTRFS_IOC_SNAP_DESTROY). Makes one
/// writable (BTRFS_IOC_SUBVOL_SETFLAGS). Whether others lie in it (BTRFS_IOC_GET_SUBVOL_ROOTREF): 1, 0, or -1 for an error.
int holdfast_subvolume_create(int directory, const char *name);
int holdfast_subvolume_snapshot(int directory, const char *name, int subvolume, int is_writable);
int holdfast_subvolume_destroy(int directory, const char *name);
int holdfast_subvolume_make_writable(int subvolume);
int holdfast_subvolume_has_nested(int subvolume);

/// Whether a subvolume is a read-only snapshot (BTRFS_IOC_SUBVOL_GETFLAGS): 1, 0, or -1 for an error.
int holdfast_subvolume_is_read_only(int subvolume);

/// Whether the caller may remove any subvolume: CAP_SYS_ADMIN in the first user namespace, which BTRFS_IOC_TREE_SEARCH asks for too.
/// 1, or -1 for an error.
int holdfast_btrfs_is_administered(int file);

/// Whether new files in a directory are written in place and not copied on write (FS_IOC_GETFLAGS, FS_NOCOW_FL): 1, 0, or -1 for an
/// error. A new subvolume does not take that over from the directory around it.
int holdfast_is_overwritten_in_place(int directory);

/// The number that a subvolume has as long as the file system lives, unlike its device number (BTRFS_IOC_INO_LOOKUP).
int holdfast_subvolume_number(int subvolume, uint64_t *number);

/// What tells a btrfs from others, whichever of its subvolumes the open file is in (BTRFS_IOC_FS_INFO). -1 on other file systems.
int holdfast_btrfs_identity(int file, uint64_t identity[2]);

/// What the file system's own account says of a subvolume, its group of level 0 (BTRFS_IOC_TREE_SEARCH of the quota tree): bytes on
/// disk, data and metadata, that it refers to, and those of them that nothing else refers to. As of the last commit.
/// 1, 0 if there is no such account or it is not right, or -1 for an error: only root may ask.
int holdfast_subvolume_account(int subvolume, uint64_t *referenced, uint64_t *exclusive);

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

/// fsopen(2), fsconfig(2) and fsmount(2), each with its close-on-exec flag. `context` is what holdfast_fsopen returned.
int holdfast_fsopen(const char *type);
int holdfast_fsconfig_string(int context, const char *key, const char *value);
int holdfast_fsconfig_flag(int context, const char *key);
int holdfast_fsconfig_descriptor(int context, const char *key, int value);
int holdfast_fsconfig_create(int context);
int holdfast_fsmount(int context, unsigned attributes);

/// MOUNT_ATTR_… of mount_setattr(2).
#define HOLDFAST_MOUNT_READ_ONLY 1u
#define HOLDFAST_MOUNT_NO_SET_ID 2u
#define HOLDFAST_MOUNT_NO_DEVICES 4u
#define HOLDFAST_MOUNT_NO_EXECUTION 8u

/// open_tree(2) with OPEN_TREE_CLONE: a copy, attached nowhere, of the mount of the open file or directory `entry`, with it
/// as its root, and if `recursive` of what is mounted below; of the entry `name` below a directory, which is not followed.
int holdfast_clone_tree(int entry, int recursive);
int holdfast_clone_tree_at(int directory, const char *name);

/// move_mount(2) of the mount that `tree` is the root of to the entry `name` below `directory`, which is not followed; to
/// the open file or directory `place` itself.
int holdfast_move_mount(int tree, int directory, const char *name);
int holdfast_move_mount_onto(int tree, int place);

/// mount_setattr(2) of the mount that `tree` is the root of, and if `recursive` of all below: sets the attributes, sets the
/// propagation unless it is 0, and maps the ids by the user namespace unless that is -1.
int holdfast_mount_setattr(int tree, int recursive, unsigned attributes, unsigned propagation, int user_namespace);

/// MS_… for holdfast_mount_setattr.
#define HOLDFAST_UNBINDABLE (1u << 17)
#define HOLDFAST_PRIVATE (1u << 18)
#define HOLDFAST_SLAVE (1u << 19)
#define HOLDFAST_SHARED (1u << 20)

/// What of MOUNT_ATTR_… above holds for an open file, by its mount or its file system (fstatvfs(3)): the bits, or -1.
int holdfast_mount_attributes(int entry);

/// mount(2) and umount2(2).
int holdfast_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
int holdfast_umount2(const char *target, int flags);
#define HOLDFAST_MNT_DETACH 2
#define HOLDFAST_UMOUNT_NOFOLLOW 8

/// Whether the file system of the open file keeps accounts of projects and enforces their limits (quotactl_fd(2),
/// Q_XGETQSTAT): 1, 0, or -1 for an error, as where it has no quotas.
int holdfast_enforces_project_quotas(int file);

/// Limits what the files of a project may take; 0 lifts the limit (Q_XSETQLIM). Whether no file and no limit has its number
/// (Q_XGETQUOTA).
int holdfast_set_project_limit(int file, uint32_t project, uint64_t bytes);
int holdfast_is_project_free(int file, uint32_t project);

/// What the files of a project take now, those that are deleted and still open included (Q_XGETQUOTA).
int holdfast_project_usage(int file, uint32_t project, uint64_t *bytes, uint64_t *inodes);

/// The project of an open file or directory (FS_IOC_FSGETXATTR), or -1. Puts a directory into a project, with what is made in
/// it from then on (FS_IOC_FSSETXATTR, FS_XFLAG_PROJINHERIT).
int64_t holdfast_project(int file);
int holdfast_set_project(int directory, uint32_t project);

/// unshare(2) with CLONE_FS: from now on the calling thread has a working directory of its own.
int holdfast_unshare_working_directory(void);

/// unshare(2) with CLONE_NEWNS: from now on the calling thread, and what it starts, has a copy of the mount namespace in which
/// every mount is private: nothing spreads from or to the original.
int holdfast_unshare_mounts(void);

/// Makes a user namespace with these maps (user_namespaces(7)) and returns a descriptor of it. A child process in it,
/// made by clone(2) and gone when this returns, is all that the kernel needs for it.
int holdfast_user_namespace(const char *uid_map, const char *gid_map);

/// posix_spawn(3) of a program by its path, in a process group of its own, with no signal blocked or handled, in this
/// process's environment. The three descriptors become its standard streams. If `terminal` is not negative, the new group
/// becomes its foreground group before the program runs. Returns the process's id.
int holdfast_spawn(const char *program, char *const arguments[], int input, int output, int errors, int terminal);

/// posix_spawn(3) of a program by its path, in a session of its own, with no signal blocked or handled, in this process's
/// environment. The two descriptors become its standard input and output; what it complains of is lost. Returns the
/// process's id.
int holdfast_spawn_apart(const char *program, char *const arguments[], int input, int output);

/// pidfd_open(2): becomes readable when the process ends.
int holdfast_pidfd_open(int process);

/// pidfd_send_signal(2): to that very process, never to another that has got its number.
int holdfast_pidfd_send_signal(int process, int number);

/// signalfd(2), close-on-exec and non-blocking, and the number of the next signal from it; -1 if there is none.
int holdfast_signal_descriptor(const int *numbers, int count);
int holdfast_next_signal(int signals);

/// From now on host names are found in /etc/hosts and by DNS (/etc/resolv.conf) alone, whatever nsswitch.conf(5) says.
int holdfast_resolve_without_modules(void);

/// The number of processors this thread may run on (sched_getaffinity(2)), at least 1.
int holdfast_processor_count(void);

/// ioprio_set(2) of the calling thread to IOPRIO_CLASS_IDLE.
int holdfast_set_idle_io(void);

/// Adds to the niceness of the calling thread (getpriority(2), setpriority(2)), up to 19.
int holdfast_lower_priority(int niceness);

#endif
