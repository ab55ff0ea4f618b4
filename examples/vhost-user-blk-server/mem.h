/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory that a front-end shares: regions, each with a guest address (descriptors use it) and
 * a user address (the vring messages use it). Nothing here locks: the table changes only while no
 * queue thread looks at it.
 */
#ifndef SERVER_MEM_H
#define SERVER_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

enum {
	MEM_MAX_SLOTS = 64,
	MEM_TABLE_SLOTS = 8, /* SET_MEM_TABLE carries no more */
};

/* As it comes over the socket. */
struct mem_desc {
	uint64_t guest;
	uint64_t size;
	uint64_t user;
	uint64_t offset; /* in the file that is mapped */
};

struct mem_region {
	uint64_t guest, size, user;
	uint8_t *host; /* what guest and user stand for */
	void *map;
	size_t map_len;
};

struct mem {
	unsigned int n, slots;
	struct mem_region region[MEM_MAX_SLOTS]; /* those behind n have size 0 */
};

void mem_init(struct mem *mem, unsigned int slots);
void mem_finish(struct mem *mem);

/* Map fd as one more region. 0, or -1 after a message. The fd stays the caller's. */
int mem_add(struct mem *mem, const struct mem_desc *desc, int fd);
/* Forget the region with these addresses and size. 0, or -1 after a message. */
int mem_remove(struct mem *mem, const struct mem_desc *desc);
/* Have these regions and no others. 0, or -1 after a message: then there are none. */
int mem_replace(struct mem *mem, const struct mem_desc *desc, const int *fds, unsigned int n);

/* What len bytes at a user address stand for; NULL unless all of them lie in one region. */
void *mem_user(const struct mem *mem, uint64_t user, uint64_t len);

const struct mem_region *mem_find_guest(const struct mem *mem, uint64_t guest);

/*
 * What the guest address stands for, or NULL. *len is cut to what lies in the same region. *hint
 * is the caller's memory of where it found something last.
 */
static inline uint8_t *mem_guest(const struct mem *mem, unsigned int *hint, uint64_t guest,
				 uint64_t *len)
{
	const struct mem_region *r = &mem->region[*hint];

	/* A guest address below the region wraps around and is too large as well. */
	if (unlikely(guest - r->guest >= r->size)) {
		r = mem_find_guest(mem, guest);
		if (!r)
			return NULL;
		*hint = (unsigned int)(r - mem->region);
	}
	if (unlikely(*len > r->size - (guest - r->guest)))
		*len = r->size - (guest - r->guest);
	return r->host + (guest - r->guest);
}

#endif /* SERVER_MEM_H */
