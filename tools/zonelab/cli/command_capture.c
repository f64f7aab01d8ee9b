/* zonelab capture. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/pending.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/lab.h"

enum { END_PATIENCE_MS = 10000 };

struct capture_words {
	const char *link, *file, *seconds;
	char path[8192];      /* of the file, absolute: the keeper runs elsewhere */
};

/* LINK -w FILE [--seconds N], the options in any order. */
static int words_read(const struct arguments *args, struct capture_words *words)
{
	char here[4096];

	for (int i = 0; i < args->word_count; i++) {
		const char *word = args->words[i];
		bool is_option = strcmp(word, "-w") == 0 || strcmp(word, "--seconds") == 0;
		if (is_option && i + 1 == args->word_count)
			return usage_error("a value is missing behind ", word);
		if (is_option)
			*(word[1] == 'w' ? &words->file : &words->seconds) = args->words[++i];
		else if (words->link)
			return usage_error("expected LINK -w FILE [--seconds N], not also ", word);
		else
			words->link = word;
	}
	if (!words->link || !words->file)
		return usage_error("capture needs LINK -w FILE", "");
	bool is_absolute = words->file[0] == '/';
	if (!is_absolute && !getcwd(here, sizeof(here)))
		return usage_error("there is no folder here for ", words->file);
	snprintf(words->path, sizeof(words->path), "%s%s%s", is_absolute ? "" : here, is_absolute ? "" : "/", words->file);
	return EXIT_OK;
}

/* Until the keeper answers or a signal comes, which ends the capture; then it answers. */
static void answer_wait(const char *socket_path, const struct capture_words *words, int fd)
{
	int interrupts = interrupt_open();
	struct pollfd wait[] = { { .fd = fd, .events = POLLIN }, { .fd = interrupts, .events = POLLIN } };

	while (poll(wait, 2, -1) < 0 && errno == EINTR)
		continue;
	if (wait[0].revents == 0)
		json_decref(pending_end(pending_begin(socket_path, json_pack("{s:s, s:[s]}", "command", "capture-end", "args", words->path)), END_PATIENCE_MS));
	if (interrupts >= 0)
		close(interrupts);
}

static int capture(const struct lab *lab, const struct capture_words *words)
{
	char socket_path[4096];
	int fd = -1;

	if (lab_file(lab, LAB_SOCKET, socket_path) == ZT_OK) {
		json_t *list = json_pack("[s, s]", words->link, words->path);
		if (words->seconds)
			json_array_append_new(list, json_string(words->seconds));
		fd = pending_begin(socket_path, json_pack("{s:s, s:o}", "command", "capture", "args", list));
	}
	if (fd < 0) {
		fputs("zonelab: the lab's keeper does not answer\n", stderr);
		return EXIT_FAILED;
	}
	answer_wait(socket_path, words, fd);
	json_t *reply = pending_end(fd, END_PATIENCE_MS);
	const char *text = json_string_value(json_object_get(json_object_get(reply, "result"), "text"));
	const char *error = json_string_value(json_object_get(reply, "error"));
	if (text)
		puts(text);
	else
		fprintf(stderr, "zonelab: %s\n", error ? error : "the lab's keeper does not answer");
	json_decref(reply);
	interrupt_take();      /* Ctrl-C is how a capture ends */
	return text ? EXIT_OK : EXIT_FAILED;
}

int command_capture(const struct arguments *args)
{
	struct lab lab;
	struct capture_words words = { 0 };
	int exit_code = words_read(args, &words);

	if (exit_code != EXIT_OK)
		return exit_code;
	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	exit_code = capture(&lab, &words);
	lab_free(&lab);
	return exit_code;
}
