/* lib/dns/tsig: messages signed by another implementation, what is refused and why, keys from texts. */
#include "lib/dns/tsig.h"

#include <sodium.h>
#include <string.h>

#include "lib/dns/writer.h"
#include "tests/support/suite.h"
#include "tests/unit/dns/tsig_vectors.h"

enum { VECTORS = sizeof(tsig_vectors) / sizeof(tsig_vectors[0]), SIZE = 4096, HMAC_SHA256 = 2, HMAC_SHA256_128 = 5 };

struct bytes {
	uint8_t data[SIZE];
	size_t len;
};

static struct tsig_key *key_of(const char *text)
{
	struct tsig_key *key = NULL;
	const char *why;
	ck_assert_int_eq(tsig_key_from_text(&key, text, &why), ZT_OK);
	return key;
}

static struct bytes bytes_of(const char *hex)
{
	struct bytes bytes;
	ck_assert_int_eq(sodium_hex2bin(bytes.data, SIZE, hex, strlen(hex), NULL, &bytes.len, NULL), 0);
	return bytes;
}

static struct message message_of(const struct bytes *bytes)
{
	struct message message;
	ck_assert_int_eq(message_read(&message, bytes->data, bytes->len), ZT_OK);
	return message;
}

/* The same without its TSIG record. */
static struct bytes bare_of(const struct bytes *bytes)
{
	struct message message = message_of(bytes);
	struct bytes bare = *bytes;
	bare.len = message.tsig_at;
	wire_put_u16(bare.data + 10, (uint16_t)(message.count[SECTION_ADDITIONAL] - 1));
	return bare;
}

static const struct tsig_stamp stamp_now = { .time = VECTOR_NOW, .fudge = TSIG_FUDGE_S };

static void sign(struct tsig_chain *chain, struct bytes *bytes, const struct tsig_stamp *stamp)
{
	struct tsig_message message = { bytes->data, bytes->len, SIZE };
	ck_assert_int_eq(tsig_sign(chain, &message, stamp), ZT_OK);
	ck_assert_uint_le(message.len - bytes->len, tsig_room(chain->key));
	bytes->len = message.len;
}

static enum rcode verify(struct tsig_chain *chain, const struct tsig_key *key, const struct bytes *bytes, uint64_t now)
{
	struct message message = message_of(bytes);
	struct tsig_record record;
	ck_assert_int_eq(tsig_read(&record, &message), ZT_OK);
	return tsig_verify_query(chain, key, &message, &record, now);
}

static bool take(struct tsig_check *check, const struct bytes *bytes, uint64_t now)
{
	struct message message = message_of(bytes);
	return tsig_verify_reply(check, &message, now);
}

/* A question signed by `key`, and the chain that its answer is tied to. */
static struct bytes question_make(struct tsig_check *check, const struct tsig_key *key)
{
	struct bytes question = bytes_of(tsig_vectors[HMAC_SHA256].wires[0]);
	question = bare_of(&question);
	tsig_check_init(check, key);
	sign(&check->chain, &question, &stamp_now);
	return question;
}

/* Message `number` of an answer, not signed. */
static struct bytes answer_bare(unsigned number)
{
	struct bytes answer = bytes_of(tsig_vectors[HMAC_SHA256].wires[1 + number % 3]);
	return bare_of(&answer);
}

START_TEST(test_vectors_are_verified)
{
	const struct tsig_vector *vector = &tsig_vectors[_i];
	struct tsig_key *key = key_of(vector->key);
	struct bytes question = bytes_of(vector->wires[0]);
	struct tsig_chain chain;
	struct tsig_check check;

	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW), RCODE_NOERROR);
	tsig_check_init(&check, key);
	check.chain = chain;
	for (unsigned i = 1; i < VECTOR_MESSAGES; i++) {
		struct bytes answer = bytes_of(vector->wires[i]);
		ck_assert_msg(take(&check, &answer, VECTOR_NOW), "message %u: fault %d", i, check.fault);
	}
	ck_assert(tsig_verify_end(&check));
	tsig_key_release(key);
}
END_TEST

