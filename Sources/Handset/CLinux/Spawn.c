#include "CLinux.h"
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

// The child shares this process's memory until execve, as with vfork, but runs on a stack of its own, so
// nothing it does can disturb the frames of the parent, which the kernel keeps waiting meanwhile.
static char child_stack[32 * 1024] __attribute__((aligned(16)));

struct child {
    struct amos_spawn *plan;
    int error;
    /// Which descriptors lie beyond what it takes along.
    int shares_table, moves_output, moves_passed;
};

// PID 1 holds some three descriptors for each service. A child that copied them all, and closed them again in
// execve, would cost more than all the rest of its start. So it shares the table, moves what it needs of it
// to places near its beginning, and leaves with a copy of no more than that.
//
//     0 ……… filler | output | passed ……… end - 1 │ end ………
//     copied                                      │ not copied: pipes, cgroups, sockets
static int filler = -1, output_place = -1, passed_place = -1;
static unsigned table_end;

/// Once, as early as the first start. 0: no room, so the child has to copy the whole table.
static int reserve_places(void) {
    int *const places[] = {&filler, &output_place, &passed_place};
    for (int index = 0; index < 3; index++) {
        int *place = places[index];
        if (*place < 0) *place = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (*place < 0) return 0;
        // The kernel copies tables by 64 entries, and a table of that size costs no allocation.
        unsigned end = ((unsigned)*place / 64 + 1) * 64;
        if (end > table_end) table_end = end;
    }
    return 1;
}

/// Whether the three descriptors that find a place are all that it needs.
static int can_share_table(const struct amos_spawn *plan) {
    for (size_t index = 0; index < plan->step_count; index++) {
        if (plan->steps[index].kind == AMOS_STEP_JOIN) return 0;
    }
    return plan->passed_count <= 1 && reserve_places() && plan->input < (int)table_end;
}

/// In the child: until `close_range`, what it does to the table is seen by its parent, which waits.
static int leave_table(struct amos_spawn *plan, int moves_output, int moves_passed) {
    if (moves_output) plan->output = dup3(plan->output, output_place, O_CLOEXEC);
    if (moves_passed) plan->passed->descriptor = dup3(plan->passed->descriptor, passed_place, O_CLOEXEC);
    if ((moves_output && plan->output < 0) || (moves_passed && plan->passed->descriptor < 0)) return -1;
    const unsigned unshare_table = 2;
    if (syscall(SYS_close_range, table_end, ~0U, unshare_table) == 0) return 0;
    // Where a filter forbids that: at the price of the whole copy.
    return unshare(CLONE_FILES);
}

