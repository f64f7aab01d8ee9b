/* A secret from a file that holds it in one line. */
#pragma once

#include <stdio.h>

/* The first line that is neither empty nor led by #, without its end; "" where there is none. */
void secret_line_read(FILE *in, char *line, int size);
