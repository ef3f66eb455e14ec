// A program in the place of this process: as Spawn.c begins one, without a new process.
#include "CLinux.h"
#include <sched.h>
#include <sys/syscall.h>

long amos_replace(struct amos_spawn *plan) {
    umask(022);
    plan->failed = AMOS_FAILED_CLONE;
    if (syscall(SYS_unshare, plan->namespaces) < 0) return -(long)errno;
    for (size_t index = 0; index < plan->step_count; index++) {
        plan->failed = (int)index;
        if (amos_take_step(plan, &plan->steps[index]) < 0) return -(long)errno;
    }
    plan->failed = AMOS_FAILED_EXECUTE;
    execve(plan->path, plan->arguments, plan->environment);
    return -(long)errno;
}
