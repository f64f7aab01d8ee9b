/* Control requests and replies. */
#include "lib/ctl/ctl_message.h"

#include <stdio.h>
#include <string.h>

static int args_parse(struct ctl_message *message, const json_t *args, char error[CTL_ERROR_SIZE])
{
	if (args && (!json_is_array(args) || json_array_size(args) > CTL_ARGS_MAX)) {
		snprintf(error, CTL_ERROR_SIZE, "\"args\" is wrong, expected an array of at most %d strings", CTL_ARGS_MAX);
		return ZT_EMALFORMED;
	}
	message->arg_count = json_array_size(args);
	for (size_t i = 0; i < message->arg_count; i++) {
		message->args[i] = json_string_value(json_array_get(args, i));
		if (!message->args[i]) {
			snprintf(error, CTL_ERROR_SIZE, "item %zu of \"args\" is no string, expected one", i);
			return ZT_EMALFORMED;
		}
	}
	return ZT_OK;
}

int ctl_message_parse(struct ctl_message *message, const char *line, size_t len, char error[CTL_ERROR_SIZE])
{
	json_error_t problem;

	*message = (struct ctl_message){ .root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &problem) };
	if (!message->root) {
		snprintf(error, CTL_ERROR_SIZE, "the request is not JSON (%s at byte %d), expected one object a line", problem.text, problem.position);
		return ZT_EMALFORMED;
	}
	int status = ZT_OK;
	message->command = json_string_value(json_object_get(message->root, "command"));
	if (!message->command || !message->command[0]) {
		snprintf(error, CTL_ERROR_SIZE, "no command, expected {\"command\": \"NAME\", \"args\": [...]}");
		status = ZT_EMALFORMED;
	} else {
		status = args_parse(message, json_object_get(message->root, "args"), error);
	}
	if (status != ZT_OK)
		ctl_message_fini(message);
	return status;
}

void ctl_message_fini(struct ctl_message *message)
{
	json_decref(message->root);
	*message = (struct ctl_message){ 0 };
}

json_t *ctl_message_success(json_t *result)
{
	return json_pack("{s:b, s:o}", "ok", 1, "result", result);
}

json_t *ctl_message_failure(int status, const char *error)
{
	return json_pack("{s:b, s:s, s:s}", "ok", 0, "error", error, "status", status_name(status));
}

static const struct {
	const char *name;
	int status;
} statuses[] = {
#define X(name, value, retryable, text) { #name, (value) },
	STATUS_TABLE(X)
#undef X
};

int ctl_message_status(const char *name)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (strcmp(statuses[i].name, name) == 0)
			return statuses[i].status;
	}
	return ZT_EIO;
}
