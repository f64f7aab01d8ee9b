/* The picture of a lab on a terminal. */
#include "tools/zonelab/cli/screen.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROW_SIZE = 300, FIELD_SIZE = 96, HEAD_LINES = 4,
	NAME_WIDTH = 21, KIND_WIDTH = 13, HAS_WIDTH = 22, LAG_WIDTH = 10,
	KIND_FROM_WIDTH = 60,                                    /* of the terminal: what a node has matters more than what it is */
	BAR_WIDTH = 10, BAR_FROM_WIDTH = 92,                     /* of the terminal */
};

enum colour { PLAIN, GOOD, BEHIND, BAD, HEADING };

struct row {
	enum colour colour;
	char text[ROW_SIZE];
};

struct drawing {
	struct screen *screen;
	const struct tally *tally;
	struct buf *out;
	struct row *rows;
	unsigned count;
};

static const char *escape_of(enum colour colour)
{
	const char *const escapes[] = { [PLAIN] = "", [GOOD] = "\033[32m", [BEHIND] = "\033[33m", [BAD] = "\033[1;31m", [HEADING] = "\033[1m" };
	return escapes[colour];
}

static int kind_width(const struct screen *screen)
{
	return screen->width >= KIND_FROM_WIDTH ? KIND_WIDTH + 1 : 0;
}

/* Bytes of the text that fit into so many columns: one a character of UTF-8. */
static size_t fitting(const char *text, unsigned columns)
{
	size_t i = 0;

	for (unsigned used = 0; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 && used++ == columns)
			break;
	}
	return i;
}

/* A text in a field of fixed width, cut where it is too long. */
static void field(char out[FIELD_SIZE], const char *text, unsigned width)
{
	size_t len = strlen(text);

	if (fitting(text, width) == len)
		snprintf(out, FIELD_SIZE, "%-*s", (int)width, text);
	else
		snprintf(out, FIELD_SIZE, "%.*s…", (int)fitting(text, width - 1), text);
}

static void line_put(struct drawing *drawing, const struct row *row)
{
	const struct screen *screen = drawing->screen;
	const unsigned colour_at = row->colour == HEADING ? 0 : (unsigned)(2 + NAME_WIDTH + 1 + kind_width(screen));
	size_t len = fitting(row->text, screen->width), plain = fitting(row->text, colour_at);

	if (!screen->has_colours || row->colour == PLAIN || plain >= len)
		buf_printf(drawing->out, "%.*s\n", (int)len, row->text);
	else
		buf_printf(drawing->out, "%.*s%s%.*s\033[0m\n", (int)plain, row->text, escape_of(row->colour), (int)(len - plain), row->text + plain);
}

static void __attribute__((format(printf, 3, 4))) head_put(struct drawing *drawing, enum colour colour, const char *format, ...)
{
	struct row row = { .colour = colour };
	va_list args;

	va_start(args, format);
	vsnprintf(row.text, sizeof(row.text), format, args);
	va_end(args);
	line_put(drawing, &row);
}

static struct row *row_add(struct drawing *drawing)
{
	struct row *row = &drawing->rows[drawing->count++];
	*row = (struct row){ 0 };
	return row;
}

/* Who, what it has, since when. */
static void node_row(const struct drawing *drawing, struct row *row, const struct topology_node *node, const char *has, const char *lag)
{
	char name[FIELD_SIZE], having[FIELD_SIZE];

	field(name, node->name, NAME_WIDTH);
	field(having, has, HAS_WIDTH);
	const int width = kind_width(drawing->screen);
	snprintf(row->text, sizeof(row->text), "  %s %-*.*s%s %*s", name, width, width, topology_kind_text(node->kind), having, LAG_WIDTH, lag);
}

static void lag_write(char out[32], const struct drawing *drawing, const struct tally_zone *zone, double done)
{
	*out = '\0';
	if (zone->has_change && done >= 0)
		snprintf(out, 32, "+%.3f s", fmax(0, tally_took(drawing->tally, zone->changed, done)));
	else if (zone->has_change)
		snprintf(out, 32, "lags %.0f s", fmax(0, tally_took(drawing->tally, zone->changed, drawing->screen->now)));
}

