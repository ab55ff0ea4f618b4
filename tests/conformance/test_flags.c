// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Request flags: which are allowed where, and the exact texts when they are not.
 */
#include "additions.h"
#include "device.h"

enum {
	FUA = BLKIO_REQ_FUA,
	NO_UNMAP = BLKIO_REQ_NO_UNMAP,
	NO_FALLBACK = BLKIO_REQ_NO_FALLBACK
};

static const char unsupported_bits[] = "unsupported bits in request flags";

static void queue_read(struct device *d, uint32_t flags)
{
	blkioq_read(d->q, 0, d->buf, (size_t)traits->block, d, flags);
}

static void queue_readv(struct device *d, uint32_t flags)
{
	static struct iovec iov; /* the request uses it until it is done */

	iov = (struct iovec) { d->buf, (size_t)traits->block };
	blkioq_readv(d->q, 0, &iov, 1, d, flags);
}

static void queue_write(struct device *d, uint32_t flags)
{
	blkioq_write(d->q, 0, d->buf, (size_t)traits->block, d, flags);
}

static void queue_writev(struct device *d, uint32_t flags)
{
	static struct iovec iov; /* the request uses it until it is done */

	iov = (struct iovec) { d->buf, (size_t)traits->block };
	blkioq_writev(d->q, 0, &iov, 1, d, flags);
}

static void queue_zeroes(struct device *d, uint32_t flags)
{
	blkioq_write_zeroes(d->q, 0, (uint64_t)traits->block, d, flags);
}

static void queue_discard(struct device *d, uint32_t flags)
{
	blkioq_discard(d->q, 0, (uint64_t)traits->block, d, flags);
}

static void queue_flush(struct device *d, uint32_t flags)
{
	blkioq_flush(d->q, d, flags);
}

static void queue_report_zones(struct device *d, uint32_t flags)
{
	blkioq_report_zones(d->q, 0, (struct blkio_zone *)d->buf, 4, d, flags);
}

static void queue_close_zone(struct device *d, uint32_t flags)
{
	blkioq_close_zone(d->q, 0, d, flags);
}

static void queue_finish_zone(struct device *d, uint32_t flags)
{
	blkioq_finish_zone(d->q, 0, d, flags);
}

static void queue_open_zone(struct device *d, uint32_t flags)
{
	blkioq_open_zone(d->q, 0, d, flags);
}

static void queue_reset_zone(struct device *d, uint32_t flags)
{
	blkioq_reset_zone(d->q, 0, d, flags);
}

static void queue_close_all(struct device *d, uint32_t flags)
{
	blkioq_close_all_zones(d->q, d, flags);
}

static void queue_finish_all(struct device *d, uint32_t flags)
{
	blkioq_finish_all_zones(d->q, d, flags);
}

static void queue_open_all(struct device *d, uint32_t flags)
{
	blkioq_open_all_zones(d->q, d, flags);
}

static void queue_reset_all(struct device *d, uint32_t flags)
{
	blkioq_reset_all_zones(d->q, d, flags);
}

struct request {
	const char *name;
	void (*queue)(struct device *d, uint32_t flags);
	uint32_t allowed;
	bool zoned;
};

static const struct request requests[] = {
	{ "read", queue_read, 0, false },
	{ "readv", queue_readv, 0, false },
	{ "write", queue_write, FUA, false },
	{ "writev", queue_writev, FUA, false },
	{ "write_zeroes", queue_zeroes, FUA | NO_UNMAP | NO_FALLBACK, false },
	{ "discard", queue_discard, FUA, false },
	{ "flush", queue_flush, 0, false },
	{ "report_zones", queue_report_zones, 0, true },
	{ "close_zone", queue_close_zone, 0, true },
	{ "finish_zone", queue_finish_zone, 0, true },
	{ "open_zone", queue_open_zone, 0, true },
	{ "reset_zone", queue_reset_zone, 0, true },
	{ "close_all_zones", queue_close_all, 0, true },
	{ "finish_all_zones", queue_finish_all, 0, true },
	{ "open_all_zones", queue_open_all, 0, true },
	{ "reset_all_zones", queue_reset_all, 0, true },
};

static const size_t num_requests = sizeof(requests) / sizeof(requests[0]);

static void fail_request(int line, const struct request *r, uint32_t flags, struct device *d)
{
	test_fail(__FILE__, line, "%s, flags %#x: got %d, \"%s\"", r->name, flags, d->last.ret,
		  d->last.error_msg ? d->last.error_msg : "(NULL)");
}

static void expect_refused(struct device *d, const struct request *r, uint32_t flags,
			   const char *text)
{
	r->queue(d, flags);
	if (finish(d) != -EINVAL || !d->last.error_msg || strcmp(d->last.error_msg, text) != 0 ||
	    d->last.user_data != d)
		fail_request(__LINE__, r, flags, d);
}

