/* What a router does with packets that the next link is too narrow for: ICMP errors and IPv4 fragments. Pure functions over bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OVERSIZE_ANSWER_MAX = 1280 };

/* An IPv4 packet without "don't fragment". The packet is whole and its header valid. */
bool oversize_may_fragment(const uint8_t *packet, size_t len);

/* Writes the fragment that begins `offset` bytes into the payload and fits into mtu, at least 68 (RFC 791), and says how long it is (header included).
 * *offset moves on to the next one; 0 = there was none left. `out` has room for mtu bytes. */
size_t oversize_fragment(const uint8_t *packet, size_t len, unsigned mtu, size_t *offset, uint8_t *out);

/* Writes the ICMP error for the packet's sender and says how long it is. 0 where none may be sent: the packet is an ICMP error itself or no first fragment
 * (RFC 1122 section 3.2.2, RFC 4443 section 2.4). The sender is 192.0.0.8, the address of nodes without one (RFC 7600), or fe80::1. */
size_t oversize_answer(const uint8_t *packet, size_t len, unsigned mtu, uint8_t out[OVERSIZE_ANSWER_MAX]);
