/* Other servers in authd.yaml. */
#include "authd/options_remote.h"

#include "authd/options_reader.h"

struct remote_conf {
	const struct yaml_node *node;
	struct netaddr address;
};

static const struct schema_row remote_rows[] = {
	{ "address", SCHEMA_ADDRESS, offsetof(struct remote_conf, address), SCHEMA_REQUIRED, .port = 53, .help = "Where the server is." },
};

const struct schema remote_options_schema = { .what = "remote server", .size = sizeof(struct remote_conf), .rows = remote_rows,
					     .row_count = SCHEMA_COUNT(remote_rows), .shorthand = "address" };

int remote_options_copy(struct remote_options *to, const struct remote_options *from)
{
	*to = *from;
	return ZT_OK;
}

void remote_options_release(struct remote_options *remote)
{
	*remote = (struct remote_options){ 0 };
}

bool remote_options_equal(const struct remote_options *a, const struct remote_options *b)
{
	return netaddr_equal(&a->address, &b->address);
}

struct remote_options *remote_options_read(struct options_reader *reader, const struct schema_list *list, uint32_t *count)
{
	const struct remote_conf *confs = SCHEMA_ITEMS(*list, struct remote_conf);
	struct remote_options *remotes = options_take(reader, list->count * sizeof(*remotes));

	for (size_t i = 0; remotes && i < list->count; i++)
		remotes[i].address = confs[i].address;
	*count = remotes ? (uint32_t)list->count : 0;
	return remotes;
}
