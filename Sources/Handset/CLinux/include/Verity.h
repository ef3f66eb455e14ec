// fs-verity: files that can never change again, and whose every read is checked.
#ifndef AMOS_CLINUX_VERITY_H
#define AMOS_CLINUX_VERITY_H
#include "Files.h"
#include <linux/fsverity.h>
#include <sys/ioctl.h>

/// SHA-256 over blocks of 4 KiB without salt: what packages are signed for. `fd` is open for reading only,
/// and nobody has the file open for writing.
static inline long amos_enable_verity(int fd) {
    struct fsverity_enable_arg argument;
    memset(&argument, 0, sizeof argument);
    argument.version = 1;
    argument.hash_algorithm = FS_VERITY_HASH_ALG_SHA256;
    argument.block_size = 4096;
    return amos_result(ioctl(fd, FS_IOC_ENABLE_VERITY, &argument));
}

/// The 32 bytes of its digest; -ENODATA if the file is not sealed, -EBADMSG if it is in another manner.
static inline long amos_measure_verity(int fd, uint8_t *bytes) {
    _Alignas(struct fsverity_digest) uint8_t room[sizeof(struct fsverity_digest) + 32];
    struct fsverity_digest *digest = (struct fsverity_digest *)room;
    digest->digest_size = 32;
    if (ioctl(fd, FS_IOC_MEASURE_VERITY, digest) < 0) return errno == EOVERFLOW ? -EBADMSG : -(long)errno;
    if (digest->digest_algorithm != FS_VERITY_HASH_ALG_SHA256 || digest->digest_size != 32) return -EBADMSG;
    memcpy(bytes, digest->digest, 32);
    return 0;
}
#endif
