/* The distributions as a table: one row where something moves. */
#include <math.h>

#include "tools/propest/report/report.h"

static const double worth_a_row = .0025;

void report_write_csv(const struct report *report, FILE *out)
{
	const struct estimate *e = report->estimate;
	const struct curve *curves[] = { &e->server_curve, &e->first_curve, &e->share_curve, &e->last_curve };
	double last[4] = { 0 };
	bool skipped = false;

	fprintf(out, "seconds,servers_done,first_fresh,fresh_share,last_stale_done\n0,0,0,0,0\n");
	for (size_t i = 0; i < e->last_curve.count; i++) {
		double value[4], moved = 0;
		for (int j = 0; j < 4; j++) {
			value[j] = fmin(fmax(curve_value_at_point(curves[j], i), 0), 1);
			moved = fmax(moved, fabs(value[j] - last[j]));
		}
		bool done = value[3] > 1 - 1e-6 && value[1] > 1 - 1e-6;
		if (moved < worth_a_row && !(done && skipped)) {
			skipped |= moved > 0;
			continue;
		}
		fprintf(out, "%.6g,%.6f,%.6f,%.6f,%.6f\n", curve_point(&e->last_curve, i), value[0], value[1], value[2], value[3]);
		for (int j = 0; j < 4; j++)
			last[j] = value[j];
		skipped = false;
		if (done)
			return;
	}
}
