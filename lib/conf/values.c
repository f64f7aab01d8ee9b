/* Single configuration values. */
#include "lib/conf/values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/nearest.h"

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit duration_units[] = {
	{ "ms", USEC_PER_MSEC },          { "s", USEC_PER_SEC },
	{ "m", 60 * USEC_PER_SEC },       { "h", 3600 * USEC_PER_SEC },
	{ "d", 86400 * USEC_PER_SEC },    { "w", 7 * 86400 * USEC_PER_SEC },
};

static const struct unit size_units[] = {
	{ "K", INT64_C(1) << 10 }, { "M", INT64_C(1) << 20 }, { "G", INT64_C(1) << 30 }, { "T", INT64_C(1) << 40 },
};

static const struct {
	const char *word;
	bool value;
} bool_words[] = { { "yes", true }, { "no", false }, { "true", true }, { "false", false }, { "on", true }, { "off", false } };

/* The digits at *text as a number; moves *text past them. False without a digit and on overflow. */
static bool digits_take(const char **text, int64_t *out)
{
	const char *p = *text;
	int64_t value = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
			return false;
	}
	bool found = p != *text;
	*text = p;
	*out = value;
	return found;
}

static const struct unit *unit_find(const struct unit *units, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(units[i].suffix) == len && strncasecmp(units[i].suffix, text, len) == 0)
			return &units[i];
	}
	return NULL;
}

int schema_duration_from_text(usec_t *duration, const char *text)
{
	usec_t sum = 0;

	if (text[0] == '\0')
		return ZT_ESYNTAX;
	for (const char *p = text; *p;) {
		int64_t value;
		if (!digits_take(&p, &value))
			return ZT_ESYNTAX;
		size_t len = strcspn(p, "0123456789");
		/* A number alone is in seconds; in a row every number has its unit. */
		const struct unit *unit = len == 0 && sum == 0 ? &duration_units[1]
							       : unit_find(duration_units, SCHEMA_COUNT(duration_units), p, len);
		if (!unit || __builtin_mul_overflow(value, unit->factor, &value) || __builtin_add_overflow(sum, value, &sum))
			return ZT_ESYNTAX;
		p += len;
	}
	*duration = sum;
	return ZT_OK;
}

int schema_size_from_text(uint64_t *size, const char *text)
{
	const char *p = text;
	int64_t value;

	if (!digits_take(&p, &value))
		return ZT_ESYNTAX;
	if (*p) {
		const struct unit *unit = unit_find(size_units, SCHEMA_COUNT(size_units), p, strlen(p));
		if (!unit || __builtin_mul_overflow(value, unit->factor, &value))
			return ZT_ESYNTAX;
	}
	*size = (uint64_t)value;
	return ZT_OK;
}

int schema_bool_from_text(bool *value, const char *text)
{
	for (size_t i = 0; i < SCHEMA_COUNT(bool_words); i++) {
		if (strcasecmp(text, bool_words[i].word) == 0) {
			*value = bool_words[i].value;
			return ZT_OK;
		}
	}
	return ZT_ESYNTAX;
}

static bool has_range(const struct schema_row *row)
{
	return row->min != 0 || row->max != 0;
}

static int range_check(const struct schema_row *row, int64_t value)
{
	if (has_range(row))
		return value >= row->min && value <= row->max ? ZT_OK : ZT_ESYNTAX;
	return value >= 0 ? ZT_OK : ZT_ESYNTAX;
}

static int int_from_text(const struct schema_row *row, const char *text, int64_t *out)
{
	bool is_negative = text[0] == '-';
	const char *p = text + is_negative;
	int64_t value;

	if (!digits_take(&p, &value) || *p)
		return ZT_ESYNTAX;
	*out = is_negative ? -value : value;
	return range_check(row, *out);
}

static int duration_from_text(const struct schema_row *row, const char *text, usec_t *out)
{
	int status = schema_duration_from_text(out, text);
	return status == ZT_OK ? range_check(row, *out) : status;
}

static int size_from_text(const struct schema_row *row, const char *text, uint64_t *out)
{
	int status = schema_size_from_text(out, text);
	return status == ZT_OK ? range_check(row, (int64_t)*out) : status;
}

