#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

extern char **environ;

#if __GLIBC_PREREQ(2, 35)
// First of all, while every signal is still blocked: a background group that sets the terminal would be stopped.
static int take_terminal(posix_spawn_file_actions_t *actions, int terminal) {
    return posix_spawn_file_actions_addtcsetpgrp_np(actions, terminal);
}
static void hand_over(int terminal, pid_t group) {
    (void)terminal;
    (void)group;
}
#else
static int take_terminal(posix_spawn_file_actions_t *actions, int terminal) {
    (void)actions;
    (void)terminal;
    return 0;
}
// The program may have been faster and read from the terminal: then it was stopped, and goes on now.
static void hand_over(int terminal, pid_t group) {
    tcsetpgrp(terminal, group);
    kill(-group, SIGCONT);
}
#endif

// The new process has all signals as they are by default and none blocked. `result`: what preparing the actions came to; they
// are destroyed. Returns the process, or -1 with errno.
static int spawn(const char *program, char *const arguments[], posix_spawn_file_actions_t *actions, int result,
                 short group, int terminal) {
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t process = -1;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (result == 0) result = posix_spawn(&process, program, actions, &attributes, arguments, environ);
    if (result == 0 && terminal >= 0) hand_over(terminal, process);
    posix_spawn_file_actions_destroy(actions);
    posix_spawnattr_destroy(&attributes);
    if (result == 0) return process;
    errno = result;
    return -1;
}

int holdfast_memory_file(void) {
    enum { close_on_exec = 1 };
    return (int)syscall(SYS_memfd_create, "holdfast", close_on_exec);
}

int holdfast_spawn(const char *program, char *const arguments[], int input, int output, int errors, int terminal) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int result = terminal < 0 ? 0 : take_terminal(&actions, terminal);
    int streams[3] = {input, output, errors};
    for (int number = 0; number < 3 && result == 0; number++)
        if (streams[number] != number) result = posix_spawn_file_actions_adddup2(&actions, streams[number], number);
    return spawn(program, arguments, &actions, result, POSIX_SPAWN_SETPGROUP, terminal);
}

int holdfast_spawn_apart(const char *program, char *const arguments[], int input, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int result = posix_spawn_file_actions_adddup2(&actions, input, 0);
    if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (result == 0) result = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    return spawn(program, arguments, &actions, result, POSIX_SPAWN_SETSID, -1);
}

int holdfast_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int holdfast_pidfd_send_signal(int process, int number) {
    return (int)syscall(SYS_pidfd_send_signal, process, number, NULL, 0);
}

int holdfast_next_signal(int signals) {
    struct signalfd_siginfo information;
    ssize_t count = read(signals, &information, sizeof information);
    return count == (ssize_t)sizeof information ? (int)information.ssi_signo : -1;
}

int holdfast_signal_descriptor(const int *numbers, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, numbers[index]);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
