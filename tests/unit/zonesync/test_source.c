/* zonesync: what the texts for servers and files mean, and the command line. */
#include <string.h>

#include "tests/support/suite.h"
#include "zonesync/arguments.h"
#include "zonesync/source.h"

static char error[SOURCE_ERROR_SIZE];

static struct source source_of(const char *text)
{
	struct source source;
	ck_assert_msg(source_from_text(&source, text, error) == ZT_OK, "refused: %s: %s", text, error);
	return source;
}

static void assert_wrong(const char *text)
{
	struct source source;
	error[0] = '\0';
	ck_assert_msg(source_from_text(&source, text, error) == ZT_ESYNTAX, "accepted: %s", text);
	ck_assert_msg(strstr(error, "expected") != NULL, "does not say what was expected: %s", error);
}

START_TEST(sources_are_servers_or_files_with_a_zone)
{
	static const struct {
		const char *text;
		const char *meaning;
		const char *path;      /* NULL: a server */
	} cases[] = {
		{ "127.0.0.1@5300/example.org", "127.0.0.1@5300/example.org.", NULL },
		{ "127.0.0.1/Example.ORG.", "127.0.0.1@53/example.org.", NULL },
		{ "::1@5300/example.", "::1@5300/example.", NULL },
		{ "2001:db8::1/example", "2001:db8::1@53/example.", NULL },
		{ "127.0.0.1@5300/.", "127.0.0.1@5300/.", NULL },
		{ "192.0.2.1/0/25.2.0.192.in-addr.arpa", "192.0.2.1@53/0/25.2.0.192.in-addr.arpa.", NULL },
		{ "example.zone:example.", "example.zone:example.", "example.zone" },
		{ "/etc/zones/db:example.org", "/etc/zones/db:example.org.", "/etc/zones/db" },
		{ "a:b:example", "a:b:example.", "a:b" },
		{ "root.zone:.", "root.zone:.", "root.zone" },
		{ "rev:0/25.2.0.192.in-addr.arpa.", "rev:0/25.2.0.192.in-addr.arpa.", "rev" },
		{ "./127.0.0.1/zone:example", "./127.0.0.1/zone:example.", "./127.0.0.1/zone" },
		{ "127.0.0.1.zone:example", "127.0.0.1.zone:example.", "127.0.0.1.zone" },
	};
	char text[SOURCE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source source = source_of(cases[i].text);
		ck_assert_msg(source.is_server == !cases[i].path && source.has_zone, "%s", cases[i].text);
		if (cases[i].path)
			ck_assert_str_eq(source.path, cases[i].path);
		ck_assert_str_eq(source_to_text(&source, text), cases[i].meaning);
	}
}
END_TEST

START_TEST(a_source_may_leave_the_zone_to_the_other_side)
{
	static const char *const texts[] = { "127.0.0.1", "127.0.0.1@5300", "::1@5300", "example.zone", "dir/example.zone" };
	char text[SOURCE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct source source = source_of(texts[i]), other = source_of("192.0.2.1/example");
		ck_assert(!source.has_zone);
		ck_assert_int_eq(source_pair(i % 2 ? &source : &other, i % 2 ? &other : &source, error), ZT_OK);
		ck_assert_msg(strstr(source_to_text(&source, text), "example.") != NULL, "%s", text);
	}
}
END_TEST

START_TEST(what_names_no_zone_file_or_server_is_refused_with_what_was_expected)
{
	char long_path[PATH_MAX + 16];

	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_wrong("");
	assert_wrong(":example.");
	assert_wrong("file:");
	assert_wrong("127.0.0.1@53/");
	assert_wrong("127.0.0.1@53/a..b");
	assert_wrong("file:a..b");
	assert_wrong(long_path);
}
END_TEST

START_TEST(two_sources_must_name_one_zone)
{
	struct source a = source_of("127.0.0.1@53/example.org"), b = source_of("f:example.net"), c = source_of("f"), d = source_of("127.0.0.1");
	struct source same = source_of("f:EXAMPLE.org.");

	ck_assert_int_eq(source_pair(&a, &b, error), ZT_ESYNTAX);
	ck_assert(strstr(error, "example.org.") && strstr(error, "example.net."));
	ck_assert_int_eq(source_pair(&c, &d, error), ZT_ESYNTAX);
	ck_assert_int_eq(source_pair(&a, &same, error), ZT_OK);
}
END_TEST

