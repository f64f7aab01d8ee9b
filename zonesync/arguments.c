/* zonesync's command line. */
#include "zonesync/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/nearest.h"

enum {
	OPTION_JSON = 256,
	OPTION_TIMEOUT,
	OPTION_FULL,
	OPTION_SECRET_FILE,
	OPTION_REPORT,
	OPERANDS = 2,
	TIMEOUT_DEFAULT_S = 10,
	TIMEOUT_MAX_S = 86400,
	KEY_FILE_SIZE = 8192,
};

struct command {
	enum arguments_command command;
	const char *name;
	const char *operands;
	bool has_output;
	bool has_timeout;
	const char *help;
};

static const struct command commands[] = {
	{ ARGUMENTS_VERIFY, "verify", "A B", false, true, "whether A and B hold the same zone: serials, RRset counts, fingerprints" },
	{ ARGUMENTS_DIFF, "diff", "A B", false, true, "the records that A has and B has not (-), and the other way round (+)" },
	{ ARGUMENTS_REPAIR, "repair", "A B", false, true, "make B hold what A holds: a zone file, or a server that takes NOTIFY or UPDATE from here" },
	{ ARGUMENTS_PULL, "pull", "FROM ZONE -o FILE", true, true, "transfer a zone from the server FROM into a zone file (-: standard output)" },
	{ ARGUMENTS_VERIFY_FILE, "verify-file", "FILE ZONE", false, false, "check a zone file; all errors as FILE:LINE" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "key", required_argument, NULL, 'y' },
	{ "key-file", required_argument, NULL, 'k' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "full", no_argument, NULL, OPTION_FULL },
	{ "report", required_argument, NULL, OPTION_REPORT },
	{ "sync-secret-file", required_argument, NULL, OPTION_SECRET_FILE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void arguments_write_help(FILE *to)
{
	fputs("usage: zonesync [--json] [--timeout S] [-k FILE] COMMAND ARGUMENT...\n"
	      "\n"
	      "Compares and repairs the copies of a zone at servers and in files, over TCP.\n"
	      "\n"
	      "Commands:\n", to);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s %-*s %s\n", commands[i].name, (int)(22 - strlen(commands[i].name)), commands[i].operands, commands[i].help);
	fputs("\n"
	      "A and B, each one of:\n"
	      "  IP@PORT/ZONE          a server; the port is 53 where it is left out\n"
	      "  FILE:ZONE             a zone file\n"
	      "  IP@PORT or FILE       the zone is the one that the other side names\n"
	      "FROM is IP@PORT.\n"
	      "\n"
	      "Options:\n"
	      "  -o, --output FILE     where pull writes\n"
	      "      --timeout S       longest wait for a connection, and for each message (default 10 s)\n"
	      "      --full            verify compares whole zones, also where servers say what they hold\n"
	      "      --report IP@PORT  where verify finds a server behind, tell this one, which notifies it (an authd)\n"
	      "      --sync-secret-file FILE   the sync-secret of the servers, in its first line\n"
	      "  -y, --key [ALGORITHM:]NAME:SECRET   sign with this key (TSIG), and believe only what is signed with it\n"
	      "  -k, --key-file FILE   the same, of a file as tsig-keygen makes; better, because others can see the command line\n"
	      "      --json            print the result as JSON\n"
	      "  -V, --version         version and build features\n"
	      "  -h, --help            this help\n"
	      "\n"
	      "Exit status: 0 equal or done, 1 different or failed, 2 wrong usage.\n", to);
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

static void timeout_parse(struct arguments *arguments, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (text[0] == '\0' || *end || !isfinite(value) || value < 0.001 || value > TIMEOUT_MAX_S)
		wrong(arguments, "--timeout is \"%.40s\", expected seconds from 0.001 to %d", text, TIMEOUT_MAX_S);
	else
		arguments->timeout = (usec_t)(value * (double)USEC_PER_SEC);
}

static void report_parse(struct arguments *arguments, const char *text)
{
	if (netaddr_from_text(&arguments->report, text, 53) != ZT_OK)
		wrong(arguments, "--report is \"%.60s\", expected an address as IP or IP@PORT", text);
}

/* No message shows the text: it may be most of a secret. */
static void key_take(struct arguments *arguments, const char *option, int status, const char *why)
{
	if (status == ZT_ESYNTAX)
		wrong(arguments, "%s: %s", option, why);
	else if (status == ZT_EEXIST)
		wrong(arguments, "%s is the second key; expected one", option);
	else if (status != ZT_OK)
		wrong(arguments, "%s: %s", option, status_text(status));
}

static void key_parse(struct arguments *arguments, char *text)
{
	const char *why = "";
	int status = arguments->key ? ZT_EEXIST : tsig_key_from_text(&arguments->key, text, &why);

	key_take(arguments, "-y", status, why);
	/* Others can see the command line, though less of it from now on. */
	sodium_memzero(text, strlen(text));
}

static void key_file_read(struct arguments *arguments, const char *path)
{
	char text[KEY_FILE_SIZE];
	const char *why = "";
	FILE *in = fopen(path, "r");

	if (!in) {
		wrong(arguments, "-k: cannot open %.150s: %s", path, strerror(errno));
		return;
	}
	size_t len = fread(text, 1, sizeof(text) - 1, in);
	fclose(in);
	text[len] = '\0';
	int status = arguments->key ? ZT_EEXIST : tsig_key_from_file_text(&arguments->key, text, &why);
	key_take(arguments, "-k", status, why);
	sodium_memzero(text, sizeof(text));
}

/* What the options said, before it is clear which command they belong to. */
struct given {
	bool timeout;
};

static void options_parse(struct arguments *arguments, struct given *given, int argc, char **argv)
{
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":o:y:k:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 'o': arguments->output = optarg; break;
		case 'h': arguments->action = ARGUMENTS_HELP; return;
		case 'V': arguments->action = ARGUMENTS_VERSION; return;
		case OPTION_JSON: arguments->json = true; break;
		case 'y': key_parse(arguments, optarg); break;
		case 'k': key_file_read(arguments, optarg); break;
		case OPTION_FULL: arguments->full = true; break;
		case OPTION_REPORT: report_parse(arguments, optarg); break;
		case OPTION_SECRET_FILE: arguments->secret_file = optarg; break;
		case OPTION_TIMEOUT:
			given->timeout = true;
			timeout_parse(arguments, optarg);
			break;
		case ':': wrong(arguments, "%.60s needs a value", argv[optind - 1]); break;
		default: wrong(arguments, "unknown option \"%.60s\"", argv[optind - 1]); break;
		}
	}
}

static const struct command *command_find(struct arguments *arguments, const char *word)
{
	const char *nearest = NULL;

	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, word) == 0)
			return &commands[i];
		nearest_consider(word, commands[i].name, &nearest);
	}
	if (nearest)
		wrong(arguments, "unknown command \"%.40s\", did you mean %s?", word, nearest);
	else
		wrong(arguments, "unknown command \"%.40s\", expected verify, diff, repair, pull or verify-file", word);
	return NULL;
}

