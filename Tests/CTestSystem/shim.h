// What the Glibc module of Swift lacks and the tests call without the code under test in between.
#include <spawn.h>
#include <sys/xattr.h>

// GNU extensions, declared here because Swift imports headers without _GNU_SOURCE.
int memfd_create(const char *name, unsigned int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int setfsuid(unsigned int user);
