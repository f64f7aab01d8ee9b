/* What the server says about itself in class CHAOS: version.bind and version.server, hostname.bind and id.server (RFC 4892). */
#pragma once

#include "authd/serve/settings.h"

/* The text that answers a name; NULL when there is none to tell. */
const char *chaos_text(const struct serve_settings *settings, const uint8_t *name);
