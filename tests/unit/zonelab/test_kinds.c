/* What is written for each kind of daemon, in both modes, held against tests/golden/kinds: one file a configuration, "DIR" for the work folder.
 * ZT_GOLDEN=write makes the files anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "tests/support/suite.h"
#include "tools/zonelab/files/change.h"
#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/files/write.h"

/* A bit of everything: a chain of secondaries, two sources, a hidden primary, a resolver behind another, and one that validates. */
static const char topology_text[] =
	"port: 5399\nnetwork: 127.9.8.0\n"
	"nodes:\n"
	"  - {name: ns1, kind: authd}\n"
	"  - {name: a.nsd, kind: nsd}\n"
	"  - {name: b.knot, kind: knot}\n"
	"  - {name: c.bind, kind: bind, address: 127.0.0.1}\n"
	"  - {name: d.pdns, kind: powerdns, hidden: yes}\n"
	"  - {name: r.ours, kind: resolverd}\n"
	"  - {name: r.unbound, kind: unbound, validate: yes}\n"
	"  - {name: r.kresd, kind: knot-resolver, validate: no}\n"
	"  - {name: r.bind, kind: bind-resolver, address: 127.0.0.2, validate: yes}\n"
	"  - {name: r.recursor, kind: recursor, forward: [r.unbound, r.kresd], validate: no}\n"
	"  - {name: f.kresd, kind: knot-resolver, forward: r.unbound, validate: yes}\n"
	"  - {name: f.unbound, kind: unbound, forward: r.kresd, net-address: [10.53.0.99], validate: no}\n"
	"zones:\n"
	"  - {name: ., primary: ns1, secondaries: [a.nsd, b.knot], signed: nsec}\n"
	"  - {name: test., primary: ns1, secondaries: [a.nsd, {node: b.knot, from: [a.nsd, ns1]}, {node: c.bind, from: b.knot}, {node: d.pdns, from: c.bind}]}\n"
	"  - {name: nsd.test., primary: a.nsd, secondaries: [c.bind, d.pdns]}\n"
	"  - {name: knot.test., primary: b.knot, secondaries: [a.nsd]}\n"
	"  - {name: signed.test., primary: b.knot, secondaries: [a.nsd], signed: nsec}\n"
	"  - {name: bind.test., primary: c.bind, secondaries: [d.pdns]}\n"
	"  - {name: d.test., primary: d.pdns, secondaries: [a.nsd, b.knot]}\n";

/* BIND's configuration is made of the trust anchor. */
static const char anchor_text[] =
	". 3600 IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n"
	". 3600 IN DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n";

static struct lab lab;

