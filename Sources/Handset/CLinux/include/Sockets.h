// Sockets that PID 1 makes for services, and what services tell it.
#ifndef AMOS_CLINUX_SOCKETS_H
#define AMOS_CLINUX_SOCKETS_H
#include "Files.h"
#include <sys/socket.h>

/// A socket that listens at `path` (SOCK_STREAM, SOCK_SEQPACKET) or receives there (SOCK_DGRAM). An
/// old socket there is replaced, anything else is -EADDRINUSE. The owner is set unless both ids are 0. It blocks
/// unless `type` has SOCK_NONBLOCK.
long amos_listen_unix(
    const char *path, int type, unsigned permissions, uint32_t user, uint32_t group, int backlog);
/// The same for TCP (SOCK_STREAM) or UDP (SOCK_DGRAM); `bytes` has 4 or 16, in network order.
long amos_listen_internet(const void *bytes, size_t count, uint16_t port, int type, int backlog);
/// Datagrams carry their sender's ids from now on (SO_PASSCRED).
long amos_pass_credentials(int fd);
/// Whether a stream socket still listens: a service may have shut it down.
int amos_is_listening(int fd);

/// Who sent a datagram, and how many descriptors of it were kept.
struct amos_sender {
    int process;
    uint32_t user;
    int passed;
    /// There were more descriptors than fitted, or than this process may open.
    int is_cut;
};
/// Whether one waits, or an error.
int amos_has_packet(int fd);
/// One datagram; `passed` has room for `passed_limit` descriptors, more are closed. Longer datagrams:
/// -EMSGSIZE.
long amos_receive_notification(
    int fd, void *bytes, size_t limit, int *passed, int passed_limit, struct amos_sender *sender);
/// getsid(2)
long amos_session_of(int process);

enum { AMOS_STREAM = SOCK_STREAM, AMOS_PASSED_LIMIT = 16 };
#endif