/* Digits with at most one point and at most one final percent sign; what strtod takes beyond that is no configuration. */
static int fraction_from_text(const char *text, double *out)
{
	size_t len = strlen(text);
	bool is_percent = len > 0 && text[len - 1] == '%';
	const char *point = strchr(text, '.');

	len -= is_percent;
	if (len == 0 || len > 32 || strspn(text, "0123456789.") != len || (point && (strchr(point + 1, '.') || len == 1)))
		return ZT_ESYNTAX;
	*out = strtod(text, NULL) / (is_percent ? 100 : 1);
	return *out <= 1 ? ZT_OK : ZT_ESYNTAX;
}

static int enum_from_text(const struct schema_row *row, const char *text, int *out)
{
	for (const struct schema_name *name = row->names; name->name; name++) {
		if (strcasecmp(name->name, text) == 0) {
			*out = name->value;
			return ZT_OK;
		}
	}
	return ZT_ESYNTAX;
}

static int text_from_text(const struct schema_row *row, struct yaml_tree *tree, const char *text, const char **out)
{
	if (row->check && row->check(text))
		return ZT_ESYNTAX;
	if (row->type == SCHEMA_PATH && text[0] == '\0')
		return ZT_ESYNTAX;
	*out = row->type == SCHEMA_PATH ? yaml_tree_resolve(tree, text) : arena_strdup(&tree->arena, text);
	return *out ? ZT_OK : ZT_ENOMEM;
}

enum { ACCESS_WORD_SIZE = 512 };

/* One condition of an access list. None may come twice. */
static int condition_from_text(struct yaml_tree *tree, const char *word, struct schema_access *out)
{
	const struct {
		const char *prefix;
		const char **text;
	} kinds[] = { { "key:", &out->key }, { "tls:", &out->tls }, { "pin:", &out->pin } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);
		if (strncmp(word, kinds[i].prefix, len) != 0)
			continue;
		if (word[len] == '\0' || *kinds[i].text)
			return ZT_ESYNTAX;
		*kinds[i].text = arena_strdup(&tree->arena, word + len);
		return *kinds[i].text ? ZT_OK : ZT_ENOMEM;
	}
	if (out->has_prefix || netprefix_from_text(&out->prefix, word) != ZT_OK)
		return ZT_ESYNTAX;
	out->has_prefix = true;
	return ZT_OK;
}

static int access_from_text(struct yaml_tree *tree, const char *text, struct schema_access *out)
{
	char word[ACCESS_WORD_SIZE];
	int status = ZT_ESYNTAX;

	*out = (struct schema_access){ 0 };
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");
		if (len >= sizeof(word))
			return ZT_ESYNTAX;
		memcpy(word, text, len);
		word[len] = '\0';
		text += len;
		status = condition_from_text(tree, word, out);
		if (status != ZT_OK)
			return status;
	}
	return status;
}

int value_from_text(const struct schema_row *row, struct yaml_tree *tree, const char *text, void *out)
{
	switch (row->type) {
	case SCHEMA_BOOL: return schema_bool_from_text(out, text);
	case SCHEMA_INT: return int_from_text(row, text, out);
	case SCHEMA_DURATION: return duration_from_text(row, text, out);
	case SCHEMA_SIZE: return size_from_text(row, text, out);
	case SCHEMA_FRACTION: return fraction_from_text(text, out);
	case SCHEMA_TEXT:
	case SCHEMA_PATH: return text_from_text(row, tree, text, out);
	case SCHEMA_ENUM: return enum_from_text(row, text, out);
	case SCHEMA_ADDRESS: return netaddr_from_text(out, text, row->port);
	case SCHEMA_PREFIX: return netprefix_from_text(out, text);
	case SCHEMA_ACCESS: return access_from_text(tree, text, out);
	case SCHEMA_MAPPING:
	case SCHEMA_NODE: break;
	}
	return ZT_EINVAL;
}

size_t value_size(const struct schema_row *row)
{
	switch (row->type) {
	case SCHEMA_BOOL: return sizeof(bool);
	case SCHEMA_INT: return sizeof(int64_t);
	case SCHEMA_DURATION: return sizeof(usec_t);
	case SCHEMA_SIZE: return sizeof(uint64_t);
	case SCHEMA_FRACTION: return sizeof(double);
	case SCHEMA_TEXT:
	case SCHEMA_PATH: return sizeof(const char *);
	case SCHEMA_ENUM: return sizeof(int);
	case SCHEMA_ADDRESS: return sizeof(struct netaddr);
	case SCHEMA_PREFIX: return sizeof(struct netprefix);
	case SCHEMA_ACCESS: return sizeof(struct schema_access);
	case SCHEMA_NODE: return sizeof(const struct yaml_node *);
	case SCHEMA_MAPPING: break;
	}
	return 0;
}

