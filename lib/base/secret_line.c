/* A secret in a line. */
#include "lib/base/secret_line.h"

#include <string.h>

void secret_line_read(FILE *in, char *line, int size)
{
	line[0] = '\0';
	while (fgets(line, size, in)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '#' && line[strspn(line, " \t")] != '\0')
			return;
		line[0] = '\0';
	}
}
