/* The report for people. */
#include <math.h>
#include <time.h>

#include "tools/propest/model/tail.h"
#include "tools/propest/report/report.h"

const char *report_change_text(enum change change)
{
	static const char *const texts[] = { [CHANGE_MODIFY] = "modify", [CHANGE_ADD] = "add", [CHANGE_DELETE] = "delete" };
	return texts[change];
}

const char *report_time_text(usec_t wall, usec_t today, char out[REPORT_TIME_SIZE])
{
	time_t at = (time_t)(wall / USEC_PER_SEC), now = (time_t)(today / USEC_PER_SEC);
	struct tm tm, tm_now;

	if (!localtime_r(&at, &tm) || !localtime_r(&now, &tm_now)) {
		snprintf(out, REPORT_TIME_SIZE, "second %lld", (long long)at);
		return out;
	}
	bool same_day = tm.tm_year == tm_now.tm_year && tm.tm_yday == tm_now.tm_yday;
	strftime(out, REPORT_TIME_SIZE, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	return out;
}

const char *report_span_text(double seconds, char out[REPORT_SPAN_SIZE])
{
	double whole = round(seconds);

	if (seconds < 10)
		snprintf(out, REPORT_SPAN_SIZE, "%.2f s", seconds);
	else if (seconds < 120)
		snprintf(out, REPORT_SPAN_SIZE, "%.1f s", seconds);
	else if (whole < 7200)
		snprintf(out, REPORT_SPAN_SIZE, "%.0f min %.0f s", floor(whole / 60), fmod(whole, 60));
	else if (whole < 172800)
		snprintf(out, REPORT_SPAN_SIZE, "%.0f h %.0f min", floor(whole / 3600), floor(fmod(whole, 3600) / 60));
	else
		snprintf(out, REPORT_SPAN_SIZE, "%.1f days", seconds / 86400);
	return out;
}

/* An instant rounded up to whole seconds: "by" must not be too early. */
static usec_t instant(const struct report *report, double seconds)
{
	usec_t at = report->wall + (usec_t)ceil(fmin(seconds, 1e12) * USEC_PER_SEC);
	return (at + USEC_PER_SEC - 1) / USEC_PER_SEC * USEC_PER_SEC;
}

static void write_answer(const struct report *report, FILE *out)
{
	char soon[REPORT_TIME_SIZE], last[REPORT_TIME_SIZE], now[REPORT_TIME_SIZE];

	fprintf(out, "99 %% of caches by %s, everyone by %s at the latest, if the change is made now (%s).\n",
		report_time_text(instant(report, report->estimate->last_stale.at[2]), report->wall, soon),
		report_time_text(instant(report, report->estimate->last_stale.bound), report->wall, last),
		report_time_text(report->wall, report->wall, now));
	if (report->change == CHANGE_ADD)
		fprintf(out, "That is for caches that asked for the name before it existed, or hold NXDOMAIN for a name above it (RFC 8020) or, of a signed "
			"zone, a proof that spans it (RFC 8198); all others have it as soon as the servers do.\n");
}

static void write_row(FILE *out, const char *what, const struct quantiles *q)
{
	char text[REPORT_SPAN_SIZE];

	fprintf(out, "  %-28s", what);
	for (int i = 0; i < QUANTILE_COUNT; i++)
		fprintf(out, " %13s", report_span_text(q->at[i], text));
	fprintf(out, " %13s\n", report_span_text(q->bound, text));
}

static void write_table(const struct report *report, FILE *out)
{
	const struct estimate *e = report->estimate;
	char what[64];

	fprintf(out, "\n  %-28s", "");
	for (int i = 0; i < QUANTILE_COUNT; i++)
		fprintf(out, " %13s", quantile_names[i]);
	fprintf(out, " %13s\n", "bound");
	write_row(out, "last server has the change", &e->authoritative);
	write_row(out, "a cache first has it", &e->first_fresh);
	write_row(out, "a cache last gives old data", &e->last_stale);
	write_row(out, "this share holds no old data", &e->stored);
	write_row(out, "this share of answers is new", &e->client);
	if (report->facts->cache_count > 1) {
		snprintf(what, sizeof(what), "slowest of %.0f caches", report->facts->cache_count);
		write_row(out, what, &e->all_caches);
	}
}

/* Which of a table's figures may be off how far, by the number of draws. */
static void write_errors(const struct report *report, FILE *out)
{
	const struct estimate *e = report->estimate;
	const struct { const char *what; const struct quantiles *q; } rows[] = { { "last server", &e->authoritative }, { "first has it", &e->first_fresh },
		{ "last old data", &e->last_stale }, { "slowest", &e->all_caches } };
	char text[REPORT_SPAN_SIZE];

	fprintf(out, "\nBy the number of draws (%zu), 95 times of 100 these are off by no more than:\n", report->samples);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) - (report->facts->cache_count > 1 ? 0 : 1); i++) {
		fprintf(out, "  %-28s", rows[i].what);
		for (int j = 0; j < QUANTILE_COUNT; j++)
			fprintf(out, " %13s", report_span_text(rows[i].q->error[j], text));
		fputc('\n', out);
	}
}

