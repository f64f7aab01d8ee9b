/* Names of class CHAOS. */
#include "authd/serve/chaos.h"

#include <stddef.h>

#include "lib/dns/name.h"

const char *chaos_text(const struct serve_settings *settings, const uint8_t *name)
{
	static const struct {
		const uint8_t *name;
		size_t member;
	} names[] = {
		{ (const uint8_t *)"\7version\4bind", offsetof(struct serve_settings, version) },
		{ (const uint8_t *)"\7version\6server", offsetof(struct serve_settings, version) },
		{ (const uint8_t *)"\10hostname\4bind", offsetof(struct serve_settings, identity) },
		{ (const uint8_t *)"\2id\6server", offsetof(struct serve_settings, identity) },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (name_equal(name, names[i].name))
			return *(const char *const *)((const char *)settings + names[i].member);
	}
	return NULL;
}
