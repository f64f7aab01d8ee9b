/* zonectl's command line. */
#include "tools/zonectl/arguments.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/nearest.h"

enum {
	OPTION_JSON = 256,
	OPTION_AT,
	OPTION_TIMEOUT,
	OPTION_SUBTREE,
	ANSWER_TIMEOUT_S = 60,
	RELOAD_TIMEOUT_S = 3600,      /* zones may be large */
	WAIT_TIMEOUT_S = 30,
	WAIT_GRACE_S = 10,            /* beyond the time the daemon itself waits */
	TIMEOUT_MAX_S = 1000000,
};

struct command {
	const char *name;
	int min_args;
	int max_args;
	const char *arguments;
	const char *help;
};

static const struct command commands[] = {
	{ "status", 0, 0, "", "the daemon: version, uptime, sizes" },
	{ "zones", 0, 0, "", "all zones: role, state, serial" },
	{ "zone", 1, 1, "ZONE", "one zone: timers, transfers, journal" },
	{ "peers", 1, 1, "ZONE", "who is told about changes, and who has them" },
	{ "notify", 1, 2, "ZONE [PEER]", "tell the peers, or one of them, of the newest version again now" },
	{ "history", 1, 1, "ZONE", "the versions in the journal" },
	{ "reach", 1, 1, "ZONE", "how far back IXFR reaches, and who would need more" },
	{ "wait", 1, 2, "ZONE [SERIAL] [--at all|quorum|N] [--timeout S]", "until peers have that version; exit status 3 on timeout" },
	{ "reload", 0, 1, "[ZONE]", "read the configuration and the zone files again" },
	{ "refresh", 1, 1, "ZONE", "ask the primaries for a newer version now" },
	{ "retransfer", 1, 1, "ZONE", "fetch the whole zone again" },
	{ "flush", 1, 2, "NAME [TYPE|--subtree]", "forget cached data" },
	{ "lookup", 1, 2, "NAME [TYPE]", "what is known about a name, without asking anybody" },
	{ "stats", 0, 0, "", "counters" },
	{ "stop", 0, 0, "", "end the daemon" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "at", required_argument, NULL, OPTION_AT },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "subtree", no_argument, NULL, OPTION_SUBTREE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* What the options said, before it is clear which command they belong to. */
struct given {
	const char *at;
	const char *timeout_text;
	double timeout_s;
	bool subtree;
};

void arguments_write_help(FILE *to)
{
	fputs("usage: zonectl [-s SOCKET] [--json] COMMAND [ARGUMENT...]\n"
	      "\n"
	      "Talks to a running authd, resolverd or zonesync agent over its control socket.\n"
	      "  -s, --socket SOCKET   its \"control\" path (default $ZONETIDE_SOCKET, else ./state/authd.sock)\n"
	      "      --json            print the answer as JSON\n"
	      "  -V, --version         version and libraries\n"
	      "  -h, --help            this help\n"
	      "\n"
	      "Commands:\n", to);
	for (int i = 0; i < COMMANDS; i++) {
		int width = fprintf(to, "  %s %s", commands[i].name, commands[i].arguments);
		/* A long usage gets its explanation on the next line. */
		fprintf(to, "%s%*s%s\n", width > 36 ? "\n" : "", width > 36 ? 38 : 38 - width, "", commands[i].help);
	}
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 wait ran out of time.\n", to);
}

static void wrong(struct arguments *arguments, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct arguments *arguments, const char *format, ...)
{
	va_list args;

	/* The first mistake is the one to mend. */
	if (arguments->action == ARGUMENTS_WRONG)
		return;
	arguments->action = ARGUMENTS_WRONG;
	va_start(args, format);
	vsnprintf(arguments->error, sizeof(arguments->error), format, args);
	va_end(args);
}

static void timeout_parse(struct arguments *arguments, struct given *given, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	given->timeout_text = text;
	given->timeout_s = value;
	if (text[0] == '\0' || *end || !isfinite(value) || value < 0 || value > TIMEOUT_MAX_S)
		wrong(arguments, "--timeout is \"%.40s\", expected seconds from 0 to %d", text, TIMEOUT_MAX_S);
}

static bool is_whole_number(const char *text, unsigned long long max)
{
	char *end;
	return text[0] >= '0' && text[0] <= '9' && strlen(text) <= 10 && strtoull(text, &end, 10) <= max && *end == '\0';
}

static void at_parse(struct arguments *arguments, struct given *given, const char *text)
{
	given->at = text;
	if (strcmp(text, "all") != 0 && strcmp(text, "quorum") != 0 && !is_whole_number(text, 1000000))
		wrong(arguments, "--at is \"%.40s\", expected all, quorum or a number of peers", text);
}

static void unknown_option(struct arguments *arguments, const char *option)
{
	const char *nearest = NULL;
	char word[64];

	snprintf(word, sizeof(word), "%.60s", option + strspn(option, "-"));
	word[strcspn(word, "=")] = '\0';
	for (const struct option *known = long_options; known->name && strncmp(option, "--", 2) == 0; known++)
		nearest_consider(word, known->name, &nearest);
	if (nearest)
		wrong(arguments, "unknown option \"%.60s\", did you mean --%s?", option, nearest);
	else
		wrong(arguments, "unknown option \"%.60s\"", option);
}

static void options_parse(struct arguments *arguments, struct given *given, int argc, char **argv)
{
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":s:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			arguments->socket = optarg;
			arguments->is_default_socket = false;
			break;
		case OPTION_JSON: arguments->json = true; break;
		case OPTION_AT: at_parse(arguments, given, optarg); break;
		case OPTION_TIMEOUT: timeout_parse(arguments, given, optarg); break;
		case OPTION_SUBTREE: given->subtree = true; break;
		case 'h':
			arguments->action = ARGUMENTS_HELP;
			return;
		case 'V':
			arguments->action = ARGUMENTS_VERSION;
			return;
		case ':': wrong(arguments, "%.60s needs a value", argv[optind - 1]); break;
		default: unknown_option(arguments, argv[optind - 1]); break;
		}
	}
}

