/* lib/conf: trees, schemas, problems. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf/schema.h"
#include "tests/support/suite.h"
#include "tests/unit/conf/samples.h"

static struct yaml_tree tree;
static struct problems problems;
static struct buf text;

static void setup(void)
{
	problems_init(&problems, "conf/test.yaml");
	buf_init(&text);
}

static void teardown(void)
{
	yaml_tree_fini(&tree);
	problems_fini(&problems);
	buf_fini(&text);
}

static int parse(const char *yaml)
{
	yaml_tree_fini(&tree);
	problems_fini(&problems);
	problems_init(&problems, "conf/test.yaml");
	return yaml_tree_parse(&tree, "conf/test.yaml", yaml, strlen(yaml), &problems);
}

static int fill(const struct schema *schema, const char *yaml, void *out)
{
	int status = parse(yaml);
	if (!tree.root)
		return status;
	int filled = schema_fill(schema, &tree, tree.root, out, &problems);
	return status != ZT_OK ? status : filled;
}

static const char *problems_text(void)
{
	buf_clear(&text);
	problems_write(&problems, &text);
	buf_add_u8(&text, 0);
	ck_assert_int_eq(text.status, ZT_OK);
	return (const char *)text.data;
}

START_TEST(a_tree_knows_kinds_texts_and_places)
{
	ck_assert_int_eq(parse("a: 1\nb:\n  - x\n  - {c: 'y z', d: }\n  - []\n"), ZT_OK);
	const struct yaml_node *b = yaml_node_get(tree.root, "b");
	ck_assert_int_eq(tree.root->kind, YAML_KIND_MAPPING);
	ck_assert_uint_eq(tree.root->count, 2);
	ck_assert_str_eq(yaml_node_get(tree.root, "a")->text, "1");
	ck_assert_int_eq(b->kind, YAML_KIND_SEQUENCE);
	ck_assert_uint_eq(b->count, 3);
	ck_assert_uint_eq(b->key->line, 2);
	ck_assert_uint_eq(b->key->column, 1);
	const struct yaml_node *inner = b->child->next;
	ck_assert_uint_eq(inner->line, 4);
	ck_assert_uint_eq(inner->column, 5);
	ck_assert_str_eq(yaml_node_get(inner, "c")->text, "y z");
	ck_assert(yaml_node_is_null(yaml_node_get(inner, "d")));
	ck_assert(!yaml_node_is_null(yaml_node_get(inner, "c")));
	ck_assert_ptr_null(yaml_node_get(inner, "e"));
	ck_assert_ptr_null(yaml_node_get(b, "c"));
	ck_assert(yaml_node_is_null(NULL));
}
END_TEST

START_TEST(an_empty_file_is_an_empty_mapping)
{
	static const char *const empties[] = { "", "\n# nothing\n", "---\n...\n", "~" };
	for (size_t i = 0; i < sizeof(empties) / sizeof(empties[0]); i++) {
		ck_assert_int_eq(parse(empties[i]), ZT_OK);
		ck_assert_int_eq(tree.root->kind, YAML_KIND_MAPPING);
		ck_assert_uint_eq(tree.root->count, 0);
	}
}
END_TEST

START_TEST(what_is_not_understood_is_refused_with_its_place)
{
	static const struct {
		const char *yaml, *where;
	} cases[] = {
		{ "a: 1\na: 2\n", "conf/test.yaml:2:1: the key \"a\" stands twice, expected once (first in line 1)\n" },
		{ "a: &x 1\nb: *x\n",
		  "conf/test.yaml:1:4: an anchor or a tag, expected a plain value (YAML's & * ! are not supported here)\n"
		  "conf/test.yaml:2:4: an alias, expected the value itself (YAML's & * ! are not supported here)\n" },
		{ "a: !!int 1\n", "conf/test.yaml:1:4: an anchor or a tag, expected a plain value (YAML's & * ! are not supported here)\n" },
		{ "? [a]\n: 1\n", "conf/test.yaml:1:3: a sequence as a key, expected a word\n" },
		{ "a: 1\n---\nb: 2\n", "conf/test.yaml:3:1: a second YAML document, expected one a file\n" },
		{ "a: \"x\\0y\"\n", "conf/test.yaml:1:4: a NUL character inside a text, expected text without it\n" },
		{ "a: [1, 2\nb: 3\n", "conf/test.yaml:2:2: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence\n" },
		{ "a: [::1]\n",
		  "conf/test.yaml:1:5: not valid YAML: did not find expected node content while parsing a flow node (a value that starts with a colon, "
		  "such as an IPv6 address, needs quotes here)\n" },
		{ "\ta: 1\n", "conf/test.yaml:1:1: not valid YAML: found character that cannot start any token while scanning for the next token\n" },
		{ "a: \xff\n", "conf/test.yaml:1:1: not UTF-8 text (invalid leading UTF-8 octet), expected a YAML file\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(parse(cases[i].yaml), ZT_ESYNTAX);
		ck_assert_str_eq(problems_text(), cases[i].where);
	}
}
END_TEST

START_TEST(depth_is_limited_and_cheap)
{
	enum { DEPTH = 100000 };
	char *deep = malloc(DEPTH + 1);
	memset(deep, '[', DEPTH);
	deep[DEPTH] = '\0';
	ck_assert_int_eq(parse(deep), ZT_ESYNTAX);
	ck_assert_str_eq(problems_text(), "conf/test.yaml:1:33: nested too deeply, expected at most 32 levels\n");
	free(deep);
}
END_TEST

START_TEST(many_keys_are_no_more_work_than_sorting_them)
{
	struct buf yaml;
	buf_init(&yaml);
	for (int i = 0; i < 100000; i++)
		buf_printf(&yaml, "key-%d: x\n", i * 7919 % 100003);
	buf_printf(&yaml, "key-0: again\n");
	buf_add_u8(&yaml, 0);
	ck_assert_int_eq(parse((const char *)yaml.data), ZT_ESYNTAX);
	ck_assert_str_eq(problems_text(), "conf/test.yaml:100001:1: the key \"key-0\" stands twice, expected once (first in line 1)\n");
	buf_fini(&yaml);
}
END_TEST

static const char authd_sample[] =
	"server:\n"
	"  listen: [127.0.0.1@5300]\n"
	"  workers: 1                  # default: one per core\n"
	"  state-dir: ./state          # journal, images, control socket\n"
	"  control: ./state/authd.sock\n"
	"  metrics: 127.0.0.1@9153     # Prometheus text; absent = off\n"
	"key:\n"
	"  - {name: xfr-key, algorithm: hmac-sha256, secret: \"base64=\"}\n"
	"zone:\n"
	"  - name: example.\n"
	"    file: example.zone                       # primary\n"
	"    notify: [127.0.0.1@5301, {address: 127.0.0.1@5302, key: xfr-key, tls: {hostname: ns2.example}}]\n"
	"    allow-transfer: [127.0.0.0/8, key:xfr-key]\n"
	"    allow-update: [127.0.0.0/8]\n"
	"  - name: example.net.\n"
	"    primaries: [127.0.0.1@5300]              # secondary; no file needed\n"
	"    allow-notify: 127.0.0.0/8\n";

static bool addr_is(const struct netaddr *addr, const char *expected)
{
	char out[NETADDR_TEXT_SIZE];
	return strcmp(netaddr_to_text(addr, out), expected) == 0;
}

START_TEST(the_sample_of_authd_fills_its_struct)
{
	struct sample_authd conf;
	ck_assert_int_eq(fill(&sample_authd_schema, authd_sample, &conf), ZT_OK);
	ck_assert_uint_eq(conf.server.listen.count, 1);
	ck_assert(addr_is(SCHEMA_ITEMS(conf.server.listen, struct netaddr), "127.0.0.1@5300"));
	ck_assert_int_eq(conf.server.workers, 1);
	ck_assert_str_eq(conf.server.state_dir, "conf/./state");
	ck_assert_str_eq(conf.server.control, "conf/./state/authd.sock");
	ck_assert(addr_is(&conf.server.metrics, "127.0.0.1@9153"));

	ck_assert_uint_eq(conf.keys.count, 1);
	const struct sample_key *key = SCHEMA_ITEMS(conf.keys, struct sample_key);
	ck_assert_str_eq(key->name, "xfr-key");
	ck_assert_int_eq(key->algorithm, 1);
	ck_assert_str_eq(key->secret, "base64=");

	ck_assert_uint_eq(conf.zones.count, 2);
	const struct sample_zone *zones = SCHEMA_ITEMS(conf.zones, struct sample_zone);
	ck_assert_str_eq(zones[0].name, "example.");
	ck_assert_str_eq(zones[0].file, "conf/example.zone");
	ck_assert_uint_eq(zones[0].notify.count, 2);
	const struct sample_remote *notify = SCHEMA_ITEMS(zones[0].notify, struct sample_remote);
	ck_assert(addr_is(&notify[0].address, "127.0.0.1@5301"));
	ck_assert_ptr_null(notify[0].key);
	ck_assert_ptr_null(notify[0].tls.node);
	ck_assert(addr_is(&notify[1].address, "127.0.0.1@5302"));
	ck_assert_str_eq(notify[1].key, "xfr-key");
	ck_assert_ptr_nonnull(notify[1].tls.node);
	ck_assert_str_eq(notify[1].tls.hostname, "ns2.example");
	const struct schema_access *transfer = SCHEMA_ITEMS(zones[0].allow_transfer, struct schema_access);
	ck_assert_uint_eq(zones[0].allow_transfer.count, 2);
	ck_assert_ptr_null(transfer[0].key);
	ck_assert_uint_eq(transfer[0].prefix.bits, 8);
	ck_assert_str_eq(transfer[1].key, "xfr-key");
	ck_assert_uint_eq(zones[0].primaries.count, 0);
	ck_assert_ptr_null(zones[1].file);
	ck_assert_uint_eq(zones[1].primaries.count, 1);
	ck_assert_uint_eq(zones[1].allow_notify.count, 1);
	/* The owner can point at what it finds wrong itself. */
	ck_assert_uint_eq(yaml_node_get(zones[1].node, "primaries")->line, 16);
}
END_TEST

