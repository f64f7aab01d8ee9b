/* A terminal that shows a picture in place: its modes, its size, its keys. */
#pragma once

#include <stdbool.h>

#include "tools/zonelab/cli/tally.h"
#include "tools/zonelab/lab/lab.h"

struct terminal;

/* Takes over the terminal of standard input and output. Colours are left out when NO_COLOR is set or TERM is dumb. */
int terminal_open(struct terminal **terminal, const struct lab *lab) ZT_MUST_CHECK;
/* Gives it back as it was. NULL is fine. */
void terminal_close(struct terminal *terminal);
/* Draws the picture in the size that the terminal has now; writes nothing when it is the same as before. */
void terminal_draw(struct terminal *terminal, const struct tally *tally, double now);
/* Scrolls as keys say. False: q. */
bool terminal_keys_take(struct terminal *terminal);
/* Whether standard input and output are one. */
bool terminal_is_there(void);
