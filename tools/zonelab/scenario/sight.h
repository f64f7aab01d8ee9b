/* What came of a question: the latest answer of a node, or of a program. */
#pragma once

#include "tools/zonelab/lab/probe.h"

enum { SIGHT_TEXT_SIZE = 160 };

struct sight {
	bool is_known;             /* something came, or silence was long enough */
	usec_t asked;              /* when the latest question left that was answered, or met with silence; time of the lab */
	bool is_silent;            /* that was silence */
	bool has_value;            /* there was an answer, now or earlier: */
	struct probe value;        /* a server's */
	int exit;                  /* a program's: its exit status, */
	bool prints;               /* and whether its output held what it should */
	char text[SIGHT_TEXT_SIZE];/* a program's: the last line of its output */
};
