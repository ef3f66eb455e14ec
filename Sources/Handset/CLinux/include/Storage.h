// Mounts, block devices, device mapper, kernel modules, directories, and the end of the machine.
#ifndef AMOS_CLINUX_STORAGE_H
#define AMOS_CLINUX_STORAGE_H
#include "Files.h"
#include <dirent.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

static inline long amos_mount(
    const char *source, const char *target, const char *type, unsigned long flags, const char *options) {
    return amos_result(mount(source, target, type, flags, options));
}
static inline long amos_unmount(const char *target, int flags) { return amos_result(umount2(target, flags)); }
static inline long amos_finit_module(int fd, const char *parameters) {
    return amos_result(syscall(SYS_finit_module, fd, parameters, 0));
}
static inline long amos_ioctl(int fd, unsigned long request, void *argument) {
    return amos_result(ioctl(fd, request, argument));
}
/// The file system's size in its own blocks, metadata not counted; -errno on failure.
static inline long amos_file_system_blocks(const char *path) {
    struct statfs status;
    return statfs(path, &status) < 0 ? -(long)errno : (long)status.f_blocks;
}
/// 1 if the file system of this file takes no writes, 0 if it does (statfs(2), ST_RDONLY).
static inline long amos_is_read_only(int fd) {
    struct statfs status;
    return fstatfs(fd, &status) < 0 ? -(long)errno : (long)(status.f_flags & 1);
}
static inline long amos_chdir(const char *path) { return amos_result(chdir(path)); }
static inline long amos_chroot(const char *path) { return amos_result(chroot(path)); }
static inline void amos_sync(void) { sync(); }
static inline long amos_drain(int fd) { return amos_result(tcdrain(fd)); }

static inline long amos_restart(void) { return amos_result(reboot(RB_AUTOBOOT)); }
static inline long amos_power_off(void) { return amos_result(reboot(RB_POWER_OFF)); }

/// Replaces this program; returns only on failure.
static inline long amos_execve(const char *path, char *const arguments[], char *const environment[]) {
    execve(path, arguments, environment);
    return -(long)errno;
}

/// Runs a program to its end and gives its wait status; SIGALRM ends it after the limit.
static inline long amos_run(
    const char *path, char *const arguments[], char *const environment[], unsigned limit_seconds) {
    pid_t child = fork();
    if (child < 0) return -(long)errno;
    if (child == 0) {
        // A mask is inherited: a blocked or ignored SIGALRM would make the limit none.
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, 0);
        signal(SIGALRM, SIG_DFL);
        alarm(limit_seconds);
        execve(path, arguments, environment);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return -(long)errno;
    }
    return status;
}

/// The next entry's name, or null at the end.
static inline const char *amos_next_name(DIR *directory) {
    struct dirent *entry = readdir(directory);
    return entry ? entry->d_name : 0;
}

static const unsigned long AMOS_DM_DEV_CREATE = DM_DEV_CREATE;
static const unsigned long AMOS_DM_DEV_SUSPEND = DM_DEV_SUSPEND;
static const unsigned long AMOS_DM_TABLE_LOAD = DM_TABLE_LOAD;
static const unsigned long AMOS_BLKGETSIZE64 = BLKGETSIZE64;
static const unsigned long AMOS_BLKDISCARD = BLKDISCARD;
static const unsigned long AMOS_BLKZEROOUT = BLKZEROOUT;
/// EXT4_IOC_RESIZE_FS of fs/ext4/ext4.h: grow a mounted file system to this many blocks.
static const unsigned long AMOS_EXT4_RESIZE = _IOW('f', 16, uint64_t);
static const unsigned long AMOS_MS_RDONLY = MS_RDONLY, AMOS_MS_NOSUID = MS_NOSUID, AMOS_MS_NODEV = MS_NODEV,
                           AMOS_MS_NOEXEC = MS_NOEXEC, AMOS_MS_NOATIME = MS_NOATIME, AMOS_MS_MOVE = MS_MOVE,
                           AMOS_MS_REMOUNT = MS_REMOUNT;
#endif
