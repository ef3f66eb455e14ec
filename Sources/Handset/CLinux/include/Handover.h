// What a program hands to another: sealed memory files, inherited descriptors; and terminals.
#ifndef AMOS_CLINUX_HANDOVER_H
#define AMOS_CLINUX_HANDOVER_H
#include "Files.h"

/// A file in memory (memfd_create) that can be sealed; empty.
long amos_memory_file(const char *name);
/// Nobody can change the file any more, its maker included.
long amos_seal(int fd);
/// 1 if the file is sealed against every change, so that reading it never waits and always gives the same.
long amos_is_sealed(int fd);
/// Whether a descriptor stays open across execve.
long amos_set_inherited(int fd, int inherited);
/// Both directions of a socket end; what was sent before is still delivered.
long amos_shut_down_socket(int fd);
/// Where a symbolic link points; not terminated.
long amos_read_link(const char *path, char *target, size_t limit);

int amos_is_terminal(int fd);
/// Keys arrive one by one, unseen, Ctrl-C among them; 0 puts the terminal back as it was.
long amos_set_key_mode(int fd, int on);
int amos_is_in_key_mode(void);
/// Rows of the terminal; 0 if nobody knows.
int amos_terminal_rows(int fd);
#endif
