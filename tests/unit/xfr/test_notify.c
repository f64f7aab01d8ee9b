/* lib/xfr/notify: the messages, and the machine that tells one target. */
#include <string.h>

#include "lib/xfr/notify.h"
#include "tests/support/suite.h"

static const uint8_t apex[] = "\7example";
static const uint8_t soa_rdata[] = "\2ns\7example\0\4mail\7example\0\x00\x00\x00\x2a\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1";

static struct rrset soa_set(uint8_t *space)
{
	uint16_t len = sizeof(soa_rdata) - 1;
	memcpy(space, &len, 2);
	memcpy(space + 2, soa_rdata, len);
	return (struct rrset){ .type = TYPE_SOA, .count = 1, .ttl = 300, .rdata = space, .rdata_size = 2u + len };
}

START_TEST(message_carries_the_serial)
{
	uint8_t space[128], wire[512];
	struct rrset soa = soa_set(space);
	struct message message;
	struct notify notify;
	size_t len;

	ck_assert_int_eq(notify_write(&(struct notify_out){ 77, apex, &soa }, wire, sizeof(wire), &len), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert_uint_eq(message.id, 77);
	ck_assert(message.flags & FLAG_AA);
	ck_assert_int_eq(notify_read(&message, &notify), ZT_OK);
	ck_assert(notify.has_serial);
	ck_assert_uint_eq(notify.serial, 42);
	ck_assert(name_equal(notify.apex, apex));

	ck_assert_int_eq(notify_write(&(struct notify_out){ 77, apex, NULL }, wire, sizeof(wire), &len), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert_int_eq(notify_read(&message, &notify), ZT_OK);
	ck_assert(!notify.has_serial);
}
END_TEST

START_TEST(reply_is_recognised_by_id_and_zone)
{
	uint8_t wire[512], reply[512];
	struct message query, message;
	size_t len;

	ck_assert_int_eq(notify_write(&(struct notify_out){ 77, apex, NULL }, wire, sizeof(wire), &len), ZT_OK);
	ck_assert_int_eq(message_read(&query, wire, len), ZT_OK);
	ck_assert(!notify_is_reply(&query, 77, apex));
	ck_assert_int_eq(notify_reply_write(reply, sizeof(reply), &query, RCODE_REFUSED, &len), ZT_OK);
	ck_assert_int_eq(message_read(&message, reply, len), ZT_OK);
	ck_assert_uint_eq(message_rcode(&message), RCODE_REFUSED);
	ck_assert(notify_is_reply(&message, 77, apex));
	ck_assert(!notify_is_reply(&message, 78, apex));
	ck_assert(!notify_is_reply(&message, 77, (const uint8_t *)"\5other"));
	struct notify notify;
	ck_assert_int_eq(notify_read(&message, &notify), ZT_EMALFORMED);
}
END_TEST

START_TEST(other_types_are_not_understood)
{
	uint8_t wire[512];
	struct message message;
	struct notify notify;
	size_t len;

	ck_assert_int_eq(notify_write(&(struct notify_out){ 1, apex, NULL }, wire, sizeof(wire), &len), ZT_OK);
	wire[len - 3] = TYPE_CDS;
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert_int_eq(notify_read(&message, &notify), ZT_EUNSUPPORTED);
}
END_TEST

struct fixture {
	struct notify_sender sender;
	struct rng rng;
	usec_t now;
};

static void begin(struct fixture *f)
{
	notify_sender_init(&f->sender);
	rng_seed(&f->rng, 1);
	f->now = 1000 * USEC_PER_SEC;
}

static enum notify_action step(struct fixture *f)
{
	return notify_sender_step(&f->sender, f->now, &f->rng);
}

START_TEST(change_is_announced_at_once_and_repeated_with_growing_pauses)
{
	struct fixture f;
	static const int seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };

	begin(&f);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		usec_t wait = f.sender.wake_at - f.now, nominal = seconds[i] * USEC_PER_SEC;
		ck_assert_int_ge(wait, nominal * 3 / 4);
		ck_assert_int_le(wait, nominal * 29 / 30);
		ck_assert_int_eq(step(&f), NOTIFY_WAIT);
		f.now = f.sender.wake_at;
		ck_assert_int_eq(step(&f), NOTIFY_RESEND);
	}
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_ACKNOWLEDGED);
	ck_assert(!notify_sender_has_reached(&f.sender, 5));
}
END_TEST

