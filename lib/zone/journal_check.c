/* Looks through an LMDB file before LMDB does.
 *
 * LMDB trusts its pages: a damaged one ends in a signal, and then every start would. Row checksums don't help there, so the structure is checked
 * here first: every page reachable from the newer meta page is what its parent says, its nodes lie within it and in order, and no page
 * is used twice or used and on the free list. The meta pages, which carry no checksum, must be those of two transactions in succession (and the info
 * row says which, journal_row.h), so that a damaged one does not bring an older state back. The bytes of values are not looked at.
 *
 * The format is that of LMDB 0.9, data version 1, on a machine with 64-bit little-endian words, which is what LMDB itself would read.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/zone/journal_store.h"

enum {
	META_VERSION = 1, META_AT = 16,
	META_DBS_AT = META_AT + 24, DB_LEN = 48, DB_FLAGS_AT = 4, DB_FLAGS_MASK = 0xff, DB_FLAGS_FREE = 8, DB_ENTRIES_AT = 32, DB_ROOT_AT = 40, META_LAST_PAGE_AT = META_DBS_AT + 2 * DB_LEN, META_TXN_AT = META_LAST_PAGE_AT + 8,
	META_END = META_TXN_AT + 8,
	PAGE_HEAD = 16, PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4,
	NODE_HEAD = 8, NODE_BIG = 1,
	DEPTH_MAX = 32, META_PAGES = 2,
	UNWRITTEN_MAX = 1 << 20,       /* pages behind the end of the file: more is damage */
};

static const uint32_t meta_magic = 0xBEEFC0DE;
static const uint64_t no_page = UINT64_MAX;

