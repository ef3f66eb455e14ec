// Descriptors and paths.
#ifndef AMOS_CLINUX_FILES_H
#define AMOS_CLINUX_FILES_H
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline int amos_errno(void) { return errno; }
/// musl has no text for the error that a damaged file system gives.
static inline const char *amos_reason(int code) {
    return code == EUCLEAN ? "the file system is damaged" : strerror(code);
}
static inline long amos_result(long result) { return result < 0 ? -(long)errno : result; }

static inline long amos_open(const char *path, int flags, unsigned permissions) {
    return amos_result(open(path, flags | O_CLOEXEC, permissions));
}
static inline long amos_close(int fd) { return amos_result(close(fd)); }
static inline long amos_read(int fd, void *bytes, size_t count) { return amos_result(read(fd, bytes, count)); }
static inline long amos_write(int fd, const void *bytes, size_t count) {
    return amos_result(write(fd, bytes, count));
}
static inline long amos_pread(int fd, void *bytes, size_t count, uint64_t offset) {
    return amos_result(pread(fd, bytes, count, (off_t)offset));
}
static inline long amos_pwrite(int fd, const void *bytes, size_t count, uint64_t offset) {
    return amos_result(pwrite(fd, bytes, count, (off_t)offset));
}
static inline long amos_fsync(int fd) { return amos_result(fsync(fd)); }
static inline long amos_ftruncate(int fd, uint64_t size) { return amos_result(ftruncate(fd, (off_t)size)); }
static inline long amos_file_size(int fd) {
    struct stat status;
    return fstat(fd, &status) < 0 ? -(long)errno : (long)status.st_size;
}
/// Type, permissions and owner of an open file.
static inline long amos_status(int fd, unsigned *mode, uint32_t *user) {
    struct stat status;
    if (fstat(fd, &status) < 0) return -(long)errno;
    *mode = status.st_mode;
    *user = status.st_uid;
    return 0;
}
static inline long amos_own(int fd, uint32_t user, uint32_t group) {
    return amos_result(fchown(fd, user, group));
}
static inline long amos_permit(int fd, unsigned permissions) { return amos_result(fchmod(fd, permissions)); }
/// fallocate(2): the file gets this size, and room on the disk for all of it.
static inline long amos_reserve(int fd, uint64_t size) {
    return amos_result(syscall(SYS_fallocate, fd, 0, (off_t)0, (off_t)size));
}
/// Everything of the file system that the file is on reaches the disk.
static inline long amos_sync_file_system(int fd) { return amos_result(syscall(SYS_syncfs, fd)); }
static inline long amos_rename(const char *from, const char *to) { return amos_result(rename(from, to)); }
/// `name` may be any bytes.
static inline long amos_rename_in(int folder, const char *name, const char *to) {
    return amos_result(renameat(folder, name, AT_FDCWD, to));
}
static inline long amos_unlink(const char *path) { return amos_result(unlink(path)); }
static inline int amos_exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}
static inline int amos_is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}
static inline long amos_rmdir(const char *path) { return amos_result(rmdir(path)); }
static inline long amos_mkdir(const char *path, unsigned permissions) {
    return amos_result(mkdir(path, permissions));
}

/// Nanoseconds of CLOCK_BOOTTIME: the time base of every event.
static inline uint64_t amos_boot_time_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static inline uint64_t amos_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static inline void amos_sleep_ns(uint64_t duration) {
    struct timespec left = {(time_t)(duration / 1000000000u), (long)(duration % 1000000000u)};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {}
}

// Constants that headers spell as expressions Swift does not import everywhere.
enum {
    AMOS_O_RDONLY = O_RDONLY, AMOS_O_WRONLY = O_WRONLY, AMOS_O_RDWR = O_RDWR, AMOS_O_CREAT = O_CREAT,
    AMOS_O_EXCL = O_EXCL, AMOS_O_TRUNC = O_TRUNC, AMOS_O_APPEND = O_APPEND, AMOS_O_NONBLOCK = O_NONBLOCK,
    AMOS_O_DIRECTORY = O_DIRECTORY, AMOS_O_NOFOLLOW = O_NOFOLLOW,
};
#endif