START_TEST(the_sample_of_resolverd_fills_its_struct)
{
	static const char sample[] =
		"server: {listen: [127.0.0.1@5353, \"::1\", 2001:db8::1@5353], workers: 1, control: /run/r.sock}\n"
		"resolver:\n"
		"  root-hints: root.hints\n"
		"  validate: no\n"
		"  upstream-port: 5300\n"
		"  negative-trust-anchors: [broken.example.]\n"
		"stub:    [{name: example., addresses: [127.0.0.1@5300]}]\n"
		"forward: [{name: ., addresses: 127.0.0.1@5354}]\n"
		"cache: {size: 64M, min-ttl: 5, max-ttl: 1h30m, prefetch: 0.25, serve-stale: on, snapshot: ./state/cache.mdb}\n"
		"labels: {site: [a, b]}\n";
	struct sample_resolverd conf;
	int status = fill(&sample_resolverd_schema, sample, &conf);
	ck_assert_str_eq(problems_text(), "");
	ck_assert_int_eq(status, ZT_OK);
	ck_assert_uint_eq(conf.server.listen.count, 3);
	ck_assert(addr_is(&SCHEMA_ITEMS(conf.server.listen, struct netaddr)[1], "::1@53"));
	ck_assert(addr_is(&SCHEMA_ITEMS(conf.server.listen, struct netaddr)[2], "2001:db8::1@5353"));
	ck_assert_str_eq(conf.server.control, "/run/r.sock");
	ck_assert(!netaddr_is_set(&conf.server.metrics));
	ck_assert(!conf.resolver.validate);
	ck_assert_int_eq(conf.resolver.upstream_port, 5300);
	ck_assert_str_eq(SCHEMA_ITEMS(conf.resolver.negative_trust_anchors, const char *)[0], "broken.example.");
	ck_assert_uint_eq(SCHEMA_ITEMS(conf.forwards, struct sample_target)[0].addresses.count, 1);
	ck_assert_uint_eq(conf.cache.size, 64 << 20);
	ck_assert_int_eq(conf.cache.min_ttl, 5 * USEC_PER_SEC);
	ck_assert_int_eq(conf.cache.max_ttl, 5400 * USEC_PER_SEC);
	ck_assert_double_eq(conf.cache.prefetch, 0.25);
	ck_assert(conf.cache.serve_stale);
	ck_assert_str_eq(conf.cache.snapshot, "conf/./state/cache.mdb");
	ck_assert_uint_eq(yaml_node_get(conf.labels, "site")->count, 2);
}
END_TEST

