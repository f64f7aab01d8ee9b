/* Reading the command line. */
#include "tools/propest/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lib/dns/rrtype.h"
#include "tools/propest/model/estimate.h"

enum option_code { OPT_CHANGE = 256, OPT_SERVER, OPT_RESOLVER, OPT_TOPOLOGY, OPT_NO_NET, OPT_MODEL, OPT_JSON, OPT_CSV, OPT_PLOT, OPT_SEED, OPT_SAMPLES,
	OPT_CACHES, OPT_UNTIL, OPT_INTERVAL, OPT_TIMEOUT };

static const struct option long_options[] = {
	{ "change", required_argument, NULL, OPT_CHANGE }, { "server", required_argument, NULL, OPT_SERVER },
	{ "resolver", required_argument, NULL, OPT_RESOLVER }, { "topology", required_argument, NULL, OPT_TOPOLOGY },
	{ "no-net", no_argument, NULL, OPT_NO_NET }, { "model", required_argument, NULL, OPT_MODEL },
	{ "json", no_argument, NULL, OPT_JSON }, { "csv", required_argument, NULL, OPT_CSV },
	{ "plot", required_argument, NULL, OPT_PLOT }, { "seed", required_argument, NULL, OPT_SEED },
	{ "samples", required_argument, NULL, OPT_SAMPLES }, { "caches", required_argument, NULL, OPT_CACHES },
	{ "until", required_argument, NULL, OPT_UNTIL }, { "interval", required_argument, NULL, OPT_INTERVAL },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	fputs("usage: propest estimate NAME TYPE [options]    when will a change be seen everywhere?\n"
	      "       propest watch NAME TYPE [options]       follow a change and compare\n\n"
	      "where the facts come from\n"
	      "  --server IP[@PORT]     an authoritative server; repeat for each (estimate finds them itself when none is given)\n"
	      "  --topology FILE        what DNS cannot tell: primaries, NOTIFY, loss, outages, caches (see propest(1))\n"
	      "  --no-net               ask nothing, use only the topology file\n"
	      "  --resolver IP[@PORT]   estimate: finds the servers; watch: a cache to follow; repeat for each\n"
	      "estimate\n"
	      "  --change modify|add|delete   what will be done (default modify)\n"
	      "  --caches N             also tell when the slowest of N caches is done\n"
	      "  --model ours|textbook  textbook adds the usual rules of thumb\n"
	      "  --samples N, --seed N  how many draws (default 10000) and from which seed (default 1)\n"
	      "  --json, --csv FILE, --plot FILE.svg|FILE.png\n"
	      "watch\n"
	      "  --until servers|all|bound    when to stop (default all with resolvers, else servers)\n"
	      "  --interval MS, --timeout S   how often to ask (default 200 ms), how long to wait (default 3600 s)\n"
	      "  --json                 one JSON object a line\n\n"
	      "exit status: 0 done, 1 failed (watch: the bound was missed), 2 wrong usage or file, 3 watch ran out of time\n", stdout);
}

static int refuse(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "propest: %s \"%s\": expected %s\n", option, value, expected);
	return ZT_EINVAL;
}

static int read_number(const char *option, const char *text, double low, double high, double *out)
{
	char *end;
	char expected[64];

	errno = 0;
	*out = strtod(text, &end);
	if (end != text && !*end && *out >= low && *out <= high)
		return ZT_OK;
	snprintf(expected, sizeof(expected), "a number from %.0f to %.0f", low, high);
	return refuse(option, text, expected);
}

static int read_count(const char *option, const char *text, double low, double high, double *out)
{
	int status = read_number(option, text, low, high, out);
	if (status == ZT_OK && *out != (double)(uint64_t)*out)
		return refuse(option, text, "a whole number");
	return status;
}

struct word { const char *text; int value; };

static int read_word(const char *option, const char *text, const struct word *words, int *out)
{
	char expected[128] = "";

	for (size_t i = 0; words[i].text; i++) {
		if (strcmp(words[i].text, text) == 0) {
			*out = words[i].value;
			return ZT_OK;
		}
		size_t used = strlen(expected);
		snprintf(expected + used, sizeof(expected) - used, "%s%s", i == 0 ? "" : " or ", words[i].text);
	}
	return refuse(option, text, expected);
}

static int read_address(const char *option, const char *text, struct netaddr *list, size_t *count)
{
	if (*count == OPTIONS_MAX_ADDRESSES)
		return refuse(option, text, "at most 256 addresses");
	if (netaddr_from_text(&list[*count], text, 53) != ZT_OK)
		return refuse(option, text, "IP or IP@PORT");
	for (size_t i = 0; i < *count; i++)
		if (netaddr_equal(&list[i], &list[*count]))
			return ZT_OK;
	++*count;
	return ZT_OK;
}

static int read_file_option(struct options *options, int code, const char *value)
{
	if (!*value)
		return refuse("file option", value, "a file name");
	if (code == OPT_TOPOLOGY)
		options->topology = value;
	else if (code == OPT_CSV)
		options->csv = value;
	else
		options->plot = value;
	return ZT_OK;
}

