/* Signals that ask zonelab to end, held back while it has something to clean up.
 *
 * A command that starts processes holds them, looks for one between its steps, cleans up when there is one, and lets it through at the end, so
 * that the caller sees a program ended by it. Signals that the caller ignores (nohup) stay ignored. A closed pipe is an error of writing then.
 */
#pragma once

#include <stdbool.h>

/* SIGINT, SIGTERM, SIGHUP, SIGQUIT. */
void interrupt_hold(void);
/* Does not take it. */
bool interrupt_is_waiting(void);
/* A descriptor that is readable while one is waiting; not to be read. -1 when there is none to be had. */
int interrupt_open(void);
/* Takes a waiting SIGINT away: it ended what it was to end. */
void interrupt_take(void);
/* Ends the program if one is waiting. */
void interrupt_release(void);