struct checker {
	int fd;
	size_t page_size;
	uint64_t page_count;           /* that LMDB has numbered */
	uint64_t size;                 /* of the file, which may end before the last of them */
	uint8_t *used;                 /* one bit per page */
	uint64_t entries;              /* of the tree being walked */
	bool is_free_list;             /* the tree being walked holds the free list */
};

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint64_t get_u64(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

static int read_at(const struct checker *checker, void *out, size_t len, uint64_t offset)
{
	uint8_t *at = out;

	while (len > 0) {
		ssize_t got = pread(checker->fd, at, len, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? status_from_errno(errno) : ZT_ECORRUPT;
		at += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return ZT_OK;
}

/* Notes a run of pages as used; false where one is out of range or used already. */
static bool claim(struct checker *checker, uint64_t first, uint64_t count)
{
	if (first < META_PAGES || count == 0 || first >= checker->page_count || count > checker->page_count - first)
		return false;
	for (uint64_t page = first; page < first + count; page++) {
		uint8_t bit = (uint8_t)(1u << (page & 7));
		if (checker->used[page >> 3] & bit)
			return false;
		checker->used[page >> 3] |= bit;
	}
	return true;
}

/* ---- the free list -------------------------------------------------------------------------------------------------------------- */

/* A value of the free list: a count, then page numbers. */
static bool free_pages_claim(struct checker *checker, const uint8_t *value, size_t len)
{
	if (len < 8 || get_u64(value) != len / 8 - 1)
		return false;
	for (size_t at = 8; at + 8 <= len; at += 8)
		if (!claim(checker, get_u64(value + at), 1))
			return false;
	return true;
}

/* ---- pages ---------------------------------------------------------------------------------------------------------------------- */

static int overflow_check(struct checker *checker, uint64_t page, size_t len)
{
	uint8_t head[PAGE_HEAD];
	int status = page < checker->page_count ? read_at(checker, head, sizeof(head), page * checker->page_size) : ZT_ECORRUPT;

	if (status != ZT_OK)
		return status;
	uint64_t count = get_u16(head + 12) | (uint64_t)get_u16(head + 14) << 16;
	if (get_u64(head) != page || get_u16(head + 10) != PAGE_OVERFLOW || !claim(checker, page, count) ||
	    count * checker->page_size - PAGE_HEAD < len || page * checker->page_size + PAGE_HEAD + len > checker->size)
		return ZT_ECORRUPT;
	if (!checker->is_free_list)
		return ZT_OK;
	uint8_t *value = malloc(len ? len : 1);
	if (!value)
		return ZT_ENOMEM;
	status = read_at(checker, value, len, page * checker->page_size + PAGE_HEAD);
	if (status == ZT_OK && !free_pages_claim(checker, value, len))
		status = ZT_ECORRUPT;
	free(value);
	return status;
}

/* One node as it lies in a page. */
struct node {
	const uint8_t *key;
	size_t key_len;
	const uint8_t *data;
	size_t data_len;               /* in the page */
	uint64_t word;                 /* branch: the child; leaf: length of the value */
	bool is_big;                   /* the value lies in pages of its own, data is their number */
};

static bool node_read(const struct checker *checker, const uint8_t *page, unsigned index, struct node *node)
{
	size_t at = get_u16(page + PAGE_HEAD + 2 * index), upper = get_u16(page + 14);
	bool is_leaf = get_u16(page + 10) == PAGE_LEAF;

	if (at < upper || at + NODE_HEAD > checker->page_size)
		return false;
	const uint8_t *head = page + at;
	uint16_t flags = get_u16(head + 4);
	node->key = head + NODE_HEAD;
	node->key_len = get_u16(head + 6);
	node->word = get_u16(head) | (uint64_t)get_u16(head + 2) << 16;
	node->is_big = is_leaf && flags == NODE_BIG;
	if (is_leaf && flags != 0 && flags != NODE_BIG)
		return false;
	if (!is_leaf)
		node->word |= (uint64_t)flags << 32;
	node->data_len = !is_leaf ? 0 : node->is_big ? 8 : node->word;
	node->data = node->key + node->key_len;
	return at + NODE_HEAD + node->key_len + node->data_len <= checker->page_size;
}

static bool in_order(const struct checker *checker, const struct node *a, const struct node *b)
{
	if (checker->is_free_list)
		return a->key_len == 8 && b->key_len == 8 && get_u64(a->key) < get_u64(b->key);
	size_t common = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order = memcmp(a->key, b->key, common);
	return order < 0 || (order == 0 && a->key_len < b->key_len);
}

static int value_check(struct checker *checker, const struct node *node)
{
	checker->entries++;
	if (node->is_big)
		return overflow_check(checker, get_u64(node->data), node->word);
	if (checker->is_free_list)
		return free_pages_claim(checker, node->data, node->data_len) ? ZT_OK : ZT_ECORRUPT;
	return ZT_OK;
}

static bool page_head_is_sound(const struct checker *checker, const uint8_t *page, uint64_t number, bool is_leaf)
{
	size_t lower = get_u16(page + 12), upper = get_u16(page + 14);

	return get_u64(page) == number && get_u16(page + 10) == (is_leaf ? PAGE_LEAF : PAGE_BRANCH) && lower > PAGE_HEAD && lower % 2 == 0 &&
	       lower <= upper && upper <= checker->page_size;
}

static int tree_check(struct checker *checker, uint64_t number, unsigned depth);

/* All nodes of a page whose head is sound, and what they lead to. */
static int nodes_check(struct checker *checker, const uint8_t *page, unsigned depth)
{
	struct node node = { 0 }, former = { 0 };
	unsigned count = (get_u16(page + 12) - PAGE_HEAD) / 2u;
	size_t total = 0;
	int status = ZT_OK;

	for (unsigned i = 0; i < count && status == ZT_OK; i++) {
		/* A branch's first key is not looked at: it stands for "everything below the second". */
		if (!node_read(checker, page, i, &node) || (i > (depth > 1) && !in_order(checker, &former, &node)))
			status = ZT_ECORRUPT;
		else
			status = depth > 1 ? tree_check(checker, node.word, depth - 1) : value_check(checker, &node);
		total += (NODE_HEAD + node.key_len + node.data_len + 1) & ~(size_t)1;
		former = node;
	}
	return status == ZT_OK && total > checker->page_size - get_u16(page + 14) ? ZT_ECORRUPT : status;
}

/* The page `number` and all below it; `depth` levels, this one included. */
static int tree_check(struct checker *checker, uint64_t number, unsigned depth)
{
	uint8_t *page = malloc(checker->page_size);
	int status = !page ? ZT_ENOMEM : claim(checker, number, 1) ? ZT_OK : ZT_ECORRUPT;

	if (status == ZT_OK)
		status = read_at(checker, page, checker->page_size, number * checker->page_size);
	if (status == ZT_OK)
		status = page_head_is_sound(checker, page, number, depth == 1) ? nodes_check(checker, page, depth) : ZT_ECORRUPT;
	free(page);
	return status;
}

/* ---- the file -------------------------------------------------------------------------------------------------------------------- */

static int db_check(struct checker *checker, const uint8_t *db)
{
	uint64_t root = get_u64(db + DB_ROOT_AT);
	unsigned depth = get_u16(db + 6);

	checker->entries = 0;
	/* Keys are strings, in the free list numbers; any other kind of tree (of duplicates, say) LMDB would look for in vain. Above are flags of the environment. */
	if ((get_u16(db + DB_FLAGS_AT) & DB_FLAGS_MASK) != (checker->is_free_list ? DB_FLAGS_FREE : 0))
		return ZT_ECORRUPT;
	int status = root == no_page ? ZT_OK : depth >= 1 && depth <= DEPTH_MAX ? tree_check(checker, root, depth) : ZT_ECORRUPT;
	return status == ZT_OK && checker->entries != get_u64(db + DB_ENTRIES_AT) ? ZT_ECORRUPT : status;
}

static bool meta_is_sound(const uint8_t *meta)
{
	return (get_u16(meta + META_AT) | (uint32_t)get_u16(meta + META_AT + 2) << 16) == meta_magic &&
	       (get_u16(meta + META_AT + 4) | (uint32_t)get_u16(meta + META_AT + 6) << 16) == META_VERSION;
}

/* Reads both meta pages and keeps the newer one, as LMDB does. */
static int meta_read(struct checker *checker, uint8_t meta[META_END])
{
	uint8_t second[META_END];

	int status = read_at(checker, meta, META_END, 0);
	if (status != ZT_OK || !meta_is_sound(meta))
		return status != ZT_OK ? status : ZT_ECORRUPT;
	checker->page_size = get_u16(meta + META_DBS_AT) | (size_t)get_u16(meta + META_DBS_AT + 2) << 16;
	if (checker->page_size < 512 || checker->page_size > 65536 || (checker->page_size & (checker->page_size - 1)))
		return ZT_ECORRUPT;
	status = read_at(checker, second, META_END, checker->page_size);
	if (status != ZT_OK || !meta_is_sound(second))
		return status != ZT_OK ? status : ZT_ECORRUPT;
	/* Transaction n writes page n mod 2. Both are 0 in a file that nothing was committed to. */
	uint64_t even = get_u64(meta + META_TXN_AT), odd = get_u64(second + META_TXN_AT);
	if (even % 2 != 0 || (odd % 2 == 0 && (even | odd) != 0) || ((even | odd) != 0 && even - odd != 1 && odd - even != 1))
		return ZT_ECORRUPT;
	if (odd > even)
		memcpy(meta, second, META_END);
	return ZT_OK;
}

static int file_check(struct checker *checker, uint64_t size)
{
	uint8_t meta[META_END];

	int status = meta_read(checker, meta);
	if (status != ZT_OK)
		return status;
	checker->page_count = get_u64(meta + META_LAST_PAGE_AT) + 1;
	checker->size = size;
	/* A page that a transaction took and gave back is on the free list and was never written, so the file may end before it. Those in use are read below. */
	if (checker->page_count < META_PAGES || checker->page_count > size / checker->page_size + UNWRITTEN_MAX)
		return ZT_ECORRUPT;
	checker->used = calloc(checker->page_count / 8 + 1, 1);
	if (!checker->used)
		return ZT_ENOMEM;
	status = db_check(checker, meta + META_DBS_AT + DB_LEN);
	checker->is_free_list = true;
	return status == ZT_OK ? db_check(checker, meta + META_DBS_AT) : status;
}

int journal_file_check(const char *path)
{
	struct checker checker = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct stat st;

	if (checker.fd < 0)
		return errno == ENOENT ? ZT_OK : status_from_errno(errno);
	int status = fstat(checker.fd, &st) ? status_from_errno(errno) : ZT_OK;
	if (status == ZT_OK && st.st_size > 0)
		status = file_check(&checker, (uint64_t)st.st_size);
	free(checker.used);
	close(checker.fd);
	return status;
}