START_TEST(absent_keys_take_their_defaults)
{
	struct sample_resolverd conf;
	ck_assert_int_eq(fill(&sample_resolverd_schema, "resolver: {root-hints: }\n", &conf), ZT_OK);
	ck_assert_ptr_null(conf.server.node);
	ck_assert_uint_eq(conf.server.listen.count, 1);
	ck_assert(addr_is(SCHEMA_ITEMS(conf.server.listen, struct netaddr), "127.0.0.1@53"));
	ck_assert_str_eq(conf.server.state_dir, "conf/./state");
	ck_assert_ptr_null(conf.resolver.root_hints);
	ck_assert(conf.resolver.validate);
	ck_assert_uint_eq(conf.cache.size, 256 << 20);
	ck_assert_int_eq(conf.cache.max_ttl, 86400 * USEC_PER_SEC);
	ck_assert_double_eq(conf.cache.prefetch, 0.1);
	ck_assert_ptr_null(conf.labels);
	ck_assert_uint_eq(conf.stubs.count, 0);
}
END_TEST

static char *file_read(const char *path)
{
	char *data = calloc(1, 65536);
	int fd = open(path, O_RDONLY);
	ck_assert_msg(fd >= 0, "cannot open %s", path);
	ck_assert_int_ge(read(fd, data, 65535), 0);
	close(fd);
	return data;
}

