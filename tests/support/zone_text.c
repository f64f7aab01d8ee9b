/* Zones of tests as text. */
#include "tests/support/zone_text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/zonefile.h"
#include "tests/support/suite.h"

const struct fingerprint_key zone_text_key = { "zone text's key" };

const uint8_t *zone_text_name(const char *text)
{
	static __thread uint8_t ring[8][NAME_MAX_LEN];
	static __thread unsigned at;
	uint8_t *out = ring[at++ % 8];

	ck_assert_msg(name_from_text(out, text, NULL) == ZT_OK, "bad name %s", text);
	return out;
}

static int on_add(void *arg, const struct zonefile_record *record)
{
	return zone_edit_add(arg, &(struct change_record){ record->owner, record->type, record->ttl, record->rdata, record->rdata_len });
}

static int on_remove(void *arg, const struct zonefile_record *record)
{
	return zone_edit_remove(arg, record->owner, record->type, record->rdata, record->rdata_len);
}

static void read_text(struct zone_edit *edit, const uint8_t *apex, const char *text, bool add)
{
	struct zonefile_report report;
	struct zonefile_sink sink = { add ? on_add : on_remove, edit };
	struct zonefile_text source = { "test", text, strlen(text) };

	zonefile_report_init(&report);
	int status = zonefile_read_text(&source, apex, &sink, &report);
	ck_assert_msg(status == ZT_OK, "%s: %s %s", text, status_text(status), report.message_count ? report.messages[0].text : "");
	zonefile_report_fini(&report);
}

struct zone *zone_text_new(const char *apex, const char *text)
{
	struct zone *zone;
	struct zone_edit *edit;
	uint8_t name[NAME_MAX_LEN];

	name_copy(name, zone_text_name(apex));
	ck_assert_int_eq(zone_new(name, &zone_text_key, &zone), ZT_OK);
	if (text) {
		ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
		read_text(edit, name, text, true);
		zone_edit_publish(edit);
	}
	return zone;
}

static void set_serial(struct zone_edit *edit, uint32_t serial)
{
	uint8_t rdata[2 + 1024];
	struct rrset set;

	ck_assert(zone_version_soa(zone_edit_view(edit), &set));
	ck_assert_uint_le(set.rdata_size, sizeof(rdata));
	memcpy(rdata, set.rdata, set.rdata_size);
	soa_set_serial(rdata + 2, set.rdata_size - 2, serial);
	set.rdata = rdata;
	ck_assert_int_eq(zone_edit_put_rrset(edit, zone_apex(zone_version_zone(zone_edit_view(edit))), &set), ZT_OK);
}

void zone_text_change(struct zone_edit *edit, const char *script)
{
	const uint8_t *apex = zone_apex(zone_version_zone(zone_edit_view(edit)));
	char line[4096];

	while (*script) {
		size_t len = strcspn(script, "\n");
		ck_assert_uint_lt(len, sizeof(line));
		memcpy(line, script, len);
		line[len] = 0;
		if (line[0] == '=')
			set_serial(edit, (uint32_t)strtoul(line + 1, NULL, 10));
		else if (len > 1)
			read_text(edit, apex, line + 2, line[0] == '+');
		script += len + (script[len] == '\n');
	}
}

void zone_text_publish(struct zone *zone, const char *script)
{
	struct zone_edit *edit;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	zone_edit_publish(edit);
}

char *zone_text_dump(const struct zone_version *version)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(zonefile_write(version, out), ZT_OK);
	fclose(out);
	return text;
}

bool zone_text_equal(const struct zone_version *a, const struct zone_version *b)
{
	struct zone_summary x = zone_summary(a), y = zone_summary(b);
	struct rrset soa_a = { 0 }, soa_b = { 0 };
	bool has_a = zone_version_soa(a, &soa_a), has_b = zone_version_soa(b, &soa_b);

	return x.count == y.count && fingerprint_equal(x.fingerprint, y.fingerprint) && has_a == has_b && soa_a.ttl == soa_b.ttl &&
	       soa_a.rdata_size == soa_b.rdata_size && (!has_a || memcmp(soa_a.rdata, soa_b.rdata, soa_a.rdata_size) == 0);
}

void zone_text_assert_equal(const struct zone_version *a, const struct zone_version *b)
{
	char *x = zone_text_dump(a), *y = zone_text_dump(b);

	ck_assert_msg(strcmp(x, y) == 0, "zones differ:\n%s\n---- and\n%s", x, y);
	free(x);
	free(y);
}

/* TMPDIR; else memory, where there is much of it: no test here needs a disk, and waiting for one takes its time. */
static const char *temp_base(void)
{
	const char *base = getenv("TMPDIR");
	struct statvfs fs;

	if (base && strlen(base) < 40)
		return base;
	bool has_room = statvfs("/dev/shm", &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize > UINT64_C(1) << 30;
	return has_room && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

void temp_dir_make(char path[64])
{
	ck_assert_int_lt(snprintf(path, 64, "%s/zt-test-XXXXXX", temp_base()), 64);
	ck_assert_ptr_nonnull(mkdtemp(path));
}

void temp_dir_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[512];

	while (dir && (entry = readdir(dir))) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}
