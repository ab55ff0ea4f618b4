// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory regions: allocate, free, map, unmap. See mem_region.h for who may look at the table.
 */
#include "lib/mem_region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/driver.h"
#include "lib/error.h"
#include "lib/util/cleanup.h"

void mem_table_init(struct mem_table *t)
{
	*t = (struct mem_table) { 0 };
	pthread_mutex_init(&t->lock, NULL);
}

void mem_region_release(const struct blkio_mem_region *r)
{
	munmap(r->addr, r->len);
	close(r->fd);
}

void mem_table_finish(struct mem_table *t)
{
	for (unsigned int i = 0; i < t->len; i++) {
		if (t->entries[i].allocated)
			mem_region_release(&t->entries[i].region);
	}
	free(t->entries);
	pthread_mutex_destroy(&t->lock);
}

static bool same_region(const struct blkio_mem_region *a, const struct blkio_mem_region *b)
{
	return a->addr == b->addr && a->len == b->len && a->iova == b->iova &&
	       a->fd_offset == b->fd_offset && a->fd == b->fd && a->flags == b->flags;
}

static bool overlap(const struct blkio_mem_region *a, const struct blkio_mem_region *b)
{
	uintptr_t a_start = (uintptr_t)a->addr, b_start = (uintptr_t)b->addr;

	return a_start < b_start + b->len && b_start < a_start + a->len;
}

static struct mem_entry *find(struct mem_table *t, const struct blkio_mem_region *r)
{
	for (unsigned int i = 0; i < t->len; i++) {
		if (same_region(&t->entries[i].region, r))
			return &t->entries[i];
	}
	return NULL;
}

/* A new entry at the end of the table, or NULL. */
static struct mem_entry *add(struct mem_table *t, const struct blkio_mem_region *r)
{
	if (t->len == t->cap) {
		unsigned int cap = t->cap ? 2 * t->cap : 8;
		struct mem_entry *entries = reallocarray(t->entries, cap, sizeof(*entries));

		if (!entries)
			return NULL;
		t->entries = entries;
		t->cap = cap;
	}
	t->entries[t->len] = (struct mem_entry) { .region = *r };
	return &t->entries[t->len++];
}

/* Take out an entry that is neither allocated nor mapped any more. */
static void drop(struct mem_table *t, struct mem_entry *e)
{
	if (!e->allocated && !e->mapped)
		*e = t->entries[--t->len];
}

/* Sealed against a change of size, so that nobody who gets the fd can make our access fault. */
static int sealed_memfd(size_t len)
{
	autoclose int fd = memfd_create("blkio", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 && errno == EMFILE)
		return err_os(-EMFILE, "cannot create a memory file (see ulimit -n)");
	if (fd < 0)
		return err_os(-errno, "cannot create a memory file (memfd_create)");
	/* Whatever the kernel calls it, there is not that much. */
	if (len > INT64_MAX || ftruncate(fd, (off_t)len) < 0)
		return err_os(-ENOMEM, "cannot allocate %zu bytes", len);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_os(-errno, "cannot seal a memory file");
	return steal_fd(&fd);
}

int mem_region_make(struct blkio_mem_region *r, size_t len)
{
	autoclose int fd = sealed_memfd(len);

	if (fd < 0)
		return fd;
	*r = (struct blkio_mem_region) { .len = len };
	r->addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->addr == MAP_FAILED)
		return err_os(-errno, "cannot map %zu bytes", len);
	r->fd = steal_fd(&fd);
	return 0;
}

static int allocate(struct mem_table *t, struct blkio_mem_region *region, size_t len)
{
	struct blkio_mem_region r;
	struct mem_entry *e;
	int ret = mem_region_make(&r, len);

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&t->lock);
	e = add(t, &r);
	if (e)
		e->allocated = true;
	pthread_mutex_unlock(&t->lock);
	if (!e) {
		mem_region_release(&r);
		return err_os(-ENOMEM, "cannot allocate %zu bytes", len);
	}
	*region = r;
	return 0;
}

BLKIO_PUBLIC int blkio_alloc_mem_region(struct blkio *b, struct blkio_mem_region *region,
					size_t len)
{
	if (b->state < BLKIO_CONNECTED)
		return err_set(-ENODEV, "the device must be connected before memory is allocated");
	if (len == 0)
		return err_set(-EINVAL, "the length of a memory region must not be 0");
	if (len % b->limits.mem_region_alignment)
		return err_set(-EINVAL,
			       "length %zu is not a multiple of mem-region-alignment (%ju)", len,
			       (uintmax_t)b->limits.mem_region_alignment);
	return allocate(&b->mem, region, len);
}

