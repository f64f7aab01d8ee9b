/* What the commands share: the invocation, loading with everything told, results as JSON. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "zonesync/source.h"

/* Exit status of the program. */
enum command_exit { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_WRONG = 2 };

struct command {
	const char *operands[2];
	const char *output;              /* -o, or NULL */
	bool json;
	struct netaddr report;           /* --report: whom to tell of a server that is behind; may be unset */
	bool full;                       /* --full: whole zones, not what servers say of them */
	struct source_loader loader;     /* with a key of this run, which nobody who serves a zone can aim at */
	struct fingerprint_key sync_key; /* that servers make their fingerprints with */
};

/* Two copies of one zone, loaded. */
struct command_pair {
	struct source source[2];
	struct zone *zone[2];
};

/* Parses both operands; no zone is loaded. COMMAND_OK, or what the program must return. */
enum command_exit command_pair_parse(const struct command *command, struct command_pair *pair);
/* Parses both operands and loads them. COMMAND_OK, or what the program must return; everything is told then. */
enum command_exit command_pair_load(const struct command *command, struct command_pair *pair);
void command_pair_free(struct command_pair *pair);
/* One source, the same way. */
enum command_exit command_load(const struct command *command, const struct source *source, struct zone **out);

/* Makes `zone`, loaded with the key of servers, what the server has (fetch_into); a failure is told. */
enum command_exit command_fetch_into(const struct command *command, const struct source *source, struct zone *zone, struct fetch_cost *cost);

/* What loading found, on standard error. */
void command_notes_write(const struct source_notes *notes);
/* Tells of a failure: lines on standard error, or an object with ok, error on standard output. Returns COMMAND_FAILED. */
enum command_exit command_failed(const struct command *command, const char *text);
/* A mistake on the command line. Returns COMMAND_WRONG. */
enum command_exit command_wrong(const char *text);

/* A string also where the bytes are no UTF-8: what is not ASCII becomes ? then. */
json_t *command_text_json(const char *text);
/* Count and fingerprint as servers tell them. */
struct zone_summary command_summary(const struct command *command, const struct zone *zone);
/* The words of `source` and of the zone's current version: zone serial, counts. */
json_t *command_source_json(const struct command *command, const struct source *source, const struct zone *zone);
/* Prints the object and lets go of it; NULL (no memory) is told. Returns `done`, or COMMAND_FAILED where printing did not work. */
enum command_exit command_print_json(json_t *object, enum command_exit done);
/* The same for text. */
enum command_exit command_print_text(const struct buf *text, enum command_exit done);
