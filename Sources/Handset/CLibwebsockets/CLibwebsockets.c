#include "CLibwebsockets.h"
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What waits of one body. A reader that takes nothing stops the connection here.
enum { BODY_LIMIT = 64 << 10, FIELD_LIMIT = 2048, REASON_LIMIT = 160, HEAD_LIMIT = 16 << 10 };

struct amos_web {
    struct lws_context *context;
    struct lws_vhost *local_host;
    SSL_CTX *tls;
    char *authorities;
    lws_sorted_usec_list_t timer;
};

struct amos_web_origin {
    struct lws_vhost *host;
};

struct amos_web_transfer {
    struct lws *connection;
    int state, status, is_stopped;
    char reason[REASON_LIMIT];
    char fields[AMOS_WEB_FIELD_COUNT][FIELD_LIMIT];
    char range[64], if_range[128];
    size_t start, count;
    uint8_t body[BODY_LIMIT];
};

static const enum lws_token_indexes tokens[AMOS_WEB_FIELD_COUNT] = {
    [AMOS_WEB_CONTENT_LENGTH] = WSI_TOKEN_HTTP_CONTENT_LENGTH,
    [AMOS_WEB_CONTENT_RANGE] = WSI_TOKEN_HTTP_CONTENT_RANGE,
    [AMOS_WEB_ENTITY_TAG] = WSI_TOKEN_HTTP_ETAG,
    [AMOS_WEB_LOCATION] = WSI_TOKEN_HTTP_LOCATION,
    [AMOS_WEB_RETRY_AFTER] = WSI_TOKEN_HTTP_RETRY_AFTER,
    [AMOS_WEB_TRANSFER_ENCODING] = WSI_TOKEN_HTTP_TRANSFER_ENCODING,
};

static void fail(struct amos_web_transfer *transfer, const char *reason, size_t count) {
    if (transfer->state >= AMOS_WEB_COMPLETE) return;
    transfer->state = AMOS_WEB_FAILED;
    if (count >= REASON_LIMIT) count = REASON_LIMIT - 1;
    if (reason) memcpy(transfer->reason, reason, count);
    transfer->reason[reason ? count : 0] = 0;
}

static void take_head(struct amos_web_transfer *transfer, struct lws *connection) {
    transfer->status = (int)lws_http_client_http_response(connection);
    for (int field = 0; field < AMOS_WEB_FIELD_COUNT; field++) {
        // One that is too long is as good as none.
        if (lws_hdr_copy(connection, transfer->fields[field], FIELD_LIMIT, tokens[field]) < 0) {
            transfer->fields[field][0] = 0;
        }
    }
    if (transfer->state == AMOS_WEB_CONNECTING) transfer->state = AMOS_WEB_RECEIVING;
}

static int add_field(const char *name, const char *value, struct lws *connection, void *place, size_t room) {
    unsigned char **at = place;
    return lws_add_http_header_by_name(
        connection, (const unsigned char *)name, (const unsigned char *)value, (int)strlen(value), at,
        *at + room);
}

static int write_fields(
    struct amos_web_transfer *transfer, struct lws *connection, void *place, size_t room) {
    // Ranges count bytes of what lies there, not of what a server makes of it on the way.
    if (add_field("accept-encoding:", "identity", connection, place, room) != 0) return -1;
    if (add_field("user-agent:", "amos", connection, place, room) != 0) return -1;
    if (transfer->range[0] && add_field("range:", transfer->range, connection, place, room) != 0) return -1;
    if (transfer->if_range[0] && add_field("if-range:", transfer->if_range, connection, place, room) != 0) {
        return -1;
    }
    return 0;
}

static size_t room_of(const struct amos_web_transfer *transfer) { return BODY_LIMIT - transfer->count; }

