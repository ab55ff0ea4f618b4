/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device under test: instances in each state, a buffer, and I/O in each mode.
 *
 * Helpers end the test themselves when something goes wrong that is not its subject.
 */
#ifndef CONFORMANCE_DEVICE_H
#define CONFORMANCE_DEVICE_H

#include <sys/types.h>

#include <blkio.h>

#include "harness.h"
#include "traits.h"

enum {
	/* Enough for most, up to 64 blocks of 4096: mapping each page of it costs each test. */
	BUFFER_SIZE = 256 << 10,
	LARGE_BUFFER = 1 << 20
};

struct device {
	struct device *next; /* that is open */
	struct blkio *b;
	struct blkioq *q; /* the queue of this mode */
	enum io_mode mode;
	struct blkio_mem_region region; /* allocated and mapped */
	uint8_t *buf;                   /* its BUFFER_SIZE bytes, or LARGE_BUFFER */
	struct blkio_completion last;   /* of the io_ helpers */
};

/* Instances with the properties of the command line. */
struct blkio *instance_created(void);
struct blkio *instance_connected(void);
struct blkio *instance_started(void);
/* Destroy one that was never connected: the fd of the command line is still ours to close. */
void instance_discard(struct blkio **b);
/* Set from text, as the command line would. */
void must_set(struct blkio *b, const char *name, const char *value);
/* Set the command line's properties that wait for the connected state. */
void set_late_props(struct blkio *b);
/* The number of requests that a queue holds at once: "num-entries" or "queue-size". */
const char *depth_property(void);

/* A started instance with a queue for the mode and a buffer. */
struct device *device_open(enum io_mode mode);
/* The same, or skip where the device is read-only. */
struct device *device_open_rw(enum io_mode mode);
/* The same, with a property of the connected state changed. */
struct device *device_open_with(enum io_mode mode, const char *name, const char *value);
/* For tests that need a regular and a poll queue at the same time. */
void skip_with_one_queue(struct blkio *b);
/* For a connected instance that the test made itself. */
struct device *device_from_connected(struct blkio *b, enum io_mode mode);
/* Give it a buffer of LARGE_BUFFER bytes, unless it has one. */
void device_need_large_buffer(struct device *d);
void device_close(struct device *d);
/* For a test that is skipped in the middle. */
void device_close_all(void);

bool get_bool(struct blkio *b, const char *name);
int get_int(struct blkio *b, const char *name);
uint64_t get_u64(struct blkio *b, const char *name);

/* Take n completions in the queue's mode. */
void reap_from(struct blkioq *q, enum io_mode mode, struct blkio_completion *c, int n);
void reap(struct device *d, struct blkio_completion *c, int n);
/* Take the completion of the only request queued; its ret. */
int finish(struct device *d);

/* One request, done; its ret. The completion is in d->last. */
int io_read(struct device *d, uint64_t start, void *buf, size_t len);
int io_write(struct device *d, uint64_t start, const void *buf, size_t len, uint32_t flags);
int io_readv(struct device *d, uint64_t start, const struct iovec *iov, int iovcnt);
int io_writev(struct device *d, uint64_t start, struct iovec *iov, int iovcnt, uint32_t flags);
int io_zeroes(struct device *d, uint64_t start, uint64_t len, uint32_t flags);
int io_discard(struct device *d, uint64_t start, uint64_t len, uint32_t flags);
int io_flush(struct device *d);

/* n completions without error, whose user_data is each number from 0 to n - 1 once. */
void expect_each_once(const char *file, int line, const struct blkio_completion *c, int n);

/* Memory that the test frees with free(3): page aligned, and a multiple of a page long. */
void *allocate_pages(size_t len);

/* Data that differs by seed and by position. */
void fill(void *buf, size_t len, uint32_t seed);
/* How many bytes are what fill() made; len if all are. */
size_t filled_until(const void *buf, size_t len, uint32_t seed);
void expect_filled(const char *file, int line, const void *buf, size_t len, uint32_t seed);
void expect_bytes(const char *file, int line, const void *buf, size_t len, int byte);

#define EXPECT_EACH_ONCE(c, n)        expect_each_once(__FILE__, __LINE__, (c), (n))
#define EXPECT_FILLED(buf, len, seed) expect_filled(__FILE__, __LINE__, (buf), (len), (seed))
#define EXPECT_BYTES(buf, len, byte)  expect_bytes(__FILE__, __LINE__, (buf), (len), (byte))

#endif /* CONFORMANCE_DEVICE_H */
