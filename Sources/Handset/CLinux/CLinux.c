#include "CLinux.h"

#if !defined(__GLIBC__)
#include <stdlib.h>
#include <sys/random.h>

// GRND_INSECURE, which musl's headers lack. Nothing secret comes from here, only seeds of hashes and of jitter:
// PID 1 must not wait until a machine that has just started has seen enough of the world to be unpredictable,
// which takes seconds where there is no source of randomness.
enum { AMOS_GRND_INSECURE = 4 };

// Swift's hashing seeds itself from this; musl does not have it.
void arc4random_buf(void *bytes, size_t count) {
    unsigned char *next = bytes;
    while (count > 0) {
        ssize_t filled = getrandom(next, count, AMOS_GRND_INSECURE);
        if (filled < 0 && errno == EINTR) continue;
        if (filled < 0) abort();
        next += filled;
        count -= (size_t)filled;
    }
}
#endif