/* NAME.yaml must give exactly NAME.problems, with the paths as seen from its folder. */
static void golden_case(const struct schema *schema, size_t size, const char *name)
{
	char path[512];
	void *conf = malloc(size);

	snprintf(path, sizeof(path), GOLDEN_DIR "/%s.yaml", name);
	char *yaml = file_read(path);
	snprintf(path, sizeof(path), GOLDEN_DIR "/%s.problems", name);
	char *expected = file_read(path);
	int status = fill(schema, yaml, conf);
	ck_assert_str_eq(problems_text(), expected);
	ck_assert_int_eq(status, ZT_ESYNTAX);
	free(yaml);
	free(expected);
	free(conf);
}

START_TEST(all_problems_of_a_file_are_told_at_once_in_its_order)
{
	golden_case(&sample_authd_schema, sizeof(struct sample_authd), "authd");
	golden_case(&sample_resolverd_schema, sizeof(struct sample_resolverd), "resolverd");
}
END_TEST

START_TEST(after_a_hundred_problems_only_their_number_is_told)
{
	struct sample_authd conf;
	struct buf yaml;
	buf_init(&yaml);
	for (int i = 0; i < 103; i++)
		buf_printf(&yaml, "wrong-%d: x\n", i);
	buf_add_u8(&yaml, 0);
	ck_assert_int_eq(fill(&sample_authd_schema, (const char *)yaml.data, &conf), ZT_ESYNTAX);
	const char *all = problems_text();
	ck_assert_ptr_nonnull(strstr(all, "conf/test.yaml:100:1: "));
	ck_assert_ptr_null(strstr(all, "conf/test.yaml:101:1: "));
	ck_assert_ptr_nonnull(strstr(all, "conf/test.yaml: and 3 more problems\n"));
	buf_fini(&yaml);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_a_problem_of_the_file)
{
	struct sample_authd conf;
	problems_fini(&problems);
	problems_init(&problems, "/nonexistent/authd.yaml");
	ck_assert_int_eq(schema_load(&sample_authd_schema, &tree, "/nonexistent/authd.yaml", &conf, &problems), ZT_EIO);
	ck_assert_str_eq(problems_text(), "/nonexistent/authd.yaml: cannot read it: No such file or directory\n");
}
END_TEST

START_TEST(durations_sizes_and_booleans_are_read_from_text)
{
	static const struct {
		const char *text;
		usec_t value;
	} durations[] = {
		{ "0", 0 }, { "90", 90000000 }, { "250ms", 250000 }, { "1h30m", 5400000000 }, { "2d", 172800000000 }, { "1w", 604800000000 }, { "1M", 60000000 },
	};
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		usec_t value;
		ck_assert_int_eq(schema_duration_from_text(&value, durations[i].text), ZT_OK);
		ck_assert_int_eq(value, durations[i].value);
	}
	static const char *const wrong[] = { "", "s", "1x", "-1", "1.5h", "1h30", "99999999999999999999", "9223372036854775807w", "1 h" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		usec_t value;
		ck_assert_msg(schema_duration_from_text(&value, wrong[i]) == ZT_ESYNTAX, "accepted: %s", wrong[i]);
	}
	uint64_t size;
	ck_assert_int_eq(schema_size_from_text(&size, "3G"), ZT_OK);
	ck_assert_uint_eq(size, UINT64_C(3) << 30);
	ck_assert_int_eq(schema_size_from_text(&size, "9999999999T"), ZT_ESYNTAX);
	ck_assert_int_eq(schema_size_from_text(&size, "1KB"), ZT_ESYNTAX);
	ck_assert_int_eq(schema_size_from_text(&size, ""), ZT_ESYNTAX);
	bool value = false;
	ck_assert_int_eq(schema_bool_from_text(&value, "True"), ZT_OK);
	ck_assert(value);
	ck_assert_int_eq(schema_bool_from_text(&value, "maybe"), ZT_ESYNTAX);
}
END_TEST

