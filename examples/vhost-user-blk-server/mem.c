// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The memory that a front-end shares: mapping, and the checks before that.
 */
#include "mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../common/msg.h"

void mem_init(struct mem *mem, unsigned int slots)
{
	*mem = (struct mem) { .slots = slots };
}

static void unmap(struct mem_region *r)
{
	munmap(r->map, r->map_len);
	*r = (struct mem_region) { 0 };
}

void mem_finish(struct mem *mem)
{
	while (mem->n)
		unmap(&mem->region[--mem->n]);
}

static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

static const char *problem(const struct mem *mem, const struct mem_desc *d)
{
	uint64_t end;

	if (mem->n == mem->slots)
		return "there is no slot left";
	if (d->size == 0)
		return "it is empty";
	if (__builtin_add_overflow(d->guest, d->size, &end) ||
	    __builtin_add_overflow(d->user, d->size, &end) ||
	    __builtin_add_overflow(d->offset, d->size, &end) || end > SIZE_MAX / 2)
		return "it reaches beyond the end of the address space";
	for (unsigned int i = 0; i < mem->n; i++)
		if (overlap(d->guest, d->size, mem->region[i].guest, mem->region[i].size) ||
		    overlap(d->user, d->size, mem->region[i].user, mem->region[i].size))
			return "it overlaps another one";
	return NULL;
}

/* Pages behind the end of a file can be mapped, but touching them is fatal. */
static bool file_holds(int fd, uint64_t end)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size >= end);
}

int mem_add(struct mem *mem, const struct mem_desc *d, int fd)
{
	const char *why = problem(mem, d);
	struct mem_region r = { .guest = d->guest, .size = d->size, .user = d->user };

	if (!why && !file_holds(fd, d->offset + d->size))
		why = "its file is too short";
	if (!why) {
		/* From the start of the file: any other offset would have to be a multiple of the
		 * page size, which with huge pages is not the system's. */
		r.map_len = d->offset + d->size;
		r.map = mmap(NULL, r.map_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			     fd, 0);
		if (r.map == MAP_FAILED)
			why = strerror(errno);
	}
	if (why) {
		msg_failed("memory region of %" PRIu64 " bytes at %#" PRIx64 ": %s", d->size,
			   d->guest, why);
		return -1;
	}
	r.host = (uint8_t *)r.map + d->offset;
	mem->region[mem->n++] = r;
	return 0;
}

int mem_remove(struct mem *mem, const struct mem_desc *d)
{
	for (unsigned int i = 0; i < mem->n; i++) {
		struct mem_region *r = &mem->region[i];

		if (r->guest != d->guest || r->user != d->user || r->size != d->size)
			continue;
		unmap(r);
		*r = mem->region[--mem->n];
		mem->region[mem->n] = (struct mem_region) { 0 };
		return 0;
	}
	msg_failed("memory region of %" PRIu64 " bytes at %#" PRIx64 ": there is none to remove",
		   d->size, d->guest);
	return -1;
}

int mem_replace(struct mem *mem, const struct mem_desc *desc, const int *fds, unsigned int n)
{
	mem_finish(mem);
	for (unsigned int i = 0; i < n; i++)
		if (mem_add(mem, &desc[i], fds[i]) < 0) {
			mem_finish(mem);
			return -1;
		}
	return 0;
}

void *mem_user(const struct mem *mem, uint64_t user, uint64_t len)
{
	for (unsigned int i = 0; i < mem->n; i++) {
		const struct mem_region *r = &mem->region[i];

		if (user - r->user < r->size)
			return len <= r->size - (user - r->user) ? r->host + (user - r->user)
								 : NULL;
	}
	return NULL;
}

const struct mem_region *mem_find_guest(const struct mem *mem, uint64_t guest)
{
	for (unsigned int i = 0; i < mem->n; i++)
		if (guest - mem->region[i].guest < mem->region[i].size)
			return &mem->region[i];
	return NULL;
}
