/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the gate (queue.c) and do_io (do_io.c) share.
 */
#ifndef LIB_QUEUE_H
#define LIB_QUEUE_H

#include "lib/driver.h"
#include "lib/util/compiler.h"

/* Hand a request to the driver. True unless the driver is full. */
static inline bool queue_submit(struct blkioq *q, const struct blkio_req *r)
{
	int ret = q->ops->submit(q, r);

	if (likely(ret == 0))
		q->in_flight++;
	else if (ret == SUBMIT_FULL)
		return false;
	else if (ret != SUBMIT_DONE)
		queue_complete(q, r->user_data, ret, q->refusal);
	return true;
}

#endif
