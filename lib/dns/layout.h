/* Layouts that fill rdata to its end: the last field codes of struct rr_descriptor. Private to lib/dns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes up to the end of the rdata have the layout of the code. Fields whose form a record's own bytes choose (the gateway of
 * IPSECKEY, address families of APL) are looked into where the form is a known one, and taken as they are where it is not. */
bool layout_is_valid(char code, const uint8_t *data, size_t len);
