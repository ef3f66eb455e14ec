#include "CLinux.h"
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/un.h>

long amos_epoll_create(void) { return amos_result(epoll_create1(EPOLL_CLOEXEC)); }

static long control(int epoll, int operation, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event event = {.events = events, .data.u64 = tag};
    return amos_result(epoll_ctl(epoll, operation, fd, &event));
}
long amos_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, tag);
}
long amos_epoll_modify(int epoll, int fd, uint32_t events, uint64_t tag) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, tag);
}
long amos_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

long amos_epoll_wait(int epoll, struct amos_ready *ready, int limit, int timeout_ms) {
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, limit < 64 ? limit : 64, timeout_ms);
    if (count < 0) return -(long)errno;
    for (int index = 0; index < count; index++) {
        ready[index].tag = events[index].data.u64;
        ready[index].events = events[index].events;
    }
    return count;
}

long amos_signal_descriptor(void) {
    sigset_t all, wanted;
    sigfillset(&all);
    // Whoever started this program may have ignored some; services would inherit that.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0) return -(long)errno;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGPWR);
    return amos_result(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

long amos_next_signal(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (long)info.ssi_signo : count < 0 ? -(long)errno : -EAGAIN;
}

long amos_reap(int *exit_code, int *signal_number) {
    int status;
    pid_t process = waitpid(-1, &status, WNOHANG);
    if (process < 0) return -(long)errno;
    if (process == 0) return 0;
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return process;
}

int amos_is_child(int process) {
    siginfo_t state;
    return process > 0 && waitid(P_PID, (id_t)process, &state, WEXITED | WNOHANG | WNOWAIT) == 0;
}

#ifdef __GLIBC__
static pid_t copy_process(void) { return fork(); }
#else
// In musl's static programs, without what fork(3) does for other threads: they have none, and it is 1.5 kB.
static pid_t copy_process(void) { return _Fork(); }
#endif

long amos_fork(int kept) {
    long process = amos_result(copy_process());
    if (process != 0) return process;
    // What the child does not need it must not hold: a descriptor that the parent closes stays open, and
    // watched by the parent's epoll, for as long as any copy of it does.
    unsigned first = kept > 2 ? (unsigned)kept : 2;
    if (first > 3) syscall(SYS_close_range, 3u, first - 1, 0u);
    syscall(SYS_close_range, first + 1, ~0u, 0u);
    return 0;
}
long amos_reap_one(int process) {
    int status;
    pid_t ended = waitpid(process, &status, WNOHANG);
    return ended == process ? 1 : ended == 0 ? 0 : -(long)errno;
}
void amos_exit_now(int code) { _exit(code); }
long amos_open_process(int process) { return amos_result(syscall(SYS_pidfd_open, process, 0)); }
int amos_process_id(void) { return getpid(); }
long amos_adopt_orphans(void) { return amos_result(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }

long amos_raise_descriptor_limit(int beyond_hard) {
    // As many as the kernel lets anybody have (fs.nr_open); only root may ask for that.
    struct rlimit limit = {1 << 20, 1 << 20};
    if (beyond_hard && amos_set_limit(RLIMIT_NOFILE, &limit) == 0) return 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -(long)errno;
    limit.rlim_cur = limit.rlim_max;
    return amos_result(amos_set_limit(RLIMIT_NOFILE, &limit));
}

static long address(const char *path, struct sockaddr_un *name) {
    if (strlen(path) >= sizeof name->sun_path) return -ENAMETOOLONG;
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    strcpy(name->sun_path, path);
    return 0;
}

long amos_connect(const char *path, int type) {
    struct sockaddr_un name;
    long error = address(path, &name);
    if (error < 0) return error;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0) return -(long)errno;
    if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0) return fd;
    error = -(long)errno;
    close(fd);
    return error;
}

long amos_accept(int fd) { return amos_result(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

long amos_peer(int fd, unsigned *user, int *process) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -(long)errno;
    *user = peer.uid;
    *process = peer.pid;
    return 0;
}

long amos_send(int fd, const void *bytes, size_t count, int passed, int may_wait) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } extra;
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        memset(&extra, 0, sizeof extra);
        message.msg_control = &extra;
        message.msg_controllen = sizeof extra.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    return amos_result(sendmsg(fd, &message, MSG_NOSIGNAL | (may_wait ? 0 : MSG_DONTWAIT)));
}

long amos_receive(int fd, void *bytes, size_t limit, int *passed) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } extra;
    struct iovec part = {bytes, limit};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra.space};
    *passed = -1;
    ssize_t count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return -(long)errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_RIGHTS) {
            // The buffer's slack takes more descriptors than the one it is for: whoever sends them must not
            // fill this process's table.
            size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t index = 0; index < count; index++) {
                if (*passed >= 0) close(*passed);
                memcpy(passed, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
            }
        }
    }
    if ((message.msg_flags & MSG_TRUNC) == 0) return count;
    if (*passed >= 0) close(*passed);
    *passed = -1;
    return -EMSGSIZE;
}

long amos_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -(long)errno;
    *reading = ends[0];
    *writing = ends[1];
    return amos_result(fcntl(ends[0], F_SETFL, O_NONBLOCK));
}

long amos_tee(int from, int to, size_t limit) {
    return amos_result(syscall(SYS_tee, from, to, limit, SPLICE_F_NONBLOCK));
}

long amos_splice(int pipe, int file, uint64_t offset, size_t count) {
    loff_t position = (loff_t)offset;
    return amos_result(syscall(SYS_splice, pipe, NULL, file, &position, count, SPLICE_F_NONBLOCK));
}

long amos_set_hostname(const char *name, size_t length) { return amos_result(sethostname(name, length)); }

long amos_loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -(long)errno;
    long result = amos_result(ioctl(fd, SIOCGIFFLAGS, &request));
    if (result >= 0) {
        request.ifr_flags |= IFF_UP;
        result = amos_result(ioctl(fd, SIOCSIFFLAGS, &request));
    }
    close(fd);
    return result;
}


int amos_has_children(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}
