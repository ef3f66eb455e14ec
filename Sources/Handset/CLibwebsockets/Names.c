#include "CLibwebsockets.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

long amos_web_resolve(const char *host, char *text, size_t limit) {
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found;
    int code = getaddrinfo(host, NULL, &wanted, &found);
    // Loopback has addresses where nothing else has (AI_ADDRCONFIG does not count it).
    if (code != 0) {
        wanted.ai_flags = 0;
        code = getaddrinfo(host, NULL, &wanted, &found);
    }
    if (code != 0) return code < 0 ? code : -code;
    size_t used = 0;
    for (struct addrinfo *one = found; one; one = one->ai_next) {
        char name[INET6_ADDRSTRLEN];
        const void *bytes = one->ai_family == AF_INET
                                ? (const void *)&((struct sockaddr_in *)one->ai_addr)->sin_addr
                                : (const void *)&((struct sockaddr_in6 *)one->ai_addr)->sin6_addr;
        if (!inet_ntop(one->ai_family, bytes, name, sizeof name)) continue;
        size_t count = strlen(name);
        if (used + count + 1 > limit) break;
        memcpy(text + used, name, count);
        text[used + count] = '\n';
        used += count + 1;
    }
    freeaddrinfo(found);
    return (long)used;
}

const char *amos_web_resolver_reason(int code) { return gai_strerror(code); }