static void lab_open_text(const char *text)
{
	struct topology_text source = { "lab.yaml", text, strlen(text) };
	struct problems problems;
	char path[4096];

	memset(&lab, 0, sizeof(lab));
	snprintf(lab.dir, sizeof(lab.dir), "/tmp/test_kinds.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(lab.dir));
	problems_init(&problems, "lab.yaml");
	ck_assert_int_eq(topology_parse(&lab.topology, &source, &problems), ZT_OK);
	problems_fini(&problems);
	for (uint32_t i = 0; i < lab.topology.node_count; i++) {
		ck_assert_int_eq(lab_path(&lab, &lab.topology.nodes[i], "", path), ZT_OK);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
}

static void lab_close(void)
{
	char command[4200];

	snprintf(command, sizeof(command), "rm -r %s", lab.dir);
	ck_assert_int_eq(system(command), 0);
	topology_free(&lab.topology);
}

static void file_put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	ck_assert_msg(file != NULL, "cannot write %s", path);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static char *file_get(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot read %s", path);
	ck_assert_uint_lt(fread(text, 1, 65535, file), 65535);
	fclose(file);
	return text;
}

/* What a node's file says, without the name of the folder. */
static char *node_file_text(const struct topology_node *node, const char *name)
{
	struct buf out;
	char path[4096];

	ck_assert_int_eq(lab_path(&lab, node, name, path), ZT_OK);
	char *text = file_get(path), *at = text, *next;
	buf_init(&out);
	for (; (next = strstr(at, lab.dir)) != NULL; at = next + strlen(lab.dir)) {
		buf_add(&out, at, (size_t)(next - at));
		buf_add(&out, "DIR", 3);
	}
	buf_add(&out, at, strlen(at) + 1);
	free(text);
	return (char *)out.data;
}

static void golden_check(const struct topology_node *node, const char *name)
{
	static const char *const modes[] = { [TOPOLOGY_LOOPBACK] = "loopback", [TOPOLOGY_NET] = "net" };
	const char *write = getenv("ZT_GOLDEN");
	char path[4096];

	snprintf(path, sizeof(path), GOLDEN_DIR "/%s/%s.%s", modes[lab.topology.mode], node->name, name);
	char *text = node_file_text(node, name);
	if (write && strcmp(write, "write") == 0)
		file_put(path, text);
	char *expected = file_get(path);
	ck_assert_msg(strcmp(text, expected) == 0, "%s differs: expected\n%sbut found\n%s", path, expected, text);
	free(text);
	free(expected);
}

static void lab_write(enum topology_mode mode)
{
	char path[4096];

	topology_set_mode(&lab.topology, mode);
	lab.topology.zones[0].signing = SIGNING_NONE;      /* or its key would be another one each time */
	for (uint32_t i = 0; i < lab.topology.node_count; i++) {
		if (!lab.topology.nodes[i].validates)
			continue;
		ck_assert_int_eq(lab_path(&lab, &lab.topology.nodes[i], NODE_TRUST_ANCHOR, path), ZT_OK);
		file_put(path, anchor_text);
	}
	ck_assert_int_eq(write_all(&lab), ZT_OK);
}

static void all_check(const char *text, enum topology_mode mode)
{
	char other[4096];

	lab_open_text(text);
	lab_write(mode);
	for (uint32_t i = 0; i < lab.topology.node_count; i++) {
		const struct topology_node *node = &lab.topology.nodes[i];
		golden_check(node, kind_of(node)->config);
		if (node->kind == NODE_PDNS)
			golden_check(node, "named.conf");
		if (node->kind == NODE_RECURSOR)
			golden_check(node, "trust.lua");
		ck_assert_int_eq(lab_path(&lab, node, "state", other), ZT_OK);
		ck_assert_int_eq(access(other, W_OK), 0);
	}
	lab_close();
}

/* But for the second of the two nodes of BIND. */
START_TEST(every_kind_is_configured_for_the_loopback_network)
{
	char text[sizeof(topology_text)];
	memcpy(text, topology_text, sizeof(text));
	memcpy(strstr(text, "kind: bind-resolver, address: 127.0.0.2, validate: yes"), "kind: resolverd,     address: 127.0.0.2, validate: no ", 54);
	all_check(text, TOPOLOGY_LOOPBACK);
}
END_TEST

START_TEST(every_kind_is_configured_for_a_network_of_its_own)
{
	all_check(topology_text, TOPOLOGY_NET);
}
END_TEST

START_TEST(propest_is_told_where_a_daemon_is_quicker_than_its_vendors_default)
{
	static const char *const expected[] = {
		"{name: 'c.bind', address: '10.53.0.4@53', vendor: bind, from: 'b.knot', notify: yes,", ", refresh: 30s, retry: 10s}\n",
		"{name: 'd.pdns', address: '10.53.0.5@53', vendor: powerdns, hidden: yes, from: 'c.bind', notify: yes,",
		", refresh: 30s, retry: 10s, cycle: 1s}\n", "caches: {count: 7, depth: 2, min-ttl: 5s,",
	};
	char path[4200];

	lab_open_text(topology_text);
	lab_write(TOPOLOGY_NET);
	snprintf(path, sizeof(path), "%s/test.facts.yaml", lab.dir);
	char *text = file_get(path), *at = text;
	for (size_t i = 0; i < 5; i++) {
		at = strstr(at, expected[i]);
		ck_assert_msg(at != NULL, "expected %s in:\n%s", expected[i], text);
	}
	at = strstr(text, "vendor: knot");
	ck_assert_ptr_nonnull(at);
	at[strcspn(at, "}")] = '\0';
	ck_assert_ptr_null(strstr(at, "refresh"));
	free(text);
	lab_close();
}
END_TEST

START_TEST(bind_is_refused_on_loopback_addresses_that_no_interface_shows)
{
	lab_open_text("nodes: [{name: ns1, kind: bind}]\nzones: [{name: ., primary: ns1}]\n");
	ck_assert_int_ne(write_all(&lab), ZT_OK);
	topology_set_mode(&lab.topology, TOPOLOGY_NET);
	ck_assert_int_eq(write_all(&lab), ZT_OK);
	lab_close();
}
END_TEST

START_TEST(what_an_earlier_lab_stored_is_removed_and_what_is_not_its_own_stays)
{
	static const char *const files[] = { "state/journal", "log", "root.zone.ixfr", "root.key" };
	char path[4096];

	lab_open_text("nodes: [{name: ns1, kind: nsd}]\nzones: [{name: ., primary: ns1}]\n");
	ck_assert_int_eq(write_all(&lab), ZT_OK);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(lab_path(&lab, lab.topology.nodes, files[i], path), ZT_OK);
		file_put(path, "x\n");
	}
	ck_assert_int_eq(write_all(&lab), ZT_OK);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(lab_path(&lab, lab.topology.nodes, files[i], path), ZT_OK);
		ck_assert_msg((access(path, F_OK) == 0) == (i == 3), "%s", files[i]);
	}
	lab_close();
}
END_TEST

