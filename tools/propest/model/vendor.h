/* The timing laws of the name servers we know: how they repeat NOTIFY, when they poll, how long a failed exchange takes.
 *
 * A table of numbers with the version they were read from; nothing here computes. Seconds throughout.
 */
#pragma once

#include <stdbool.h>

enum { VENDOR_MAX_ATTEMPTS = 5 };

enum notify_law {
	NOTIFY_FIXED,      /* the attempts at `offset`, then never again */
	NOTIFY_RETRY,      /* over TCP: at once, then every SOA RETRY while the peer can't be reached */
	NOTIFY_DURABLE,    /* a queue that survives restarts: at once, then with doubling pauses of backoff_min..backoff_max until acknowledged */
};

struct vendor {
	const char *name;              /* as a topology file writes it */
	const char *version;           /* where the numbers come from */
	/* as the sender of NOTIFY */
	enum notify_law notify_law;
	unsigned attempts;
	double offset[VENDOR_MAX_ATTEMPTS];
	double backoff_min, backoff_max;
	double detect_max;             /* a change is noticed for NOTIFY after uniform 0..this */
	/* as a secondary */
	double refresh_min, refresh_max, retry_min, retry_max;
	double jitter_low;             /* each timer is drawn anew from jitter_low..1 of its value */
	bool retry_doubles;            /* 1, 2, 4 … times RETRY while failing */
	double poll_grid;              /* timers take effect at the next multiple of this; 0: at once */
	double query_timeout;          /* one lost SOA query costs this */
	unsigned query_tries;          /* before the exchange counts as failed */
	double apply_max;              /* transferred data is served after uniform 0..this */
};

/* NULL for an unknown name. */
const struct vendor *vendor_find(const char *name);
/* What is assumed of a server of which nothing is known. */
const struct vendor *vendor_generic(void);
/* Row by row, NULL after the last. */
const struct vendor *vendor_row(unsigned index);
