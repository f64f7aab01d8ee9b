/* lib/zone/nsec3: hashes against RFC 5155 and ldns, labels there and back, gaps. */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/nsec3.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

/* RFC 5155 appendix A: SHA-1, salt aabbccdd, 12 iterations. */
static const struct { const char *name, *owner; } vectors[] = {
	{ "example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example." },
	{ "a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl.example." },
	{ "ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi.example." },
	{ "ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example." },
	{ "W.EXAMPLE.", "k8udemvp1j2f7eg6jebps17vp3n8i58h.example." },
	{ "*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en.example." },
	{ "x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s.example." },
	{ "xx.example.", "t644ebqk9bibcna874givr6joj62mlhv.example." },
};

START_TEST(names_hash_as_in_the_rfc)
{
	static const uint8_t salt[] = { 0xaa, 0xbb, 0xcc, 0xdd };
	struct nsec3_params params = { NSEC3_SHA1, sizeof(salt), 12, salt };
	uint8_t hash[NSEC3_HASH_LEN], back[NSEC3_HASH_LEN], owner[NAME_MAX_LEN];

	nsec3_hash(&params, zone_text_name(vectors[_i].name), hash);
	ck_assert(nsec3_owner(hash, zone_text_name("example."), owner));
	ck_assert(name_equal(owner, zone_text_name(vectors[_i].owner)));
	ck_assert(nsec3_owner_hash(owner, back));
	ck_assert_mem_eq(hash, back, NSEC3_HASH_LEN);
}
END_TEST

START_TEST(names_hash_as_ldns_hashes_them)
{
	for (unsigned i = 0; i < 200; i++) {
		char text[64], ours[NAME_TEXT_SIZE];
		uint8_t salt[40], hash[NSEC3_HASH_LEN], owner[NAME_MAX_LEN];
		struct nsec3_params params = { NSEC3_SHA1, (uint8_t)(i % sizeof(salt)), (uint16_t)(i % 7), salt };

		memset(salt, (int)i, sizeof(salt));
		snprintf(text, sizeof(text), "%.*s%u.test.", (int)(i % 40), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN", i);
		nsec3_hash(&params, zone_text_name(text), hash);
		ck_assert(nsec3_owner(hash, name_root, owner));
		ldns_rdf *name = ldns_dname_new_frm_str(text);
		ldns_rdf *theirs = ldns_nsec3_hash_name(name, NSEC3_SHA1, params.iterations, params.salt_len, salt);
		char *label = ldns_rdf2str(theirs);
		ck_assert_str_eq(name_to_text(owner, ours), label);
		free(label);
		ldns_rdf_deep_free(theirs);
		ldns_rdf_deep_free(name);
	}
}
END_TEST

START_TEST(an_apex_may_be_too_long_for_hashed_owners)
{
	uint8_t apex[NAME_MAX_LEN], owner[NAME_MAX_LEN], hash[NSEC3_HASH_LEN] = { 0 };
	size_t len = 0;

	while (len + 10 < NAME_MAX_LEN) {
		apex[len] = 8;
		memset(apex + len + 1, 'a', 8);
		len += 9;
	}
	apex[len] = 0;
	ck_assert(!nsec3_owner(hash, apex, owner));
}
END_TEST

START_TEST(labels_that_spell_no_hash_are_told)
{
	uint8_t hash[NSEC3_HASH_LEN];

	ck_assert(!nsec3_owner_hash(zone_text_name("www.example."), hash));
	ck_assert(!nsec3_owner_hash(zone_text_name("0p9mhaveqvm6t7vbl5lop2u3t2rp3toz.example."), hash));
	ck_assert(nsec3_owner_hash(zone_text_name("0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM.example."), hash));
	ck_assert_uint_eq(hash[0], 0x06);
}
END_TEST

START_TEST(a_record_covers_what_lies_between_it_and_the_next)
{
	const struct { uint8_t own, next, at; bool covers; } rows[] = {
		{ 10, 20, 15, true }, { 10, 20, 10, false }, { 10, 20, 20, false }, { 10, 20, 5, false }, { 10, 20, 25, false },
		{ 20, 10, 25, true }, { 20, 10, 5, true }, { 20, 10, 15, false }, { 20, 10, 20, false }, { 20, 10, 10, false },      /* the last one */
		{ 10, 10, 5, true }, { 10, 10, 15, true }, { 10, 10, 10, false },      /* the only one */
	};
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t own[NSEC3_HASH_LEN] = { rows[i].own }, next[NSEC3_HASH_LEN] = { rows[i].next }, at[NSEC3_HASH_LEN] = { rows[i].at };
		struct nsec3 record = { .next = next, .next_len = NSEC3_HASH_LEN };
		ck_assert_msg(nsec3_covers(own, &record, at) == rows[i].covers, "row %u", i);
	}
}
END_TEST

START_TEST(parameters_that_no_proof_is_made_by_are_refused)
{
	struct nsec3_params params;

	ck_assert(nsec3_params_read(&params, (const uint8_t[]){ 1, 0, 0, 5, 2, 0xab, 0xcd }));
	ck_assert_uint_eq(params.iterations, 5);
	ck_assert_uint_eq(params.salt_len, 2);
	ck_assert_uint_eq(params.salt[1], 0xcd);
	ck_assert(!nsec3_params_read(&params, (const uint8_t[]){ 2, 0, 0, 5, 0 }));
	ck_assert(!nsec3_params_read(&params, (const uint8_t[]){ 1, 1, 0, 5, 0 }));
	ck_assert(nsec3_params_read(&params, (const uint8_t[]){ 1, 0, 0x09, 0xc4, 0 }));
	ck_assert(!nsec3_params_read(&params, (const uint8_t[]){ 1, 0, 0x09, 0xc5, 0 }));      /* 2501 */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone/nsec3");
	TCase *tc = tcase_create("nsec3");
	tcase_add_loop_test(tc, names_hash_as_in_the_rfc, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(tc, names_hash_as_ldns_hashes_them);
	tcase_add_test(tc, an_apex_may_be_too_long_for_hashed_owners);
	tcase_add_test(tc, labels_that_spell_no_hash_are_told);
	tcase_add_test(tc, a_record_covers_what_lies_between_it_and_the_next);
	tcase_add_test(tc, parameters_that_no_proof_is_made_by_are_refused);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