START_TEST(test_vectors_are_made)
{
	const struct tsig_vector *vector = &tsig_vectors[_i];
	struct tsig_key *key = key_of(vector->key);
	struct bytes question = bytes_of(vector->wires[0]);
	struct tsig_chain chain;

	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW), RCODE_NOERROR);
	for (unsigned i = 1; i < VECTOR_MESSAGES; i++) {
		struct bytes theirs = bytes_of(vector->wires[i]), ours = bare_of(&theirs);
		struct message a = message_of(&theirs);
		sign(&chain, &ours, &stamp_now);
		struct message b = message_of(&ours);
		struct tsig_record x, y;
		ck_assert_int_eq(tsig_read(&x, &a), ZT_OK);
		ck_assert_int_eq(tsig_read(&y, &b), ZT_OK);
		/* Ours in lower case, theirs as configured: all else is the same. */
		ck_assert_uint_eq(theirs.len, ours.len);
		ck_assert(name_equal(x.algorithm, y.algorithm));
		ck_assert_mem_eq(x.mac, y.mac, x.mac_len);
	}
	tsig_key_release(key);
}
END_TEST

START_TEST(test_a_changed_bit_is_found)
{
	struct tsig_key *key = key_of(tsig_vectors[_i].key);
	struct bytes question = bytes_of(tsig_vectors[_i].wires[0]);
	struct tsig_chain chain;

	for (size_t bit = 0; bit < 8 * question.len; bit++) {
		struct bytes changed = question;
		struct message message;
		struct tsig_record record;
		changed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (message_read(&message, changed.data, changed.len) != ZT_OK || message.tsig_at == 0 || tsig_read(&record, &message) != ZT_OK ||
		    !name_equal(record.key, tsig_key_name(key)))
			continue;
		/* The message's own id may be changed by who forwards it, and letter case of the record's names does not count. */
		if (bit < 16 || (bit / 8 >= message.tsig_at && bit % 8 == 5 && bit / 8 < message.tsig_at + name_len(record.key) + 10 + name_len(record.algorithm)))
			continue;
		ck_assert_msg(tsig_verify_query(&chain, key, &message, &record, VECTOR_NOW) != RCODE_NOERROR, "bit %zu", bit);
	}
	tsig_key_release(key);
}
END_TEST

START_TEST(test_what_is_wrong_with_a_question_is_told)
{
	struct tsig_key *key = key_of("xfr-key.example:c2VjcmV0IG9uZSBzZWNyZXQgb25l"), *other = key_of("xfr-key.example:c2VjcmV0IHR3byBzZWNyZXQgdHdv");
	struct tsig_key *sha1 = key_of("hmac-sha1:xfr-key.example:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct tsig_check check;
	struct tsig_chain chain;
	struct bytes question = question_make(&check, key);

	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW), RCODE_NOERROR);
	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW + TSIG_FUDGE_S), RCODE_NOERROR);
	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW - TSIG_FUDGE_S), RCODE_NOERROR);
	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW + TSIG_FUDGE_S + 1), RCODE_BADTIME);
	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW - TSIG_FUDGE_S - 1), RCODE_BADTIME);
	ck_assert_int_eq(verify(&chain, other, &question, VECTOR_NOW), RCODE_BADSIG);
	ck_assert_int_eq(verify(&chain, sha1, &question, VECTOR_NOW), RCODE_BADKEY);
	/* A wrong time of a wrong secret is a wrong secret. */
	ck_assert_int_eq(verify(&chain, other, &question, 0), RCODE_BADSIG);
	tsig_key_release(key);
	tsig_key_release(other);
	tsig_key_release(sha1);
}
END_TEST

/* The question with its MAC cut to `len` bytes. */
static struct bytes cut(const struct bytes *question, size_t len)
{
	struct message message = message_of(question);
	struct tsig_record record;
	struct bytes out = *question;

	ck_assert_int_eq(tsig_read(&record, &message), ZT_OK);
	size_t mac_at = (size_t)(record.mac - question->data), less = record.mac_len - len;
	memmove(out.data + mac_at + len, out.data + mac_at + record.mac_len, out.len - mac_at - record.mac_len);
	out.len -= less;
	wire_put_u16(out.data + mac_at - 2, (uint16_t)len);
	size_t length_at = mac_at - 10 - name_len(record.algorithm) - 2;
	wire_put_u16(out.data + length_at, (uint16_t)(wire_get_u16(question->data + length_at) - less));
	return out;
}

