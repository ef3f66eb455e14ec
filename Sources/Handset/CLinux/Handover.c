#include "CLinux.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>

enum { ALL_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

long amos_memory_file(const char *name) {
    return amos_result(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}
long amos_seal(int fd) { return amos_result(fcntl(fd, F_ADD_SEALS, ALL_SEALS | F_SEAL_SEAL)); }
long amos_is_sealed(int fd) {
    long seals = amos_result(fcntl(fd, F_GET_SEALS));
    return seals < 0 ? seals : (seals & ALL_SEALS) == ALL_SEALS;
}
long amos_set_inherited(int fd, int inherited) {
    return amos_result(fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC));
}
long amos_shut_down_socket(int fd) { return amos_result(shutdown(fd, SHUT_RDWR)); }
long amos_read_link(const char *path, char *target, size_t limit) {
    return amos_result(readlink(path, target, limit));
}

int amos_is_terminal(int fd) { return isatty(fd); }

static int is_in_key_mode;

int amos_is_in_key_mode(void) { return is_in_key_mode; }

long amos_set_key_mode(int fd, int on) {
    static struct termios before;
    if (!on && !is_in_key_mode) return 0;
    if (!on) is_in_key_mode = 0;
    if (!on) return amos_result(tcsetattr(fd, TCSANOW, &before));
    if (tcgetattr(fd, &before) < 0) return -(long)errno;
    struct termios keys = before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSANOW, &keys) < 0) return -(long)errno;
    is_in_key_mode = 1;
    return 0;
}

int amos_terminal_rows(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_row;
}
