/* propest estimate. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/propest/cli/cli.h"
#include "tools/propest/report/report.h"

/* What the rules of thumb want to know, from what is known. */
static struct textbook textbook_for(const struct facts *facts)
{
	const struct network *net = &facts->net;
	struct textbook_facts t = { .interval_s = net->timers.refresh_s, .ttl_s = cache_facts_ttl(&facts->caches),
		.depth = facts->caches.depth, .caches = facts->cache_count };

	t.replicas = (double)net->server_count + facts->cache_count;
	for (size_t i = 0; i < net->link_count; i++) {
		double delay = net->links[i].rtt_s / 2;
		t.max_delay_s = fmax(t.max_delay_s, delay);
		t.mean_delay_s += delay / (double)net->link_count;
		t.failure += net->links[i].notify_loss / (double)net->link_count;
	}
	for (size_t i = 0; i < net->outage_count; i++)
		t.partition_s = fmax(t.partition_s, net->outages[i].end - fmax(net->outages[i].begin, 0));
	return textbook_of(&t);
}

static enum exit_code write_csv(const struct report *report, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");

	if (file)
		report_write_csv(report, file);
	if (!file || ferror(file) || (file != stdout && fclose(file) != 0)) {
		fprintf(stderr, "propest: cannot write %s: %s\n", path, strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static enum exit_code write_plot(const struct report *report, const char *path)
{
	int status = report_write_plot(report, path);

	if (status == ZT_ENOENT)
		fprintf(stderr, "propest: --plot needs gnuplot, which is missing: apt-get install gnuplot-nox\n");
	else if (status == ZT_EUNSUPPORTED)
		fprintf(stderr, "propest: --plot %s: expected a file name that ends in .svg or .png\n", path);
	else if (status != ZT_OK)
		fprintf(stderr, "propest: gnuplot could not draw %s: %s\n", path, status_text(status));
	return status == ZT_OK ? EXIT_OK : status == ZT_EUNSUPPORTED ? EXIT_USAGE : EXIT_FAILED;
}

static enum exit_code write_all(const struct report *report, const struct options *options)
{
	enum exit_code code = EXIT_OK;

	if (options->json && report_write_json(report, stdout) != ZT_OK) {
		fprintf(stderr, "propest: cannot write the JSON\n");
		code = EXIT_FAILED;
	}
	if (!options->json && !(options->csv && strcmp(options->csv, "-") == 0))
		report_write_text(report, stdout);
	if (code == EXIT_OK && options->csv)
		code = write_csv(report, options->csv);
	if (code == EXIT_OK && options->plot)
		code = write_plot(report, options->plot);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "propest: cannot write the report: %s\n", strerror(errno));
		code = EXIT_FAILED;
	}
	return code;
}

enum exit_code cli_estimate(const struct options *options, const struct clock *clock)
{
	struct asker asker;
	struct facts facts;
	struct estimate estimate = { 0 };

	asker_init(&asker, clock, 1000, 3);
	facts_init(&facts);
	enum exit_code code = cli_gather(&facts, options, &asker);
	if (code == EXIT_OK)
		code = cli_run(&estimate, &facts, options);
	if (code == EXIT_OK) {
		struct textbook textbook = textbook_for(&facts);
		struct report report = { .facts = &facts, .estimate = &estimate, .name = options->name_text, .type = options->type_text,
			.change = options->change, .wall = clock_wall(clock), .seed = options->seed, .samples = options->samples,
			.textbook = options->textbook ? &textbook : NULL };
		code = write_all(&report, options);
	}
	estimate_fini(&estimate);
	facts_fini(&facts);
	return code;
}