START_TEST(test_cut_macs)
{
	struct tsig_key *whole = key_of("k:c2VjcmV0IG9uZSBzZWNyZXQgb25l"), *half = key_of("hmac-sha256-128:k:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct tsig_key *sha1 = key_of("hmac-sha1:k:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct tsig_check check;
	struct tsig_chain chain;
	struct bytes question = question_make(&check, whole), shorter;

	/* Section 5.2.2.1: at least 10 bytes, and at least half. Whoever wants all of it says BADTRUNC to less. */
	shorter = cut(&question, 15);
	ck_assert_int_eq(verify(&chain, whole, &shorter, VECTOR_NOW), RCODE_FORMERR);
	shorter = cut(&question, 16);
	ck_assert_int_eq(verify(&chain, whole, &shorter, VECTOR_NOW), RCODE_BADTRUNC);
	ck_assert_int_eq(verify(&chain, half, &shorter, VECTOR_NOW), RCODE_NOERROR);
	ck_assert_int_eq(verify(&chain, half, &question, VECTOR_NOW), RCODE_NOERROR);
	/* BADTIME goes before BADTRUNC, BADSIG before both. */
	ck_assert_int_eq(verify(&chain, whole, &shorter, 0), RCODE_BADTIME);
	shorter.data[shorter.len - 7] ^= 1;
	ck_assert_int_eq(verify(&chain, whole, &shorter, VECTOR_NOW), RCODE_BADSIG);
	/* Half of SHA-1 would be 10 bytes. */
	question = question_make(&check, sha1);
	shorter = cut(&question, 9);
	ck_assert_int_eq(verify(&chain, sha1, &shorter, VECTOR_NOW), RCODE_FORMERR);
	shorter = cut(&question, 10);
	ck_assert_int_eq(verify(&chain, sha1, &shorter, VECTOR_NOW), RCODE_BADTRUNC);
	/* What we send for such a key is cut. */
	question = question_make(&check, half);
	ck_assert_int_eq(verify(&chain, half, &question, VECTOR_NOW), RCODE_NOERROR);
	ck_assert_uint_eq(chain.mac_len, 16);
	ck_assert_int_eq(verify(&chain, whole, &question, VECTOR_NOW), RCODE_BADTRUNC);
	tsig_key_release(whole);
	tsig_key_release(half);
	tsig_key_release(sha1);
}
END_TEST

START_TEST(test_errors_are_signed_where_they_can_be)
{
	struct tsig_key *key = key_of("k:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct tsig_check check;
	struct tsig_chain chain;
	struct bytes question = question_make(&check, key), answer = answer_bare(0);
	struct message message;
	struct tsig_record record;

	/* Signed: who asked learns our time. */
	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW + 1000), RCODE_BADTIME);
	sign(&chain, &answer, &(struct tsig_stamp){ .time = VECTOR_NOW, .fudge = TSIG_FUDGE_S, .error = RCODE_BADTIME, .server_time = VECTOR_NOW + 1000 });
	ck_assert(!take(&check, &answer, VECTOR_NOW));
	ck_assert_int_eq(check.fault, TSIG_REFUSED);
	ck_assert_int_eq(check.error, RCODE_BADTIME);
	ck_assert_int_eq(check.skew, 1000);
	message = message_of(&answer);
	ck_assert_int_eq(tsig_read(&record, &message), ZT_OK);
	ck_assert_uint_eq(record.time, VECTOR_NOW);
	ck_assert_uint_eq(record.mac_len, 32);

	/* Not signed, with the names of the question. */
	answer = answer_bare(0);
	struct tsig_record asked;
	message = message_of(&question);
	ck_assert_int_eq(tsig_read(&asked, &message), ZT_OK);
	struct tsig_message refused = { answer.data, answer.len, SIZE };
	ck_assert_int_eq(tsig_refuse(&asked, &refused, RCODE_BADKEY), ZT_OK);
	ck_assert_uint_eq(refused.len - answer.len, tsig_refuse_room(&asked));
	answer.len = refused.len;
	message = message_of(&answer);
	ck_assert_int_eq(tsig_read(&record, &message), ZT_OK);
	ck_assert_uint_eq(record.mac_len, 0);
	ck_assert_uint_eq(record.error, RCODE_BADKEY);
	ck_assert_uint_eq(record.original_id, 0x1234);
	ck_assert(!take(&check, &answer, VECTOR_NOW));
	ck_assert_int_eq(check.error, RCODE_BADKEY);
	tsig_key_release(key);
}
END_TEST

