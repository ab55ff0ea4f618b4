// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The device under test: making instances, reaping in each mode, single requests, data.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* name and value of a "name=value" from the command line. */
static const char *split_prop(const char *prop, char *name, size_t size)
{
	const char *eq = strchr(prop, '=');

	snprintf(name, size, "%.*s", (int)(eq - prop), prop);
	return eq + 1;
}

/* The instance closes its fd in the end, so it gets one of its own. */
static int set_own_fd(struct blkio *b, const char *value)
{
	int fd = fcntl(atoi(value), F_DUPFD_CLOEXEC, 3);
	int ret;

	MUST(fd >= 0);
	ret = blkio_set_int(b, "fd", fd);
	if (ret < 0)
		close(fd);
	return ret;
}

static int set_prop(struct blkio *b, const char *name, const char *value)
{
	if (strcmp(name, "fd") == 0)
		return set_own_fd(b, value);
	return blkio_set_str(b, name, value);
}

static void expect_set(int ret, const char *name, const char *value)
{
	if (ret < 0)
		test_fail(__FILE__, __LINE__, "%s=%s: %d, %s", name, value, ret,
			  blkio_get_error_msg());
}

void must_set(struct blkio *b, const char *name, const char *value)
{
	expect_set(set_prop(b, name, value), name, value);
}

/* Set the command line's properties that can be set in this state, and no other. */
static void set_props(struct blkio *b, int wrong_state)
{
	for (int i = 0; i < options.num_props; i++) {
		char name[64];
		const char *value = split_prop(options.props[i], name, sizeof(name));
		int ret = set_prop(b, name, value);

		expect_set(ret == wrong_state ? 0 : ret, name, value);
	}
}

struct blkio *instance_created(void)
{
	struct blkio *b;

	EXPECT_INT(blkio_create(options.driver, &b), 0);
	set_props(b, -ENODEV);
	return b;
}

void instance_discard(struct blkio **b)
{
	int fd = get_int(*b, "fd");

	blkio_destroy(b);
	if (fd >= 0)
		close(fd);
}

void set_late_props(struct blkio *b)
{
	set_props(b, -EBUSY);
}

struct blkio *instance_connected(void)
{
	struct blkio *b = instance_created();

	EXPECT_INT(blkio_connect(b), 0);
	set_late_props(b);
	return b;
}

struct blkio *instance_started(void)
{
	struct blkio *b = instance_connected();

	EXPECT_INT(blkio_start(b), 0);
	return b;
}

const char *depth_property(void)
{
	return traits->kind == KIND_VIRTIO ? "queue-size" : "num-entries";
}

static void allocate_buffer(struct device *d, size_t size)
{
	EXPECT_INT(blkio_alloc_mem_region(d->b, &d->region, size), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &d->region), 0);
	d->buf = d->region.addr;
}

void skip_with_one_queue(struct blkio *b)
{
	int max_queues;

	EXPECT_INT(blkio_get_int(b, "max-queues", &max_queues), 0);
	if (max_queues == 1)
		SKIP("the device has one queue only");
}

static struct device *open_devices;

struct device *device_from_connected(struct blkio *b, enum io_mode mode)
{
	struct device *d = calloc(1, sizeof(*d));

	MUST(d);
	d->next = open_devices;
	open_devices = d;
	d->b = b;
	d->mode = mode;
	if (mode == MODE_POLL_QUEUE) {
		int max_queues;

		EXPECT_INT(blkio_get_int(b, "max-queues", &max_queues), 0);
		if (max_queues == 1)
			EXPECT_INT(blkio_set_int(b, "num-queues", 0), 0);
		EXPECT_INT(blkio_set_int(b, "num-poll-queues", 1), 0);
	}
	EXPECT_INT(blkio_start(b), 0);
	d->q = mode == MODE_POLL_QUEUE ? blkio_get_poll_queue(b, 0) : blkio_get_queue(b, 0);
	EXPECT(d->q != NULL);
	if (mode == MODE_EVENT)
		blkioq_set_completion_fd_enabled(d->q, true);
	allocate_buffer(d, traits->block > 4096 ? LARGE_BUFFER : BUFFER_SIZE);
	return d;
}

