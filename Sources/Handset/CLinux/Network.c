#include "CLinux.h"
#include <linux/rtc.h>
#include <netdb.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

long amos_tell(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) return -(long)errno;
    struct timeval limit = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    long result = 0;
    char answer[64];
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        send(fd, bytes, count, MSG_NOSIGNAL) < 0 || recv(fd, answer, sizeof answer, 0) < 0) {
        result = -(long)errno;
    }
    close(fd);
    return result;
}

long amos_connect_udp(const char *host, const char *port) {
    struct addrinfo wanted = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG}, *found;
    if (getaddrinfo(host, port, &wanted, &found) != 0) return -EHOSTUNREACH;
    long result = -EHOSTUNREACH;
    for (struct addrinfo *one = found; one && result < 0; one = one->ai_next) {
        int fd = socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) continue;
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            result = fd;
        } else {
            result = -(long)errno;
            close(fd);
        }
    }
    freeaddrinfo(found);
    return result;
}

int amos_has_hung_up(int fd) {
    struct pollfd entry = {.fd = fd};
    return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

long amos_wait_readable(int fd, int timeout_ms) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    return amos_result(poll(&waiting, 1, timeout_ms));
}

int64_t amos_wall_time_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

long amos_set_wall_time_ns(int64_t time) {
    struct timespec now = {.tv_sec = (time_t)(time / 1000000000), .tv_nsec = (long)(time % 1000000000)};
    return amos_result(clock_settime(CLOCK_REALTIME, &now));
}

long amos_set_hardware_clock(int fd, int64_t unix_seconds) {
    time_t seconds = (time_t)unix_seconds;
    struct tm date;
    if (!gmtime_r(&seconds, &date)) return -EOVERFLOW;
    struct rtc_time time = {
        .tm_sec = date.tm_sec, .tm_min = date.tm_min, .tm_hour = date.tm_hour,
        .tm_mday = date.tm_mday, .tm_mon = date.tm_mon, .tm_year = date.tm_year,
    };
    return amos_result(ioctl(fd, RTC_SET_TIME, &time));
}
