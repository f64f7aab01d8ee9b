/* The words of the weather. */
#include "tools/zonelab/weather/weather_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/nearest.h"

enum { NUMBER_LEN_MAX = 24, MTU_MIN = 68, MTU_MAX = 65535, KEY_LEN_MAX = 32 };

static const double TIME_MAX_US = 3600e6, BURST_MAX = 1e6, RATE_MAX = 1e12;
static const uint64_t QUEUE_MAX = UINT64_C(64) << 20;

struct unit {
	const char *suffix;
	double factor;
};

static const struct unit time_units[] = { { "", 1e6 }, { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { "m", 60e6 }, { NULL, 0 } };
static const struct unit share_units[] = { { "", 1 }, { "%", 0.01 }, { NULL, 0 } };
static const struct unit rate_units[] = { { "", 1 }, { "K", 1e3 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 } };
static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

/* Digits with at most one point, and one of the units. What strtod takes beyond that is no number here. */
static bool number_read(const char *text, const struct unit *units, double *out)
{
	size_t len = strspn(text, "0123456789."), digits = strspn(text, "0123456789");

	if (len == 0 || len > NUMBER_LEN_MAX || (digits < len && (len == 1 || strchr(text + digits + 1, '.'))))
		return false;
	for (; units->suffix; units++) {
		if (strcmp(units->suffix, text + len) == 0) {
			char number[NUMBER_LEN_MAX + 1];
			memcpy(number, text, len);
			number[len] = '\0';
			*out = strtod(number, NULL) * units->factor;
			return true;
		}
	}
	return false;
}

static bool read_time(const char *text, void *out)
{
	double us;
	if (!number_read(text, time_units, &us) || us > TIME_MAX_US)
		return false;
	*(usec_t *)out = (usec_t)(us + 0.5);
	return true;
}

static bool read_share(const char *text, void *out)
{
	double share;
	if (!number_read(text, share_units, &share) || share > 1)
		return false;
	*(double *)out = share;
	return true;
}

static bool read_burst(const char *text, void *out)
{
	double packets;
	if (!number_read(text, no_units, &packets) || packets < 1 || packets > BURST_MAX)
		return false;
	*(double *)out = packets;
	return true;
}

static bool read_rate(const char *text, void *out)
{
	double bits;
	if (!number_read(text, rate_units, &bits) || bits > RATE_MAX || (bits > 0 && bits < 1))
		return false;
	*(uint64_t *)out = (uint64_t)bits;
	return true;
}

static bool read_size(const char *text, void *out)
{
	uint64_t size;
	if (schema_size_from_text(&size, text) != ZT_OK || size > QUEUE_MAX)
		return false;
	*(uint64_t *)out = size;
	return true;
}

static bool read_mtu(const char *text, void *out)
{
	double mtu;
	if (strchr(text, '.') || !number_read(text, no_units, &mtu) || mtu > MTU_MAX || (mtu > 0 && mtu < MTU_MIN))
		return false;
	*(unsigned *)out = (unsigned)mtu;
	return true;
}

static bool read_cut(const char *text, void *out)
{
	return schema_bool_from_text(out, text) == ZT_OK;
}

static const char expected_time[] = "a time up to an hour, such as 50ms, 0.5ms or 2s";
static const char expected_share[] = "a share of the packets, such as 5% or 0.05";
static const char expected_burst[] = "a mean number of packets from 1 on, such as 4";
static const char expected_rate[] = "bits per second, such as 10M, 64K or 0 for no limit";
static const char expected_size[] = "bytes up to 64M, such as 65536 or 64K";
static const char expected_mtu[] = "bytes from 68 to 65535, or 0 for the devices' own";
static const char expected_cut[] = "yes or no";

struct key {
	const char *name;
	size_t offset, conf_offset;
	bool (*read)(const char *text, void *out);
	const char *expected;
};

#define KEY(name, read, expected) { #name, offsetof(struct weather, name), offsetof(struct weather_conf, name), read, expected }

static const struct key keys[] = {
	KEY(delay, read_time, expected_time),          KEY(jitter, read_time, expected_time),   KEY(loss, read_share, expected_share),
	KEY(burst, read_burst, expected_burst),        KEY(duplicate, read_share, expected_share), KEY(reorder, read_share, expected_share),
	KEY(rate, read_rate, expected_rate),           KEY(queue, read_size, expected_size),    KEY(mtu, read_mtu, expected_mtu),
	KEY(cut, read_cut, expected_cut),
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void unknown_key(const char *name, char error[WEATHER_ERROR_SIZE])
{
	const char *nearest = NULL;

	for (size_t i = 0; i < KEY_COUNT; i++)
		nearest_consider(name, keys[i].name, &nearest);
	if (nearest) {
		snprintf(error, WEATHER_ERROR_SIZE, "unknown key \"%.40s\", did you mean \"%s\"?", name, nearest);
		return;
	}
	int len = snprintf(error, WEATHER_ERROR_SIZE, "unknown key \"%.40s\", expected one of", name);
	for (size_t i = 0; i < KEY_COUNT; i++)
		len += snprintf(error + len, WEATHER_ERROR_SIZE - (size_t)len, "%s %s", i ? "," : "", keys[i].name);
}

int weather_set_word(struct weather *weather, const char *word, char error[WEATHER_ERROR_SIZE])
{
	char name[KEY_LEN_MAX + 1];
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct key *key = NULL;

	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), word);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(name, keys[i].name) == 0 && len < sizeof(name))
			key = &keys[i];
	}
	if (!key && len > 0) {
		unknown_key(name, error);
		return ZT_ESYNTAX;
	}
	if (!key || (!equals && key->read != read_cut)) {
		snprintf(error, WEATHER_ERROR_SIZE, "\"%.60s\" says no value, expected %s=VALUE, %s", word, key ? key->name : "KEY",
			 key ? key->expected : "such as delay=50ms");
		return ZT_ESYNTAX;
	}
	if (!key->read(equals ? equals + 1 : "yes", (char *)weather + key->offset)) {
		snprintf(error, WEATHER_ERROR_SIZE, "%s is \"%.60s\", expected %s", key->name, equals + 1, key->expected);
		return ZT_ESYNTAX;
	}
	return ZT_OK;
}

