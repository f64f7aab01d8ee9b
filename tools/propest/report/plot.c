/* Plots by gnuplot, which gets the script and the data through a pipe. */
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "tools/propest/report/report.h"

enum { NOT_FOUND = 127 };

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), ending_len = strlen(ending);
	return len > ending_len && strcasecmp(text + len - ending_len, ending) == 0;
}

/* In gnuplot's single quotes only the quote itself is special. */
static void write_quoted(FILE *pipe, const char *text)
{
	fputc('\'', pipe);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', pipe);
		fputc(*text == '\n' ? ' ' : *text, pipe);
	}
	fputc('\'', pipe);
}

static void write_script(const struct report *report, const char *path, FILE *pipe)
{
	const struct estimate *e = report->estimate;
	char title[NAME_TEXT_SIZE + 64];

	fprintf(pipe, "set terminal %s\nset output ", ends_with(path, ".svg") ? "svg size 900,500 dynamic" : "png size 900,500");
	write_quoted(pipe, path);
	snprintf(title, sizeof(title), "%s %s: %s", report->name, report->type, report_change_text(report->change));
	fprintf(pipe, "\nset title ");
	write_quoted(pipe, title);
	fprintf(pipe, " noenhanced\nset datafile separator ','\nset key bottom right\nset grid\nset yrange [0:1.02]\n"
		"set xlabel 'seconds since the change'\nset ylabel 'share done'\nset xrange [0:%.6g]\n$cdf << END_OF_DATA\n", e->last_stale.at[3] * 1.1 + .001);
	report_write_csv(report, pipe);
	fprintf(pipe, "END_OF_DATA\n"
		"set arrow from %.6g, graph 0 to %.6g, graph 1 nohead dashtype 2\n"
		"plot $cdf every ::1 using 1:2 with steps title 'all servers', '' every ::1 using 1:3 with lines title 'first fresh', "
		"'' every ::1 using 1:4 with lines title 'share of caches fresh', '' every ::1 using 1:5 with lines title 'last stale'\n",
		e->last_stale.bound, e->last_stale.bound);
}

int report_write_plot(const struct report *report, const char *path)
{
	if (!ends_with(path, ".svg") && !ends_with(path, ".png"))
		return ZT_EUNSUPPORTED;
	FILE *pipe = popen("command -v gnuplot >/dev/null 2>&1 || exit 127; exec gnuplot", "w");
	if (!pipe)
		return ZT_ESYSTEM;
	write_script(report, path, pipe);
	int result = pclose(pipe);
	if (result == -1 || !WIFEXITED(result))
		return ZT_EIO;
	return WEXITSTATUS(result) == 0 ? ZT_OK : WEXITSTATUS(result) == NOT_FOUND ? ZT_ENOENT : ZT_EIO;
}
