/* dnstap as configured. */
#include "authd/manage/taps.h"

#include "lib/ctl/metrics.h"

int taps_new(struct tap **out, const struct manage *manage, uint32_t workers)
{
	const struct dnstap_options *options = &manage->options->dnstap;
	struct tap_config config = {
		.socket = options->socket, .file = options->file, .file_limit = options->file_limit, .address = options->address, .queries = options->queries,
		.responses = options->responses, .origin = { options->identity, options->version }, .lanes = workers, .log = manage->log,
	};

	return options->is_on ? tap_new(out, &config) : ZT_OK;
}

void taps_fill(struct buf *out, const struct manage *manage)
{
	struct tap_counters counters;

	if (!manage->tap)
		return;
	tap_counters(manage->tap, &counters);
	metrics_family(out, "authd_dnstap_frames_total", METRICS_COUNTER, "dnstap events written.");
	metrics_sample(out, "authd_dnstap_frames_total", NULL, (double)counters.frames);
	metrics_family(out, "authd_dnstap_dropped_total", METRICS_COUNTER, "Exchanges that dnstap had no room for, because the reader was slow or away.");
	metrics_sample(out, "authd_dnstap_dropped_total", NULL, (double)counters.dropped);
	metrics_family(out, "authd_dnstap_failed_total", METRICS_COUNTER, "dnstap events under way when the connection broke.");
	metrics_sample(out, "authd_dnstap_failed_total", NULL, (double)counters.failed);
	metrics_family(out, "authd_dnstap_connected", METRICS_GAUGE, "Whether there is a reader.");
	metrics_sample(out, "authd_dnstap_connected", NULL, counters.is_connected);
}

json_t *taps_stats(const struct manage *manage)
{
	struct tap_counters counters;

	if (!manage->tap)
		return json_object();
	tap_counters(manage->tap, &counters);
	return json_pack("{s:I, s:I, s:I, s:I, s:i}", "frames", (json_int_t)counters.frames, "dropped", (json_int_t)counters.dropped, "failed", (json_int_t)counters.failed,
			 "connects", (json_int_t)counters.connects, "connected", counters.is_connected);
}
