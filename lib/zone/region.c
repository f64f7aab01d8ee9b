/* Blocks of many nodes: growing, counting what is left. */
#include "lib/zone/region.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	HEAP_MAX = 8 << 20,            /* bytes up to which a region is a heap block: what is left of its last large page stays taken */
	LARGE_PAGE = 2 << 20,
};

static const size_t reserve_most = (size_t)64 << 30, reserve_least = (size_t)64 << 20;

int region_new(size_t size, struct region **out)
{
	struct region *region = calloc(1, sizeof(*region));

	if (!region)
		return ZT_ENOMEM;
	*out = region;
	int status = size > 0 ? region_reserve(region, node_align(size)) : ZT_OK;
	if (status != ZT_OK)
		region_free(region);
	return status;
}

void region_free(struct region *region)
{
	if (!region)
		return;
	if (region->reserved)
		munmap((void *)region->base, region->reserved);
	else
		free((void *)region->base);
	free(region);
}

static int heap_grow(struct region *region, size_t size)
{
	size_t capacity = region->capacity ? region->capacity * 2 : 1024;

	while (capacity < region->used + size)
		capacity *= 2;
	void *block = realloc((void *)region->base, capacity);
	if (!block)
		return ZT_ENOMEM;
	region->base = (uintptr_t)block;
	region->capacity = capacity;
	return ZT_OK;
}

/* Address space without memory, aligned to large pages. */
static uintptr_t space_reserve(size_t size)
{
	void *space = mmap(NULL, size + LARGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (space == MAP_FAILED)
		return 0;
	uintptr_t start = (uintptr_t)space, base = (start + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
	if (base > start)
		munmap(space, base - start);
	if (start + LARGE_PAGE > base)
		munmap((void *)(base + size), start + LARGE_PAGE - base);
	return base;
}

/* Moves a heap block into address space with room for all that may come. */
static int space_take(struct region *region, size_t size)
{
	uintptr_t base = 0;
	size_t least = (region->used + size + reserve_least) & ~(size_t)(LARGE_PAGE - 1), most = reserve_most;

	for (; most >= least && !base; most = base ? most : most / 2)
		base = space_reserve(most);
	if (!base)
		return ZT_ENOMEM;
	void *old = (void *)region->base;
	size_t capacity = (region->used + size + LARGE_PAGE - 1) & ~(size_t)(LARGE_PAGE - 1);
	if (mprotect((void *)base, capacity, PROT_READ | PROT_WRITE) != 0) {
		munmap((void *)base, most);
		return ZT_ENOMEM;
	}
	/* Where the kernel has no large pages, small ones do. */
	(void)madvise((void *)base, most, MADV_HUGEPAGE);
	if (region->used)
		memcpy((void *)base, old, region->used);
	free(old);
	region->base = base;
	region->reserved = most;
	region->capacity = capacity;
	return ZT_OK;
}

static int space_grow(struct region *region, size_t size)
{
	size_t more = size + region->used / 8;

	more = (more + LARGE_PAGE - 1) & ~(size_t)(LARGE_PAGE - 1);
	if (region->capacity + more > region->reserved)
		return ZT_ENOMEM;
	if (mprotect((void *)(region->base + region->capacity), more, PROT_READ | PROT_WRITE) != 0)
		return ZT_ENOMEM;
	region->capacity += more;
	return ZT_OK;
}

int region_reserve(struct region *region, size_t size)
{
	if (region->capacity - region->used >= size)
		return ZT_OK;
	if (region->reserved)
		return space_grow(region, size);
	return region->used + size <= HEAP_MAX ? heap_grow(region, size) : space_take(region, size);
}

void region_seal(struct region *region, twig_t root, size_t dead)
{
	uintptr_t was_at = region->base;

	if (region->reserved) {
		size_t page = 4096, needed = (region->used + page - 1) & ~(page - 1);
		if (needed < region->reserved && munmap((void *)(region->base + needed), region->reserved - needed) == 0)
			region->reserved = needed;
	} else {
		void *shrunk = realloc((void *)region->base, region->used ? region->used : 1);
		if (shrunk)
			region->base = (uintptr_t)shrunk;
	}
	region->capacity = region->used;
	region->live = region->used - dead;
	region->root = (root & ~(twig_t)TWIG_TAGS) + (region->base - was_at);
}

static size_t node_size(twig_t twig)
{
	return twig_is_leaf(twig) ? node_align(znode_size(twig_leaf(twig))) : node_align(branch_size(branch_twigs(twig_branch(twig))));
}

static size_t subtree_size(twig_t twig)
{
	size_t size = node_size(twig);

	if (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
			size += subtree_size(branch_twig(branch, i));
	}
	return size;
}

bool region_release(struct region *region, twig_t twig)
{
	bool is_subtree = twig & TWIG_SUBTREE && !twig_is_leaf(twig);

	if (is_subtree && (twig & ~(twig_t)TWIG_TAGS) == region->root)
		region->live = 0;
	else
		region->live -= is_subtree ? subtree_size(twig) : node_size(twig);
	return region->live == 0;
}
