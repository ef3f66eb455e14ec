// What wakes PID 1 up: the clock, the file system, devices; and the machine's watchdog.
#ifndef AMOS_CLINUX_WATCHING_H
#define AMOS_CLINUX_WATCHING_H
#include "Files.h"
#include <linux/watchdog.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

/// A timer of the wall clock (timerfd_create(2), CLOCK_REALTIME).
static inline long amos_timer_create(void) {
    return amos_result(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
}
/// Readable at this time, and whenever somebody sets the clock.
static inline long amos_timer_set(int fd, int64_t seconds, int64_t nanoseconds) {
    struct itimerspec when = {.it_value = {(time_t)seconds, (long)nanoseconds}};
    return amos_result(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL));
}

static inline long amos_inotify_create(void) { return amos_result(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)); }
static inline long amos_inotify_add(int fd, const char *path, uint32_t mask) {
    return amos_result(inotify_add_watch(fd, path, mask));
}
static inline long amos_inotify_remove(int fd, int watch) { return amos_result(inotify_rm_watch(fd, watch)); }
enum {
    /// Something in a directory came, went, or was written and closed.
    AMOS_IN_ENTRIES = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE_SELF |
        IN_MOVE_SELF | IN_ONLYDIR,
};

/// The kernel's own device events (NETLINK_KOBJECT_UEVENT).
long amos_uevents(void);
/// One event: `ACTION@PATH\0NAME=value\0…`; -EAGAIN: none. What a program sent is skipped (length 0).
long amos_next_uevent(int fd, void *bytes, size_t limit);

/// Seconds; the driver may choose others, which are the result.
static inline long amos_watchdog_set(int fd, int seconds) {
    return ioctl(fd, WDIOC_SETTIMEOUT, &seconds) < 0 ? -(long)errno : seconds;
}
static inline long amos_watchdog_get(int fd) {
    int seconds = 0;
    return ioctl(fd, WDIOC_GETTIMEOUT, &seconds) < 0 ? -(long)errno : seconds;
}
static inline long amos_watchdog_feed(int fd) { return amos_result(ioctl(fd, WDIOC_KEEPALIVE, 0)); }
#endif
