#ifndef AMOS_CLINUX_H
#define AMOS_CLINUX_H
#include <errno.h>
#include <stdio.h>
#endif