START_TEST(held_target_is_asked_first_and_told_only_when_nobody_else_has)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	notify_sender_hold(&f.sender, f.now + USEC_PER_SEC);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	notify_sender_on_probe(&f.sender, 5, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);
	ck_assert_uint_eq(f.sender.sent_count, 0);

	/* It has not got it: told at once. */
	notify_sender_announce(&f.sender, 6, f.now);
	notify_sender_hold(&f.sender, f.now + USEC_PER_SEC);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	notify_sender_on_probe(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	notify_sender_on_evidence(&f.sender, 6, f.now);

	/* It does not answer: told soon; and who does not answer is not left to others the next time. */
	notify_sender_announce(&f.sender, 7, f.now);
	notify_sender_hold(&f.sender, f.now + USEC_PER_SEC);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	f.now += USEC_PER_SEC / 2;
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_announce(&f.sender, 8, f.now);
	notify_sender_hold(&f.sender, f.now + 100 * USEC_PER_SEC);
	ck_assert_int_lt(f.sender.wake_at, f.now + 2 * USEC_PER_SEC);
}
END_TEST

START_TEST(acknowledgement_is_no_evidence_but_being_seen_is)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	notify_sender_on_evidence(&f.sender, 4, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_ACKNOWLEDGED);
	notify_sender_on_evidence(&f.sender, 5, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);
	ck_assert(notify_sender_has_reached(&f.sender, 5));
	/* Known to have it already: not worth a message. */
	notify_sender_announce(&f.sender, 6, f.now);
	notify_sender_on_evidence(&f.sender, 6, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	/* It says itself that it lost what it had. */
	notify_sender_on_evidence(&f.sender, 2, f.now);
	ck_assert(!notify_sender_has_reached(&f.sender, 6));
}
END_TEST

START_TEST(acknowledged_target_is_probed_until_seen)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	usec_t acked = f.now;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(step(&f), NOTIFY_WAIT);
		f.now = f.sender.wake_at;
		ck_assert_int_eq(step(&f), NOTIFY_PROBE);
		notify_sender_on_probe(&f.sender, 4, f.now);
	}
	ck_assert_int_le(f.now - acked, USEC_PER_SEC);
	notify_sender_on_probe(&f.sender, 5, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);
	ck_assert_int_eq(f.sender.wake_at, NOTIFY_NEVER);
}
END_TEST

/* Runs until the next NOTIFY; probes are answered by `serial`, or not at all. */
static usec_t next_told(struct fixture *f, bool answers, uint32_t serial, unsigned *probes)
{
	usec_t begin = f->now;

	for (;;) {
		switch (step(f)) {
		case NOTIFY_WAIT: f->now = f->sender.wake_at; break;
		case NOTIFY_PROBE:
			++*probes;
			if (answers)
				notify_sender_on_probe(&f->sender, serial, f->now);
			break;
		case NOTIFY_SEND: return f->now - begin;
		default: ck_abort_msg("told the same message again");
		}
	}
}

START_TEST(target_that_stays_behind_is_told_again)
{
	static const int seconds[] = { 5, 10, 20, 40, 60, 60, 60 };
	struct fixture f;

	for (int answers = 0; answers <= 1; answers++) {
		begin(&f);
		notify_sender_announce(&f.sender, 5, f.now);
		ck_assert_int_eq(step(&f), NOTIFY_SEND);
		for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
			unsigned probes = 0;
			notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
			ck_assert_int_eq(next_told(&f, answers, 4, &probes), seconds[i] * USEC_PER_SEC);
			ck_assert_uint_le(probes, 8);
		}
		/* The next change begins anew. */
		notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
		notify_sender_announce(&f.sender, 6, f.now);
		ck_assert_int_eq(step(&f), NOTIFY_SEND);
		unsigned probes = 0;
		notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
		ck_assert_int_eq(next_told(&f, answers, 4, &probes), seconds[0] * USEC_PER_SEC);
	}
}
END_TEST