static int read_numeric_option(struct options *options, int code, const char *value)
{
	double x = 0;
	int status = ZT_OK;

	switch (code) {
	case OPT_SEED:
		status = read_count("--seed", value, 0, 9007199254740992.0, &x);
		options->seed = (uint64_t)x;
		break;
	case OPT_SAMPLES:
		status = read_count("--samples", value, 1, ESTIMATE_MAX_SAMPLES, &x);
		options->samples = (size_t)x;
		break;
	case OPT_CACHES:
		status = read_count("--caches", value, 1, 1e9, &options->caches);
		break;
	case OPT_INTERVAL:
		status = read_count("--interval", value, 1, 3600000, &x);
		options->interval_ms = (unsigned)x;
		break;
	case OPT_TIMEOUT:
		status = read_number("--timeout", value, 0, 1e9, &options->timeout_s);
		break;
	}
	return status;
}

static int read_option(struct options *options, int code, const char *value)
{
	static const struct word changes[] = { { "modify", CHANGE_MODIFY }, { "add", CHANGE_ADD }, { "delete", CHANGE_DELETE }, { NULL, 0 } };
	static const struct word models[] = { { "ours", 0 }, { "textbook", 1 }, { NULL, 0 } };
	static const struct word untils[] = { { "servers", UNTIL_SERVERS }, { "all", UNTIL_ALL }, { "bound", UNTIL_BOUND }, { NULL, 0 } };
	int word = 0, status;

	switch (code) {
	case OPT_CHANGE:
		status = read_word("--change", value, changes, &word);
		options->change = (enum change)word;
		return status;
	case OPT_MODEL:
		status = read_word("--model", value, models, &word);
		options->textbook = word;
		return status;
	case OPT_UNTIL:
		status = read_word("--until", value, untils, &word);
		options->until = (enum until)word;
		return status;
	case OPT_SERVER:
		return read_address("--server", value, options->servers, &options->server_count);
	case OPT_RESOLVER:
		return read_address("--resolver", value, options->resolvers, &options->resolver_count);
	case OPT_TOPOLOGY:
	case OPT_CSV:
	case OPT_PLOT:
		return read_file_option(options, code, value);
	case OPT_NO_NET:
		options->no_net = true;
		return ZT_OK;
	case OPT_JSON:
		options->json = true;
		return ZT_OK;
	default:
		return read_numeric_option(options, code, value);
	}
}

static int check(const struct options *options)
{
	const char *wrong = NULL;

	if (options->no_net && !options->topology)
		wrong = "--no-net needs --topology FILE: there is nothing else to learn from";
	else if (options->no_net && options->command == COMMAND_WATCH)
		wrong = "watch asks servers; it can't go with --no-net";
	else if (options->topology && options->server_count > 0)
		wrong = "the topology file lists the servers; give either --server or --topology";
	else if (options->command == COMMAND_WATCH && !options->topology && options->server_count == 0)
		wrong = "watch needs the servers: --server IP[@PORT], or --topology FILE with addresses";
	else if (options->command == COMMAND_WATCH && (options->csv || options->plot))
		wrong = "--csv and --plot go with estimate";
	if (wrong)
		fprintf(stderr, "propest: %s\n", wrong);
	return wrong ? ZT_EINVAL : ZT_OK;
}

static int read_target(struct options *options, int argc, char **argv)
{
	if (optind + 2 != argc) {
		fprintf(stderr, "propest: expected a NAME and a TYPE after the command; try propest --help\n");
		return ZT_EINVAL;
	}
	if (name_from_text(options->name, argv[optind], NULL) != ZT_OK)
		return refuse("name", argv[optind], "a domain name");
	name_to_text(options->name, options->name_text);
	if (!rr_type_from_text(argv[optind + 1], &options->type) || rr_type_is_meta(options->type))
		return refuse("type", argv[optind + 1], "a record type such as A, MX or TYPE65280");
	rr_type_to_text(options->type, options->type_text);
	return ZT_OK;
}

int options_read(struct options *options, int argc, char **argv)
{
	static const struct word commands[] = { { "estimate", COMMAND_ESTIMATE }, { "watch", COMMAND_WATCH }, { NULL, 0 } };
	int code, command = 0, status = ZT_OK;

	*options = (struct options){ .seed = 1, .samples = 10000, .interval_ms = 200, .timeout_s = 3600 };
	while ((code = getopt_long(argc, argv, "hV", long_options, NULL)) != -1 && status == ZT_OK) {
		if (code == 'h') {
			print_help();
			return ZT_EDONE;
		}
		if (code == 'V') {
			puts("propest (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES);
			return ZT_EDONE;
		}
		status = code == '?' ? ZT_EINVAL : read_option(options, code, optarg);
	}
	if (status != ZT_OK)
		return status;
	if (optind >= argc) {
		fprintf(stderr, "propest: expected a command, estimate or watch; try propest --help\n");
		return ZT_EINVAL;
	}
	status = read_word("command", argv[optind++], commands, &command);
	options->command = (enum command)command;
	if (status == ZT_OK)
		status = read_target(options, argc, argv);
	return status == ZT_OK ? check(options) : status;
}
