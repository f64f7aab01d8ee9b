/* lib/net/mailbox: order, wake-ups, many producers. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/net/mailbox.h"
#include "tests/unit/net/turns.h"

enum { PRODUCERS = 4 };

struct note {
	struct mailbox_node node;      /* first, so that a node is its note */
	unsigned producer;
	unsigned number;
};

struct post_office {
	struct loop loop;
	struct mailbox mailbox;
	unsigned next[PRODUCERS];      /* number expected from each */
	unsigned per_producer;
	unsigned received;
	struct mailbox *forward_to;
};

static void on_note(struct mailbox_node *node, void *ctx)
{
	struct post_office *office = ctx;
	struct note *note = (struct note *)node;

	ck_assert_uint_eq(note->number, office->next[note->producer]);
	office->next[note->producer]++;
	office->received++;
	if (office->forward_to)
		mailbox_post(office->forward_to, node);
	else
		free(note);
}

static void office_open(struct post_office *office, unsigned per_producer)
{
	*office = (struct post_office){ .per_producer = per_producer };
	ck_assert_int_eq(loop_init(&office->loop, clock_system(), LOOP_DEFAULT), ZT_OK);
	ck_assert_int_eq(mailbox_open(&office->mailbox, &office->loop, on_note, office), ZT_OK);
}

static void office_close(struct post_office *office)
{
	mailbox_close(&office->mailbox);
	loop_fini(&office->loop);
}

static void post(struct post_office *office, unsigned producer, unsigned number)
{
	struct note *note = malloc(sizeof(*note));
	ck_assert_ptr_nonnull(note);
	*note = (struct note){ .producer = producer, .number = number };
	mailbox_post(&office->mailbox, &note->node);
}

struct producer {
	struct post_office *office;
	unsigned id;
	pthread_t thread;
};

static void *produce(void *ctx)
{
	const struct producer *producer = ctx;
	for (unsigned i = 0; i < producer->office->per_producer; i++)
		post(producer->office, producer->id, i);
	return NULL;
}

static bool all_received(void *ctx)
{
	const struct post_office *office = ctx;
	return office->received == office->per_producer * PRODUCERS;
}

START_TEST(every_message_of_many_threads_arrives_once_and_in_its_producers_order)
{
	struct post_office office;
	struct producer producers[PRODUCERS];

	office_open(&office, (unsigned)suite_rounds(20000));
	for (unsigned i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ .office = &office, .id = i };
		ck_assert_int_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
	}
	turns_until(&office.loop, all_received, &office);
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	office_close(&office);
}
END_TEST

START_TEST(closing_delivers_what_is_still_there)
{
	struct post_office office;

	office_open(&office, 3);
	for (unsigned i = 0; i < 3; i++)
		post(&office, 1, i);
	office_close(&office);
	ck_assert_uint_eq(office.received, 3);
}
END_TEST

START_TEST(a_received_message_may_be_posted_on)
{
	struct post_office first, second;

	office_open(&first, 0);
	office_open(&second, 0);
	first.forward_to = &second.mailbox;
	for (unsigned i = 0; i < 100; i++)
		post(&first, 0, i);
	ck_assert_int_eq(loop_turn(&first.loop), ZT_OK);
	ck_assert_int_eq(loop_turn(&second.loop), ZT_OK);
	ck_assert_uint_eq(first.received, 100);
	ck_assert_uint_eq(second.received, 100);
	office_close(&first);
	office_close(&second);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mailbox");
	TCase *tests = tcase_create("mailbox");

	tcase_add_test(tests, every_message_of_many_threads_arrives_once_and_in_its_producers_order);
	tcase_add_test(tests, closing_delivers_what_is_still_there);
	tcase_add_test(tests, a_received_message_may_be_posted_on);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
