/* Asking a lab's keeper. */
#include "tools/zonelab/cli/ask.h"

#include <stdio.h>

enum { ANSWER_WAIT_S = 60, QUIET_WAIT_S = 3 };

static int ask(const struct lab *lab, const json_t *request, int wait_s, struct ctl_answer *answer, char error[CTL_ERROR_SIZE])
{
	char path[4096];
	struct ctl_client client = { .path = path, .timeout = wait_s * USEC_PER_SEC, .clock = clock_system() };
	int status = lab_file(lab, LAB_SOCKET, path);

	*answer = (struct ctl_answer){ 0 };
	if (status == ZT_OK)
		status = ctl_call(&client, request, answer, error);
	else
		snprintf(error, CTL_ERROR_SIZE, "%s", status_text(status));
	return status;
}

int ask_quietly(const struct lab *lab, const char *command, char error[CTL_ERROR_SIZE])
{
	json_t *request = json_pack("{s:s}", "command", command);
	struct ctl_answer answer;
	int status = ask(lab, request, QUIET_WAIT_S, &answer, error);

	ctl_answer_fini(&answer);
	json_decref(request);
	return status;
}

int ask_result(const struct lab *lab, const char *command, json_t *words, json_t **result, char error[CTL_ERROR_SIZE])
{
	json_t *request = json_pack("{s:s, s:o*}", "command", command, "args", words);
	struct ctl_answer answer;
	int status = ask(lab, request, ANSWER_WAIT_S, &answer, error);

	*result = status == ZT_OK ? json_incref(answer.result) : NULL;
	ctl_answer_fini(&answer);
	json_decref(request);
	return status;
}

int ask_and_print(const struct arguments *args, const char *command)
{
	struct lab lab;
	struct ctl_answer answer;
	char error[CTL_ERROR_SIZE];
	json_t *words = json_array();

	if (lab_find(&lab, args->dir) != ZT_OK) {
		json_decref(words);
		return EXIT_FAILED;
	}
	for (int i = 0; i < args->word_count; i++)
		json_array_append_new(words, json_string(args->words[i]));
	json_t *request = json_pack("{s:s, s:o}", "command", command, "args", words);
	int status = ask(&lab, request, ANSWER_WAIT_S, &answer, error);
	const char *text = json_string_value(json_object_get(answer.result, "text"));
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: %s\n", error);
	else if (text)
		puts(text);
	ctl_answer_fini(&answer);
	json_decref(request);
	lab_free(&lab);
	return status == ZT_OK ? EXIT_OK : status == ZT_ENOENT || status == ZT_EINVAL ? EXIT_USAGE : EXIT_FAILED;
}