static const struct command *command_find(struct arguments *arguments, const char *name)
{
	const char *nearest = NULL;

	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		nearest_consider(name, commands[i].name, &nearest);
	}
	if (nearest)
		wrong(arguments, "unknown command \"%.60s\", did you mean \"%s\"?", name, nearest);
	else
		wrong(arguments, "unknown command \"%.60s\"", name);
	return NULL;
}

static void usage_check(struct arguments *arguments, const struct command *command, const struct given *given, int count, char **args)
{
	bool is_wait = strcmp(command->name, "wait") == 0, is_flush = strcmp(command->name, "flush") == 0;

	if (count < command->min_args || count > command->max_args)
		wrong(arguments, "%s takes %s%s", command->name, command->arguments[0] ? "" : "no arguments", command->arguments);
	else if ((given->at || given->timeout_text) && !is_wait)
		wrong(arguments, "%s belongs to wait, not to %s", given->at ? "--at" : "--timeout", command->name);
	else if (given->subtree && !is_flush)
		wrong(arguments, "--subtree belongs to flush, not to %s", command->name);
	else if (given->subtree && count > 1)
		wrong(arguments, "flush takes a type or --subtree, not both");
	else if (is_wait && count > 1 && !is_whole_number(args[1], 4294967295u))
		wrong(arguments, "the serial is \"%.40s\", expected a whole number from 0 to 4294967295", args[1]);
}

static void request_make(struct arguments *arguments, const struct given *given, int count, char **args)
{
	json_t *list = json_array();

	for (int i = 0; i < count; i++) {
		if (json_array_append_new(list, json_string(args[i])) != 0)
			wrong(arguments, "argument %d is not UTF-8 text", i + 1);
	}
	arguments->request = json_pack("{s:s, s:o}", "command", arguments->command, "args", list);
	arguments->timeout = ANSWER_TIMEOUT_S * USEC_PER_SEC;
	if (strcmp(arguments->command, "wait") == 0) {
		double seconds = given->timeout_text ? given->timeout_s : WAIT_TIMEOUT_S;
		json_object_set_new(arguments->request, "at", json_string(given->at ? given->at : "all"));
		json_object_set_new(arguments->request, "timeout_s", json_real(seconds));
		arguments->timeout = (usec_t)((seconds + WAIT_GRACE_S) * (double)USEC_PER_SEC);
	} else if (strcmp(arguments->command, "reload") == 0) {
		arguments->timeout = RELOAD_TIMEOUT_S * USEC_PER_SEC;
	}
	if (given->subtree)
		json_object_set_new(arguments->request, "subtree", json_true());
}

void arguments_parse(struct arguments *arguments, int argc, char **argv, const char *environment_socket)
{
	struct given given = { 0 };

	*arguments = (struct arguments){
		.socket = environment_socket && environment_socket[0] ? environment_socket : "./state/authd.sock",
		.is_default_socket = !environment_socket || !environment_socket[0],
	};
	options_parse(arguments, &given, argc, argv);
	if (arguments->action != ARGUMENTS_CALL)
		return;
	if (optind >= argc) {
		wrong(arguments, "no command");
		return;
	}
	const struct command *command = command_find(arguments, argv[optind]);
	if (!command)
		return;
	arguments->command = command->name;
	usage_check(arguments, command, &given, argc - optind - 1, argv + optind + 1);
	if (arguments->action == ARGUMENTS_CALL)
		request_make(arguments, &given, argc - optind - 1, argv + optind + 1);
}

void arguments_fini(struct arguments *arguments)
{
	json_decref(arguments->request);
	arguments->request = NULL;
}