static void command_check(struct arguments *arguments, const struct command *command, const struct given *given)
{
	if (arguments->output && !command->has_output)
		wrong(arguments, "-o is not for %s", command->name);
	if (arguments->full && command->command != ARGUMENTS_VERIFY)
		wrong(arguments, "--full is not for %s", command->name);
	if (netaddr_is_set(&arguments->report) && command->command != ARGUMENTS_VERIFY)
		wrong(arguments, "--report is not for %s", command->name);
	if (arguments->key && !command->has_timeout)
		wrong(arguments, "%s asks no server; -y and -k are not for it", command->name);
	if (given->timeout && !command->has_timeout)
		wrong(arguments, "--timeout is not for %s", command->name);
	if (command->has_output && (!arguments->output || arguments->output[0] == '\0'))
		wrong(arguments, "%s needs -o FILE (- is standard output)", command->name);
	if (arguments->output && strcmp(arguments->output, "-") == 0 && arguments->json)
		wrong(arguments, "--json and -o - both want standard output; give -o a file");
}

void arguments_parse(struct arguments *arguments, int argc, char **argv)
{
	struct given given = { 0 };

	*arguments = (struct arguments){ .action = ARGUMENTS_RUN, .timeout = TIMEOUT_DEFAULT_S * USEC_PER_SEC };
	options_parse(arguments, &given, argc, argv);
	if (arguments->action != ARGUMENTS_RUN)
		return;
	if (optind == argc) {
		wrong(arguments, "a command is needed: verify, diff, repair, pull or verify-file");
		return;
	}
	const struct command *command = command_find(arguments, argv[optind++]);
	if (!command)
		return;
	arguments->command = command->command;
	if (argc - optind != OPERANDS) {
		wrong(arguments, "usage: zonesync %s %s", command->name, command->operands);
		return;
	}
	for (int i = 0; i < OPERANDS; i++)
		arguments->operands[i] = argv[optind + i];
	command_check(arguments, command, &given);
}