static const char *text_for(uint32_t flag)
{
	switch (flag) {
	case BLKIO_REQ_FUA:
		return "BLKIO_REQ_FUA is invalid for this request type";
	case BLKIO_REQ_NO_UNMAP:
		return "BLKIO_REQ_NO_UNMAP is invalid for this request type";
	default:
		return "BLKIO_REQ_NO_FALLBACK is invalid for this request type";
	}
}

/* The lowest flag that the request does not allow, or 0. */
static uint32_t lowest_refused(const struct request *r, uint32_t flags)
{
	uint32_t refused = flags & ~r->allowed;

	return refused & -refused;
}

MODE_TEST(unknown_bits_are_refused_whatever_else_is_set)
{
	struct device *d = device_open(mode);

	for (const struct request *r = requests; r < requests + num_requests; r++) {
		expect_refused(d, r, 1u << 3, unsupported_bits);
		expect_refused(d, r, 1u << 31, unsupported_bits);
		expect_refused(d, r, 1u << 3 | FUA | NO_UNMAP, unsupported_bits);
	}
	device_close(d);
}

MODE_TEST(flags_that_a_request_does_not_allow_are_named_lowest_first)
{
	struct device *d = device_open(mode);

	for (const struct request *r = requests; r < requests + num_requests; r++) {
		for (uint32_t flags = 1; flags < 8; flags++) {
			uint32_t refused = lowest_refused(r, flags);

			if (refused && !(options.reference && r->queue == queue_discard))
				expect_refused(d, r, flags, text_for(refused));
		}
	}
	device_close(d);
}

MODE_TEST(allowed_flags_are_accepted)
{
	struct device *d = device_open_rw(mode);

	for (const struct request *r = requests; r < requests + num_requests; r++) {
		for (uint32_t flags = 0; flags < 8; flags++) {
			if (lowest_refused(r, flags) ||
			    (options.reference && r->queue == queue_discard))
				continue;
			r->queue(d, flags);
			if (finish(d) == -EINVAL)
				fail_request(__LINE__, r, flags, d);
		}
	}
	device_close(d);
}

MODE_TEST(zone_requests_are_enotsup_where_there_are_no_zones)
{
	struct device *d = device_open(mode);

	if (traits->kind == KIND_NVME)
		SKIP("the device may have zones");
	for (const struct request *r = requests; r < requests + num_requests; r++) {
		if (!r->zoned)
			continue;
		r->queue(d, 0);
		if (finish(d) != -ENOTSUP || !d->last.error_msg)
			fail_request(__LINE__, r, 0, d);
		if (mode != MODE_POLL_QUEUE)
			EXPECT_STR(d->last.error_msg, "request not supported for this driver");
	}
	device_close(d);
}

MODE_TEST(a_negative_number_of_buffers_is_refused_before_the_flags)
{
	struct device *d = device_open(mode);
	static struct iovec iov; /* the request uses it until it is done */

	iov = (struct iovec) { d->buf, (size_t)traits->block };
	blkioq_readv(d->q, 0, &iov, -1, d, 1u << 3);
	EXPECT_INT(finish(d), -EINVAL);
	EXPECT(d->last.error_msg && strncmp(d->last.error_msg, "iovcnt must be", 14) == 0);
	blkioq_writev(d->q, 0, &iov, -5, d, NO_UNMAP);
	EXPECT_INT(finish(d), -EINVAL);
	EXPECT(d->last.error_msg && strncmp(d->last.error_msg, "iovcnt must be", 14) == 0);
	device_close(d);
}

MODE_TEST(flag_errors_come_before_read_only)
{
	struct device *d = device_open(mode);

	if (!traits->read_only)
		SKIP("the device can be written");
	blkioq_write(d->q, 0, d->buf, (size_t)traits->block, d, NO_UNMAP);
	EXPECT_INT(finish(d), -EINVAL);
	EXPECT_STR(d->last.error_msg, text_for(NO_UNMAP));
	device_close(d);
}

MODE_TEST(requests_refused_at_once_complete_in_order_before_others)
{
	struct device *d = device_open(mode);
	struct blkio_completion c[3];

	blkioq_read(d->q, 0, d->buf, (size_t)traits->block, (void *)1, 0);
	blkioq_read(d->q, 0, d->buf, (size_t)traits->block, (void *)2, 8);
	blkioq_flush(d->q, (void *)3, 8);
	reap(d, c, 3);
	EXPECT(c[0].user_data == (void *)2);
	EXPECT(c[1].user_data == (void *)3);
	EXPECT(c[2].user_data == (void *)1);
	EXPECT_INT(c[0].ret, -EINVAL);
	EXPECT_INT(c[1].ret, -EINVAL);
	EXPECT_INT(c[2].ret, 0);
	device_close(d);
}
