/* How many file descriptors the process may have. */
#pragma once

/* Raises the process's limit to what the system allows and returns it. For a daemon's start. */
unsigned descriptors_raise(void);
