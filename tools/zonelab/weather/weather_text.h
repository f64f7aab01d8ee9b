/* Weather as people write it: words such as `delay=50ms loss=5%`, and the same keys in a topology file.
 *
 * Only what is given changes; the rest of the weather stays. The keys and their values:
 *
 *	delay, jitter        a time: 50ms, 0.5ms, 250us, 2s; a number alone is in seconds
 *	loss, duplicate, reorder     a share of the packets: 5% or 0.05
 *	burst                packets lost in a row on average: 4
 *	rate                 bits per second: 10M, 64K, 1G (powers of 1,000); 0 = without limit
 *	queue                bytes, also with K or M (powers of 1,024); 0 = as the rate wants it
 *	mtu                  bytes, 68 to 65535; 0 = the devices'
 *	cut                  yes or no; as a word alone it means yes
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/conf/schema.h"
#include "tools/zonelab/weather/weather.h"

enum { WEATHER_ERROR_SIZE = 256 };

/* One word. ZT_ESYNTAX with an error that says what was expected; then the weather is as it was. */
ZT_MUST_CHECK int weather_set_word(struct weather *weather, const char *word, char error[WEATHER_ERROR_SIZE]);
/* All or none of the words. ZT_ESYNTAX as above, also for no word at all. */
ZT_MUST_CHECK int weather_set_words(struct weather *weather, const char *const *words, size_t count, char error[WEATHER_ERROR_SIZE]);
/* Appends what differs from fine weather, in the form above: "delay=50ms loss=5%"; "fine" for fine weather. */
void weather_to_text(const struct weather *weather, struct buf *out);

/* The keys of a mapping in a topology file; NULL = not given. */
struct weather_conf {
	const char *delay, *jitter, *loss, *burst, *duplicate, *reorder, *rate, *queue, *mtu, *cut;
};

/* Rows for the schema of a struct that has a struct weather_conf as `member`: { WEATHER_ROWS(struct link_conf, weather), … }. */
#define WEATHER_ROWS(conf, member) \
	{ "delay", SCHEMA_TEXT, offsetof(conf, member.delay), .check = weather_check_time, \
	  .help = "How long packets are under way, such as `50ms`." }, \
	{ "jitter", SCHEMA_TEXT, offsetof(conf, member.jitter), .check = weather_check_time, \
	  .help = "Delays are spread evenly by up to this much to both sides." }, \
	{ "loss", SCHEMA_TEXT, offsetof(conf, member.loss), .check = weather_check_share, .help = "Share of the packets that are lost." }, \
	{ "burst", SCHEMA_TEXT, offsetof(conf, member.burst), .check = weather_check_burst, \
	  .help = "Packets lost in a row on average; without it losses are independent." }, \
	{ "duplicate", SCHEMA_TEXT, offsetof(conf, member.duplicate), .check = weather_check_share, .help = "Share of the packets that arrive twice." }, \
	{ "reorder", SCHEMA_TEXT, offsetof(conf, member.reorder), .check = weather_check_share, \
	  .help = "Share of the packets that go without the delay, and so overtake others." }, \
	{ "rate", SCHEMA_TEXT, offsetof(conf, member.rate), .check = weather_check_rate, .help = "Bandwidth in bits per second, such as `10M`." }, \
	{ "queue", SCHEMA_TEXT, offsetof(conf, member.queue), .check = weather_check_size, \
	  .help = "Bytes that may wait for the bandwidth; without it what is sent in 100 ms, at least 16K." }, \
	{ "mtu", SCHEMA_TEXT, offsetof(conf, member.mtu), .check = weather_check_mtu, .help = "Largest packet in bytes." }, \
	{ "cut", SCHEMA_TEXT, offsetof(conf, member.cut), .check = weather_check_cut, .help = "Nothing passes." }

/* Sets what is given. Its texts have passed the checks of WEATHER_ROWS. */
void weather_apply(struct weather *weather, const struct weather_conf *conf);

/* For WEATHER_ROWS: NULL when the text is fine, else what was expected. */
const char *weather_check_time(const char *text);
const char *weather_check_share(const char *text);
const char *weather_check_burst(const char *text);
const char *weather_check_rate(const char *text);
const char *weather_check_size(const char *text);
const char *weather_check_mtu(const char *text);
const char *weather_check_cut(const char *text);