static int receive(struct amos_web_transfer *transfer, struct lws *connection) {
    char buffer[LWS_PRE + 16384];
    size_t room = room_of(transfer);
    if (room == 0) {
        transfer->is_stopped = 1;
        lws_rx_flow_control(connection, 0);
        return 0;
    }
    char *start = buffer + LWS_PRE;
    int count = room < 16384 ? (int)room : 16384;
    return lws_http_client_read(connection, &start, &count) < 0 ? -1 : 0;
}

static int keep(struct amos_web_transfer *transfer, const void *bytes, size_t count) {
    if (count > room_of(transfer)) return -1;
    if (transfer->start + transfer->count + count > BODY_LIMIT) {
        memmove(transfer->body, transfer->body + transfer->start, transfer->count);
        transfer->start = 0;
    }
    memcpy(transfer->body + transfer->start + transfer->count, bytes, count);
    transfer->count += count;
    return 0;
}

static int on_event(
    struct lws *connection, enum lws_callback_reasons reason, void *user, void *bytes, size_t count) {
    (void)user;
    struct amos_web_transfer *transfer = lws_get_opaque_user_data(connection);
    if (!transfer) return 0;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return write_fields(transfer, connection, bytes, count);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP: take_head(transfer, connection); return 0;
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP: return receive(transfer, connection);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ: return keep(transfer, bytes, count);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        if (transfer->state < AMOS_WEB_COMPLETE) transfer->state = AMOS_WEB_COMPLETE;
        // The connection may serve another transfer from now on.
        lws_set_opaque_user_data(connection, NULL);
        transfer->connection = NULL;
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: fail(transfer, bytes, bytes ? count : 0); return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: fail(transfer, NULL, 0); return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        fail(transfer, NULL, 0);
        transfer->connection = NULL;
        return 0;
    default: return 0;
    }
}

static int on_local(
    struct lws *connection, enum lws_callback_reasons reason, void *user, void *bytes, size_t count) {
    // That it returns from waiting is all that is wanted.
    (void)connection, (void)reason, (void)user, (void)bytes, (void)count;
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = on_event}, {.name = "local", .callback = on_local}, {.name = NULL},
};

static SSL_CTX *make_tls(void) {
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls) return NULL;
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    return tls;
}

// Reading 140 certificates takes longer than a whole transfer: only who speaks https has them.
static void load_authorities(struct amos_web *web) {
    if (!web->authorities) return;
    // Without them https fails, and says why.
    SSL_CTX_load_verify_locations(web->tls, web->authorities, NULL);
    free(web->authorities);
    web->authorities = NULL;
}

static struct lws_vhost *make_host(struct amos_web *web, const char *name) {
    struct lws_context_creation_info info = {0};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.vhost_name = name;
    info.provided_client_ssl_ctx = web->tls;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    // HTTP/1.1: the library's HTTP/2 cannot hold a body back without losing its window.
    info.alpn = "http/1.1";
    return lws_create_vhost(web->context, &info);
}

struct amos_web *amos_web_open(int local, const char *authorities) {
    struct amos_web *web = calloc(1, sizeof *web);
    if (!web) return NULL;
    // Messages are ours to write. No proxy but the one that is named.
    lws_set_log_level(0, NULL);
    unsetenv("http_proxy");
    struct lws_context_creation_info info = {0};
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.max_http_header_data = HEAD_LIMIT;
    info.max_http_header_pool = 64;
    info.pt_serv_buf_size = 32 << 10;
    info.fd_limit_per_thread = 256;
    info.timeout_secs = 30;
    web->context = lws_create_context(&info);
    web->tls = web->context ? make_tls() : NULL;
    web->authorities = strdup(authorities);
    web->local_host = web->tls ? make_host(web, "local") : NULL;
    // The library closes what it adopts.
    lws_sock_file_fd_type file = {.filefd = (lws_filefd_type)(long long)dup(local)};
    if (web->local_host &&
        lws_adopt_descriptor_vhost(web->local_host, LWS_ADOPT_RAW_FILE_DESC, file, "local", NULL)) {
        return web;
    }
    if (web->context) lws_context_destroy(web->context);
    SSL_CTX_free(web->tls);
    free(web->authorities);
    free(web);
    return NULL;
}

