/* JSON results for people. */
#include "tools/zonectl/render.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/status.h"

enum {
	COLUMNS_MAX = 32,
	LABEL_SIZE = 64,
	CELL_MAX = 200,      /* characters a value may take in a table */
};

struct unit {
	const char *suffix;
	void (*write)(double value, struct buf *out);
};

static void seconds_write(double value, struct buf *out)
{
	long long s = llround(value);

	if (value < 0)
		buf_printf(out, "%.1f s", value);
	else if (value < 60)
		buf_printf(out, "%.*f s", value == floor(value) ? 0 : value < 0.1 ? 4 : 1, value);
	else if (s < 3600)
		buf_printf(out, "%lldm%02llds", s / 60, s % 60);
	else if (s < 2 * 86400)
		buf_printf(out, "%lldh%02lldm%02llds", s / 3600, s / 60 % 60, s % 60);
	else
		buf_printf(out, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

static void milliseconds_write(double value, struct buf *out)
{
	buf_printf(out, "%.6g ms", value);
}

static const char *const prefixes[] = { "B", "KiB", "MiB", "GiB", "TiB" };

static void bytes_write(double value, struct buf *out)
{
	size_t i = 0;

	for (; value >= 1024 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		value /= 1024;
	buf_printf(out, "%.*f %s", i == 0 ? 0 : 1, value, prefixes[i]);
}

static const struct unit units[] = {
	{ "_bytes", bytes_write },
	{ "_ms", milliseconds_write },
	{ "_s", seconds_write },
	{ "_at", NULL },      /* text already */
};

static const struct unit *unit_of(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t suffix_len = strlen(units[i].suffix);
		if (len > suffix_len && strcmp(name + len - suffix_len, units[i].suffix) == 0)
			return &units[i];
	}
	return NULL;
}

/* "journal_bytes" is "journal". */
static void label_make(char label[LABEL_SIZE], const char *name)
{
	const struct unit *unit = unit_of(name);
	size_t len = strlen(name) - (unit ? strlen(unit->suffix) : 0);

	if (len >= LABEL_SIZE)
		len = LABEL_SIZE - 1;
	for (size_t i = 0; i < len; i++)
		label[i] = name[i] == '_' ? ' ' : name[i];
	label[len] = '\0';
}

/* Text of the daemon must not break lines or drive the terminal. */
static void text_write(const char *text, struct buf *out)
{
	for (const char *p = text; *p; p++)
		buf_add_u8(out, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : (uint8_t)*p);
}

static void value_write(const char *name, json_t *value, struct buf *out)
{
	const struct unit *unit = unit_of(name);

	switch (json_typeof(value)) {
	case JSON_STRING: text_write(json_string_value(value), out); break;
	case JSON_INTEGER:
	case JSON_REAL:
		if (unit && unit->write)
			unit->write(json_number_value(value), out);
		else if (json_is_integer(value))
			buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else
			buf_printf(out, "%.6g", json_real_value(value));
		break;
	case JSON_TRUE: buf_printf(out, "yes"); break;
	case JSON_FALSE: buf_printf(out, "no"); break;
	case JSON_NULL: buf_printf(out, "-"); break;
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(value); i++) {
			buf_printf(out, "%s", i ? ", " : "");
			value_write(name, json_array_get(value, i), out);
		}
		if (json_array_size(value) == 0)
			buf_printf(out, "-");
		break;
	case JSON_OBJECT: buf_printf(out, "%s", json_object_size(value) == 0 ? "-" : "..."); break;
	}
}

/* What a cell shows, NUL-terminated in `cell`; cells without memory are empty. */
static const char *cell_text(const char *name, json_t *value, struct buf *cell)
{
	buf_clear(cell);
	if (value)
		value_write(name, value, cell);
	buf_add_u8(cell, 0);
	return cell->status == ZT_OK ? (const char *)cell->data : "";
}

/* Columns of a terminal: bytes that don't continue a UTF-8 character. */
static size_t text_width(const char *text)
{
	size_t width = 0;
	for (const char *p = text; *p; p++)
		width += ((unsigned char)*p & 0xc0) != 0x80;
	return width;
}

struct column {
	const char *name;
	size_t width;
	bool is_number;      /* aligned to the right */
	bool is_used;        /* some entry has more than null */
};

struct table {
	json_t *rows;
	struct column columns[COLUMNS_MAX];
	size_t count;
};

static struct column *column_of(struct table *table, const char *name)
{
	char label[LABEL_SIZE];

	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	}
	if (table->count == COLUMNS_MAX)
		return NULL;
	label_make(label, name);
	struct column *column = &table->columns[table->count++];
	*column = (struct column){ .name = name, .width = strlen(label), .is_number = true };
	return column;
}