START_TEST(transfer_is_believed_when_a_probe_says_so)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_fetched(&f.sender, 5, f.now);
	ck_assert(!notify_sender_has_reached(&f.sender, 5));
	ck_assert_int_le(f.sender.wake_at - f.now, 2 * USEC_PER_MSEC);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	notify_sender_on_probe(&f.sender, 4, f.now);      /* not served yet */
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	notify_sender_on_probe(&f.sender, 5, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);

	/* One that takes transfers and answers no probes is never taken to have it, but told less and less. */
	notify_sender_announce(&f.sender, 6, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	notify_sender_on_fetched(&f.sender, 6, f.now);
	unsigned told = 0, asked = 0;
	for (usec_t end = f.now + 4 * 3600 * USEC_PER_SEC; f.now < end;) {
		enum notify_action action = step(&f);
		ck_assert_int_ne(action, NOTIFY_RESEND);
		asked += action == NOTIFY_PROBE;
		if (action == NOTIFY_SEND) {
			told++;
			notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
		}
		if (action == NOTIFY_WAIT)
			f.now = f.sender.wake_at;
	}
	ck_assert(!notify_sender_has_reached(&f.sender, 6));
	ck_assert_uint_ge(told, 7);
	ck_assert_uint_le(told, 9);
	ck_assert_uint_ge(asked, 100);      /* once it answers, all is known at once */
	ck_assert_uint_le(asked, 400);
	/* One that comes again with what it had is told every minute. */
	notify_sender_on_evidence(&f.sender, 5, f.now);
	unsigned before = told;
	for (usec_t end = f.now + 600 * USEC_PER_SEC; f.now < end;) {
		enum notify_action action = step(&f);
		if (action == NOTIFY_SEND) {
			told++;
			notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
		}
		if (action == NOTIFY_WAIT)
			f.now = f.sender.wake_at;
	}
	ck_assert_uint_ge(told - before, 9);
	notify_sender_on_evidence(&f.sender, 6, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);

	/* One that took it and still answers with the old serial is not believed, but told again. */
	notify_sender_announce(&f.sender, 70, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_fetched(&f.sender, 70, f.now);
	unsigned probes = 0;
	ck_assert_int_eq(next_told(&f, true, 6, &probes), 5 * USEC_PER_SEC);
	/* A transfer of something older says nothing of the newest. */
	notify_sender_on_fetched(&f.sender, 6, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_PENDING);
}
END_TEST

START_TEST(two_servers_whose_probes_are_signs_of_life_to_each_other_do_not_go_on_for_ever)
{
	struct fixture f;
	unsigned asked = 0;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	/* The answers always come too late, the other's questions never end. */
	for (usec_t end = f.now + 4 * USEC_PER_SEC; f.now < end; f.now += 3 * USEC_PER_MSEC) {
		asked += step(&f) == NOTIFY_PROBE;
		notify_sender_on_sign(&f.sender, f.now);
	}
	ck_assert_uint_ge(asked, 4);
	ck_assert_uint_le(asked, 12);
}
END_TEST

START_TEST(a_target_that_was_seen_ahead_is_told_and_asked_all_the_same)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_evidence(&f.sender, 9, f.now);      /* of a line of versions that we have lost */
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);
	notify_sender_announce(&f.sender, 6, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_evidence(&f.sender, 9, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);
	/* Even when the serials meet: it need not be the same version. */
	notify_sender_announce(&f.sender, 9, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
}
END_TEST

START_TEST(who_was_settled_is_told_again_on_request)
{
	struct fixture f;

	begin(&f);
	notify_sender_requeue(&f.sender, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_evidence(&f.sender, 5, f.now);
	notify_sender_requeue(&f.sender, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	notify_sender_on_probe(&f.sender, 5, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_SETTLED);
}
END_TEST

/* A target that follows NOTIFY at once, behind a link that is cut for a while. It never polls by itself: REFRESH is far away. */
static usec_t time_to_heal(struct fixture *f, usec_t change_at, usec_t cut_at, usec_t healed_at)
{
	bool announced = false;

	notify_sender_announce(&f->sender, 5, f->now);
	for (;;) {
		usec_t next = announced || f->sender.wake_at < change_at ? f->sender.wake_at : change_at;
		ck_assert_int_le(next, healed_at + 120 * USEC_PER_SEC);
		f->now = next > f->now ? next : f->now;
		if (!announced && f->now >= change_at) {
			notify_sender_announce(&f->sender, 6, f->now);
			announced = true;
		}
		bool is_up = f->now < cut_at || f->now >= healed_at;
		switch (step(f)) {
		case NOTIFY_SEND:
		case NOTIFY_RESEND:
			if (!is_up)
				break;
			notify_sender_on_reply(&f->sender, RCODE_NOERROR, f->now);
			/* Its transfer is cut too where the link breaks at once after the reply. */
			if (f->now + 100 * USEC_PER_MSEC < cut_at || f->now >= healed_at)
				notify_sender_on_evidence(&f->sender, f->sender.serial, f->now + 10 * USEC_PER_MSEC);
			break;
		case NOTIFY_PROBE:
			if (is_up && f->now >= healed_at)
				notify_sender_on_probe(&f->sender, 5, f->now);
			break;
		default:
			break;
		}
		if (announced && f->sender.state == NOTIFY_SETTLED)
			return f->now - healed_at;
	}
}

START_TEST(after_ten_minutes_of_partition_all_are_current_within_a_minute)
{
	usec_t worst = 0;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct fixture f;
		begin(&f);
		rng_seed(&f.rng, seed);
		usec_t cut_at = f.now + 10 * USEC_PER_SEC, healed_at = cut_at + 600 * USEC_PER_SEC;
		/* The change comes just before the cut (its NOTIFY is acknowledged, its transfer lost) or any time in it. */
		usec_t change_at = seed % 4 == 0 ? cut_at - 50 * USEC_PER_MSEC : cut_at + (usec_t)rng_below(&f.rng, 600 * USEC_PER_SEC);
		usec_t took = time_to_heal(&f, change_at, cut_at, healed_at);
		worst = took > worst ? took : worst;
	}
	ck_assert_int_lt(worst, 60 * USEC_PER_SEC);
	ck_assert_int_gt(worst, 40 * USEC_PER_SEC);      /* the test has met the worst case */
}
END_TEST

START_TEST(sign_of_life_brings_the_next_question_forward)
{
	struct fixture f;

	begin(&f);
	notify_sender_on_sign(&f.sender, f.now);
	ck_assert_int_eq(f.sender.wake_at, NOTIFY_NEVER);
	notify_sender_announce(&f.sender, 5, f.now);
	for (int i = 0; i < 8; i++) {
		step(&f);
		f.now = f.sender.wake_at;
	}
	/* Told less and less often, until it comes back. */
	ck_assert_int_eq(step(&f), NOTIFY_RESEND);
	f.now += 5 * USEC_PER_SEC;
	notify_sender_on_sign(&f.sender, f.now);
	ck_assert_int_le(f.sender.wake_at - f.now, 10 * USEC_PER_MSEC);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_RESEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	for (int i = 0; i < 6; i++) {
		f.now = f.sender.wake_at;
		ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	}
	notify_sender_on_sign(&f.sender, f.now);
	ck_assert_int_le(f.sender.wake_at - f.now, 10 * USEC_PER_MSEC);
	/* Who has answered is not asked more often because it lives. */
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_PROBE);
	notify_sender_on_probe(&f.sender, 4, f.now);
	usec_t wake_at = f.sender.wake_at;
	notify_sender_on_sign(&f.sender, f.now);
	ck_assert_int_eq(f.sender.wake_at, wake_at);
	notify_sender_ask(&f.sender, f.now);
	ck_assert_int_le(f.sender.wake_at - f.now, 10 * USEC_PER_MSEC);
	/* It lives and leaves messages unanswered: that is brought forward a few times, then the pauses grow. */
	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	unsigned sent = 0;
	for (usec_t end = f.now + 100 * USEC_PER_SEC; f.now < end; f.now += USEC_PER_SEC / 2) {
		sent += step(&f) != NOTIFY_WAIT;
		notify_sender_on_sign(&f.sender, f.now);
	}
	ck_assert_uint_le(sent, 12);
	ck_assert_uint_ge(sent, 8);
	/* Nor told more often where it refuses. */
	notify_sender_announce(&f.sender, 6, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_REFUSED, f.now);
	wake_at = f.sender.wake_at;
	notify_sender_on_sign(&f.sender, f.now + USEC_PER_SEC / 2);
	ck_assert_int_eq(f.sender.wake_at, wake_at);
}
END_TEST

START_TEST(signs_of_life_while_an_answer_may_still_come_leave_those_of_later_their_effect)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	/* Of many zones that were told of at once, those told first are answered. */
	usec_t wake_at = f.sender.wake_at;
	for (int i = 0; i < 100; i++)
		notify_sender_on_sign(&f.sender, f.now + i);
	ck_assert_int_eq(f.sender.wake_at, wake_at);
	/* Then nothing more is heard for minutes. */
	for (int i = 0; i < 9; i++) {
		f.now = f.sender.wake_at;
		ck_assert_int_eq(step(&f), NOTIFY_RESEND);
	}
	f.now += 5 * USEC_PER_SEC;
	ck_assert_int_gt(f.sender.wake_at - f.now, 30 * USEC_PER_SEC);
	notify_sender_on_sign(&f.sender, f.now);
	ck_assert_int_eq(f.sender.wake_at, f.now);
}
END_TEST