static void server_row(struct drawing *drawing, const struct tally_server *server)
{
	const struct tally *tally = drawing->tally;
	const struct tally_zone *zone = &tally->zones[server->zone];
	const bool is_current = tally_server_is_current(tally, server), is_up = tally->is_up[server->node];
	struct row *row = row_add(drawing);
	char has[64] = "not asked yet", lag[32] = "";

	if (!is_up || (server->is_known && server->trouble[0]))
		snprintf(has, sizeof(has), "%s", is_up ? server->trouble : "down");
	else if (server->is_known)
		snprintf(has, sizeof(has), "serial %u%s", server->serial, is_current ? "" : " (not it)");
	if (is_up)
		lag_write(lag, drawing, zone, is_current ? server->at : -1);
	row->colour = is_current ? GOOD : is_up && server->is_known && !server->trouble[0] ? BEHIND : BAD;
	node_row(drawing, row, &tally->topology->nodes[server->node], has, lag);
}

static void bar_write(char out[BAR_WIDTH + 2], double left, double whole)
{
	size_t full = whole > 0 ? (size_t)ceil(fmin(left / whole, 1) * BAR_WIDTH) : 0;

	out[0] = ' ';
	memset(out + 1, '#', full);
	memset(out + 1 + full, '-', BAR_WIDTH - full);
	out[1 + BAR_WIDTH] = '\0';
}

static void cache_row(struct drawing *drawing, const struct tally_cache *cache)
{
	const struct tally *tally = drawing->tally;
	const bool is_up = tally->is_up[cache->node], has_answer = is_up && cache->is_known && !cache->trouble[0];
	const double left = fmax(0, cache->ttl - tally_took(tally, cache->at, drawing->screen->now));
	struct row *row = row_add(drawing);
	char has[ROW_SIZE] = "down", value[ROW_SIZE / 2], lag[32] = "", bar[BAR_WIDTH + 2] = "";
	size_t used;

	if (is_up)
		snprintf(has, sizeof(has), "%s%s", !has_answer ? "" : cache->is_fresh ? "fresh " : "stale ", tally_cache_to_text(cache, value, sizeof(value)));
	if (has_answer)
		lag_write(lag, drawing, &tally->zones[tally->watched], cache->is_fresh ? cache->fresh_since : -1);
	row->colour = cache->is_fresh ? GOOD : has_answer ? BEHIND : BAD;
	node_row(drawing, row, &tally->topology->nodes[cache->node], has, lag);
	if (!has_answer)
		return;
	used = strlen(row->text);
	if (drawing->screen->width >= BAR_FROM_WIDTH)
		bar_write(bar, left, tally->target_ttl);
	snprintf(row->text + used, sizeof(row->text) - used, " TTL%5.0f%s", ceil(left), bar);
}

static void zone_heading(struct drawing *drawing, uint32_t z)
{
	const struct tally_zone *zone = &drawing->tally->zones[z];
	const struct topology_zone *of = &drawing->tally->topology->zones[z];
	struct row *row = row_add(drawing);
	uint32_t current = 0, up = 0;

	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		current += tally_server_is_current(drawing->tally, &drawing->tally->servers[i]);
		up += drawing->tally->is_up[drawing->tally->servers[i].node];
	}
	row->colour = HEADING;
	int used = snprintf(row->text, sizeof(row->text), "%s%s  serial %u: %u of %u", of->text, of->standby ? " (standing by)" : "", zone->serial,
			    current, zone->count);
	if (up < zone->count && used > 0 && (size_t)used < sizeof(row->text))
		snprintf(row->text + used, sizeof(row->text) - (size_t)used, ", %u down", zone->count - up);
}

static void zone_rows(struct drawing *drawing, uint32_t z, bool with_servers)
{
	const struct tally_zone *zone = &drawing->tally->zones[z];

	zone_heading(drawing, z);
	for (uint32_t i = zone->first; with_servers && i < zone->first + zone->count; i++)
		server_row(drawing, &drawing->tally->servers[i]);
}

static void caches_rows(struct drawing *drawing)
{
	const struct tally *tally = drawing->tally;
	uint32_t deepest = 0;

	for (uint32_t i = 0; i < tally->cache_count; i++) {
		uint32_t tier = tally->topology->nodes[tally->caches[i].node].tier;
		deepest = tier > deepest ? tier : deepest;
	}
	for (uint32_t tier = 1; tier <= deepest; tier++) {
		struct row *row = row_add(drawing);
		row->colour = HEADING;
		snprintf(row->text, sizeof(row->text), "caches, tier %u", tier);
		for (uint32_t i = 0; i < tally->cache_count; i++) {
			if (tally->topology->nodes[tally->caches[i].node].tier == tier)
				cache_row(drawing, &tally->caches[i]);
		}
	}
}