/* An answer of `count` messages, every `every`-th of them signed, the first and the last too; checked as they come. */
static enum tsig_fault answer_run(unsigned count, unsigned every, bool sign_last)
{
	struct tsig_key *key = key_of("k:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct tsig_check check;
	struct tsig_chain chain;
	struct bytes question = question_make(&check, key);
	/* As RFC 8945 section 5.3.1 has it, apart from our own code for what lies in between. */
	union tsig_hmac hmac;
	bool has_hmac = false;

	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW), RCODE_NOERROR);
	for (unsigned i = 0; i < count; i++) {
		struct bytes answer = answer_bare(i);
		bool is_signed = i % every == 0 || (sign_last && i + 1 == count);
		if (is_signed && !has_hmac) {
			sign(&chain, &answer, &stamp_now);
		} else if (is_signed) {
			uint8_t time[8] = { 0, 0, 0, 0, 0, 0, TSIG_FUDGE_S >> 8, (uint8_t)TSIG_FUDGE_S };
			struct bytes bare = answer;
			wire_put_u32(time + 2, VECTOR_NOW);
			sign(&chain, &answer, &stamp_now);      /* for the record's form */
			tsig_key_algorithm(key)->update(&hmac, bare.data, bare.len);
			tsig_key_algorithm(key)->update(&hmac, time, sizeof(time));
			tsig_key_algorithm(key)->digest(&hmac, chain.mac, 32);
			memcpy(answer.data + answer.len - 6 - 32, chain.mac, 32);
			has_hmac = false;
		} else {
			if (!has_hmac) {
				uint8_t len[2] = { 0, 32 };
				tsig_key_begin(key, &hmac);
				tsig_key_algorithm(key)->update(&hmac, len, 2);
				tsig_key_algorithm(key)->update(&hmac, chain.mac, 32);
				has_hmac = true;
			}
			tsig_key_algorithm(key)->update(&hmac, answer.data, answer.len);
		}
		if (!take(&check, &answer, VECTOR_NOW))
			break;
	}
	tsig_verify_end(&check);
	tsig_key_release(key);
	return check.fault;
}

START_TEST(test_answers_of_many_messages)
{
	ck_assert_int_eq(answer_run(1, 1, true), TSIG_SOUND);
	ck_assert_int_eq(answer_run(250, 1, true), TSIG_SOUND);
	ck_assert_int_eq(answer_run(50, 7, true), TSIG_SOUND);
	/* 99 without a signature in between, and not one more. */
	ck_assert_int_eq(answer_run(301, 100, true), TSIG_SOUND);
	ck_assert_int_eq(answer_run(301, 101, true), TSIG_GAP);
	ck_assert_int_eq(answer_run(8, 3, false), TSIG_UNSIGNED);
}
END_TEST

