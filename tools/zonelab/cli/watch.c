/* Following a lab's events. */
#include "tools/zonelab/cli/watch.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/serial.h"
#include "tools/zonelab/cli/screen.h"
#include "tools/zonelab/cli/terminal.h"
#include "tools/zonelab/lab/interrupt.h"

enum {
	SHOWN_SIZE = 200,
	FRAME_MS = 250,           /* TTLs count down */
	ALIVE_MS = 1000,          /* how often a silent lab is looked after */
};

/* The observer needs a tick to see what was done just before the watch began, and some time to ask around. */
static const double settle_s = 0.2;

struct watching {
	struct follow *follow;
	struct tally *tally;
	const struct watch_options *options;
	double began;
	int interrupts;
	struct terminal *terminal;      /* NULL: not on one */
	double shown_at;                /* lines: their time */
	char (*shown)[SHOWN_SIZE];      /* lines: of each server, then of each cache; "" = nothing yet */
};

bool watch_catch_up(struct follow *follow, struct tally *tally)
{
	bool any = false;
	json_t *event;

	while ((event = follow_next(follow))) {
		tally_take(tally, event);
		json_decref(event);
		any = true;
	}
	return any;
}

static void server_to_text(const struct tally *tally, const struct tally_server *server, char out[SHOWN_SIZE])
{
	*out = '\0';
	if (!tally->is_up[server->node])
		snprintf(out, SHOWN_SIZE, "down");
	else if (server->is_known && server->trouble[0])
		snprintf(out, SHOWN_SIZE, "%s", server->trouble);
	else if (server->is_known)
		snprintf(out, SHOWN_SIZE, "serial %u", server->serial);
}

/* One line where a node has something else than was shown of it. */
static void line_show(const struct watching *w, const char *node, char shown[SHOWN_SIZE], const char *text, double ttl)
{
	if (!*text || strcmp(text, shown) == 0)
		return;
	printf("%+9.3f s  %-*s  %s%s%s", tally_took(w->tally, w->options->origin, w->shown_at), w->tally->name_width, node, shown, *shown ? " -> " : "", text);
	if (ttl >= 0)
		printf("  (TTL %.0f)", ttl);
	putchar('\n');
	snprintf(shown, SHOWN_SIZE, "%s", text);
}

static void lines_show(struct watching *w)
{
	const struct tally *tally = w->tally;
	const struct tally_zone *zone = &tally->zones[tally->watched];
	char text[SHOWN_SIZE];

	for (uint32_t i = zone->first; tally->has_watch && i < zone->first + zone->count; i++) {
		server_to_text(tally, &tally->servers[i], text);
		line_show(w, tally->topology->nodes[tally->servers[i].node].name, w->shown[i], text, -1);
	}
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		const struct tally_cache *cache = &tally->caches[i];
		*text = '\0';
		if (!tally->is_up[cache->node])
			snprintf(text, sizeof(text), "down");
		else if (cache->is_known)
			tally_cache_to_text(cache, text, sizeof(text));
		line_show(w, tally->topology->nodes[cache->node].name, w->shown[tally->server_count + i], text,
			  tally->is_up[cache->node] && !cache->trouble[0] && json_array_size(cache->value) > 0 ? cache->ttl : -1);
	}
}

static void event_show(struct watching *w, const json_t *event)
{
	if (w->options->style == WATCH_LINES) {
		w->shown_at = w->tally->t;
		lines_show(w);
	} else if (w->options->style == WATCH_EVENTS) {
		json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	}
}

static void events_take(struct watching *w)
{
	json_t *event;

	while ((event = follow_next(w->follow))) {
		tally_take(w->tally, event);
		event_show(w, event);
		json_decref(event);
	}
	if (w->terminal)
		terminal_draw(w->terminal, w->tally, follow_now(w->follow));
	else
		fflush(stdout);
}

static bool has_converged(const struct watching *w)
{
	const struct tally *tally = w->tally;

	if (!w->options->until_converged || !tally->has_watch || !tally_zone_is_current(tally, tally->watched) || !tally_caches_are_fresh(tally))
		return false;
	if (w->options->has_serial)
		return !serial_is_newer(w->options->serial, tally->zones[tally->watched].serial);
	return follow_now(w->follow) - w->began >= settle_s;
}

static int pause_ms(const struct watching *w)
{
	double pause = w->terminal ? FRAME_MS : ALIVE_MS;

	if (w->options->until_converged && !w->options->has_serial)
		pause = fmin(pause, settle_s * 1000);
	if (w->options->deadline >= 0)
		pause = fmin(pause, fmax(0, w->options->deadline - follow_now(w->follow)) * 1000 + 1);
	return (int)pause;
}

/* Waits for events, keys, signals, the time. False: the watch is to end. */
static bool rest(struct watching *w)
{
	struct pollfd wait[] = {
		{ .fd = follow_fd(w->follow), .events = POLLIN }, { .fd = w->interrupts, .events = POLLIN },
		{ .fd = w->terminal ? STDIN_FILENO : -1, .events = POLLIN }, { .fd = STDOUT_FILENO },
	};

	if (poll(wait, sizeof(wait) / sizeof(wait[0]), pause_ms(w)) <= 0)
		return true;
	if (wait[2].revents != 0 && !terminal_keys_take(w->terminal))
		return false;
	return wait[1].revents == 0 && !(wait[3].revents & (POLLERR | POLLHUP | POLLNVAL));
}

static int watching_run(struct watching *w)
{
	w->shown_at = w->began;
	if (w->options->style == WATCH_LINES)
		lines_show(w);
	for (;;) {
		bool is_alive = follow_is_alive(w->follow);      /* asked first, so that nothing is missed of one that ends now */
		events_take(w);
		if (has_converged(w) || interrupt_is_waiting() || ferror(stdout))
			return ZT_OK;
		if (!is_alive)
			return ZT_ECLOSED;
		if (w->options->deadline >= 0 && follow_now(w->follow) > w->options->deadline)
			return ZT_ETIMEOUT;
		if (!rest(w))
			return ZT_OK;
	}
}

int watch_run(struct follow *follow, struct tally *tally, const struct watch_options *options)
{
	struct watching w = {
		.follow = follow, .tally = tally, .options = options, .began = follow_now(follow), .interrupts = interrupt_open(),
		.shown = calloc(tally->server_count + (size_t)tally->cache_count + 1, sizeof(*w.shown)),
	};
	int status = w.shown ? ZT_OK : ZT_ENOMEM;

	if (status == ZT_OK && options->style == WATCH_SCREEN)
		status = terminal_open(&w.terminal, follow->lab);
	if (status == ZT_OK)
		status = watching_run(&w);
	terminal_close(w.terminal);
	if (w.interrupts >= 0)
		close(w.interrupts);
	free(w.shown);
	return status;
}
