// The service that every supervisor runs in the comparison: nothing but system calls, so that what is measured
// is the supervisor and the kernel.
//
//     service [FIFO [READY-DESCRIPTOR|- [ANYTHING]]]
//
// Says that it runs by a byte to the FIFO (default: $BENCH_FIFO), that it is ready by a newline to the
// descriptor (default: $BENCH_READY, else none), keeps the FIFO open, and waits to be killed.
#include <fcntl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d) {
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start: movq %rsp, %rdi\n andq $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl begin\n");
#else
#error "the service knows aarch64 and x86-64"
#endif

static const char *variable(char **environment, const char *name) {
    for (; *environment; environment++) {
        const char *entry = *environment, *letter = name;
        while (*letter && *entry == *letter) { entry++; letter++; }
        if (!*letter && *entry == '=') return entry + 1;
    }
    return 0;
}

__attribute__((noreturn, used)) void begin(long *stack) {
    long count = stack[0];
    char **arguments = (char **)(stack + 1), **environment = arguments + count + 1;
    // s6 gives a service's name as an argument.
    int has_path = count > 1 && arguments[1][0] == '/';
    const char *fifo = has_path ? arguments[1] : variable(environment, "BENCH_FIFO");
    const char *ready = has_path && count > 2 ? arguments[2] : variable(environment, "BENCH_READY");
    long file = call(SYS_openat, AT_FDCWD, (long)fifo, O_WRONLY, 0);
    call(SYS_write, file, (long)"+", 1, 0);
    if (ready && *ready >= '0' && *ready <= '9') {
        long descriptor = 0;
        for (; *ready; ready++) descriptor = descriptor * 10 + (*ready - '0');
        call(SYS_write, descriptor, (long)"\n", 1, 0);
        call(SYS_close, descriptor, 0, 0, 0);
    }
    // Nothing to wait for: only a signal ends this.
    for (;;) call(SYS_ppoll, 0, 0, 0, 0);
}
