/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The property rows of a driver that uses io_uring: URING_PROPS(strct, member) with the driver's
 * struct and its member of type struct uring_config.
 */
#ifndef DRIVERS_URING_PROPS_H
#define DRIVERS_URING_PROPS_H

#include "drivers/uring/ring.h"
#include "lib/property.h"

int uring_check_cpu(const struct blkio_prop *p, const union prop_value *v);

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members cannot have any */
#define URING_PROP(prop, prop_type, strct, member)                              \
	.name = (prop), .type = (prop_type), .offset = offsetof(strct, member), \
	.set_from = BLKIO_CONNECTED, .set_until = BLKIO_CONNECTED

#define URING_PROPS(strct, member)                                                                 \
	{ URING_PROP("num-entries", BLKIO_PROP_INT, strct, member.num_entries), .def.i = 128,      \
	  .check = prop_check_positive,                                                            \
	  .summary = "entries of each io_uring: requests in one batch" },                          \
		{ URING_PROP("single-issuer", BLKIO_PROP_BOOL, strct, member.single_issuer),       \
		  .summary =                                                                       \
			  "each queue is used by one thread only: the first that calls do_io" },   \
		{ URING_PROP("sqpoll", BLKIO_PROP_BOOL, strct, member.sqpoll),                     \
		  .summary = "a kernel thread polls for requests: no system call to submit" },     \
		{ URING_PROP("sqpoll-cpu", BLKIO_PROP_INT, strct, member.sqpoll_cpu), .def.i = -1, \
		  .check = uring_check_cpu,                                                        \
		  .summary = "processor of the kernel thread of sqpoll; -1 is any" },              \
	{                                                                                          \
		URING_PROP("sqpoll-idle-ms", BLKIO_PROP_INT, strct, member.sqpoll_idle_ms),        \
			.def.i = 1000, .check = prop_check_positive,                               \
			.summary = "milliseconds without a request until the kernel thread sleeps" \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

#endif
