/* authd/manage/replays: what is remembered of signed UPDATEs, and for how long. */
#include <string.h>

#include "authd/manage/replays.h"
#include "tests/support/suite.h"

enum { SIZE = 64, NOW = 1000 };

static const uint8_t *mac_of(uint8_t mac[16], unsigned number)
{
	/* Some share a hash. */
	memset(mac, 0, 16);
	mac[7] = (uint8_t)(number % 7);
	mac[15] = (uint8_t)number;
	mac[14] = (uint8_t)(number >> 8);
	return mac;
}

START_TEST(one_that_comes_again_is_known_until_its_signature_is_too_old)
{
	struct replays *replays = replays_new(SIZE);
	uint8_t a[16], b[16];

	ck_assert_int_eq(replays_look(replays, mac_of(a, 0), NOW + 300, NOW), REPLAY_NEW);
	ck_assert_int_eq(replays_look(replays, mac_of(b, 7), NOW + 300, NOW), REPLAY_NEW);
	ck_assert_int_eq(replays_look(replays, a, NOW + 300, NOW), REPLAY_UNANSWERED);
	replays_answer(replays, a, 8);
	ck_assert_int_eq(replays_look(replays, a, NOW + 300, NOW + 300), 8);
	ck_assert_int_eq(replays_rcode(replays, a), 8);
	ck_assert_int_eq(replays_rcode(replays, b), REPLAY_UNANSWERED);
	ck_assert_int_eq(replays_look(replays, a, NOW + 300, NOW + 301), REPLAY_NEW);
	replays_free(replays);
}
END_TEST

START_TEST(one_that_came_to_nothing_is_new_again)
{
	struct replays *replays = replays_new(SIZE);
	uint8_t mac[16];

	ck_assert_int_eq(replays_look(replays, mac_of(mac, 1), NOW + 300, NOW), REPLAY_NEW);
	replays_forget(replays, mac);
	ck_assert_int_eq(replays_rcode(replays, mac), REPLAY_UNANSWERED);
	ck_assert_int_eq(replays_look(replays, mac, NOW + 300, NOW), REPLAY_NEW);
	ck_assert_int_eq(replays_look(replays, mac, NOW + 300, NOW), REPLAY_UNANSWERED);
	replays_free(replays);
}
END_TEST

START_TEST(the_oldest_goes_first)
{
	struct replays *replays = replays_new(SIZE);
	uint8_t mac[16];

	for (unsigned i = 0; i < 10 * SIZE; i++) {
		ck_assert_int_eq(replays_look(replays, mac_of(mac, i), NOW + 300, NOW), REPLAY_NEW);
		replays_answer(replays, mac, i % 10);
		for (unsigned k = i >= SIZE - 1 ? i - (SIZE - 1) : 0; k <= i; k++)
			ck_assert_int_eq(replays_rcode(replays, mac_of(mac, k)), (int)(k % 10));
		if (i >= SIZE)
			ck_assert_int_eq(replays_rcode(replays, mac_of(mac, i - SIZE)), REPLAY_UNANSWERED);
	}
	replays_free(replays);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/replays");
	TCase *tc = tcase_create("replays");
	tcase_add_test(tc, one_that_comes_again_is_known_until_its_signature_is_too_old);
	tcase_add_test(tc, one_that_came_to_nothing_is_new_again);
	tcase_add_test(tc, the_oldest_goes_first);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