struct device *device_open(enum io_mode mode)
{
	return device_from_connected(instance_connected(), mode);
}

struct device *device_open_rw(enum io_mode mode)
{
	skip_if_read_only();
	return device_open(mode);
}

struct device *device_open_with(enum io_mode mode, const char *name, const char *value)
{
	struct blkio *b = instance_connected();

	must_set(b, name, value);
	return device_from_connected(b, mode);
}

void device_need_large_buffer(struct device *d)
{
	if (d->region.len == LARGE_BUFFER)
		return;
	blkio_unmap_mem_region(d->b, &d->region);
	blkio_free_mem_region(d->b, &d->region);
	allocate_buffer(d, LARGE_BUFFER);
}

void device_close(struct device *d)
{
	struct device **at = &open_devices;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	blkio_destroy(&d->b);
	free(d);
}

void device_close_all(void)
{
	while (open_devices)
		device_close(open_devices);
}

bool get_bool(struct blkio *b, const char *name)
{
	bool value;

	EXPECT_INT(blkio_get_bool(b, name, &value), 0);
	return value;
}

int get_int(struct blkio *b, const char *name)
{
	int value;

	EXPECT_INT(blkio_get_int(b, name, &value), 0);
	return value;
}

uint64_t get_u64(struct blkio *b, const char *name)
{
	uint64_t value;

	EXPECT_INT(blkio_get_uint64(b, name, &value), 0);
	return value;
}

/* As event loops do: sleep on the fd, read it once, then take completions until there are none. */
static int reap_event(struct blkioq *q, struct blkio_completion *c, int n)
{
	struct pollfd p = { .fd = blkioq_get_completion_fd(q), .events = POLLIN };
	uint64_t count;
	int done, ret;

	done = blkioq_do_io(q, c, 0, n, NULL);
	if (done)
		return done;
	MUST(poll(&p, 1, -1) == 1);
	MUST(read(p.fd, &count, sizeof(count)) == sizeof(count));
	do {
		ret = blkioq_do_io(q, c + done, 0, n - done, NULL);
		if (ret > 0)
			done += ret;
	} while (ret > 0 && done < n);
	return ret < 0 ? ret : done;
}

static int reap_some(struct blkioq *q, enum io_mode mode, struct blkio_completion *c, int n)
{
	switch (mode) {
	case MODE_EVENT:
		return reap_event(q, c, n);
	case MODE_POLLING:
		return blkioq_do_io(q, c, 0, n, NULL);
	default:
		return blkioq_do_io(q, c, n, n, NULL);
	}
}

void reap_from(struct blkioq *q, enum io_mode mode, struct blkio_completion *c, int n)
{
	for (int done = 0; done < n;) {
		int ret = reap_some(q, mode, c + done, n - done);

		if (ret < 0)
			test_fail(__FILE__, __LINE__, "do_io: %d, %s", ret, blkio_get_error_msg());
		done += ret;
	}
}

void reap(struct device *d, struct blkio_completion *c, int n)
{
	reap_from(d->q, d->mode, c, n);
}

int finish(struct device *d)
{
	memset(&d->last, 0xff, sizeof(d->last));
	reap(d, &d->last, 1);
	return d->last.ret;
}

int io_read(struct device *d, uint64_t start, void *buf, size_t len)
{
	blkioq_read(d->q, start, buf, len, NULL, 0);
	return finish(d);
}

int io_write(struct device *d, uint64_t start, const void *buf, size_t len, uint32_t flags)
{
	blkioq_write(d->q, start, buf, len, NULL, flags);
	return finish(d);
}

int io_readv(struct device *d, uint64_t start, const struct iovec *iov, int iovcnt)
{
	blkioq_readv(d->q, start, iov, iovcnt, NULL, 0);
	return finish(d);
}

