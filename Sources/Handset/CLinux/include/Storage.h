// Mounts, block devices, device mapper, kernel modules, reboot.
#ifndef AMOS_CLINUX_STORAGE_H
#define AMOS_CLINUX_STORAGE_H
#endif
