// The C library as apps see it: what `import Glibc` brings, and shims for what Swift cannot import.
#ifndef AMOS_SWIFT_GLIBC_H
#define AMOS_SWIFT_GLIBC_H

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

// `errno` is a macro, and these functions take a variable number of arguments: neither is imported.
static inline int amos_errno(void) { return errno; }
static inline void amos_set_errno(int value) { errno = value; }
static inline int amos_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int amos_openat(int folder, const char *path, int flags, mode_t mode) {
    return openat(folder, path, flags, mode);
}
static inline int amos_fcntl(int descriptor, int command, long value) {
    return fcntl(descriptor, command, value);
}
static inline int amos_fcntl_pointer(int descriptor, int command, void *value) {
    return fcntl(descriptor, command, value);
}
static inline int amos_ioctl(int descriptor, unsigned long request, long value) {
    return ioctl(descriptor, request, value);
}
static inline int amos_ioctl_pointer(int descriptor, unsigned long request, void *value) {
    return ioctl(descriptor, request, value);
}

#endif