START_TEST(the_command_line_names_the_configuration_and_the_folder)
{
	lab_open_text(topology_text);
	const struct topology_node *node = topology_node(&lab.topology, "d.pdns");
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	kind_command_write(to, node, "/lab/d.pdns");
	fputc('\n', to);
	kind_command_write(to, topology_node(&lab.topology, "r.kresd"), "/lab/r.kresd");
	fclose(to);
	ck_assert_str_eq(text, "pdns_server --config-dir=/lab/d.pdns\nkresd -n -c /lab/r.kresd/kresd.conf /lab/r.kresd");
	free(text);
	char path[4200], expected[4200];
	snprintf(path, sizeof(path), "%s/authd", lab.dir);
	file_put(path, "");
	ck_assert_int_eq(chmod(path, 0755), 0);
	setenv("PATH", lab.dir, 1);
	char **argv = kind_command_new(&lab, topology_node(&lab.topology, "ns1"));
	setenv("PATH", "/usr/bin:/bin", 1);
	ck_assert_ptr_nonnull(argv);
	ck_assert_str_eq(argv[0], path);
	ck_assert_str_eq(argv[1], "-c");
	snprintf(expected, sizeof(expected), "%s/ns1/authd.yaml", lab.dir);
	ck_assert_str_eq(argv[2], expected);
	ck_assert_ptr_null(argv[3]);
	free(argv);
	lab_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonelab/kinds");
	TCase *tcase = tcase_create("kinds");

	tcase_add_test(tcase, every_kind_is_configured_for_the_loopback_network);
	tcase_add_test(tcase, every_kind_is_configured_for_a_network_of_its_own);
	tcase_add_test(tcase, propest_is_told_where_a_daemon_is_quicker_than_its_vendors_default);
	tcase_add_test(tcase, bind_is_refused_on_loopback_addresses_that_no_interface_shows);
	tcase_add_test(tcase, what_an_earlier_lab_stored_is_removed_and_what_is_not_its_own_stays);
	tcase_add_test(tcase, the_command_line_names_the_configuration_and_the_folder);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