START_TEST(changes_that_need_a_restart_are_named)
{
	struct yaml_tree before;
	struct problems none;
	static const char old[] = "server: {listen: [127.0.0.1], workers: 2, metrics: 127.0.0.1}\nzone: [{name: a}]\n";
	static const char new[] = "zone: [{name: b}]\nserver: {workers: 3, listen: [127.0.0.1], control: x.sock}\n";

	problems_init(&none, "old");
	ck_assert_int_eq(yaml_tree_parse(&before, "old", old, strlen(old), &none), ZT_OK);
	ck_assert_int_eq(parse(new), ZT_OK);
	schema_restart_changes(&sample_authd_schema, before.root, tree.root, &text);
	buf_add_u8(&text, 0);
	ck_assert_str_eq((const char *)text.data, "server.workers, server.control");
	buf_clear(&text);
	schema_restart_changes(&sample_authd_schema, before.root, before.root, &text);
	ck_assert_uint_eq(text.len, 0);
	yaml_tree_fini(&before);
	problems_fini(&none);
}
END_TEST

START_TEST(the_items_of_top_lists_can_be_given_back)
{
	struct sample_authd conf;
	ck_assert_int_eq(fill(&sample_authd_schema, authd_sample, &conf), ZT_OK);
	const char *name = SCHEMA_ITEMS(conf.zones, struct sample_zone)[1].name;
	const char *file = SCHEMA_ITEMS(conf.zones, struct sample_zone)[0].file;
	size_t total = tree.arena.total;
	ck_assert_uint_gt(tree.items.total, 0);
	yaml_tree_forget_items(&tree);
	/* All else is still there; so are the items' texts. */
	ck_assert_uint_eq(tree.items.total, 0);
	ck_assert_uint_eq(tree.arena.total, total);
	ck_assert_str_eq(name, "example.net.");
	ck_assert_str_eq(file, "conf/example.zone");
	ck_assert(addr_is(SCHEMA_ITEMS(conf.server.listen, struct netaddr), "127.0.0.1@5300"));
	ck_assert_uint_eq(yaml_node_get(tree.root, "zone")->count, 0);
	ck_assert_ptr_null(yaml_node_get(tree.root, "zone")->child);
	/* A list inside of a mapping is not one at the top. */
	const struct yaml_node *listen = yaml_node_get(yaml_node_get(tree.root, "server"), "listen");
	ck_assert_uint_eq(listen->count, 1);
	ck_assert_str_eq(listen->child->text, "127.0.0.1@5300");
}
END_TEST

START_TEST(the_man_page_section_names_every_key)
{
	schema_write_mdoc(&sample_resolverd_schema, &text);
	buf_add_u8(&text, 0);
	const char *man = (const char *)text.data;
	char *expected = file_read(GOLDEN_DIR "/resolverd.mdoc");
	ck_assert_str_eq(man, expected);
	free(expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tests = tcase_create("conf");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_tree_knows_kinds_texts_and_places);
	tcase_add_test(tests, an_empty_file_is_an_empty_mapping);
	tcase_add_test(tests, what_is_not_understood_is_refused_with_its_place);
	tcase_add_test(tests, depth_is_limited_and_cheap);
	tcase_add_test(tests, many_keys_are_no_more_work_than_sorting_them);
	tcase_add_test(tests, the_sample_of_authd_fills_its_struct);
	tcase_add_test(tests, the_sample_of_resolverd_fills_its_struct);
	tcase_add_test(tests, absent_keys_take_their_defaults);
	tcase_add_test(tests, all_problems_of_a_file_are_told_at_once_in_its_order);
	tcase_add_test(tests, after_a_hundred_problems_only_their_number_is_told);
	tcase_add_test(tests, a_file_that_cannot_be_read_is_a_problem_of_the_file);
	tcase_add_test(tests, durations_sizes_and_booleans_are_read_from_text);
	tcase_add_test(tests, changes_that_need_a_restart_are_named);
	tcase_add_test(tests, the_items_of_top_lists_can_be_given_back);
	tcase_add_test(tests, the_man_page_section_names_every_key);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
