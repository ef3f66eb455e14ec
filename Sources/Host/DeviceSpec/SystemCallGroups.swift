/// System calls by what a program wants them for, as service files name them: `@network`.
///
/// The names are Linux's, of every architecture: what an architecture lacks is left out of its filter.
/// Groups hold only calls that belong to their purpose; what can harm the whole machine (`@mount`, `@module`,
/// `@reboot`, `@clock-set`, `@debug`) is in no group but its own.
enum SystemCallGroups {
    struct Group: Sendable {
        let name: String
        /// For the reference.
        let summary: String
        let calls: [String]
    }

    /// Every program uses these before `main`, and to end; they are in every filter.
    static let base = Group(
        name: "@base", summary: "what every program needs to start, to allocate memory and to end (always)",
        calls: words(
            """
            execve exit exit_group brk mmap mmap2 munmap mprotect mremap madvise read write readv
            writev pread64 close open openat fstat fstat64 stat newfstatat fstatat64 statx access
            faccessat faccessat2 readlink readlinkat lseek _llseek arch_prctl set_tid_address
            set_robust_list get_robust_list rseq prlimit64 getrlimit ugetrlimit getrandom futex
            futex_time64 futex_waitv rt_sigaction rt_sigprocmask rt_sigreturn sigreturn
            rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack pause
            restart_syscall membarrier getpid getppid gettid getuid getgid geteuid getegid
            getresuid getresgid getgroups getpgid getpgrp getsid uname sysinfo getcpu getrusage
            sched_getaffinity sched_yield clock_gettime clock_gettime64 clock_getres
            clock_getres_time64 clock_nanosleep clock_nanosleep_time64 nanosleep gettimeofday time
            times tgkill
            """))

    static let all: [Group] = [
        base,
        Group(
            name: "@basic-io", summary: "descriptors, pipes, polling, timers, terminals",
            calls: words(
                """
                dup dup2 dup3 fcntl fcntl64 ioctl pipe pipe2 poll ppoll ppoll_time64 select
                _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_wait
                epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create
                timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64 pwrite64 preadv
                preadv2 pwritev pwritev2 sendfile sendfile64 splice tee vmsplice copy_file_range
                close_range alarm getitimer setitimer timer_create timer_delete timer_getoverrun
                timer_gettime timer_gettime64 timer_settime timer_settime64
                """)),
        Group(
            name: "@file-read", summary: "finding and reading files and folders",
            calls: words(
                """
                openat2 lstat lstat64 stat64 getdents getdents64 getcwd chdir fchdir statfs
                statfs64 fstatfs fstatfs64 readahead fadvise64 fadvise64_64 getxattr lgetxattr
                fgetxattr listxattr llistxattr flistxattr inotify_init inotify_init1
                inotify_add_watch inotify_rm_watch name_to_handle_at
                """)),
        Group(
            name: "@file-system", summary: "@file-read, and creating, changing and removing files",
            calls: words(
                """
                @file-read creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link
                linkat symlink symlinkat truncate truncate64 ftruncate ftruncate64 fallocate chmod
                fchmod fchmodat chown fchown fchownat lchown utime utimes utimensat
                utimensat_time64 futimesat umask flock fsync fdatasync sync_file_range syncfs sync
                mknod mknodat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
                """)),
        Group(
            name: "@network", summary: "sockets of every family",
            calls: words(
                """
                socket socketpair bind listen accept accept4 connect shutdown getsockname
                getpeername getsockopt setsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
                recvmmsg_time64 send recv socketcall
                """)),
        Group(
            name: "@process", summary: "threads and child processes, signals, priorities",
            calls: words(
                """
                clone clone3 fork vfork execveat wait4 waitid waitpid kill tkill rt_sigqueueinfo
                rt_tgsigqueueinfo pidfd_open pidfd_send_signal setpgid setsid prctl setrlimit
                getpriority setpriority sched_setaffinity sched_getparam sched_setparam
                sched_getscheduler sched_setscheduler sched_getattr sched_setattr
                sched_get_priority_max sched_get_priority_min sched_rr_get_interval ioprio_get
                ioprio_set
                """)),
        Group(
            name: "@memory", summary: "locked, shared and anonymous memory beyond what every program has",
            calls: words(
                """
                mlock mlock2 munlock mlockall munlockall msync mincore memfd_create memfd_secret
                mbind get_mempolicy set_mempolicy pkey_alloc pkey_free pkey_mprotect
                process_madvise
                """)),
        Group(
            name: "@ipc", summary: "System V and POSIX queues, semaphores and shared memory",
            calls: words(
                """
                shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv
                msgctl ipc mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
                """)),
        Group(
            name: "@aio", summary: "asynchronous input and output, io_uring",
            calls: words(
                """
                io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_uring_setup
                io_uring_enter io_uring_register
                """)),
        Group(
            name: "@identity", summary: "changing users, groups and capabilities",
            calls: words(
                """
                setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups
                capget capset
                """)),
        Group(
            name: "@sandbox", summary: "taking rights away from oneself",
            calls: words(
                "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self")),
        Group(
            name: "@keys", summary: "the kernel's keyrings", calls: words("add_key request_key keyctl")),
        Group(
            name: "@clock-set", summary: "setting the clock",
            calls: words("settimeofday clock_settime clock_settime64 adjtimex clock_adjtime stime")),
        Group(
            name: "@mount", summary: "mounting, namespaces, changing the root",
            calls: words(
                """
                mount umount umount2 pivot_root chroot unshare setns open_tree move_mount fsopen
                fsconfig fsmount fspick mount_setattr
                """)),
        Group(
            name: "@module", summary: "kernel modules", calls: words("init_module finit_module delete_module")
        ),
        Group(
            name: "@reboot", summary: "rebooting, other kernels, swap",
            calls: words("reboot kexec_load kexec_file_load swapon swapoff")),
        Group(
            name: "@debug", summary: "looking into other processes and the kernel",
            calls: words(
                """
                ptrace process_vm_readv process_vm_writev kcmp perf_event_open bpf userfaultfd
                pidfd_getfd syslog
                """)),
        Group(
            name: "@service", summary: "what an ordinary daemon needs: the groups that it names",
            calls: words("@basic-io @file-system @network @process @memory @ipc @aio @sandbox")),
    ]

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// What a wrong name is compared with.
    static let everyCall = calls(of: all.map(\.name))

    /// Groups that let a service harm more than itself.
    static let dangerous = ["@clock-set", "@mount", "@module", "@reboot", "@debug", "@keys", "@identity"]

    /// The calls behind names and groups; names that are neither stay as they are.
    static func calls(of names: [String]) -> Set<String> {
        var calls: Set<String> = []
        for name in names {
            guard let group = byName[name] else {
                calls.insert(name)
                continue
            }
            calls.formUnion(Self.calls(of: group.calls))
        }
        return calls
    }

    private static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
