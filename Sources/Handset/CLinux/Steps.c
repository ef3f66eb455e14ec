// Steps that begin a service's process. They run in the memory of PID 1: plain system calls, no allocation,
// and nothing of the C library that would touch every thread.
#include "CLinux.h"
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int limit(const struct amos_step *step) {
    struct rlimit both = {step->bits, step->more};
    return amos_set_limit((int)step->number, &both);
}

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    long written = write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return written < 0 ? -1 : 0;
}

static int set_scheduler(const struct amos_step *step) {
    int priority = (int)step->bits;
    return (int)syscall(SYS_sched_setscheduler, 0, (int)step->number, &priority);
}

static int begin_landlock(struct amos_step *step) {
    struct landlock_ruleset_attr attributes = {.handled_access_fs = step->bits};
    size_t size = sizeof attributes.handled_access_fs;
    step->held = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    return step->held;
}

static int add_landlock_rule(const struct amos_spawn *plan, const struct amos_step *step) {
    // What means something for a single file; the kernel refuses the others there.
    const uint64_t file_rights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                 LANDLOCK_ACCESS_FS_READ_FILE | AMOS_LANDLOCK_TRUNCATE |
                                 AMOS_LANDLOCK_IOCTL_DEVICE;
    struct landlock_path_beneath_attr rule = {.allowed_access = step->bits};
    struct stat status;
    rule.parent_fd = open(step->one, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0 || fstat(rule.parent_fd, &status) < 0) return -1;
    if (!S_ISDIR(status.st_mode)) rule.allowed_access &= file_rights;
    int ruleset = plan->steps[step->number].held;
    int result = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int error = errno;
    close(rule.parent_fd);
    errno = error;
    return result;
}

int amos_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

static void __attribute__((noreturn)) map_identities(const struct amos_step *step, int process, int begin) {
    char byte;
    const char *names[] = {"gid_map", "uid_map"}, *maps[] = {step->two, step->one};
    if (read(begin, &byte, 1) != 1) syscall(SYS_exit_group, 0);
    for (int index = 0; index < 2; index++) {
        int fd = openat(process, names[index], O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, maps[index], strlen(maps[index])) < 0) syscall(SYS_exit_group, errno);
    }
    syscall(SYS_exit_group, 0);
    __builtin_unreachable();
}

/// Only a process outside the new user namespace may map somebody else into it than itself: a helper waits
/// outside until this process is inside.
static int prepare_user(struct amos_step *step) {
    // A mount of its own, which stays as it is when the service's /proc is made read-only or hidden; who may
    // not mount has changed nothing about /proc either.
    const int clone_tree = 1;
    int ends[2], process = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc/self", clone_tree | O_CLOEXEC);
    if (process < 0) process = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0 || pipe2(ends, O_CLOEXEC) < 0) return -1;
    step->helper = (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (step->helper < 0) return -1;
    if (step->helper == 0) {
        close(ends[1]);
        map_identities(step, process, ends[0]);
    }
    step->held = ends[1];
    return close(ends[0]);
}

static int enter_user(const struct amos_step *prepared) {
    int status;
    if (unshare(CLONE_NEWUSER) < 0 || write(prepared->held, "", 1) != 1) return -1;
    while (syscall(SYS_wait4, prepared->helper, &status, 0, NULL) < 0) {
        if (errno != EINTR) return -1;
    }
    if (status == 0) return 0;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
    return -1;
}

static int drop_bounding(uint64_t staying) {
    for (int number = 0; number < 64; number++) {
        if (staying >> number & 1 || prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
        // The kernel knows no more of them.
        return errno == EINVAL ? 0 : -1;
    }
    return 0;
}

static int set_capabilities(uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        data[half].effective = data[half].permitted = (uint32_t)(permitted >> 32 * half);
        data[half].inheritable = (uint32_t)(inheritable >> 32 * half);
    }
    return (int)syscall(SYS_capset, &header, data);
}

static int change_identity(const struct amos_step *step) {
    uint64_t group = step->bits;
    int64_t user = step->number;
    if (step->more && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return -1;
    if (syscall(SYS_setresgid, group, group, group) < 0) return -1;
    if (syscall(SYS_setresuid, user, user, user) < 0) return -1;
    return step->more ? set_capabilities(step->more, 0) : 0;
}

static int raise_ambient(uint64_t wanted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    uint64_t permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    if (set_capabilities(permitted, wanted) < 0) return -1;
    for (int number = 0; number < 64; number++) {
        if ((wanted >> number & 1) == 0) continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) return -1;
    }
    return 0;
}

static int bring_loopback_up(void) {
    long result = amos_loopback_up();
    if (result >= 0) return 0;
    errno = (int)-result;
    return -1;
}

static int take_credential_step(const struct amos_spawn *plan, struct amos_step *step) {
    switch (step->kind) {
    case AMOS_STEP_USER_PREPARE: return prepare_user(step);
    case AMOS_STEP_USER_ENTER: return enter_user(&plan->steps[step->number]);
    case AMOS_STEP_BOUNDING: return drop_bounding(step->bits);
    case AMOS_STEP_GROUPS: return (int)syscall(SYS_setgroups, plan->group_count, plan->groups);
    case AMOS_STEP_IDENTITY: return change_identity(step);
    case AMOS_STEP_AMBIENT: return raise_ambient(step->bits);
    case AMOS_STEP_NO_NEW_PRIVILEGES: return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    default: errno = ENOSYS; return -1;
    }
}

int amos_take_step(const struct amos_spawn *plan, struct amos_step *step) {
    switch (step->kind) {
    case AMOS_STEP_WRITE: return write_file(step->one, step->two);
    case AMOS_STEP_JOIN: return setns((int)step->number, (int)step->bits);
    case AMOS_STEP_LOOPBACK: return bring_loopback_up();
    case AMOS_STEP_NICE: return setpriority(PRIO_PROCESS, 0, (int)step->number);
    case AMOS_STEP_SCHEDULER: return set_scheduler(step);
    case AMOS_STEP_DIRECTORY: return chdir(step->one);
    case AMOS_STEP_LIMIT: return limit(step);
    case AMOS_STEP_LANDLOCK_BEGIN: return begin_landlock(step);
    case AMOS_STEP_LANDLOCK_RULE: return add_landlock_rule(plan, step);
    case AMOS_STEP_LANDLOCK_ENFORCE:
        return (int)syscall(SYS_landlock_restrict_self, plan->steps[step->number].held, 0);
    default:
        return step->kind <= AMOS_STEP_DEVICES ? amos_take_mount_step(plan, step)
                                               : take_credential_step(plan, step);
    }
}
