/* The commands of propest, and what they share: gathering facts, running the model. Each returns an exit code. */
#pragma once

#include "lib/base/clock.h"
#include "tools/propest/cli/options.h"
#include "tools/propest/gather/ask.h"
#include "tools/propest/gather/facts.h"
#include "tools/propest/model/estimate.h"

/* Fills initialised facts from the topology file, the servers or both, ready for estimate_run; prints what is wrong. */
enum exit_code cli_gather(struct facts *facts, const struct options *options, struct asker *asker);
/* Runs the model; prints what is wrong. */
enum exit_code cli_run(struct estimate *estimate, const struct facts *facts, const struct options *options);

enum exit_code cli_estimate(const struct options *options, const struct clock *clock);
enum exit_code cli_watch(const struct options *options, const struct clock *clock);