/* Zones with something amiss before the others. */
static void other_zones_rows(struct drawing *drawing)
{
	const struct tally *tally = drawing->tally;

	for (unsigned pass = 0; pass < 2; pass++) {
		for (uint32_t z = 0; z < tally->topology->zone_count; z++) {
			bool is_amiss = !tally_zone_is_current(tally, z);
			if ((!tally->has_watch || z != tally->watched) && is_amiss == (pass == 0))
				zone_rows(drawing, z, is_amiss);
		}
	}
}

static double quantile(const struct tally *tally, const char *of, const char *which)
{
	return tally_took(tally, 0, json_number_value(json_object_get(json_object_get(tally->prediction, of), which)));
}

static void change_put(struct drawing *drawing)
{
	const struct tally *tally = drawing->tally;
	const struct tally_zone *zone = &tally->zones[tally->watched];
	struct tally_measured measured = tally_measure(tally);
	char servers[32] = "", caches[32] = "";

	if (!tally->has_watch || !zone->has_change) {
		head_put(drawing, PLAIN, "no change yet");
		head_put(drawing, PLAIN, "%s", "");
		return;
	}
	if (measured.servers >= 0)
		snprintf(servers, sizeof(servers), " in %.3f s", measured.servers);
	if (measured.caches >= 0)
		snprintf(caches, sizeof(caches), " in %.3f s", measured.caches);
	head_put(drawing, PLAIN, "serial %u, %.0f s ago: %u of %u servers%s, %u of %u caches%s", zone->serial,
		 fmax(0, tally_took(tally, zone->changed, drawing->screen->now)), measured.servers_current, measured.server_count, servers, measured.caches_fresh,
		 measured.cache_count, caches);
	if (tally->prediction)
		head_put(drawing, PLAIN, "predicted: servers %.3f s, caches %.3f s (p50) %.3f s (p99), bound %.3f s",
			 quantile(tally, "servers", "p99"), quantile(tally, "last_stale", "p50"),
			 quantile(tally, "last_stale", "p99"), quantile(tally, "last_stale", "bound"));
	else
		head_put(drawing, PLAIN, "no prediction");
}

static void head_draw(struct drawing *drawing)
{
	const struct tally *tally = drawing->tally;
	char target[128];

	head_put(drawing, HEADING, "lab %s, %s, %.1f s    q: end", tally->topology->name, drawing->screen->mode,
		 tally_took(tally, 0, drawing->screen->now));
	if (tally->has_watch)
		head_put(drawing, PLAIN, "%s %s is %s (TTL %.0f)", tally->name, tally->type, tally_value_to_text(tally->target, target, sizeof(target)),
			 tally->target_ttl);
	else
		head_put(drawing, PLAIN, "nothing is watched: zonelab watch NAME");
	change_put(drawing);
}

/* The part of the list that there is room for; the last line says what is left out. */
static void list_draw(struct drawing *drawing)
{
	struct screen *screen = drawing->screen;
	unsigned room = screen->height > HEAD_LINES ? screen->height - HEAD_LINES : 0;

	if (drawing->count <= room)
		screen->scrolled = 0;
	else if (room > 0 && screen->scrolled > drawing->count - (room - 1))
		screen->scrolled = drawing->count - (room - 1);
	const unsigned shown = drawing->count <= room ? drawing->count : room > 0 ? room - 1 : 0;
	for (unsigned i = 0; i < shown; i++)
		line_put(drawing, &drawing->rows[i + screen->scrolled]);
	if (shown < drawing->count && room > 0)
		head_put(drawing, PLAIN, "lines %u to %u of %u: arrow keys", screen->scrolled + 1, screen->scrolled + shown, drawing->count);
}

void screen_draw(struct screen *screen, const struct tally *tally, struct buf *out)
{
	/* Every server and cache, a heading for every zone and every tier. */
	size_t most = tally->server_count + 2 * (size_t)tally->cache_count + tally->topology->zone_count;
	struct drawing drawing = { .screen = screen, .tally = tally, .out = out, .rows = calloc(most + 1, sizeof(struct row)) };

	if (!drawing.rows || screen->height < HEAD_LINES) {
		free(drawing.rows);
		return;
	}
	head_draw(&drawing);
	if (tally->has_watch)
		zone_rows(&drawing, tally->watched, true);
	caches_rows(&drawing);
	other_zones_rows(&drawing);
	list_draw(&drawing);
	free(drawing.rows);
}
