// Sockets to servers and to PID 1, and the clocks.
#ifndef AMOS_CLINUX_NETWORK_H
#define AMOS_CLINUX_NETWORK_H
#include "Files.h"

/// Sends one packet to the SOCK_SEQPACKET socket at `path` and waits, a second at most, for the answer.
long amos_tell(const char *path, const void *bytes, size_t count);
/// A UDP socket connected to `host` (name or address) and `port`. A name that has no address: -EHOSTUNREACH.
long amos_connect_udp(const char *host, const char *port);
/// 1 when `fd` has something to read, 0 after `timeout_ms`.
long amos_wait_readable(int fd, int timeout_ms);
int amos_has_hung_up(int fd);

/// CLOCK_REALTIME in nanoseconds since 1970.
int64_t amos_wall_time_ns(void);
long amos_set_wall_time_ns(int64_t time);
/// Writes the hardware clock (RTC_SET_TIME), UTC, whole seconds.
long amos_set_hardware_clock(int fd, int64_t unix_seconds);
#endif
