#include "CLinux.h"

#if !defined(__GLIBC__)
#include <stdlib.h>
#include <sys/random.h>

// Swift's hashing seeds itself from this; musl does not have it.
void arc4random_buf(void *bytes, size_t count) {
    unsigned char *next = bytes;
    while (count > 0) {
        ssize_t filled = getrandom(next, count, 0);
        if (filled < 0 && errno == EINTR) continue;
        if (filled < 0) abort();
        next += filled;
        count -= (size_t)filled;
    }
}
#endif
