/* Keys of TSIG from the texts that tools take. */
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "lib/dns/name.h"
#include "lib/dns/tsig_key.h"

enum { WORD_SIZE = 1024 };

int tsig_secret_from_text(uint8_t out[TSIG_SECRET_MAX_LEN], size_t *len, const char *text)
{
	size_t text_len = strlen(text);
	const char *end;

	if (text_len > (TSIG_SECRET_MAX_LEN + 2) / 3 * 4)
		return ZT_ELIMIT;
	int status = sodium_base642bin(out, TSIG_SECRET_MAX_LEN, text, text_len, NULL, len, &end, sodium_base64_VARIANT_ORIGINAL);
	return status == 0 && *end == '\0' && *len > 0 ? ZT_OK : ZT_ESYNTAX;
}

/* The three parts of a key, as texts. */
struct key_texts {
	const char *algorithm;
	const char *name;
	const char *secret;
};

static int key_from_texts(struct tsig_key **out, const struct key_texts *texts, const char **why)
{
	uint8_t name[NAME_MAX_LEN], secret[TSIG_SECRET_MAX_LEN];
	struct tsig_key_config config = { .name = name, .algorithm = tsig_algorithm_from_text(texts->algorithm), .secret = secret };

	*why = NULL;
	if (!config.algorithm)
		*why = "the algorithm is none, expected one of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 or hmac-sha512";
	else if (texts->name[0] == '\0' || name_from_text(name, texts->name, NULL) != ZT_OK || name_len(name) > TSIG_KEY_NAME_MAX_LEN)
		*why = "the key's name is none, expected a domain name of at most 120 bytes";
	else if (tsig_secret_from_text(secret, &config.secret_len, texts->secret) != ZT_OK)
		*why = "the secret is none, expected base64";
	int status = *why ? ZT_ESYNTAX : tsig_key_new(out, &config);
	sodium_memzero(secret, sizeof(secret));
	return status;
}

/* Copies `len` characters; false when they are too many. */
static bool word_copy(char out[WORD_SIZE], const char *from, size_t len)
{
	if (len >= WORD_SIZE)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

int tsig_key_from_text(struct tsig_key **out, const char *text, const char **why)
{
	char algorithm[WORD_SIZE] = "hmac-sha256", name[WORD_SIZE];
	size_t len = strcspn(text, ":");
	const char *rest = text + len, *second = *rest ? strchr(rest + 1, ':') : NULL;

	*why = "expected [ALGORITHM:]NAME:SECRET";
	if (*rest == '\0')
		return ZT_ESYNTAX;
	if (second) {
		if (!word_copy(algorithm, text, len))
			return ZT_ESYNTAX;
		text = rest + 1;
		len = (size_t)(second - text);
		rest = second;
	}
	if (!word_copy(name, text, len))
		return ZT_ESYNTAX;
	return key_from_texts(out, &(struct key_texts){ algorithm, name, rest + 1 }, why);
}

/* ---- files in the style of BIND ------------------------------------------------------------------------------------------------------ */

static const char *comment_skip(const char *p)
{
	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	const char *end = strstr(p + 2, "*/");
	return end ? end + 2 : p + strlen(p);
}

static const char *space_skip(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (*p != '#' && !(p[0] == '/' && (p[1] == '/' || p[1] == '*')))
			return p;
		p = comment_skip(p);
	}
}

/* The next word or sign into `out`, empty at the end; a word in quotes is one without them. False when it is too long or its quote does not end. */
static bool word_next(const char **at, char out[WORD_SIZE])
{
	const char *p = space_skip(*at);
	size_t len;

	out[0] = '\0';
	*at = p;
	if (*p == '\0')
		return true;
	if (*p == '"') {
		len = strcspn(p + 1, "\"");
		if (p[1 + len] != '"')
			return false;
		*at = p + len + 2;
		return word_copy(out, p + 1, len);
	}
	len = strchr("{};", *p) ? 1 : strcspn(p, " \t\r\n{};\"");
	*at = p + len;
	return word_copy(out, p, len);
}

static bool sign_next(const char **at, const char *sign)
{
	char word[WORD_SIZE];
	return word_next(at, word) && strcmp(word, sign) == 0;
}

/* What stands between the braces. */
static bool clauses_read(const char **at, char algorithm[WORD_SIZE], char secret[WORD_SIZE])
{
	char word[WORD_SIZE];

	while (word_next(at, word) && strcmp(word, "}") != 0) {
		char *into = strcasecmp(word, "algorithm") == 0 ? algorithm : strcasecmp(word, "secret") == 0 ? secret : NULL;
		if (!into || !word_next(at, into) || !sign_next(at, ";"))
			return false;
	}
	return word[0] == '}' && sign_next(at, ";");
}

int tsig_key_from_file_text(struct tsig_key **out, const char *text, const char **why)
{
	char name[WORD_SIZE], algorithm[WORD_SIZE] = "", secret[WORD_SIZE] = "";
	const char *at = text;
	int status = ZT_ESYNTAX;

	*why = "expected key \"NAME\" { algorithm ALGORITHM; secret \"SECRET\"; }; and nothing else";
	if (sign_next(&at, "key") && word_next(&at, name) && sign_next(&at, "{") && clauses_read(&at, algorithm, secret) && *space_skip(at) == '\0')
		status = key_from_texts(out, &(struct key_texts){ algorithm, name, secret }, why);
	sodium_memzero(secret, sizeof(secret));
	return status;
}