START_TEST(next_serial_waits_for_the_reply_on_its_way_but_not_for_long)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	f.now += 1000;
	notify_sender_announce(&f.sender, 6, f.now);
	notify_sender_announce(&f.sender, 7, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	f.now += 1000;
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_PENDING);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	ck_assert_uint_eq(f.sender.flight_serial, 7);
	notify_sender_announce(&f.sender, 8, f.now);
	f.now += 50 * USEC_PER_MSEC;
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	ck_assert_uint_eq(f.sender.flight_serial, 8);
	ck_assert_uint_eq(f.sender.sent_count, 3);
}
END_TEST

START_TEST(silent_target_gets_at_most_one_message_a_second)
{
	struct fixture f;

	begin(&f);
	for (uint32_t serial = 1; serial <= 1000; serial++) {
		notify_sender_announce(&f.sender, serial, f.now);
		step(&f);
		f.now += 10 * USEC_PER_MSEC;
	}
	ck_assert_uint_le(f.sender.sent_count, 14);
	ck_assert_uint_ge(f.sender.sent_count, 10);
}
END_TEST

START_TEST(refusal_is_no_acknowledgement)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_REFUSED, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_PENDING);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_RESEND);
	notify_sender_on_unreachable(&f.sender, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	f.now = f.sender.wake_at;
	ck_assert_int_eq(step(&f), NOTIFY_RESEND);
	/* A server without NOTIFY polls; repeating is no use. */
	notify_sender_on_reply(&f.sender, RCODE_NOTIMP, f.now);
	ck_assert_int_eq(f.sender.state, NOTIFY_ACKNOWLEDGED);
}
END_TEST

