/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What differs from device to device, in one place.
 *
 * Everything is read from properties, or tried out once, before the first test. Where COMPAT
 * knows different error codes by kind of driver, the kind's codes are in struct codes.
 */
#ifndef CONFORMANCE_TRAITS_H
#define CONFORMANCE_TRAITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "harness.h"

/* Bits, so that a property row can name several. */
enum kind {
	KIND_URING = 1 << 0,  /* has "direct" */
	KIND_NVME = 1 << 1,   /* has "zoned" */
	KIND_VIRTIO = 1 << 2, /* has "queue-size" */
	KIND_ALL = KIND_URING | KIND_NVME | KIND_VIRTIO,
};

/* Where a code is any negative errno that the device likes. */
enum {
	ANY_ERROR = 1
};

struct codes {
	int map_created;     /* map_mem_region before connect */
	int add_queue_early; /* add_queue before start */
	int read_past_end;
	int write_past_end;
	int start_too_high; /* start >= 2^63 */
	int unaligned_len;
	int empty_request;     /* read or write with len 0 */
	int zeroes_of_nothing; /* write zeroes or discard with len 0 */
	int read_only_unaligned_write;
};

struct traits {
	enum kind kind;
	struct codes codes;

	char device_path[256]; /* of the device itself, also where it was given by fd */
	/* The kernel's own view of the data; the path is "" where there is none. */
	char kernel_path[256];
	struct stat st;
	bool is_file, is_block, is_socket; /* the device, not what is behind it */

	bool has_user_fd; /* the property "fd" can be set */
	bool direct, read_only, can_grow, can_add_queues, poll_queues, single_issuer;
	bool needs_mem_regions, needs_mem_region_fd;
	bool discards, zeroes; /* these requests must work */

	int request_alignment, buf_alignment, max_segments, max_transfer;
	uint64_t capacity, mem_region_alignment, max_mem_regions;
	int block; /* the unit of most I/O here: any request can be so long */
};

/* The only instance; shared with the test children. */
extern const struct traits *traits;

/* Look at the device; false, with a message, if it cannot be used at all. */
bool traits_discover(void);
bool traits_has_mode(enum io_mode mode);
/* Poll queues of io_uring have no other requests. */
bool traits_only_read_write(enum io_mode mode);
/* Undo what a test may have done to the size of a regular file. */
void traits_restore_size(void);

void skip_if_read_only(void);
void skip_without_kernel_view(void);
/* For tests that queue more than a queue holds. */
void skip_backlog_of_reference(enum io_mode mode);
/* Open the device by way of the kernel, not through the library. */
int kernel_open(int flags);
/* fallocate(2) of the first block of what is behind the device; 0 or -errno. */
int kernel_fallocate(int mode);
/* ret is what the codes table says. */
void expect_code(const char *file, int line, const char *what, int got, int want);

#define EXPECT_CODE(got, want) expect_code(__FILE__, __LINE__, #got, (got), (want))

#endif /* CONFORMANCE_TRAITS_H */
