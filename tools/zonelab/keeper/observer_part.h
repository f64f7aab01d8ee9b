/* The observer as a part of the keeper: its sockets, its timer, its commands, its events in the lab's journal.
 *
 * Every node is asked through a socket of its own (lab/door.h), so neither the lab's weather nor a partition is between it and the observer.
 * The prediction for a change (predictor.h) is made while the watched zone is at rest, and told when a change is seen.
 *
 * Cost at rest: 20 questions a second for a zone, one a second for each further server of it, and the clients'. A question and its answer take
 * the keeper some 30 us of a processor, and the node as much.
 */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

struct observer_part;

/* NULL without memory. `client_rate`: questions a second at each resolver; negative: as the topology says. */
struct observer_part *observer_part_new(double client_rate);
void observer_part_free(struct observer_part *part);
struct keeper_part observer_part_get(struct observer_part *part);
