/* The option of an UPDATE that says when it wants its answer, and that of the answer: the input is the options of an OPT record. What is understood is written back
 * to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "lib/xfr/level.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t asked[LEVEL_QUESTION_LEN], answered[LEVEL_ANSWER_LEN];
	struct level_question question;
	struct level_answer answer;
	const uint8_t *at;
	struct edns edns;
	uint16_t len;

	if (size > UINT16_MAX || edns_read(&edns, EDNS_UDP_SIZE, 0, data, (uint16_t)size) != ZT_OK || !edns_option(&edns, LEVEL_OPTION, &at, &len))
		return 0;
	if (level_question_read(&edns, &question) == ZT_OK) {
		level_question_write(&question, asked);
		memcpy(asked + 6, at + 2, 2);      /* reserved */
		if (len + 4 != sizeof(asked) || memcmp(asked, at - 4, sizeof(asked)) != 0)
			abort();
	}
	if (level_answer_read(&edns, &answer)) {
		level_answer_write(&answer, answered);
		if (len + 4 != sizeof(answered) || memcmp(answered, at - 4, sizeof(answered)) != 0)
			abort();
	}
	return 0;
}