START_TEST(serial_that_goes_back_is_announced_too)
{
	struct fixture f;

	begin(&f);
	notify_sender_announce(&f.sender, 500, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	notify_sender_on_reply(&f.sender, RCODE_NOERROR, f.now);
	notify_sender_on_evidence(&f.sender, 500, f.now);
	notify_sender_announce(&f.sender, 400, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	ck_assert(!notify_sender_has_reached(&f.sender, 400));
}
END_TEST

START_TEST(after_a_restart_who_was_seen_at_the_serial_is_not_told)
{
	struct fixture f;

	begin(&f);
	notify_sender_on_evidence(&f.sender, 4, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_SEND);
	begin(&f);
	notify_sender_on_evidence(&f.sender, 5, f.now);
	notify_sender_announce(&f.sender, 5, f.now);
	ck_assert_int_eq(step(&f), NOTIFY_WAIT);
	ck_assert(notify_sender_has_reached(&f.sender, 5));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notify");
	TCase *tc = tcase_create("notify");
	tcase_add_test(tc, message_carries_the_serial);
	tcase_add_test(tc, reply_is_recognised_by_id_and_zone);
	tcase_add_test(tc, other_types_are_not_understood);
	tcase_add_test(tc, change_is_announced_at_once_and_repeated_with_growing_pauses);
	tcase_add_test(tc, held_target_is_asked_first_and_told_only_when_nobody_else_has);
	tcase_add_test(tc, acknowledgement_is_no_evidence_but_being_seen_is);
	tcase_add_test(tc, acknowledged_target_is_probed_until_seen);
	tcase_add_test(tc, target_that_stays_behind_is_told_again);
	tcase_add_test(tc, transfer_is_believed_when_a_probe_says_so);
	tcase_add_test(tc, two_servers_whose_probes_are_signs_of_life_to_each_other_do_not_go_on_for_ever);
	tcase_add_test(tc, a_target_that_was_seen_ahead_is_told_and_asked_all_the_same);
	tcase_add_test(tc, who_was_settled_is_told_again_on_request);
	tcase_add_test(tc, after_ten_minutes_of_partition_all_are_current_within_a_minute);
	tcase_add_test(tc, sign_of_life_brings_the_next_question_forward);
	tcase_add_test(tc, signs_of_life_while_an_answer_may_still_come_leave_those_of_later_their_effect);
	tcase_add_test(tc, next_serial_waits_for_the_reply_on_its_way_but_not_for_long);
	tcase_add_test(tc, silent_target_gets_at_most_one_message_a_second);
	tcase_add_test(tc, refusal_is_no_acknowledgement);
	tcase_add_test(tc, serial_that_goes_back_is_announced_too);
	tcase_add_test(tc, after_a_restart_who_was_seen_at_the_serial_is_not_told);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