static void write_textbook(const struct textbook *t, FILE *out)
{
	const struct textbook_facts *f = &t->facts;
	char text[4][REPORT_SPAN_SIZE];

	fprintf(out, "\nRules of thumb, to compare (n = %.0f servers and caches, delay at most %s, on the mean %s, interval %s, rate %.3g/s, failure %.3g):\n",
		f->replicas, report_span_text(f->max_delay_s, text[0]), report_span_text(f->mean_delay_s, text[1]),
		report_span_text(f->interval_s, text[2]), f->updates_per_s, f->failure);
	fprintf(out, "  max delay * n + interval * ln n                       %s\n", report_span_text(t->bound, text[0]));
	fprintf(out, "  E = that * (1 + rate * delay) * (1 + 2 * failure * n) %s\n", report_span_text(t->expected, text[0]));
	fprintf(out, "  E * 1.96 (\"95 %%\"), E * 2.58 (\"99 %%\")                    %s, %s\n", report_span_text(t->ci95, text[0]),
		report_span_text(t->ci99, text[1]));
	fprintf(out, "  60 s + TTL * depth + 0.1 s * caches                   %s (authoritative %s + cache %s + network %s)\n",
		report_span_text(t->dns, text[0]), report_span_text(t->dns_authoritative, text[1]), report_span_text(t->dns_cache, text[2]),
		report_span_text(t->dns_network, text[3]));
	fprintf(out, "  outage + E                                            %s\n", report_span_text(t->partition, text[0]));
}

static const char *interest_words(const struct interest *interest, char out[REPORT_SPAN_SIZE + 32])
{
	char text[REPORT_SPAN_SIZE];

	if (interest->law == INTEREST_BUSY)
		return "asked all the time";
	snprintf(out, REPORT_SPAN_SIZE + 32, "asked every %s%s", report_span_text(interest->every_s, text),
		 interest->law == INTEREST_POISSON ? " at random" : "");
	return out;
}

static void write_classes(const struct facts *facts, FILE *out)
{
	char text[4][REPORT_SPAN_SIZE + 32];

	for (size_t i = 0; i < facts->caches.class_count; i++) {
		const struct cache_class *c = &facts->caches.classes[i];
		double ttl = class_ttl(c, facts->caches.ttl_s);
		fprintf(out, "%s  %4.3g %% %-20s TTL %s, %s", i == 0 ? "\nCaches:\n" : "", 100 * c->share, c->name, report_span_text(ttl, text[0]),
			interest_words(&c->interest, text[1]));
		if (c->interest.law != INTEREST_BUSY)
			fprintf(out, "; %.3g %% hold a copy at a time", 100 * interest_present(&c->interest, ttl));
		if (c->hold_s > 0)
			fprintf(out, "; clients hold answers for %s", report_span_text(c->hold_s, text[2]));
		if (c->serve_stale_s > 0)
			fprintf(out, "; serves expired data, so the old answer may come once more up to %s later than said here",
				report_span_text(c->serve_stale_s, text[3]));
		fputc('\n', out);
	}
	if (facts->client_tail > 0)
		fprintf(out, "\nClients that ignore TTLs, after their cache gave old data last: %.2g %% still use it a minute later, %.2g %% after 15 minutes, "
			"%.2g %% after a day.\n", 100 * tail_share(facts->client_tail, 60), 100 * tail_share(facts->client_tail, 900),
			100 * tail_share(facts->client_tail, 86400));
}

static const char *factor_words(enum estimate_factor factor)
{
	static const char *const words[FACTOR_COUNT] = {
		[FACTOR_TTL] = "the TTL of what caches hold", [FACTOR_LOSS] = "lost NOTIFYs and questions",
		[FACTOR_SILENCE] = "servers without NOTIFY", [FACTOR_OUTAGE] = "outages", [FACTOR_TRANSFER] = "transfers",
		[FACTOR_PUBLISH] = "waiting before the first NOTIFY",
	};
	return words[factor];
}

static void write_servers(const struct report *report, FILE *out)
{
	const struct network *net = &report->facts->net;
	char text[3][REPORT_SPAN_SIZE];

	fprintf(out, "\nServers:\n  %-24s %-9s %10s %13s %13s %13s\n", "", "vendor", "serial", "p50", "p99", "bound");
	for (size_t i = 0; i < net->server_count; i++) {
		const struct network_server *s = &net->servers[i];
		const struct quantiles *q = &report->estimate->servers[i];
		char serial[16] = "-";
		if (i < report->facts->observation_count && report->facts->observations[i].answered)
			snprintf(serial, sizeof(serial), "%u", report->facts->observations[i].serial);
		fprintf(out, "  %-24s %-9s %10s %13s %13s %13s%s%s\n", s->name, s->vendor->name, serial, report_span_text(q->at[0], text[0]),
			report_span_text(q->at[2], text[1]), report_span_text(q->bound, text[2]), s->primary ? "  primary" : "",
			s->is_public ? "" : "  hidden");
	}
}

void report_write_text(const struct report *report, FILE *out)
{
	const struct estimate *e = report->estimate;
	char text[REPORT_SPAN_SIZE], zone[NAME_TEXT_SIZE];

	write_answer(report, out);
	fprintf(out, "\n%s %s in zone %s, change: %s; caches hold the old answer for %s.\n", report->name, report->type,
		report->facts->has_zone ? name_to_text(report->facts->zone, zone) : "(unknown)", report_change_text(report->change),
		report_span_text(cache_facts_ttl(&report->facts->caches), text));
	write_table(report, out);
	write_errors(report, out);
	write_classes(report->facts, out);
	if (report->textbook)
		write_textbook(report->textbook, out);
	if (e->contributor_count > 0)
		fprintf(out, "\nWhat the 99 %% owe most to:\n");
	for (size_t i = 0; i < e->contributor_count; i++)
		fprintf(out, "  %-34s %s\n", factor_words(e->contributors[i].factor), report_span_text(e->contributors[i].seconds, text));
	write_servers(report, out);
	if (e->expiry_share > 0)
		fprintf(out, "\nIn %.2g %% of the samples a server gave up the zone (EXPIRE) before it got the change.\n", 100 * e->expiry_share);
	for (size_t i = 0; i < report->facts->warning_count; i++)
		fprintf(out, "%sNote: %s.\n", i == 0 ? "\n" : "", report->facts->warnings[i]);
}
