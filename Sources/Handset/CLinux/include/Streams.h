// Terminals for others, stream sockets, and files as remote clients see them: what the bridge stands on.
#ifndef AMOS_CLINUX_STREAMS_H
#define AMOS_CLINUX_STREAMS_H
#include "Files.h"

/// The controlling end of a new pseudo terminal, which does not block; `name` becomes the path of the other one.
long amos_open_terminal(char *name, size_t limit);
long amos_set_window_size(int fd, uint16_t rows, uint16_t columns, uint16_t width, uint16_t height);
long amos_set_blocking(int fd, int blocks);
long amos_close_on_execute(int fd);

/// Unix stream socket; `is_abstract`: the name is not a path. Neither ever waits: -EINPROGRESS is no failure.
long amos_connect_local_stream(const void *name, size_t count, int is_abstract);
long amos_connect_loopback(uint16_t port);
long amos_listen_local_stream(const void *name, size_t count, int is_abstract);
/// Port 0: any; `chosen` tells which.
long amos_listen_loopback(uint16_t port, uint16_t *chosen);
/// Of another's connection, which does not block; `address` has room for 16 bytes, `count` of them are used.
long amos_accept_peer(int fd, uint8_t *address, int *count);
/// 0, or -errno of a connect that has ended since.
long amos_socket_error(int fd);
long amos_shut_writing(int fd);

struct amos_facts {
    uint64_t device, inode, size;
    int64_t read, modified, changed;
    uint32_t mode, links, user, group;
};
long amos_file_facts(const char *path, int follows, struct amos_facts *facts);
/// Both times of an open file, in seconds since 1970.
long amos_set_times(int fd, int64_t modified);
long amos_symlink(const char *target, const char *path);
long amos_own_path(const char *path, uint32_t user, uint32_t group);

/// Who this process is to files and sockets; what it may become again stays (seteuid(2), setegid(2)).
long amos_become(uint32_t user, uint32_t group);
long amos_drop_groups(void);
long amos_random(void *bytes, size_t count);
#endif
