// How a service's process begins.
#ifndef AMOS_CLINUX_SPAWN_H
#define AMOS_CLINUX_SPAWN_H
#include "Files.h"
#include <linux/sched.h>

/// What the new process does to itself before it becomes the program, and which members of `struct amos_step`
/// say how.
enum amos_step_kind {
    AMOS_STEP_WRITE,            // one: file; two: contents
    AMOS_STEP_PRIVATE_MOUNTS,   // mounts of this namespace reach no other
    AMOS_STEP_CATCH,            // one: tree to keep for PLACE; optional
    AMOS_STEP_PLACE,            // one: where; number: the step that caught it; bits: attributes to set; optional
    AMOS_STEP_COVER,            // one: a tree; bits: attributes to set; more: to clear; optional
    AMOS_STEP_ATTRIBUTES,       // one: a tree; bits: attributes to set
    AMOS_STEP_MOUNT,            // one: where; two: type; three: options; bits: attributes; optional
    AMOS_STEP_MOUNT_FILE,       // one: where, made if need be; two: type; three: the file; bits: attributes
    AMOS_STEP_HIDE,             // one: path; number: the step that caught a closed, empty file; optional
    AMOS_STEP_DEVICES,          // a small /dev
    AMOS_STEP_JOIN,             // number: a pidfd; bits: CLONE_NEW…, the namespaces to take over from it
    AMOS_STEP_LOOPBACK,         // the network namespace's own
    AMOS_STEP_NICE,             // number
    AMOS_STEP_SCHEDULER,        // number: SCHED_…; bits: priority
    AMOS_STEP_DIRECTORY,        // one: working directory
    AMOS_STEP_LANDLOCK_BEGIN,   // bits: rights to handle
    AMOS_STEP_LANDLOCK_RULE,    // one: path; number: the step that began; bits: rights
    AMOS_STEP_LANDLOCK_ENFORCE, // number: the step that began
    AMOS_STEP_USER_PREPARE,     // one: uid_map; two: gid_map
    AMOS_STEP_USER_ENTER,       // number: the step that prepared
    AMOS_STEP_LIMIT,            // number: RLIMIT_…; bits: soft; more: hard
    AMOS_STEP_BOUNDING,         // bits: capabilities that stay
    AMOS_STEP_GROUPS,           // those of the plan
    AMOS_STEP_IDENTITY,         // number: user; bits: group; more: capabilities to keep until execve
    AMOS_STEP_AMBIENT,          // bits: capabilities
    AMOS_STEP_NO_NEW_PRIVILEGES,
};

/// Attributes of mounts (mount_setattr(2)).
enum {
    AMOS_MOUNT_READ_ONLY = 1, AMOS_MOUNT_NO_SETUID = 2, AMOS_MOUNT_NO_DEVICES = 4, AMOS_MOUNT_NO_EXECUTE = 8,
};

/// Rights that came with versions 3 and 5 of Landlock; older headers lack them.
enum { AMOS_LANDLOCK_TRUNCATE = 1 << 14, AMOS_LANDLOCK_IOCTL_DEVICE = 1 << 15 };

struct amos_step {
    int32_t kind;
    /// What is not there is left out.
    int32_t is_optional;
    int64_t number;
    uint64_t bits;
    uint64_t more;
    const char *one, *two, *three;
    /// The child's own: descriptors that a later step needs.
    int32_t held, helper;
};

/// A descriptor and the number that the program finds it under.
struct amos_pass {
    int32_t descriptor, as;
};

/// What failed, when it was no step (those have their index).
enum amos_failure {
    AMOS_FAILED_CLONE = -1, AMOS_FAILED_JOIN = -2, AMOS_FAILED_STREAMS = -3, AMOS_FAILED_PASS = -4,
    AMOS_FAILED_FILTER = -5, AMOS_FAILED_EXECUTE = -6,
};

/// Descriptors are >= 3; -1 means none.
struct amos_spawn {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// Becomes the controlling terminal and 0, 1, 2; NULL: `input`, `output`, `output` do.
    const char *terminal;
    int input;
    int output;
    /// Changed by the child where numbers collide.
    struct amos_pass *passed;
    size_t passed_count;
    /// At least 11 bytes each that become the process's own id in its own namespace; NULL: nobody asks.
    char *process_ids[2];
    /// A directory of the cgroup file system that the process is born in.
    int cgroup;
    /// A `cgroup.procs` file that the process moves itself to instead.
    int join;
    /// CLONE_NEW… flags.
    uint64_t namespaces;
    struct amos_step *steps;
    size_t step_count;
    const uint32_t *groups;
    size_t group_count;
    /// A step has set RLIMIT_NOFILE.
    int has_descriptor_limit;
    /// `struct sock_filter`; the last thing before execve.
    const void *filter;
    size_t filter_count;
    /// Out: an index of `steps` or an `enum amos_failure`.
    int failed;
};
/// Starts a program and returns when `execve` has succeeded (the process id) or failed (-errno, nothing
/// left).
long amos_spawn(struct amos_spawn *plan);

/// This process itself takes the steps, in namespaces of its own, and becomes the program: its streams, session
/// and descriptors stay. Comes back only on failure, with -errno; it is good for nothing then but to say so.
long amos_replace(struct amos_spawn *plan);

/// Does one step in this process; -1 with errno on failure. Plain system calls only: the memory is PID 1's.
int amos_take_step(const struct amos_spawn *plan, struct amos_step *step);
int amos_take_mount_step(const struct amos_spawn *plan, struct amos_step *step);
/// The version of the kernel's Landlock, 0 without.
int amos_landlock_version(void);
#endif
