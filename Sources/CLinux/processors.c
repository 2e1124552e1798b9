#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int holdfast_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

int holdfast_set_idle_io(void) {
    // From <linux/ioprio.h>, which older kernel headers lack: the calling thread, and the class "idle" in the upper bits.
    enum { who_process = 1, class_idle = 3, class_shift = 13 };
    return (int)syscall(SYS_ioprio_set, who_process, 0, class_idle << class_shift);
}

int holdfast_lower_priority(int niceness) {
    errno = 0;
    int current = getpriority(PRIO_PROCESS, 0);
    if (current == -1 && errno != 0) return -1;
    return setpriority(PRIO_PROCESS, 0, current + niceness > 19 ? 19 : current + niceness);
}