static int open_streams(const struct amos_spawn *plan) {
    int input = plan->input, output = plan->output;
    if (plan->terminal) {
        // A serial line waits in open() for its other end, and PID 1 would wait with it.
        input = output = open(plan->terminal, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (input < 0 || ioctl(input, TIOCSCTTY, 1) < 0 || fcntl(input, F_SETFL, O_RDWR) < 0) return -1;
    }
    return dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ? -1 : 0;
}

/// Puts each descriptor under its number. Those that lie where another one goes move away first.
static int pass_descriptors(const struct amos_spawn *plan) {
    int end = 3;
    for (size_t index = 0; index < plan->passed_count; index++) {
        if (plan->passed[index].as >= end) end = plan->passed[index].as + 1;
    }
    for (size_t index = 0; index < plan->passed_count; index++) {
        struct amos_pass *pass = &plan->passed[index];
        if (pass->descriptor >= end || pass->descriptor == pass->as) continue;
        pass->descriptor = fcntl(pass->descriptor, F_DUPFD_CLOEXEC, end);
        if (pass->descriptor < 0) return -1;
    }
    for (size_t index = 0; index < plan->passed_count; index++) {
        const struct amos_pass *pass = &plan->passed[index];
        int result = pass->descriptor == pass->as ? fcntl(pass->as, F_SETFD, 0)
                                                  : dup2(pass->descriptor, pass->as);
        if (result < 0) return -1;
    }
    return 0;
}

static void write_process_id(char *text) {
    char digits[10];
    int count = 0;
    for (int left = getpid(); left > 0; left /= 10) digits[count++] = (char)('0' + left % 10);
    while (count > 0) *text++ = digits[--count];
    *text = 0;
}

/// PID 1 holds many descriptors; a program gets what Linux gives by default (select() breaks above 1024).
static void limit_descriptors(void) {
    struct rlimit descriptors = {1024, 524288}, allowed;
    if (getrlimit(RLIMIT_NOFILE, &allowed) == 0 && allowed.rlim_max < descriptors.rlim_max) {
        descriptors.rlim_max = allowed.rlim_max;
    }
    if (descriptors.rlim_cur > descriptors.rlim_max) descriptors.rlim_cur = descriptors.rlim_max;
    amos_set_limit(RLIMIT_NOFILE, &descriptors);
}

static int install_filter(const struct amos_spawn *plan) {
    struct sock_fprog program = {(unsigned short)plan->filter_count, (struct sock_filter *)plan->filter};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int become_program(const struct child *child) {
    struct amos_spawn *plan = child->plan;
    sigset_t none;
    setsid();
    umask(022);
    plan->failed = AMOS_FAILED_JOIN;
    if (plan->join >= 0 && write(plan->join, "0", 1) < 0) return -1;
    plan->failed = AMOS_FAILED_STREAMS;
    if (child->shares_table && leave_table(plan, child->moves_output, child->moves_passed) < 0) return -1;
    if (chdir("/") < 0 || open_streams(plan) < 0) return -1;
    plan->failed = AMOS_FAILED_PASS;
    if (plan->passed_count > 0 && pass_descriptors(plan) < 0) return -1;
    for (int index = 0; index < 2; index++) {
        if (plan->process_ids[index]) write_process_id(plan->process_ids[index]);
    }
    for (size_t index = 0; index < plan->step_count; index++) {
        plan->failed = (int)index;
        if (amos_take_step(plan, &plan->steps[index]) < 0) return -1;
    }
    if (!plan->has_descriptor_limit) limit_descriptors();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    plan->failed = AMOS_FAILED_FILTER;
    if (plan->filter_count > 0 && install_filter(plan) < 0) return -1;
    plan->failed = AMOS_FAILED_EXECUTE;
    return execve(plan->path, plan->arguments, plan->environment);
}

static void __attribute__((noreturn, used)) run_child(struct child *child) {
    become_program(child);
    child->error = errno;
    syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

static long clone_child(struct clone_args *arguments, struct child *child) {
#if defined(__aarch64__)
    register long result __asm__("x0") = (long)arguments;
    register long size __asm__("x1") = sizeof *arguments;
    register long number __asm__("x8") = SYS_clone3;
    register struct child *passed __asm__("x9") = child;
    register void (*entry)(struct child *) __asm__("x10") = run_child;
    __asm__ volatile(
        "svc #0\n cbnz x0, 1f\n mov x29, xzr\n mov x0, x9\n blr x10\n 1:"
        : "+r"(result)
        : "r"(size), "r"(number), "r"(passed), "r"(entry)
        : "memory", "cc");
    return result;
#elif defined(__x86_64__)
    long result = SYS_clone3;
    register struct child *passed __asm__("r12") = child;
    register void (*entry)(struct child *) __asm__("r13") = run_child;
    __asm__ volatile(
        "syscall\n testq %%rax, %%rax\n jnz 1f\n xorl %%ebp, %%ebp\n movq %%r12, %%rdi\n callq *%%r13\n 1:"
        : "+a"(result)
        : "D"(arguments), "S"(sizeof *arguments), "r"(passed), "r"(entry)
        : "rcx", "r11", "memory", "cc");
    return result;
#else
#error "amos_spawn knows aarch64 and x86-64"
#endif
}

long amos_spawn(struct amos_spawn *plan) {
    struct child child = {.plan = plan, .shares_table = can_share_table(plan)};
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND | plan->namespaces,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)child_stack,
        .stack_size = sizeof child_stack,
    };
    if (plan->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)plan->cgroup;
    }
    if (child.shares_table) {
        arguments.flags |= CLONE_FILES;
        child.moves_output = plan->output >= (int)table_end;
        child.moves_passed = plan->passed_count > 0 && plan->passed->descriptor >= (int)table_end;
    }
    plan->failed = AMOS_FAILED_CLONE;
    long process = clone_child(&arguments, &child);
    // A pipe must not stay open because of a child that has long gone.
    if (child.moves_output) dup3(filler, output_place, O_CLOEXEC);
    if (child.moves_passed) dup3(filler, passed_place, O_CLOEXEC);
    if (process < 0 || child.error == 0) return process;
    while (waitpid((pid_t)process, NULL, 0) < 0 && errno == EINTR) {}
    return -(long)child.error;
}
