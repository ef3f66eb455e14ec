#include <seccomp.h>

// Macros that Swift does not import, or cannot: casts and calls.
static const unsigned int amos_seccomp_allow = SCMP_ACT_ALLOW;
static const unsigned int amos_seccomp_kill_process = SCMP_ACT_KILL_PROCESS;
static const unsigned int amos_seccomp_arch_arm64 = SCMP_ARCH_AARCH64;
static const unsigned int amos_seccomp_arch_x86_64 = SCMP_ARCH_X86_64;
static const int amos_seccomp_unknown = __NR_SCMP_ERROR;

static inline unsigned int amos_seccomp_errno(unsigned short number) { return SCMP_ACT_ERRNO(number); }

// seccomp_rule_add(3) without its variable arguments.
static inline int amos_seccomp_add(scmp_filter_ctx context, unsigned int action, int call) {
    return seccomp_rule_add_array(context, action, call, 0, 0);
}
