#include "CLinux.h"
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

static long failed(int fd) {
    long error = -(long)errno;
    close(fd);
    return error;
}

long amos_listen_unix(
    const char *path, int type, unsigned permissions, uint32_t user, uint32_t group, int backlog) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct stat old;
    if (strlen(path) >= sizeof name.sun_path) return -ENAMETOOLONG;
    strcpy(name.sun_path, path);
    if (lstat(path, &old) == 0) {
        if (!S_ISSOCK(old.st_mode)) return -EADDRINUSE;
        unlink(path);
    }
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0) return -(long)errno;
    // Nobody can connect before the owner and the mode are right.
    mode_t mask = umask(0777);
    int bound = bind(fd, (struct sockaddr *)&name, sizeof name);
    umask(mask);
    if (bound < 0) return failed(fd);
    if ((user || group) && chown(path, user, group) < 0) return failed(fd);
    if (chmod(path, permissions) < 0) return failed(fd);
    if ((type & ~SOCK_NONBLOCK) != SOCK_DGRAM && listen(fd, backlog) < 0) return failed(fd);
    return fd;
}

long amos_pass_credentials(int fd) {
    int on = 1;
    return amos_result(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
}

long amos_listen_internet(const void *bytes, size_t count, uint16_t port, int type, int backlog) {
    struct sockaddr_in short_name = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 long_name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int is_long = count == sizeof long_name.sin6_addr, on = 1;
    if (!is_long && count != sizeof short_name.sin_addr) return -EINVAL;
    memcpy(is_long ? (void *)&long_name.sin6_addr : (void *)&short_name.sin_addr, bytes, count);
    int fd = socket(is_long ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0) return -(long)errno;
    // For TCP only: two receivers of the same datagrams would take them from each other.
    if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return failed(fd);
    if (is_long && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) return failed(fd);
    // Sockets are made before the network is up: the address may come later.
    setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    int bound = is_long ? bind(fd, (struct sockaddr *)&long_name, sizeof long_name)
                        : bind(fd, (struct sockaddr *)&short_name, sizeof short_name);
    if (bound < 0) return failed(fd);
    if (type == SOCK_STREAM && listen(fd, backlog) < 0) return failed(fd);
    return fd;
}

int amos_is_listening(int fd) {
    int value = 0;
    socklen_t size = sizeof value;
    // A Unix socket still calls itself listening after shutdown(2), but reports a hang-up.
    struct pollfd state = {.fd = fd};
    if (poll(&state, 1, 0) > 0 && (state.revents & POLLHUP)) return 0;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value;
}

long amos_receive_notification(
    int fd, void *bytes, size_t limit, int *passed, int passed_limit, struct amos_sender *sender) {
    union {
        struct cmsghdr header;
        // The slack may take one descriptor more.
        char space[CMSG_SPACE(AMOS_PASSED_LIMIT * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } extra;
    struct iovec part = {bytes, limit};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra.space};
    *sender = (struct amos_sender){0};
    ssize_t count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) return -(long)errno;
    sender->is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_RIGHTS) {
            size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t index = 0; index < came; index++) {
                int number;
                memcpy(&number, CMSG_DATA(header) + index * sizeof(int), sizeof number);
                if (sender->passed < passed_limit) {
                    passed[sender->passed++] = number;
                } else {
                    close(number);
                    sender->is_cut = 1;
                }
            }
        } else if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            sender->process = credentials.pid;
            sender->user = credentials.uid;
        }
    }
    if ((message.msg_flags & MSG_TRUNC) == 0) return count;
    while (sender->passed > 0) close(passed[--sender->passed]);
    return -EMSGSIZE;
}

int amos_has_packet(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

long amos_session_of(int process) { return amos_result(getsid(process)); }