int weather_set_words(struct weather *weather, const char *const *words, size_t count, char error[WEATHER_ERROR_SIZE])
{
	struct weather result = *weather;

	if (count == 0) {
		snprintf(error, WEATHER_ERROR_SIZE, "no weather given, expected words such as delay=50ms loss=5%%");
		return ZT_ESYNTAX;
	}
	for (size_t i = 0; i < count; i++) {
		int status = weather_set_word(&result, words[i], error);
		if (status != ZT_OK)
			return status;
	}
	*weather = result;
	return ZT_OK;
}

void weather_apply(struct weather *weather, const struct weather_conf *conf)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const char *text = *(const char *const *)((const char *)conf + keys[i].conf_offset);
		bool good = !text || keys[i].read(text, (char *)weather + keys[i].offset);
		assert(good);
	}
}

static const char *check(bool (*read)(const char *text, void *out), const char *text, const char *expected)
{
	union {
		usec_t time;
		double share;
		uint64_t size;
		unsigned mtu;
		bool cut;
	} value;
	return read(text, &value) ? NULL : expected;
}

const char *weather_check_time(const char *text) { return check(read_time, text, expected_time); }
const char *weather_check_share(const char *text) { return check(read_share, text, expected_share); }
const char *weather_check_burst(const char *text) { return check(read_burst, text, expected_burst); }
const char *weather_check_rate(const char *text) { return check(read_rate, text, expected_rate); }
const char *weather_check_size(const char *text) { return check(read_size, text, expected_size); }
const char *weather_check_mtu(const char *text) { return check(read_mtu, text, expected_mtu); }
const char *weather_check_cut(const char *text) { return check(read_cut, text, expected_cut); }

static void write_time(struct buf *out, const char *key, usec_t time)
{
	if (time >= USEC_PER_SEC && time % USEC_PER_MSEC == 0)
		buf_printf(out, " %s=%.10gs", key, (double)time / USEC_PER_SEC);
	else if (time)
		buf_printf(out, " %s=%.10gms", key, (double)time / USEC_PER_MSEC);
}

static void write_share(struct buf *out, const char *key, double share)
{
	if (share > 0)
		buf_printf(out, " %s=%.10g%%", key, share * 100);
}

static void write_rate(struct buf *out, uint64_t rate)
{
	static const struct {
		uint64_t factor;
		const char *suffix;
	} steps[] = { { 1000000000, "G" }, { 1000000, "M" }, { 1000, "K" }, { 1, "" } };
	size_t i = 0;

	while (rate % steps[i].factor)
		i++;
	if (rate)
		buf_printf(out, " rate=%" PRIu64 "%s", rate / steps[i].factor, steps[i].suffix);
}

void weather_to_text(const struct weather *weather, struct buf *out)
{
	struct buf text;

	buf_init(&text);
	write_time(&text, "delay", weather->delay);
	write_time(&text, "jitter", weather->jitter);
	write_share(&text, "loss", weather->loss);
	if (weather->burst > 1)
		buf_printf(&text, " burst=%.10g", weather->burst);
	write_share(&text, "duplicate", weather->duplicate);
	write_share(&text, "reorder", weather->reorder);
	write_rate(&text, weather->rate);
	if (weather->queue)
		buf_printf(&text, " queue=%" PRIu64, weather->queue);
	if (weather->mtu)
		buf_printf(&text, " mtu=%u", weather->mtu);
	if (weather->cut)
		buf_printf(&text, " cut");
	if (text.status != ZT_OK)
		out->status = text.status;
	else if (text.len)
		buf_add(out, text.data + 1, text.len - 1);
	else
		buf_printf(out, "fine");
	buf_fini(&text);
}
