// Steps that give a service its own view of the file system (mount_namespaces(7)).
#include "CLinux.h"
#include <limits.h>
#include <sys/mount.h>
#include <sys/syscall.h>

// <linux/mount.h> and glibc's <sys/mount.h> contradict each other, and musl has none of it.
enum { clone_tree = 1, source_is_descriptor = 0x04, follow_target = 0x10, whole_tree = 0x8000 };
struct attributes {
    uint64_t set, clear, propagation, user_namespace;
};

/// A copy of the mounts at and below `path`, attached nowhere yet.
static int catch_tree(const char *path, int depth) {
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, clone_tree | O_CLOEXEC | depth);
}

static int place_tree(int tree, const char *path) {
    int result = (int)syscall(
        SYS_move_mount, tree, "", AT_FDCWD, path, source_is_descriptor | follow_target);
    int error = errno;
    close(tree);
    errno = error;
    return result;
}

static int change(int directory, const char *path, int flags, uint64_t set, uint64_t clear) {
    struct attributes attributes = {.set = set, .clear = clear};
    if ((set | clear) == 0) return 0;
    return (int)syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes);
}

/// Binds go to places that need not be there yet, in a temporary file system as a rule.
static int make_mount_point(int tree, const char *path) {
    static char made[PATH_MAX];
    struct stat status;
    if (stat(path, &status) == 0) return 0;
    size_t length = strlen(path);
    if (errno != ENOENT) return -1;
    if (length >= sizeof made) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (size_t index = 1; index < length; index++) {
        if (path[index] != '/') continue;
        memcpy(made, path, index);
        made[index] = 0;
        if (mkdir(made, 0755) < 0 && errno != EEXIST) return -1;
    }
    if (fstat(tree, &status) < 0) return -1;
    if (S_ISDIR(status.st_mode)) return mkdir(path, 0755);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    return fd < 0 ? -1 : close(fd);
}

static int place(const struct amos_spawn *plan, const struct amos_step *step) {
    int tree = plan->steps[step->number].held;
    if (tree < 0) return 0;
    if (change(tree, "", AT_EMPTY_PATH | whole_tree, step->bits, 0) < 0) return -1;
    return make_mount_point(tree, step->one) < 0 ? -1 : place_tree(tree, step->one);
}

/// The same tree again, with other attributes.
static int cover(const struct amos_step *step) {
    int tree = catch_tree(step->one, whole_tree);
    if (tree < 0) return -1;
    if (change(tree, "", AT_EMPTY_PATH | whole_tree, step->bits, step->more) < 0) return -1;
    return place_tree(tree, step->one);
}

static int hide(const struct amos_spawn *plan, const struct amos_step *step) {
    struct stat status;
    const uint64_t closed = AMOS_MOUNT_READ_ONLY | AMOS_MOUNT_NO_SETUID | AMOS_MOUNT_NO_DEVICES |
                            AMOS_MOUNT_NO_EXECUTE;
    if (stat(step->one, &status) < 0) return -1;
    if (S_ISDIR(status.st_mode)) {
        return mount(
            "tmpfs", step->one, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
            "mode=000,size=4k,nr_inodes=2");
    }
    int tree = plan->steps[step->number].held;
    if (change(tree, "", AT_EMPTY_PATH, closed, 0) < 0) return -1;
    return place_tree(tree, step->one);
}

static int link_devices(void) {
    static const char *const links[][2] = {
        {"pts/ptmx", "/dev/ptmx"}, {"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"},
        {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
    };
    for (size_t index = 0; index < sizeof links / sizeof *links; index++) {
        if (symlink(links[index][0], links[index][1]) < 0) return -1;
    }
    return 0;
}

/// The nodes are those of the real /dev, bound: mknod(2) is not allowed in a user namespace.
static int make_devices(void) {
    static const char *const nodes[] = {
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
    enum { count = sizeof nodes / sizeof *nodes };
    int trees[count];
    for (int index = 0; index < count; index++) {
        trees[index] = catch_tree(nodes[index], 0);
        if (trees[index] < 0 && errno != ENOENT) return -1;
    }
    if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k") < 0) return -1;
    for (int index = 0; index < count; index++) {
        if (trees[index] < 0) continue;
        if (make_mount_point(trees[index], nodes[index]) < 0) return -1;
        if (place_tree(trees[index], nodes[index]) < 0) return -1;
    }
    if (mkdir("/dev/pts", 0755) < 0 || mkdir("/dev/shm", 01777) < 0 || link_devices() < 0) return -1;
    const unsigned long closed = MS_NOSUID | MS_NOEXEC;
    if (mount("devpts", "/dev/pts", "devpts", closed, "newinstance,ptmxmode=0666,mode=620") < 0) return -1;
    if (mount("tmpfs", "/dev/shm", "tmpfs", closed | MS_NODEV, "mode=1777") < 0) return -1;
    return change(AT_FDCWD, "/dev", 0, AMOS_MOUNT_READ_ONLY, 0);
}

static int take(const struct amos_spawn *plan, struct amos_step *step) {
    switch (step->kind) {
    case AMOS_STEP_PRIVATE_MOUNTS: return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    case AMOS_STEP_CATCH: return step->held = catch_tree(step->one, whole_tree);
    case AMOS_STEP_PLACE: return place(plan, step);
    case AMOS_STEP_COVER: return cover(step);
    case AMOS_STEP_ATTRIBUTES: return change(AT_FDCWD, step->one, whole_tree, step->bits, 0);
    // These four flags have the same numbers here.
    case AMOS_STEP_MOUNT: return mount(step->two, step->one, step->two, step->bits, step->three);
    case AMOS_STEP_MOUNT_FILE:
        if (mkdir(step->one, 0755) < 0 && errno != EEXIST) return -1;
        return mount(step->three, step->one, step->two, step->bits, "");
    case AMOS_STEP_HIDE: return hide(plan, step);
    case AMOS_STEP_DEVICES: return make_devices();
    default: errno = ENOSYS; return -1;
    }
}

int amos_take_mount_step(const struct amos_spawn *plan, struct amos_step *step) {
    if (take(plan, step) >= 0) return 0;
    return step->is_optional && errno == ENOENT ? 0 : -1;
}
