// Processes, signals, epoll, local sockets: what PID 1 and the daemons stand on.
#ifndef AMOS_CLINUX_PROCESS_H
#define AMOS_CLINUX_PROCESS_H
#include "Files.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// One descriptor that has something to say. Not `struct epoll_event`, which is packed on x86-64 only.
struct amos_ready {
    uint64_t tag;
    uint32_t events;
};

long amos_epoll_create(void);
long amos_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag);
long amos_epoll_modify(int epoll, int fd, uint32_t events, uint64_t tag);
long amos_epoll_remove(int epoll, int fd);
/// Waits at most `timeout_ms` (-1: for ever).
long amos_epoll_wait(int epoll, struct amos_ready *ready, int limit, int timeout_ms);

/// Blocks every signal of this process; those that ask for something arrive here instead.
long amos_signal_descriptor(void);
/// The next signal's number, or -EAGAIN.
long amos_next_signal(int fd);
static inline long amos_kill(int process, int number) { return amos_result(kill(process, number)); }
/// The next child that has ended, 0 if none has, -ECHILD if there are none.
long amos_reap(int *exit_code, int *signal_number);

/// 1: this child has ended, and is forgotten now; 0: it runs.
long amos_reap_one(int process);
int amos_has_children(void);
int amos_is_child(int process);
/// The child keeps descriptors 0, 1, 2 and `kept` (-1: none); all others are closed in it.
long amos_fork(int kept);
void amos_exit_now(int code);
int amos_process_id(void);
/// pidfd_open(2)
long amos_open_process(int process);
static inline uint32_t amos_user(void) { return geteuid(); }
static inline uint32_t amos_group(void) { return getegid(); }
/// Orphans below this process become its children, as they do below PID 1.
long amos_adopt_orphans(void);
/// Not setrlimit(3): musl's stops every thread for it, in a new process those of PID 1's memory, and brings a
/// hundredth of amos-init with it. The kernel applies it to the whole process by itself.
static inline int amos_set_limit(int resource, const struct rlimit *limit) {
    struct { uint64_t soft, hard; } both = {limit->rlim_cur, limit->rlim_max};
    return (int)syscall(SYS_prlimit64, 0, resource, &both, NULL);
}
long amos_raise_descriptor_limit(int beyond_hard);

/// `type` is SOCK_SEQPACKET or SOCK_DGRAM.
long amos_connect(const char *path, int type);
long amos_accept(int fd);
long amos_peer(int fd, unsigned *user, int *process);
/// One packet, with a descriptor if `passed` >= 0. Never raises SIGPIPE.
long amos_send(int fd, const void *bytes, size_t count, int passed, int may_wait);
/// One packet. `passed` receives the last descriptor in it or -1. Longer packets: -EMSGSIZE.
long amos_receive(int fd, void *bytes, size_t limit, int *passed);
/// Copies up to `limit` bytes from one pipe to another and leaves them in the first; 0: nobody writes it any
/// more.
long amos_tee(int from, int to, size_t limit);
/// Moves up to `count` bytes from a pipe into a file, at `offset`.
long amos_splice(int pipe, int file, uint64_t offset, size_t count);
/// The reading end does not block.
long amos_pipe(int *reading, int *writing);

/// Writing to what nobody reads any more is an error (EPIPE), and no death.
static inline void amos_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

long amos_set_hostname(const char *name, size_t length);
long amos_loopback_up(void);

enum {
    AMOS_EPOLLIN = EPOLLIN, AMOS_EPOLLOUT = EPOLLOUT, AMOS_EPOLLHUP = EPOLLHUP, AMOS_EPOLLERR = EPOLLERR,
    AMOS_EPOLLPRI = EPOLLPRI,
    AMOS_EPOLLET = 1u << 31,
    AMOS_SEQPACKET = SOCK_SEQPACKET, AMOS_DGRAM = SOCK_DGRAM, AMOS_NONBLOCK = SOCK_NONBLOCK,
};
#endif