START_TEST(test_no_message_of_an_answer_is_left_out_or_moved)
{
	struct tsig_key *key = key_of("k:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct tsig_check first, check;
	struct tsig_chain chain;
	struct bytes question = question_make(&first, key), answers[3];

	ck_assert_int_eq(verify(&chain, key, &question, VECTOR_NOW), RCODE_NOERROR);
	for (unsigned i = 0; i < 3; i++) {
		answers[i] = answer_bare(i);
		sign(&chain, &answers[i], &stamp_now);
	}
	check = first;
	ck_assert(take(&check, &answers[0], VECTOR_NOW));
	ck_assert(!take(&check, &answers[2], VECTOR_NOW));
	ck_assert_int_eq(check.fault, TSIG_WRONG);
	check = first;
	ck_assert(!take(&check, &answers[1], VECTOR_NOW));
	check = first;
	ck_assert(take(&check, &answers[0], VECTOR_NOW));
	ck_assert(!take(&check, &answers[0], VECTOR_NOW));
	/* One without a signature in the middle is noticed at the next signed one. */
	struct bytes forged = answer_bare(1);
	check = first;
	ck_assert(take(&check, &answers[0], VECTOR_NOW));
	ck_assert(take(&check, &forged, VECTOR_NOW));
	ck_assert(!take(&check, &answers[1], VECTOR_NOW));
	ck_assert_int_eq(check.fault, TSIG_WRONG);
	/* None of another question, even one that differs in nothing but its time. */
	struct tsig_check other;
	question = answer_bare(0);
	tsig_check_init(&other, key);
	sign(&other.chain, &question, &(struct tsig_stamp){ .time = VECTOR_NOW + 1, .fudge = TSIG_FUDGE_S });
	ck_assert(!take(&other, &answers[0], VECTOR_NOW));
	/* The first must be signed. */
	check = first;
	forged = answer_bare(0);
	ck_assert(!take(&check, &forged, VECTOR_NOW));
	ck_assert_int_eq(check.fault, TSIG_UNSIGNED);
	/* A clock that is off. */
	check = first;
	ck_assert(!take(&check, &answers[0], VECTOR_NOW + 301));
	ck_assert_int_eq(check.fault, TSIG_CLOCK);
	ck_assert_int_eq(check.skew, -301);
	tsig_key_release(key);
}
END_TEST

START_TEST(test_a_message_without_room_stays_as_it_was)
{
	struct tsig_key *key = key_of("k:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	struct bytes question = answer_bare(0), before = question;
	struct tsig_chain chain;

	tsig_chain_init(&chain, key);
	for (size_t room = 0; room < tsig_room(key) - 16; room += 7) {
		struct tsig_message message = { question.data, question.len, question.len + room };
		ck_assert_int_eq(tsig_sign(&chain, &message, &stamp_now), ZT_ESPACE);
		ck_assert_uint_eq(message.len, before.len);
		ck_assert_mem_eq(question.data, before.data, before.len);
	}
	tsig_key_release(key);
}
END_TEST

START_TEST(test_faults_say_what_to_do)
{
	struct tsig_key *key = key_of("xfr-key:c2VjcmV0IG9uZSBzZWNyZXQgb25l");
	char text[TSIG_FAULT_TEXT_SIZE];
	struct tsig_check check;

	tsig_check_init(&check, key);
	check.fault = TSIG_REFUSED;
	check.error = RCODE_BADKEY;
	ck_assert_str_eq(tsig_fault_text(&check, text),
			 "BADKEY: the peer does not know key xfr-key. with algorithm hmac-sha256; give it the same key, by name and algorithm");
	check.error = RCODE_BADTIME;
	check.skew = -1234;
	ck_assert_str_eq(tsig_fault_text(&check, text), "BADTIME: clocks differ by 1234 s (theirs is behind), key xfr-key.; set the clocks, and keep them with NTP");
	for (int fault = TSIG_SOUND; fault <= TSIG_REFUSED; fault++) {
		check.fault = (enum tsig_fault)fault;
		ck_assert_ptr_nonnull(strstr(tsig_fault_text(&check, text), "xfr-key."));
	}
	tsig_key_release(key);
}
END_TEST

struct text_case {
	const char *text;
	const char *why;      /* part of what is said; NULL: it is a key */
};

static const struct text_case texts[] = {
	{ "name:c2VjcmV0", NULL },
	{ "hmac-sha512:name.example.:c2VjcmV0", NULL },
	{ "HMAC-SHA1:name:c2VjcmV0", NULL },
	{ "name", "[ALGORITHM:]NAME:SECRET" },
	{ "", "[ALGORITHM:]NAME:SECRET" },
	{ "hmac-md5:name:c2VjcmV0", "algorithm" },
	{ "name:not base64", "secret" },
	{ "name:", "secret" },
	{ ":c2VjcmV0", "name" },
	{ "hmac-sha256::c2VjcmV0", "name" },
	{ "a..b:c2VjcmV0", "name" },
};

START_TEST(test_keys_from_texts)
{
	struct tsig_key *key = NULL;
	const char *why;

	int status = tsig_key_from_text(&key, texts[_i].text, &why);
	ck_assert_int_eq(status, texts[_i].why ? ZT_ESYNTAX : ZT_OK);
	ck_assert(!texts[_i].why || strstr(why, texts[_i].why));
	tsig_key_release(key);
}
END_TEST

static const struct text_case file_texts[] = {
	{ "key \"name\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0\";\n};\n", NULL },
	{ "# one\n// two\n/* three\n */key name { secret c2VjcmV0 ; algorithm \"hmac-sha512\" ; } ; // four", NULL },
	{ "", "expected key" },
	{ "key \"name\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; }", "expected key" },
	{ "key \"name\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; }; more", "expected key" },
	{ "key \"name\" { algorithm hmac-sha256; secret \"c2VjcmV0", "expected key" },
	{ "key \"name\" { algorithm hmac-sha256; colour red; };", "expected key" },
	{ "key \"name\" { algorithm hmac-sha256 };", "expected key" },
	{ "key \"name\" { algorithm hmac-sha256; };", "secret" },
	{ "key \"name\" { secret \"c2VjcmV0\"; };", "algorithm" },
	{ "/* never ends", "expected key" },
};

START_TEST(test_keys_from_files)
{
	struct tsig_key *key = NULL;
	const char *why;

	int status = tsig_key_from_file_text(&key, file_texts[_i].text, &why);
	ck_assert_int_eq(status, file_texts[_i].why ? ZT_ESYNTAX : ZT_OK);
	ck_assert(!file_texts[_i].why || strstr(why, file_texts[_i].why));
	tsig_key_release(key);
}
END_TEST

START_TEST(test_keys_are_found_by_name)
{
	const char *const names[] = { "b:c2VjcmV0", "zz.example:c2VjcmV0", "a:c2VjcmV0", "ZZZ:c2VjcmV0", "example:c2VjcmV0" };
	enum { COUNT = sizeof(names) / sizeof(names[0]) };
	struct tsig_key *list[COUNT], *same = key_of("A:c2VjcmV0"), *other = key_of("a:c2VjcmV1");
	struct tsig_keys keys = { list, COUNT };

	for (int i = 0; i < COUNT; i++)
		list[i] = key_of(names[i]);
	tsig_keys_sort(&keys);
	ck_assert_ptr_nonnull(tsig_keys_find(&keys, (const uint8_t *)"\2ZZ\7example"));
	ck_assert_ptr_nonnull(tsig_keys_find(&keys, (const uint8_t *)"\3zzz"));
	ck_assert_ptr_null(tsig_keys_find(&keys, (const uint8_t *)"\1c"));
	ck_assert_ptr_null(tsig_keys_find(&keys, (const uint8_t *)""));
	ck_assert_ptr_null(tsig_keys_find(NULL, (const uint8_t *)"\1a"));
	const struct tsig_key *a = tsig_keys_find(&keys, (const uint8_t *)"\1a");
	ck_assert(tsig_key_equal(a, same) && !tsig_key_equal(a, other) && !tsig_key_equal(a, NULL) && tsig_key_equal(NULL, NULL));
	for (int i = 0; i < COUNT; i++)
		tsig_key_release(list[i]);
	tsig_key_release(same);
	tsig_key_release(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tsig");
	TCase *tcase = tcase_create("tsig");

	if (sodium_init() < 0)
		return 1;
	tcase_add_loop_test(tcase, test_vectors_are_verified, 0, VECTORS);
	tcase_add_loop_test(tcase, test_vectors_are_made, 0, VECTORS);
	tcase_add_loop_test(tcase, test_a_changed_bit_is_found, 0, VECTORS);
	tcase_add_test(tcase, test_what_is_wrong_with_a_question_is_told);
	tcase_add_test(tcase, test_cut_macs);
	tcase_add_test(tcase, test_errors_are_signed_where_they_can_be);
	tcase_add_test(tcase, test_answers_of_many_messages);
	tcase_add_test(tcase, test_no_message_of_an_answer_is_left_out_or_moved);
	tcase_add_test(tcase, test_a_message_without_room_stays_as_it_was);
	tcase_add_test(tcase, test_faults_say_what_to_do);
	tcase_add_loop_test(tcase, test_keys_from_texts, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_loop_test(tcase, test_keys_from_files, 0, sizeof(file_texts) / sizeof(file_texts[0]));
	tcase_add_test(tcase, test_keys_are_found_by_name);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