/* Members in the order in which they first occur; those that are null everywhere say nothing and get no column. */
static void table_measure(struct table *table, json_t *rows)
{
	struct buf cell;

	*table = (struct table){ .rows = rows };
	buf_init(&cell);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		void *member = json_object_iter(json_array_get(rows, i));
		for (; member; member = json_object_iter_next(json_array_get(rows, i), member)) {
			const char *name = json_object_iter_key(member);
			json_t *value = json_object_iter_value(member);
			struct column *column = column_of(table, name);
			if (!column)
				continue;
			size_t width = text_width(cell_text(name, value, &cell));
			if (width > CELL_MAX)
				width = CELL_MAX;
			if (width > column->width)
				column->width = width;
			column->is_number &= json_is_number(value) || json_is_null(value);
			column->is_used |= !json_is_null(value);
		}
	}
	buf_fini(&cell);
}

static size_t table_width(const struct table *table)
{
	size_t width = 0;
	for (size_t i = 0; i < table->count; i++)
		width += table->columns[i].is_used ? table->columns[i].width + 2 : 0;
	return width > 2 ? width - 2 : 0;
}

static void trailing_blanks_drop(struct buf *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->len--;
}

static void cell_write(const struct column *column, const char *text, struct buf *out)
{
	size_t width = text_width(text);
	int padding = width < column->width ? (int)(column->width - width) : 0;

	if (column->is_number)
		buf_printf(out, "%*s%s  ", padding, "", text);
	else
		buf_printf(out, "%s%*s  ", text, padding, "");
}

static void table_write(const struct table *table, struct buf *out)
{
	struct buf cell;
	char label[LABEL_SIZE];

	for (size_t i = 0; i < table->count; i++) {
		const struct column *column = &table->columns[i];
		if (!column->is_used)
			continue;
		label_make(label, column->name);
		for (char *p = label; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		cell_write(column, label, out);
	}
	trailing_blanks_drop(out);
	buf_printf(out, "\n");
	buf_init(&cell);
	for (size_t i = 0; i < json_array_size(table->rows); i++) {
		for (size_t j = 0; j < table->count; j++) {
			const struct column *column = &table->columns[j];
			if (column->is_used)
				cell_write(column, cell_text(column->name, json_object_get(json_array_get(table->rows, i), column->name), &cell), out);
		}
		trailing_blanks_drop(out);
		buf_printf(out, "\n");
	}
	buf_fini(&cell);
}

static bool is_table(json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!json_is_object(json_array_get(value, i)))
			return false;
	}
	return json_array_size(value) > 0;
}

static void object_write(json_t *object, size_t width, struct buf *out);

static void rows_write(json_t *rows, size_t width, struct buf *out)
{
	struct table table;

	table_measure(&table, rows);
	if (width == 0 || table_width(&table) <= width) {
		table_write(&table, out);
		return;
	}
	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (i > 0)
			buf_printf(out, "\n");
		object_write(json_array_get(rows, i), width, out);
	}
}

static bool is_nested(json_t *value)
{
	return json_object_size(value) > 0 || is_table(value);
}

static void lines_write(json_t *object, struct buf *out)
{
	char label[LABEL_SIZE];
	size_t label_width = 0;
	void *member;

	for (member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
		label_make(label, json_object_iter_key(member));
		if (!is_nested(json_object_iter_value(member)) && strlen(label) > label_width)
			label_width = strlen(label);
	}
	for (member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
		const char *name = json_object_iter_key(member);
		json_t *value = json_object_iter_value(member);
		if (is_nested(value))
			continue;
		label_make(label, name);
		buf_printf(out, "%-*s  ", (int)label_width, label);
		value_write(name, value, out);
		trailing_blanks_drop(out);
		buf_printf(out, "\n");
	}
}

static void object_write(json_t *object, size_t width, struct buf *out)
{
	size_t start = out->len;

	lines_write(object, out);
	void *member = json_object_iter(object);
	for (; member; member = json_object_iter_next(object, member)) {
		char label[LABEL_SIZE];
		json_t *value = json_object_iter_value(member);
		if (!is_nested(value))
			continue;
		label_make(label, json_object_iter_key(member));
		/* A result that is nothing but one list needs no heading. */
		if (json_object_size(object) > 1)
			buf_printf(out, "%s%s:\n", out->len > start ? "\n" : "", label);
		if (json_is_object(value))
			object_write(value, width, out);
		else
			rows_write(value, width, out);
	}
}

void render_result(json_t *result, size_t width, struct buf *out)
{
	if (json_is_object(result)) {
		object_write(result, width, out);
	} else if (is_table(result)) {
		rows_write(result, width, out);
	} else if (json_is_array(result) && json_array_size(result) == 0) {
		buf_printf(out, "(none)\n");
	} else if (result) {
		value_write("", result, out);
		buf_printf(out, "\n");
	}
}

void render_number(const char *name, double value, char *out, size_t size)
{
	const struct unit *unit = unit_of(name);
	struct buf text;

	buf_init(&text);
	if (unit && unit->write)
		unit->write(value, &text);
	else
		buf_printf(&text, "%.6g", value);
	snprintf(out, size, "%.*s", text.status == ZT_OK ? (int)text.len : 0, text.len > 0 ? (const char *)text.data : "");
	buf_fini(&text);
}
