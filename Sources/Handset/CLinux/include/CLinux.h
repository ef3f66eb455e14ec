// The door to Linux for Embedded Swift: what Swift cannot say itself (errno, variadic functions, macros).
//
// Every wrapper follows the kernel's own convention: a result of 0 or more is success, a negative one is -errno.
#ifndef AMOS_CLINUX_H
#define AMOS_CLINUX_H
#include "Files.h"
#include "Handover.h"
#include "Network.h"
#include "Process.h"
#include "Sockets.h"
#include "Spawn.h"
#include "Storage.h"
#include "Streams.h"
#include "Verity.h"
#include "Watching.h"
#endif
