#include <stddef.h>
#include <stdint.h>

// What retains a string's storage in Swift 6.3's Embedded runtime is declared to return its argument, but returns
// it without the bits that tell a short string, whose bytes are in these bits and the rest of the word, from a
// pointer. The optimiser believes the declaration on arm64 and goes on with what was returned: a short string is
// then read as one at a wild address (swiftlang/swift#91151). The runtime's functions are weak: these take their
// place in every program, and keep the promise.
#if defined(AMOS_EMBEDDED_SWIFT)
void *swift_retain(void *object);
void *swift_retain_n(void *object, uint32_t count);

static void *storage(void *object) {
    return (void *)((uintptr_t)object & 0x8ffffffffffffff8u);
}

void *swift_bridgeObjectRetain(void *object) {
    swift_retain(storage(object));
    return object;
}

void *swift_bridgeObjectRetain_n(void *object, uint32_t count) {
    swift_retain_n(storage(object), count);
    return object;
}
#endif
