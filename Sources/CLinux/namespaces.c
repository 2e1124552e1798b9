#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int holdfast_unshare_working_directory(void) { return unshare(CLONE_FS); }

static int write_map(int process, const char *name, const char *map) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", process, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    // The kernel takes a map in one write only.
    ssize_t written = write(file, map, strlen(map));
    int error = errno;
    close(file);
    errno = error;
    return written == (ssize_t)strlen(map) ? 0 : -1;
}

static int open_namespace(int process, const char *uid_map, const char *gid_map) {
    if (write_map(process, "uid_map", uid_map) != 0 || write_map(process, "gid_map", gid_map) != 0) return -1;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", process);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/// What the child does: nothing, until it is killed. It makes system calls only, as other threads of the parent may have
/// held any lock when it was cloned.
static void wait_for_death(int parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    while (1) pause();
}

int holdfast_user_namespace(const char *uid_map, const char *gid_map) {
    int parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    // The child inherits the mask: no handler of this program runs in it.
    sigprocmask(SIG_BLOCK, &all, &before);
    // Without an exit signal it is nobody's child but this function's: no SIGCHLD, and wait(2) elsewhere leaves it alone.
    int child = (int)syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0);
    if (child == 0) wait_for_death(parent);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    if (child < 0) return -1;

    int result = open_namespace(child, uid_map, gid_map);
    error = errno;
    kill(child, SIGKILL);
    while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR) {}
    errno = error;
    return result;
}
