#include "CLinux.h"
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/un.h>

static long failed(int fd) {
    long error = -(long)errno;
    close(fd);
    return error;
}

long amos_open_terminal(char *name, size_t limit) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -(long)errno;
    if (grantpt(fd) < 0 || unlockpt(fd) < 0) return failed(fd);
    int error = ptsname_r(fd, name, limit);
    if (error == 0) return fd;
    close(fd);
    return -(long)error;
}

long amos_set_window_size(int fd, uint16_t rows, uint16_t columns, uint16_t width, uint16_t height) {
    struct winsize size = {rows, columns, width, height};
    return amos_result(ioctl(fd, TIOCSWINSZ, &size));
}

long amos_set_blocking(int fd, int blocks) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -(long)errno;
    return amos_result(fcntl(fd, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

static long local_name(const void *name, size_t count, int is_abstract, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    if (count + 1 > sizeof address->sun_path) return -ENAMETOOLONG;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path + (is_abstract ? 1 : 0), name, count);
    return (long)(offsetof(struct sockaddr_un, sun_path) + count + 1);
}

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static long stream(int family) {
    return amos_result(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

long amos_connect_local_stream(const void *name, size_t count, int is_abstract) {
    struct sockaddr_un address;
    long size = local_name(name, count, is_abstract, &address);
    if (size < 0) return size;
    int fd = (int)stream(AF_UNIX);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, (socklen_t)size) < 0) return failed(fd);
    return fd;
}

long amos_connect_loopback(uint16_t port) {
    struct sockaddr_in address = loopback(port);
    int on = 1, fd = (int)stream(AF_INET);
    if (fd < 0) return fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) {
        return failed(fd);
    }
    return fd;
}

long amos_listen_local_stream(const void *name, size_t count, int is_abstract) {
    struct sockaddr_un address;
    long size = local_name(name, count, is_abstract, &address);
    if (size < 0) return size;
    int fd = (int)stream(AF_UNIX);
    if (fd < 0) return fd;
    if (bind(fd, (struct sockaddr *)&address, (socklen_t)size) < 0 || listen(fd, 16) < 0) return failed(fd);
    return fd;
}

long amos_listen_loopback(uint16_t port, uint16_t *chosen) {
    struct sockaddr_in address = loopback(port);
    socklen_t size = sizeof address;
    int on = 1, fd = (int)stream(AF_INET);
    if (fd < 0) return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0) return failed(fd);
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) return failed(fd);
    *chosen = ntohs(address.sin_port);
    return fd;
}

long amos_accept_peer(int fd, uint8_t *address, int *count) {
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    int on = 1, peer = accept4(fd, (struct sockaddr *)&name, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) return -(long)errno;
    *count = 0;
    if (name.ss_family == AF_INET) {
        memcpy(address, &((struct sockaddr_in *)&name)->sin_addr, *count = 4);
    } else if (name.ss_family == AF_INET6) {
        memcpy(address, &((struct sockaddr_in6 *)&name)->sin6_addr, *count = 16);
    }
    if (*count > 0) setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return peer;
}

long amos_socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -(long)errno : -(long)error;
}

long amos_shut_writing(int fd) { return amos_result(shutdown(fd, SHUT_WR)); }

long amos_file_facts(const char *path, int follows, struct amos_facts *facts) {
    struct stat status;
    if (fstatat(AT_FDCWD, path, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) < 0) return -(long)errno;
    *facts = (struct amos_facts){
        .device = status.st_dev, .inode = status.st_ino, .size = (uint64_t)status.st_size,
        .read = status.st_atim.tv_sec, .modified = status.st_mtim.tv_sec, .changed = status.st_ctim.tv_sec,
        .mode = status.st_mode, .links = (uint32_t)status.st_nlink, .user = status.st_uid, .group = status.st_gid,
    };
    return 0;
}

long amos_set_times(int fd, int64_t modified) {
    struct timespec times[2] = {{.tv_sec = (time_t)modified}, {.tv_sec = (time_t)modified}};
    return amos_result(futimens(fd, times));
}

long amos_symlink(const char *target, const char *path) { return amos_result(symlink(target, path)); }

long amos_own_path(const char *path, uint32_t user, uint32_t group) {
    return amos_result(lchown(path, user, group));
}

long amos_become(uint32_t user, uint32_t group) {
    // Only root may choose the group: it goes last towards root, first away from it.
    if (user == 0) {
        if (seteuid(0) < 0) return -(long)errno;
        return amos_result(setegid(group));
    }
    if (setegid(group) < 0) return -(long)errno;
    return amos_result(seteuid(user));
}

long amos_drop_groups(void) { return amos_result(setgroups(0, NULL)); }

long amos_random(void *bytes, size_t count) { return amos_result(syscall(SYS_getrandom, bytes, count, 0)); }

long amos_close_on_execute(int fd) { return amos_result(fcntl(fd, F_SETFD, FD_CLOEXEC)); }