int amos_web_wait(struct amos_web *web) { return lws_service(web->context, 0); }

static void on_time(lws_sorted_usec_list_t *timer) {
    struct amos_web *web = lws_container_of(timer, struct amos_web, timer);
    lws_cancel_service(web->context);
}

void amos_web_wake_after(struct amos_web *web, uint64_t milliseconds) {
    lws_sul_schedule(web->context, 0, &web->timer, on_time, (lws_usec_t)(milliseconds * 1000));
}

struct amos_web_origin *amos_web_origin_open(struct amos_web *web, const char *name, const char *proxy) {
    struct amos_web_origin *origin = calloc(1, sizeof *origin);
    if (!origin) return NULL;
    origin->host = make_host(web, name);
    if (origin->host && (!proxy || lws_set_proxy(origin->host, proxy) == 0)) return origin;
    if (origin->host) lws_vhost_destroy(origin->host);
    free(origin);
    return NULL;
}

void amos_web_origin_close(struct amos_web_origin *origin) {
    lws_vhost_destroy(origin->host);
    free(origin);
}

static void copy(char *place, size_t room, const char *text) {
    size_t count = text ? strlen(text) : 0;
    if (count >= room) count = 0;
    if (count) memcpy(place, text, count);
    place[count] = 0;
}

struct amos_web_transfer *amos_web_begin(
    struct amos_web *web, struct amos_web_origin *origin, const struct amos_web_request *request) {
    struct amos_web_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) return NULL;
    copy(transfer->range, sizeof transfer->range, request->range);
    copy(transfer->if_range, sizeof transfer->if_range, request->if_range);
    struct lws_client_connect_info info = {0};
    info.context = web->context;
    info.vhost = origin->host;
    info.address = request->address;
    info.port = request->port;
    info.host = request->host;
    info.origin = request->host;
    info.path = request->path;
    info.method = "GET";
    info.protocol = "http";
    info.local_protocol_name = "http";
    info.alpn = "http/1.1";
    info.opaque_user_data = transfer;
    info.pwsi = &transfer->connection;
    // One connection a request: the library finds one to use again by its address alone, not by its host.
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
    if (request->is_secure) {
        load_authorities(web);
        info.ssl_connection |= LCCSCF_USE_SSL;
    }
    if (!lws_client_connect_via_info(&info)) {
        // It may have said why already; its own pointer is void then.
        fail(transfer, "cannot connect", 14);
        transfer->connection = NULL;
    }
    return transfer;
}

void amos_web_end(struct amos_web_transfer *transfer) {
    if (transfer->connection) {
        lws_set_opaque_user_data(transfer->connection, NULL);
        lws_set_timeout(transfer->connection, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    }
    free(transfer);
}

int amos_web_state_of(const struct amos_web_transfer *transfer) { return transfer->state; }
int amos_web_status(const struct amos_web_transfer *transfer) { return transfer->status; }
const char *amos_web_reason(const struct amos_web_transfer *transfer) { return transfer->reason; }
const char *amos_web_field(const struct amos_web_transfer *transfer, int field) {
    return transfer->fields[field];
}

size_t amos_web_waiting(const struct amos_web_transfer *transfer) { return transfer->count; }

size_t amos_web_take(struct amos_web_transfer *transfer, void *bytes, size_t limit) {
    size_t count = transfer->count < limit ? transfer->count : limit;
    memcpy(bytes, transfer->body + transfer->start, count);
    transfer->start = transfer->count == count ? 0 : transfer->start + count;
    transfer->count -= count;
    if (transfer->is_stopped && transfer->connection && transfer->count <= BODY_LIMIT / 2) {
        transfer->is_stopped = 0;
        lws_rx_flow_control(transfer->connection, 1);
    }
    return count;
}
