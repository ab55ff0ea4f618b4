/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Source and target: two instances with as many queues as there are jobs, what part of them is
 * copied, and memory that both have mapped.
 */
#ifndef COPY_ENDS_H
#define COPY_ENDS_H

#include "../common/instance.h"
#include "options.h"

struct end {
	struct instance in;
	const char *what; /* "source" or "target" */
	uint64_t offset;  /* of what is copied */
	uint64_t capacity;
	uint64_t alignment; /* of requests */
	bool can_grow;
};

struct ends {
	const struct copy_options *o;
	struct end source, target;
	uint64_t bytes;                 /* to be copied */
	bool blank;                     /* the target is a file that was empty: all zeroes */
	struct blkio_mem_region region; /* allocated by the source */
	size_t buffer_bytes;            /* from one buffer to the next */
};

/* From the command line to mapped buffers. The result is a status; finish fits after any. */
int ends_init(struct ends *e, const struct copy_options *o);
void ends_finish(struct ends *e);

/* Each slot of a job has two, the second one for what is compared. */
char *ends_buffer(const struct ends *e, uint64_t job, uint64_t slot, int which);

#endif /* COPY_ENDS_H */
