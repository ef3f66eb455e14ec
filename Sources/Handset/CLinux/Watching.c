#include "CLinux.h"
#include <linux/netlink.h>

long amos_uevents(void) {
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd < 0) return -(long)errno;
    // A burst of devices at boot; what is lost is found again by looking (ENOBUFS).
    int size = 256 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) == 0) return fd;
    long error = -(long)errno;
    close(fd);
    return error;
}

long amos_next_uevent(int fd, void *bytes, size_t limit) {
    struct sockaddr_nl sender;
    struct iovec part = {bytes, limit};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0) return -(long)errno;
    return sender.nl_pid == 0 ? count : 0;
}
