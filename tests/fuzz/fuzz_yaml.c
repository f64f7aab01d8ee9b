/* Fuzzes the configuration reader: any text is a tree or a list of problems, and any tree fills the schemas or adds to it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/conf/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill_check(const struct schema *schema, struct yaml_tree *tree, void *conf, struct problems *problems)
{
	size_t before = problems->total;
	int status = schema_fill(schema, tree, tree->root, conf, problems);
	/* Success and silence are the same thing. */
	if ((status == ZT_OK) != (problems->total == before))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sample_authd authd;
	struct sample_resolverd resolverd;
	struct yaml_tree tree;
	struct problems problems;
	struct buf text;

	problems_init(&problems, "fuzz.yaml");
	buf_init(&text);
	int status = yaml_tree_parse(&tree, "fuzz.yaml", data, size, &problems);
	if ((status == ZT_OK) != (problems.total == 0) || (status == ZT_OK && !tree.root))
		abort();
	if (tree.root) {
		fill_check(&sample_authd_schema, &tree, &authd, &problems);
		fill_check(&sample_resolverd_schema, &tree, &resolverd, &problems);
		schema_restart_changes(&sample_authd_schema, tree.root, NULL, &text);
		if (!yaml_node_equal(tree.root, tree.root) && status == ZT_OK)
			abort();
	}
	problems_write(&problems, &text);
	buf_fini(&text);
	problems_fini(&problems);
	yaml_tree_fini(&tree);
	return 0;
}
