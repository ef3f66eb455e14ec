// libwebsockets, as much of it as a client of HTTP needs. Its callbacks end here: Swift asks what has come of
// a transfer, so that nothing runs while something else is under way.
#ifndef AMOS_CLIBWEBSOCKETS_H
#define AMOS_CLIBWEBSOCKETS_H
#include <stddef.h>
#include <stdint.h>

/// The library's state. One in a process.
struct amos_web;
/// A way out: directly, or through a proxy.
struct amos_web_origin;
/// A request and what came of it.
struct amos_web_transfer;

/// `local`: an epoll that this program waits on; it stays the caller's. `authorities`: a file of certificates
/// in PEM that servers are believed by. NULL: no memory, or no such file.
struct amos_web *amos_web_open(int local, const char *authorities);
/// Returns when something has happened: on the network, to `local`, or because time is up. Negative:
/// it is over.
int amos_web_wait(struct amos_web *web);
/// `amos_web_wait` returns after this time at the latest; the last call counts.
void amos_web_wake_after(struct amos_web *web, uint64_t milliseconds);

/// `proxy`: NULL, or `[USER:PASSWORD@]ADDRESS:PORT`, through which everything goes (CONNECT).
struct amos_web_origin *amos_web_origin_open(struct amos_web *web, const char *name, const char *proxy);
void amos_web_origin_close(struct amos_web_origin *origin);

struct amos_web_request {
    /// Numeric, unless a proxy finds the host.
    const char *address;
    uint16_t port;
    int is_secure;
    /// The name that the certificate must have, and of the field Host.
    const char *host;
    const char *path;
    /// `bytes=…`, or NULL.
    const char *range;
    /// An entity tag that makes `range` void unless the file still has it, or NULL.
    const char *if_range;
};
/// NULL: no memory.
struct amos_web_transfer *amos_web_begin(
    struct amos_web *web, struct amos_web_origin *origin, const struct amos_web_request *request);
/// Whatever it was doing. Nothing of it may be used afterwards.
void amos_web_end(struct amos_web_transfer *transfer);

enum amos_web_state {
    AMOS_WEB_CONNECTING, // no answer yet
    AMOS_WEB_RECEIVING,  // status and fields are there, the body comes
    AMOS_WEB_COMPLETE,   // all of it has come; some may not be taken yet
    AMOS_WEB_FAILED,     // the connection has ended before all had come
};
int amos_web_state_of(const struct amos_web_transfer *transfer);
int amos_web_status(const struct amos_web_transfer *transfer);
/// What the library says of a failure.
const char *amos_web_reason(const struct amos_web_transfer *transfer);

enum amos_web_field {
    AMOS_WEB_CONTENT_LENGTH, AMOS_WEB_CONTENT_RANGE, AMOS_WEB_ENTITY_TAG, AMOS_WEB_LOCATION,
    AMOS_WEB_RETRY_AFTER, AMOS_WEB_TRANSFER_ENCODING, AMOS_WEB_FIELD_COUNT,
};
/// The answer's field; empty where there is none.
const char *amos_web_field(const struct amos_web_transfer *transfer, int field);

/// Moves up to `limit` bytes of the body out; 0: none are here at the moment.
size_t amos_web_take(struct amos_web_transfer *transfer, void *bytes, size_t limit);
size_t amos_web_waiting(const struct amos_web_transfer *transfer);

/// Addresses of a name, each as text, one a line, as the machine's resolver orders them. 0 or more: how many
/// bytes; negative: an EAI_… code. Waits for as long as that takes: call it in a process of its own.
long amos_web_resolve(const char *host, char *text, size_t limit);
const char *amos_web_resolver_reason(int code);
#endif