/* The largest unit that divides the value: 90s stays 90s, 3600s is 1h. */
static void units_write(const struct unit *units, size_t count, int64_t value, struct buf *out)
{
	for (size_t i = count; i-- > 0;) {
		if (value != 0 && value % units[i].factor == 0) {
			buf_printf(out, "%" PRId64 "%s", value / units[i].factor, units[i].suffix);
			return;
		}
	}
	buf_printf(out, "%" PRId64, value);
}

static void number_write(const struct schema_row *row, int64_t value, struct buf *out)
{
	if (row->type == SCHEMA_DURATION)
		units_write(duration_units, SCHEMA_COUNT(duration_units), value, out);
	else if (row->type == SCHEMA_SIZE)
		units_write(size_units, SCHEMA_COUNT(size_units), value, out);
	else
		buf_printf(out, "%" PRId64, value);
}

static void range_write(const struct schema_row *row, struct buf *out)
{
	if (!has_range(row))
		return;
	if (row->max == INT64_MAX) {
		buf_printf(out, ", at least ");
		number_write(row, row->min, out);
		return;
	}
	buf_printf(out, " from ");
	number_write(row, row->min, out);
	buf_printf(out, " to ");
	number_write(row, row->max, out);
}

static void names_write(const struct schema_row *row, const char *text, struct buf *out)
{
	const char *nearest = NULL;

	buf_printf(out, "%s", row->names[1].name ? "one of " : "");
	for (const struct schema_name *name = row->names; name->name; name++) {
		const char *separator = name == row->names ? "" : name[1].name ? ", " : " or ";
		buf_printf(out, "%s%s", separator, name->name);
		if (text)
			nearest_consider(text, name->name, &nearest);
	}
	if (nearest)
		buf_printf(out, "; did you mean \"%s\"?", nearest);
}

static void mapping_write(const struct schema *mapping, struct buf *out)
{
	for (size_t i = 0; i < mapping->row_count; i++) {
		const struct schema_row *row = &mapping->rows[i];
		if (!mapping->shorthand || strcmp(row->key, mapping->shorthand) != 0)
			continue;
		value_expected_write(row, NULL, out);
		buf_printf(out, ", or ");
	}
	buf_printf(out, "a mapping with the keys of \"%s\"", mapping->what);
}

void value_expected_write(const struct schema_row *row, const char *text, struct buf *out)
{
	const char *checked = row->check ? row->check(text ? text : "") : NULL;

	switch (row->type) {
	case SCHEMA_BOOL: buf_printf(out, "yes or no"); break;
	case SCHEMA_INT:
		buf_printf(out, "a whole number");
		range_write(row, out);
		break;
	case SCHEMA_DURATION:
		buf_printf(out, "a duration (seconds, or such as 500ms, 30s, 5m, 1h30m, 1d)");
		range_write(row, out);
		break;
	case SCHEMA_SIZE:
		buf_printf(out, "a size (bytes, or such as 512K, 64M, 1G)");
		range_write(row, out);
		break;
	case SCHEMA_FRACTION: buf_printf(out, "a share such as 0.05 or 5%%, from 0 to 1"); break;
	case SCHEMA_TEXT: buf_printf(out, "%s", checked ? checked : "text"); break;
	case SCHEMA_PATH: buf_printf(out, "%s", checked ? checked : "a file name"); break;
	case SCHEMA_ENUM: names_write(row, text, out); break;
	case SCHEMA_ADDRESS:
		buf_printf(out, "an address IP@PORT");
		if (row->port)
			buf_printf(out, " or IP (port %u)", row->port);
		break;
	case SCHEMA_PREFIX: buf_printf(out, "an address IP or a prefix IP/BITS"); break;
	case SCHEMA_ACCESS: buf_printf(out, "an address IP, a prefix IP/BITS, key:NAME, tls:NAME, pin:PIN, or several in one as IP/BITS key:NAME"); break;
	case SCHEMA_MAPPING: mapping_write(row->mapping, out); break;
	case SCHEMA_NODE: buf_printf(out, "any YAML"); break;
	}
}