int io_writev(struct device *d, uint64_t start, struct iovec *iov, int iovcnt, uint32_t flags)
{
	blkioq_writev(d->q, start, iov, iovcnt, NULL, flags);
	return finish(d);
}

int io_zeroes(struct device *d, uint64_t start, uint64_t len, uint32_t flags)
{
	blkioq_write_zeroes(d->q, start, len, NULL, flags);
	return finish(d);
}

int io_discard(struct device *d, uint64_t start, uint64_t len, uint32_t flags)
{
	blkioq_discard(d->q, start, len, NULL, flags);
	return finish(d);
}

int io_flush(struct device *d)
{
	blkioq_flush(d->q, NULL, 0);
	return finish(d);
}

void expect_each_once(const char *file, int line, const struct blkio_completion *c, int n)
{
	bool *seen = calloc((size_t)n, sizeof(*seen));

	MUST(seen);
	for (int i = 0; i < n; i++) {
		intmax_t k = (intptr_t)c[i].user_data;

		if (c[i].ret != 0)
			test_fail(file, line, "request %jd: got %d, \"%s\"", k, c[i].ret,
				  c[i].error_msg ? c[i].error_msg : "(NULL)");
		if (k < 0 || k >= n || seen[k])
			test_fail(file, line, "request %jd completed twice, or is unknown", k);
		seen[k] = true;
	}
	free(seen);
}

void *allocate_pages(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *mem = aligned_alloc(page, (len + page - 1) / page * page);

	MUST(mem);
	return mem;
}

/*
 * Data is made and compared eight bytes at a time, and each word of it from the one before: this is
 * most of what tests do on an emulated processor.
 */
enum {
	WORD = sizeof(uint64_t)
};

#define PATTERN_STEP UINT64_C(0x9e3779b97f4a7c15) /* odd: 2^64 words until one comes again */

static uint64_t first_word(uint32_t seed)
{
	return PATTERN_STEP + seed * UINT64_C(0xd6e8feb86659fd93);
}

/* Never a zero byte. */
static uint64_t pattern(uint64_t word)
{
	return word | UINT64_C(0x0101010101010101);
}

void fill(void *buf, size_t len, uint32_t seed)
{
	uint64_t word = first_word(seed), bytes;
	uint8_t *p = buf, *words_end = p + len / WORD * WORD;

	for (; p < words_end; p += WORD, word += PATTERN_STEP) {
		bytes = pattern(word);
		memcpy(p, &bytes, WORD);
	}
	bytes = pattern(word);
	memcpy(p, &bytes, len % WORD);
}

static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

size_t filled_until(const void *buf, size_t len, uint32_t seed)
{
	uint64_t word = first_word(seed), want, found;
	const uint8_t *p = buf;
	size_t at = 0;

	for (; at + WORD <= len; at += WORD, word += PATTERN_STEP) {
		memcpy(&found, p + at, WORD);
		if (found != pattern(word))
			break;
	}
	want = pattern(word);
	return at +
	       first_difference(p + at, (const uint8_t *)&want, len - at < WORD ? len - at : WORD);
}

void expect_filled(const char *file, int line, const void *buf, size_t len, uint32_t seed)
{
	size_t at = filled_until(buf, len, seed);
	uint64_t want = pattern(first_word(seed) + at / WORD * PATTERN_STEP);

	if (at < len)
		test_fail(file, line, "byte %zu of %zu is 0x%02x, wanted 0x%02x", at, len,
			  ((const uint8_t *)buf)[at], ((const uint8_t *)&want)[at % WORD]);
}

void expect_bytes(const char *file, int line, const void *buf, size_t len, int byte)
{
	const uint8_t *p = buf;

	/* All are the same if each is like the one before. */
	if (len && p[0] == byte && memcmp(p, p + 1, len - 1) == 0)
		return;
	for (size_t i = 0; i < len; i++) {
		if (p[i] != byte)
			test_fail(file, line, "byte %zu of %zu is 0x%02x, wanted 0x%02x", i, len,
				  p[i], byte);
	}
}
