// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Buffers of a request that are not as usual.
 */
#include "chain.h"

static const char *add_part(struct chain *c, const struct mem *mem, uint64_t addr, uint64_t *len,
			    unsigned int writes)
{
	uint8_t *host = mem_guest(mem, writes ? &c->hint_in : &c->hint_out, addr, len);

	if (!host)
		return "a buffer lies outside of the shared memory";
	if (c->n_out + c->n_in == CHAIN_MAX_IOV)
		return "a request has too many buffers";
	c->iov[c->n_out + c->n_in] = (struct iovec) { .iov_base = host, .iov_len = *len };
	if (writes) {
		c->n_in++;
		c->in_bytes += *len;
	} else {
		c->n_out++;
		c->out_bytes += *len;
	}
	return NULL;
}

const char *chain_add_slow(struct chain *c, const struct mem *mem, uint64_t addr, uint32_t len,
			   uint16_t flags)
{
	unsigned int writes = flags & DESC_F_WRITE;
	uint64_t left = len, part;
	const char *why;

	if (!writes && c->n_in)
		return "a buffer to read from follows one to write to";
	for (; left; left -= part, addr += part) {
		part = left;
		why = add_part(c, mem, addr, &part, writes);
		if (why)
			return why;
	}
	return NULL;
}