START_TEST(pull_takes_a_server_and_a_zone)
{
	struct source source;

	ck_assert_int_eq(source_from_server(&source, "127.0.0.1@5300", "example", error), ZT_OK);
	ck_assert(source.is_server && source.has_zone && netaddr_port(&source.server) == 5300);
	ck_assert_int_eq(source_from_server(&source, "example.zone", "example", error), ZT_ESYNTAX);
	ck_assert_int_eq(source_from_server(&source, "127.0.0.1/example", "example", error), ZT_ESYNTAX);
	ck_assert_int_eq(source_from_server(&source, "127.0.0.1", "", error), ZT_ESYNTAX);
}
END_TEST

/* ---- the command line --------------------------------------------------------------------------------------------------------------- */

static struct arguments parsed(const char *a, const char *b, const char *c, const char *d, const char *e)
{
	struct arguments arguments;
	const char *words[] = { "zonesync", a, b, c, d, e, NULL };
	char copies[6][64], *argv[7] = { NULL };
	int argc = 0;

	for (; words[argc]; argc++) {
		snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc]);
		argv[argc] = copies[argc];
	}
	arguments_parse(&arguments, argc, argv);
	return arguments;
}

START_TEST(options_stand_before_or_after_the_command)
{
	struct arguments before = parsed("--timeout", "0.5", "verify", "A", "B"), after = parsed("verify", "A", "B", "--timeout=0.5", NULL);

	ck_assert_int_eq(before.action, ARGUMENTS_RUN);
	ck_assert_int_eq(after.action, ARGUMENTS_RUN);
	ck_assert_int_eq(before.timeout, USEC_PER_SEC / 2);
	ck_assert_int_eq(after.timeout, USEC_PER_SEC / 2);
	ck_assert_int_eq(parsed("diff", "A", "B", "--json", NULL).json, true);
	ck_assert_int_eq(parsed("pull", "A", "B", "-o", "F").action, ARGUMENTS_RUN);
	ck_assert_int_eq(parsed("-h", NULL, NULL, NULL, NULL).action, ARGUMENTS_HELP);
	ck_assert_int_eq(parsed("-V", NULL, NULL, NULL, NULL).action, ARGUMENTS_VERSION);
}
END_TEST

START_TEST(a_wrong_command_line_is_explained)
{
	ck_assert_int_eq(parsed(NULL, NULL, NULL, NULL, NULL).action, ARGUMENTS_WRONG);
	ck_assert_ptr_nonnull(strstr(parsed("verfiy", "A", "B", NULL, NULL).error, "did you mean verify?"));
	ck_assert_ptr_nonnull(strstr(parsed("verify", "A", NULL, NULL, NULL).error, "verify A B"));
	ck_assert_ptr_nonnull(strstr(parsed("verify", "A", "B", "C", NULL).error, "verify A B"));
	ck_assert_ptr_nonnull(strstr(parsed("pull", "A", "B", NULL, NULL).error, "-o FILE"));
	ck_assert_ptr_nonnull(strstr(parsed("diff", "A", "B", "-o", "F").error, "not for diff"));
	ck_assert_ptr_nonnull(strstr(parsed("verify-file", "A", "B", "--timeout", "1").error, "not for verify-file"));
	ck_assert_ptr_nonnull(strstr(parsed("verify", "A", "B", "--timeout", "soon").error, "expected seconds"));
	ck_assert_ptr_nonnull(strstr(parsed("verify", "A", "B", "--timeout", "0").error, "expected seconds"));
	ck_assert_ptr_nonnull(strstr(parsed("verify", "A", "B", "--timeout", NULL).error, "needs a value"));
	ck_assert_ptr_nonnull(strstr(parsed("verify", "A", "B", "--fast", NULL).error, "--fast"));
	ck_assert_ptr_nonnull(strstr(parsed("--json", "pull", "A", "B", "-o-").error, "standard output"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonesync");
	TCase *sources = tcase_create("sources"), *arguments = tcase_create("arguments");

	tcase_add_test(sources, sources_are_servers_or_files_with_a_zone);
	tcase_add_test(sources, a_source_may_leave_the_zone_to_the_other_side);
	tcase_add_test(sources, what_names_no_zone_file_or_server_is_refused_with_what_was_expected);
	tcase_add_test(sources, two_sources_must_name_one_zone);
	tcase_add_test(sources, pull_takes_a_server_and_a_zone);
	suite_add_tcase(suite, sources);
	tcase_add_test(arguments, options_stand_before_or_after_the_command);
	tcase_add_test(arguments, a_wrong_command_line_is_explained);
	suite_add_tcase(suite, arguments);
	return suite_run(suite);
}
