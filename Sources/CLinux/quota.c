#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

static int project_quota(int file, int command, uint32_t project, void *value) {
    return (int)syscall(SYS_quotactl_fd, file, QCMD(command, PRJQUOTA), project, value);
}

int holdfast_enforces_project_quotas(int file) {
    struct fs_quota_stat state;
    memset(&state, 0, sizeof state);
    if (project_quota(file, Q_XGETQSTAT, 0, &state) != 0) return -1;
    return (state.qs_flags & FS_QUOTA_PDQ_ACCT) && (state.qs_flags & FS_QUOTA_PDQ_ENFD);
}

int holdfast_set_project_limit(int file, uint32_t project, uint64_t bytes) {
    struct fs_disk_quota quota;
    memset(&quota, 0, sizeof quota);
    quota.d_version = FS_DQUOT_VERSION;
    quota.d_id = project;
    quota.d_flags = FS_PROJ_QUOTA;
    quota.d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT;
    quota.d_blk_hardlimit = quota.d_blk_softlimit = (bytes + 511) / 512;
    return project_quota(file, Q_XSETQLIM, project, &quota);
}

int holdfast_is_project_free(int file, uint32_t project) {
    struct fs_disk_quota quota;
    memset(&quota, 0, sizeof quota);
    if (project_quota(file, Q_XGETQUOTA, project, &quota) != 0) return errno == ENOENT ? 1 : -1;
    return quota.d_blk_hardlimit == 0 && quota.d_blk_softlimit == 0 && quota.d_bcount == 0 && quota.d_icount == 0;
}

int holdfast_project_usage(int file, uint32_t project, uint64_t *bytes, uint64_t *inodes) {
    struct fs_disk_quota quota;
    memset(&quota, 0, sizeof quota);
    if (project_quota(file, Q_XGETQUOTA, project, &quota) != 0) return -1;
    *bytes = (uint64_t)quota.d_bcount * 512;
    *inodes = (uint64_t)quota.d_icount;
    return 0;
}

int64_t holdfast_project(int file) {
    struct fsxattr attributes;
    return ioctl(file, FS_IOC_FSGETXATTR, &attributes) == 0 ? (int64_t)attributes.fsx_projid : -1;
}

int holdfast_set_project(int directory, uint32_t project) {
    struct fsxattr attributes;
    if (ioctl(directory, FS_IOC_FSGETXATTR, &attributes) != 0) return -1;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return ioctl(directory, FS_IOC_FSSETXATTR, &attributes);
}
