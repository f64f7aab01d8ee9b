/* A terminal that shows a picture in place. */
#include "tools/zonelab/cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tools/zonelab/cli/screen.h"

#define ENTER "\033[?1049h\033[?25l"      /* the other screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define ERASE_LINE "\033[K"
#define ERASE_BELOW "\033[J"

enum { DEFAULT_WIDTH = 80, DEFAULT_HEIGHT = 24, MOST_COLUMNS = 250 };

struct terminal {
	const struct lab *lab;
	struct termios before;
	struct screen screen;
	struct buf picture, last;
};

bool terminal_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void write_all(const void *bytes, size_t len)
{
	for (const uint8_t *at = bytes; len > 0;) {
		ssize_t written = write(STDOUT_FILENO, at, len);
		if (written <= 0)
			return;      /* whoever looked at it has gone; poll tells */
		at += written;
		len -= (size_t)written;
	}
}

int terminal_open(struct terminal **out, const struct lab *lab)
{
	struct terminal *terminal = *out = calloc(1, sizeof(*terminal));
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	if (!terminal)
		return ZT_ENOMEM;
	terminal->lab = lab;
	terminal->screen.has_colours = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
	terminal->screen.mode = lab_mode_text(lab->topology.mode);
	buf_init(&terminal->picture);
	buf_init(&terminal->last);
	if (tcgetattr(STDIN_FILENO, &terminal->before) != 0) {
		free(terminal);
		*out = NULL;
		return ZT_ESYSTEM;
	}
	struct termios raw = terminal->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);      /* keys at once; Ctrl-C stays a signal */
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	write_all(ENTER, strlen(ENTER));
	return ZT_OK;
}

void terminal_close(struct terminal *terminal)
{
	if (!terminal)
		return;
	write_all(LEAVE, strlen(LEAVE));
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
	buf_fini(&terminal->picture);
	buf_fini(&terminal->last);
	free(terminal);
}

static void size_take(struct screen *screen)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){ .ws_col = DEFAULT_WIDTH, .ws_row = DEFAULT_HEIGHT };
	screen->width = size.ws_col < MOST_COLUMNS ? size.ws_col : MOST_COLUMNS;
	screen->height = size.ws_row;
}

/* Each line wipes what an earlier one left behind it, and nothing is wiped that is not written over: so nothing flickers. The last line ends without
 * a newline, which would scroll. */
static void picture_write(const struct buf *lines)
{
	struct buf out;

	buf_init(&out);
	buf_add(&out, HOME, strlen(HOME));
	for (size_t i = 0; i < lines->len; i++) {
		if (lines->data[i] != '\n') {
			buf_add_u8(&out, lines->data[i]);
			continue;
		}
		buf_add(&out, ERASE_LINE, strlen(ERASE_LINE));
		if (i + 1 < lines->len)
			buf_add_u8(&out, '\n');
	}
	buf_add(&out, ERASE_BELOW, strlen(ERASE_BELOW));
	if (out.status == ZT_OK)
		write_all(out.data, out.len);
	buf_fini(&out);
}

void terminal_draw(struct terminal *terminal, const struct tally *tally, double now)
{
	unsigned width = terminal->screen.width, height = terminal->screen.height;

	size_take(&terminal->screen);
	terminal->screen.now = now;
	buf_clear(&terminal->picture);
	screen_draw(&terminal->screen, tally, &terminal->picture);
	bool is_same = width == terminal->screen.width && height == terminal->screen.height && terminal->picture.len == terminal->last.len &&
		       terminal->picture.len > 0 && memcmp(terminal->picture.data, terminal->last.data, terminal->last.len) == 0;
	if (is_same || terminal->picture.status != ZT_OK)
		return;
	picture_write(&terminal->picture);
	struct buf shown = terminal->picture;
	terminal->picture = terminal->last;
	terminal->last = shown;
}

static void scroll(struct screen *screen, int lines)
{
	if (lines < 0 && screen->scrolled < (unsigned)-lines)
		screen->scrolled = 0;
	else
		screen->scrolled += (unsigned)lines;
}

/* Arrow keys and page keys send ESC [ A, B, 5~, 6~. */
bool terminal_keys_take(struct terminal *terminal)
{
	const int page = (int)terminal->screen.height / 2;
	char keys[64];
	ssize_t len = read(STDIN_FILENO, keys, sizeof(keys));

	if (len <= 0)
		return false;
	for (ssize_t i = 0; i < len; i++) {
		bool is_arrow = keys[i] == '\033' && i + 2 < len && keys[i + 1] == '[';
		char key = is_arrow ? keys[i + 2] : keys[i];
		i += is_arrow ? 2 : 0;
		if (key == 'q' || key == 'Q')
			return false;
		if (is_arrow && (key == 'A' || key == 'B'))
			scroll(&terminal->screen, key == 'A' ? -1 : 1);
		else if (is_arrow && (key == '5' || key == '6'))
			scroll(&terminal->screen, key == '5' ? -page : page);
	}
	return true;
}
