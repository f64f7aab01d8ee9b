/* resolverd.yaml: what it gives, and what is said about mistakes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolverd/options.h"
#include "tests/support/suite.h"

static char dir[] = "/tmp/resolverd-options-XXXXXX";
static char conf[64], hints[64];

static void setup(void)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(conf, sizeof(conf), "%s/conf", dir);
	snprintf(hints, sizeof(hints), "%s/hints", dir);
}

static void teardown(void)
{
	unlink(conf);
	unlink(hints);
	rmdir(dir);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* The errors of a configuration; "" and *options where there are none. */
static char *read_text(const char *text, struct resolverd_options **options)
{
	struct buf errors;
	size_t len;

	write_file(conf, text);
	buf_init(&errors);
	*options = NULL;
	int status = options_read(options, conf, &errors);
	ck_assert_int_eq(status == ZT_OK, errors.len == 0);
	buf_add_u8(&errors, 0);
	return (char *)buf_take(&errors, &len);
}

START_TEST(an_empty_configuration_has_sensible_defaults)
{
	struct resolverd_options *options;
	struct netaddr addr;
	char *errors = read_text("server: {}\n", &options);

	ck_assert_str_eq(errors, "");
	ck_assert_uint_eq(options->listen_count, 1);
	ck_assert_uint_eq(options->view->policy.hint_count, 26);
	ck_assert_uint_eq(options->view->policy.max_ttl, 86400);
	ck_assert_uint_eq(options->view->policy.max_negative_ttl, 3600);
	ck_assert(options->view->policy.minimise);
	ck_assert(!options->view->policy.allow_loopback);
	ck_assert_uint_eq(options->cache_size, 256 << 20);
	ck_assert_int_eq(netaddr_from_text(&addr, "::1", 1), ZT_OK);
	ck_assert(acl_allows_address(&options->view->allow_query, &addr));
	ck_assert_int_eq(netaddr_from_text(&addr, "192.0.2.1", 1), ZT_OK);
	ck_assert(!acl_allows_address(&options->view->allow_query, &addr));
	options_free(options);
	free(errors);
}
END_TEST

START_TEST(routes_and_hints_come_with_their_ports)
{
	struct resolverd_options *options;

	write_file(hints, ". 3600 NS a.root.\na.root. 3600 A 127.0.0.9\na.root. 3600 AAAA ::1\n");
	char *errors = read_text("resolver: {root-hints: hints, upstream-port: 5300}\n"
	                         "stub: [{name: Example., addresses: [127.0.0.1@5301, 127.0.0.2]}]\nforward: [{name: ., addresses: 127.0.0.3}]\n", &options);
	ck_assert_str_eq(errors, "");
	const struct policy *policy = &options->view->policy;
	ck_assert_uint_eq(policy->hint_count, 2);
	ck_assert_uint_eq(netaddr_port(&policy->hints[1]), 5300);
	const struct route *stub = policy_route(policy, (const uint8_t *)"\001a\007eXample"), *forward = policy_route(policy, (const uint8_t *)"\003org");
	ck_assert_int_eq(stub->kind, ROUTE_STUB);
	ck_assert_uint_eq(netaddr_port(&stub->servers[0]), 5301);
	ck_assert_uint_eq(netaddr_port(&stub->servers[1]), 53);
	ck_assert_int_eq(forward->kind, ROUTE_FORWARD);
	options_free(options);
	free(errors);
}
END_TEST

struct mistake {
	const char *text;
	const char *said;
};

static const struct mistake mistakes[] = {
	{ "resolver: {validate: yes}\n", ":1:22: validation is not available in this version" },
	{ "resolver: {trust-anchors: x}\n", "unknown key \"trust-anchors\"" },
	{ "resolver: {root-hints: nothing-there}\n", "nothing-there" },
	{ "cache: {min-ttl: 2d}\n", "min-ttl" },
	{ "cache: {min-ttl: 100, max-ttl: 10}\n", ":1:18: min-ttl is greater than max-ttl" },
	{ "cache: {size: 1K}\n", "from 64K" },
	{ "stub: [{name: a, addresses: []}]\n", "expected at least one" },
	{ "stub: [{name: a}]\n", "addresses" },
	{ "stub: [{name: a, addresses: 192.0.2.1}]\nforward: [{name: A., addresses: 192.0.2.1}]\n", ":2:11: the zone is listed twice" },
	{ "server: {listen: [127.0.0.1@5353]}\nforward: [{name: ., addresses: 127.0.0.1@5353}]\n", "asking itself" },
	{ "server: {allow-query: [key:k]}\n", "keys are not for queries" },
	{ "resolver: {outgoing-interface: [192.0.2.1, 192.0.2.2]}\n", "two addresses of one family" },
	{ "server: {listen: [here]}\n", "here" },
};

START_TEST(mistakes_are_named)
{
	struct resolverd_options *options;
	char *errors = read_text(mistakes[_i].text, &options);

	ck_assert_ptr_null(options);
	ck_assert_msg(strstr(errors, mistakes[_i].said) != NULL, "got: %s", errors);
	free(errors);
}
END_TEST

START_TEST(hints_without_addresses_and_broken_ones_are_named)
{
	struct resolverd_options *options;

	write_file(hints, ". 3600 NS a.root.\n");
	char *errors = read_text("resolver: {root-hints: hints}\n", &options);
	ck_assert_msg(strstr(errors, "no address record") != NULL, "got: %s", errors);
	free(errors);
	write_file(hints, ". 3600 NS a.root.\na.root. 3600 A not-an-address\n");
	errors = read_text("resolver: {root-hints: hints}\n", &options);
	ck_assert_msg(strstr(errors, "hints:2:") != NULL, "got: %s", errors);
	free(errors);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unit/resolverd/options");
	TCase *tcase = tcase_create("options");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_empty_configuration_has_sensible_defaults);
	tcase_add_test(tcase, routes_and_hints_come_with_their_ports);
	tcase_add_loop_test(tcase, mistakes_are_named, 0, sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_test(tcase, hints_without_addresses_and_broken_ones_are_named);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
