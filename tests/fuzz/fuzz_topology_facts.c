/* Fuzzes the topology-facts reader: any text is facts or a list of problems, and facts that were accepted give a finite bound. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tools/propest/gather/topology.h"
#include "tools/propest/model/bound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems;
	struct facts facts;

	problems_init(&problems, "fuzz.yaml");
	facts_init(&facts);
	int status = topology_parse(&facts, "fuzz.yaml", data, size, &problems);
	/* Success and silence are the same thing. */
	if ((status == ZT_OK) != (problems.total == 0))
		abort();
	/* The bound is found by walking all links for each server: large inputs would only be slow. */
	if (status == ZT_OK && facts.net.server_count <= 32) {
		double *bound = calloc(facts.net.server_count, sizeof(*bound));
		if (!bound || bound_servers(&facts.net, bound) != ZT_OK)
			abort();
		for (size_t i = 0; i < facts.net.server_count; i++)
			if (!isfinite(bound[i]) || bound[i] < 0)
				abort();
		free(bound);
	}
	problems_fini(&problems);
	facts_fini(&facts);
	return 0;
}