BLKIO_PUBLIC void blkio_free_mem_region(struct blkio *b, const struct blkio_mem_region *region)
{
	struct mem_table *t = &b->mem;
	struct mem_entry *e;

	pthread_mutex_lock(&t->lock);
	e = find(t, region);
	if (!e || !e->allocated) {
		err_format("this memory region is not allocated: nothing was freed");
	} else if (e->mapped) {
		err_format("this memory region is still mapped: nothing was freed");
	} else {
		mem_region_release(&e->region);
		e->allocated = false;
		drop(t, e);
	}
	pthread_mutex_unlock(&t->lock);
}

static int check_mappable(const struct mem_table *t, const struct blkio_mem_region *r,
			  const struct blkio_limits *limits)
{
	uint64_t align = limits->mem_region_alignment;
	uintptr_t end;

	if ((uintptr_t)r->addr % align || r->len % align)
		return err_set(-EINVAL,
			       "address %p or length %zu of the memory region is not a "
			       "multiple of mem-region-alignment (%ju)",
			       r->addr, r->len, (uintmax_t)align);
	if (__builtin_add_overflow((uintptr_t)r->addr, r->len, &end))
		return err_set(-EINVAL, "the memory region wraps around the address space");
	for (unsigned int i = 0; i < t->len; i++) {
		const struct mem_entry *e = &t->entries[i];

		if (!e->mapped)
			continue;
		if (same_region(&e->region, r))
			return err_set(-EINVAL, "this memory region is already mapped");
		if (overlap(&e->region, r))
			return err_set(-EINVAL,
				       "the memory region at %p overlaps the one mapped at "
				       "%p",
				       r->addr, e->region.addr);
	}
	if (t->nr_mapped >= limits->max_mem_regions)
		return err_set(-EINVAL, "already %u memory regions are mapped (max-mem-regions)",
			       t->nr_mapped);
	return 0;
}

/* The queues make their copies anew. */
static void publish(struct mem_table *t, int change)
{
	t->nr_mapped += (unsigned int)change;
	atomic_fetch_add_explicit(&t->generation, 1, memory_order_release);
}

/*
 * The driver comes first, without the lock: it may take long, and requests go on meanwhile. What
 * it has told the device is in the table, and so used, only afterwards.
 */
static int map(struct blkio *b, const struct blkio_mem_region *region)
{
	struct mem_table *t = &b->mem;
	struct mem_entry *old, *e, new_entry = { .region = *region, .mapped = true };
	int ret = check_mappable(t, region, &b->limits);

	if (ret < 0)
		return ret;
	old = find(t, region);
	new_entry.allocated = old && old->allocated;
	new_entry.map_id = ++t->last_map_id;
	ret = b->driver->map(b, &new_entry);
	if (ret < 0)
		return ret;

	pthread_mutex_lock(&t->lock);
	e = old ? old : add(t, region);
	if (e) {
		*e = new_entry;
		publish(t, 1);
	}
	pthread_mutex_unlock(&t->lock);
	if (e)
		return 0;
	b->driver->unmap(b, &new_entry);
	return err_os(-ENOMEM, "cannot map a memory region");
}

BLKIO_PUBLIC int blkio_map_mem_region(struct blkio *b, const struct blkio_mem_region *region)
{
	if (b->state < BLKIO_STARTED)
		return err_set(b->state == BLKIO_CREATED && !b->limits.needs_mem_regions ? -ENODEV
											 : -EBUSY,
			       "the device must be started before memory is mapped");
	return map(b, region);
}

/* No request uses the region, so the queues need not hear of it before the driver has let go. */
BLKIO_PUBLIC void blkio_unmap_mem_region(struct blkio *b, const struct blkio_mem_region *region)
{
	struct mem_table *t = &b->mem;
	struct mem_entry *e = find(t, region);

	if (!e || !e->mapped)
		return;
	b->driver->unmap(b, e);
	pthread_mutex_lock(&t->lock);
	e->mapped = false;
	publish(t, -1);
	drop(t, e);
	pthread_mutex_unlock(&t->lock);
}
