/* Servers and zone files as copies of a zone. */
#include "zonesync/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/edit.h"
#include "lib/zone/zonefile.h"

enum { DNS_PORT = 53 };

/* ---- texts -------------------------------------------------------------------------------------------------------------------------- */

static int zone_parse(struct source *source, const char *zone, const char *whole, char error[SOURCE_ERROR_SIZE])
{
	if (zone[0] == '\0' || name_from_text(source->zone, zone, NULL) != ZT_OK) {
		snprintf(error, SOURCE_ERROR_SIZE, "\"%.1000s\": \"%.1000s\" is no zone name, expected one such as example.org", whole, zone);
		return ZT_ESYNTAX;
	}
	name_lower(source->zone);
	source->has_zone = true;
	return ZT_OK;
}

static int path_parse(struct source *source, const char *path, size_t len, char error[SOURCE_ERROR_SIZE])
{
	if (len == 0 || len >= sizeof(source->path)) {
		snprintf(error, SOURCE_ERROR_SIZE, "%s, expected IP@PORT/ZONE or FILE:ZONE", len == 0 ? "an empty file name" : "a file name that is too long");
		return ZT_ESYNTAX;
	}
	memcpy(source->path, path, len);
	source->path[len] = '\0';
	return ZT_OK;
}

/* Whether the text up to `end` is an address. */
static bool server_parse(struct source *source, const char *text, size_t len)
{
	char server[NETADDR_TEXT_SIZE];

	if (len >= sizeof(server))
		return false;
	memcpy(server, text, len);
	server[len] = '\0';
	source->is_server = netaddr_from_text(&source->server, server, DNS_PORT) == ZT_OK;
	return source->is_server;
}

int source_from_text(struct source *source, const char *text, char error[SOURCE_ERROR_SIZE])
{
	size_t address_len = strcspn(text, "/");
	const char *colon;

	*source = (struct source){ 0 };
	if (server_parse(source, text, address_len))
		return text[address_len] == '\0' ? ZT_OK : zone_parse(source, text + address_len + 1, text, error);
	colon = strrchr(text, ':');
	if (!colon)
		return path_parse(source, text, strlen(text), error);
	int status = path_parse(source, text, (size_t)(colon - text), error);
	return status == ZT_OK ? zone_parse(source, colon + 1, text, error) : status;
}

int source_from_server(struct source *source, const char *server, const char *zone, char error[SOURCE_ERROR_SIZE])
{
	*source = (struct source){ 0 };
	if (!server_parse(source, server, strlen(server))) {
		snprintf(error, SOURCE_ERROR_SIZE, "\"%.1000s\" is no server, expected IP or IP@PORT", server);
		return ZT_ESYNTAX;
	}
	return zone_parse(source, zone, zone, error);
}

int source_from_file(struct source *source, const char *path, const char *zone, char error[SOURCE_ERROR_SIZE])
{
	*source = (struct source){ 0 };
	int status = path_parse(source, path, strlen(path), error);
	return status == ZT_OK ? zone_parse(source, zone, zone, error) : status;
}

static void zone_take(struct source *to, const struct source *from)
{
	name_copy(to->zone, from->zone);
	to->has_zone = true;
}

int source_pair(struct source *a, struct source *b, char error[SOURCE_ERROR_SIZE])
{
	char a_text[NAME_TEXT_SIZE], b_text[NAME_TEXT_SIZE];

	if (!a->has_zone && !b->has_zone) {
		snprintf(error, SOURCE_ERROR_SIZE, "which zone? Name it on one side: IP@PORT/ZONE or FILE:ZONE");
		return ZT_ESYNTAX;
	}
	if (!a->has_zone)
		zone_take(a, b);
	else if (!b->has_zone)
		zone_take(b, a);
	if (name_equal(a->zone, b->zone))
		return ZT_OK;
	snprintf(error, SOURCE_ERROR_SIZE, "A is zone %s and B is zone %s, expected two copies of one zone", name_to_text(a->zone, a_text),
		 name_to_text(b->zone, b_text));
	return ZT_ESYNTAX;
}

char *source_to_text(const struct source *source, char out[SOURCE_TEXT_SIZE])
{
	char server[NETADDR_TEXT_SIZE], zone[NAME_TEXT_SIZE];

	name_to_text(source->zone, zone);
	if (source->is_server)
		snprintf(out, SOURCE_TEXT_SIZE, "%s/%s", netaddr_to_text(&source->server, server), zone);
	else
		snprintf(out, SOURCE_TEXT_SIZE, "%s:%s", source->path, zone);
	return out;
}

/* ---- loading ------------------------------------------------------------------------------------------------------------------------ */

void source_notes_init(struct source_notes *notes)
{
	buf_init(&notes->errors);
	buf_init(&notes->warnings);
}

void source_notes_fini(struct source_notes *notes)
{
	buf_fini(&notes->errors);
	buf_fini(&notes->warnings);
}

static void report_note(const struct zonefile_report *report, struct source_notes *notes)
{
	for (unsigned i = 0; i < report->message_count; i++)
		buf_printf(report->messages[i].is_error ? &notes->errors : &notes->warnings, "%s\n", report->messages[i].text);
}

static int file_read(const struct source *source, struct zone_edit *edit, struct source_notes *notes)
{
	struct zonefile_report *report = malloc(sizeof(*report));

	if (!report)
		return ZT_ENOMEM;
	zonefile_report_init(report);
	int status = zonefile_load(source->path, source->zone, edit, report);
	report_note(report, notes);
	zonefile_report_fini(report);
	free(report);
	if (status == ZT_ENOENT)
		buf_printf(&notes->errors, "%s: expected a zone file; a server is written IP@PORT/ZONE\n", source->path);
	else if (status != ZT_OK && notes->errors.len == 0)
		buf_printf(&notes->errors, "%s: %s\n", source->path, status_text(status));
	return status;
}

static int file_load(const struct source *source, const struct source_loader *loader, struct source_notes *notes, struct zone **out)
{
	struct zone_edit *edit = NULL;
	struct zone *zone = NULL;

	int status = zone_new(source->zone, &loader->key, &zone);
	if (status == ZT_OK)
		status = zone_edit_begin(zone, &edit);
	if (status == ZT_OK)
		status = file_read(source, edit, notes);
	if (status == ZT_OK) {
		zone_edit_publish(edit);
		*out = zone;
		return ZT_OK;
	}
	zone_edit_abort(edit);
	if (zone)
		zone_free(zone);
	return status;
}

struct fetch source_fetch(const struct source *source, const struct source_loader *loader)
{
	return (struct fetch){
		.peer = { .server = source->server, .clock = loader->clock, .timeout = loader->timeout, .key = loader->tsig },
		.apex = source->zone, .key = &loader->key, .id = secure_rng_u16(loader->rng),
	};
}

static int server_load(const struct source *source, const struct source_loader *loader, struct source_notes *notes, struct zone **out)
{
	struct fetch fetch = source_fetch(source, loader);
	char error[FETCH_ERROR_SIZE];

	int status = fetch_zone(&fetch, out, error);
	if (status != ZT_OK) {
		char *text = malloc(SOURCE_TEXT_SIZE);
		buf_printf(&notes->errors, "%s: %s\n", text ? source_to_text(source, text) : "server", error);
		free(text);
	}
	return status;
}

int source_load(const struct source *source, const struct source_loader *loader, struct source_notes *notes, struct zone **out)
{
	return source->is_server ? server_load(source, loader, notes, out) : file_load(source, loader, notes, out);
}
