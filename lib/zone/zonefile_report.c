/* What reading a zone file found. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/zone/zonefile.h"

void zonefile_report_init(struct zonefile_report *report)
{
	*report = (struct zonefile_report){ 0 };
}

void zonefile_report_fini(struct zonefile_report *report)
{
	for (unsigned i = 0; i < report->message_count; i++)
		free(report->messages[i].text);
	buf_fini(&report->sources);
	zonefile_report_init(report);
}

struct place {
	const char *file;
	uint32_t line;      /* 0: the file as a whole */
};

static void message_add(struct zonefile_report *report, bool is_error, struct place place, const char *format, va_list args)
{
	char text[512], line[16] = "";

	vsnprintf(text, sizeof(text), format, args);
	for (char *p = text; *p; p++) {      /* the file's bytes must not steer a terminal */
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	if (place.line > 0)
		snprintf(line, sizeof(line), ":%u", place.line);
	struct zonefile_message *message = &report->messages[report->message_count];
	message->is_error = is_error;
	if (asprintf(&message->text, "%s%s: %s", place.file, line, text) >= 0)
		report->message_count++;
}

void zonefile_error(struct zonefile_report *report, const char *file, uint32_t line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (report->error_count++ <= ZONEFILE_ERRORS_MAX)      /* one more: that there were too many */
		message_add(report, true, (struct place){ file, line }, format, args);
	va_end(args);
}

void zonefile_warning(struct zonefile_report *report, const char *file, uint32_t line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (report->warning_count++ < ZONEFILE_WARNINGS_MAX)
		message_add(report, false, (struct place){ file, line }, format, args);
	va_end(args);
}
