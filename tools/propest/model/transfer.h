/* How long one zone transfer takes, and what loss does to its messages. Pure formulas. */
#pragma once

#include "tools/propest/model/network.h"

/* The chance that a question or its answer is lost, when each datagram is lost with `loss`. */
double transfer_round_loss(double loss);

/* From the decision to transfer to the data being served by a server of `vendor`: the SOA question, the TCP handshake, the request and
 * TCP's slow-start rounds at one RTT each, the bytes at the link's rate, the apply delay at `unit` (0..1) of its range. */
double transfer_seconds(const struct network_link *link, const struct vendor *vendor, double unit);

/* Waiting for lost handshake segments to be repeated after 1, 2, 4 … s; `unit` (0..1) picks how many were lost, at most 6. */
double transfer_handshake_wait(double loss, double unit);
