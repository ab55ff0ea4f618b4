/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One request as it came out of a ring: its buffers as addresses of ours, first those that the
 * device reads, then those that it writes. Each queue thread has one and uses it again and again.
 */
#ifndef SERVER_CHAIN_H
#define SERVER_CHAIN_H

#include <stdint.h>
#include <sys/uio.h>

#include "mem.h"

enum {
	CHAIN_MAX_SEG = 1024,               /* data segments that --seg-max can promise */
	CHAIN_MAX_IOV = CHAIN_MAX_SEG + 64, /* and header, status, crossings of regions */
};

struct chain {
	uint16_t id;     /* what the front-end calls it */
	uint16_t n_desc; /* packed: how many places it takes in the ring */
	unsigned int n_out, n_in;
	uint64_t out_bytes, in_bytes;
	unsigned int hint_out, hint_in; /* see mem_guest() */
	struct iovec iov[CHAIN_MAX_IOV];
};

static inline void chain_start(struct chain *c)
{
	c->n_out = 0;
	c->n_in = 0;
	c->out_bytes = 0;
	c->in_bytes = 0;
}

/* chain_add() of a buffer that does not lie in one region, or is wrong in some way. */
const char *chain_add_slow(struct chain *c, const struct mem *mem, uint64_t addr, uint32_t len,
			   uint16_t flags);

/* Append a buffer of the front-end. NULL, or what is wrong with it. Here: the usual case. */
static inline const char *chain_add(struct chain *c, const struct mem *mem, uint64_t addr,
				    uint32_t len, uint16_t flags)
{
	unsigned int writes = flags & DESC_F_WRITE;
	unsigned int *hint = writes ? &c->hint_in : &c->hint_out;
	uint64_t part = len;
	uint8_t *host = mem_guest(mem, hint, addr, &part);
	unsigned int at = c->n_out + c->n_in;

	if (unlikely(!host || part != len || len == 0 || at == CHAIN_MAX_IOV ||
		     (!writes && c->n_in)))
		return chain_add_slow(c, mem, addr, len, flags);
	c->iov[at] = (struct iovec) { .iov_base = host, .iov_len = len };
	if (writes) {
		c->n_in++;
		c->in_bytes += len;
	} else {
		c->n_out++;
		c->out_bytes += len;
	}
	return NULL;
}

#endif /* SERVER_CHAIN_H */
