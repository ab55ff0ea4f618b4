// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What hypervisors, network block servers and benchmarks do with the library.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "sysfs.h"

static size_t block(void)
{
	return (size_t)traits->block;
}

static void skip_threads(void)
{
	if (traits->single_issuer)
		SKIP("the application promised to use one thread");
}

static void in_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, fn, arg) == 0);
	MUST(pthread_join(t, NULL) == 0);
}

static void *use_queue(void *arg)
{
	struct device *d = arg;

	for (int i = 0; i < 20; i++)
		EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	return NULL;
}

MODE_TEST(started_in_one_thread_and_used_in_another)
{
	struct device *d = device_open(mode);

	in_thread(use_queue, d);
	device_close(d);
}

MODE_TEST(used_in_three_threads_one_after_another)
{
	struct device *d;

	skip_threads();
	d = device_open(mode);
	in_thread(use_queue, d);
	in_thread(use_queue, d);
	use_queue(d);
	device_close(d);
}

static void *make_device(void *arg)
{
	struct device **d = arg;

	*d = device_open(MODE_BLOCKING);
	return NULL;
}

TEST(the_thread_that_started_an_instance_may_end)
{
	struct device *d = NULL;

	in_thread(make_device, &d);
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	device_close(d);
}

static void *remap(void *arg)
{
	struct device *d = arg;
	struct blkio_mem_region r;

	for (int i = 0; i < 20; i++) {
		EXPECT_INT(blkio_alloc_mem_region(d->b, &r, 65536), 0);
		EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
		blkio_unmap_mem_region(d->b, &r);
		blkio_free_mem_region(d->b, &r);
	}
	return NULL;
}

/*
 * The kernel tells such a process of each change of the memory as one of all memory, and libvduse,
 * with which qemu-storage-daemon is made, unmaps what its requests are just reading and writing.
 */
static bool is_vduse(void)
{
	struct stat st;

	return stat(traits->device_path, &st) == 0 && sysfs_is_vduse(&st);
}

MODE_TEST(regions_come_and_go_in_one_thread_while_another_does_io)
{
	struct device *d = device_open(mode);
	pthread_t t;
	int ret = 0;

	MUST(pthread_create(&t, NULL, remap, d) == 0);
	for (int i = 0; i < 100 && ret == 0; i++)
		ret = io_read(d, 0, d->buf, block());
	MUST(pthread_join(t, NULL) == 0);
	if (ret == -EIO && is_vduse() && io_read(d, 0, d->buf, block()) == 0)
		SKIP("KNOWN BUG: a VDUSE process lets go of memory that requests in flight need "
		     "when other memory is mapped or unmapped");
	EXPECT_INT(ret, 0);
	device_close(d);
}

struct worker {
	struct device *d;
	int index;
};

static void *use_own_queue(void *arg)
{
	struct worker *w = arg;
	struct blkioq *q = blkio_get_queue(w->d->b, w->index);
	uint8_t *buf = w->d->buf + w->index * traits->block;
	struct blkio_completion c;

	for (int i = 0; i < 200; i++) {
		blkioq_read(q, 0, buf, block(), buf, 0);
		reap_from(q, MODE_BLOCKING, &c, 1);
		EXPECT(c.ret == 0 && c.user_data == buf);
	}
	return NULL;
}

TEST(each_thread_has_its_own_queue)
{
	struct blkio *b = instance_connected();
	struct worker w[2];
	pthread_t t;

	skip_threads();
	if (get_int(b, "max-queues") < 2)
		SKIP("the device has one queue");
	EXPECT_INT(blkio_set_int(b, "num-queues", 2), 0);
	w[0].d = w[1].d = device_from_connected(b, MODE_BLOCKING);
	w[0].index = 0;
	w[1].index = 1;
	MUST(pthread_create(&t, NULL, use_own_queue, &w[0]) == 0);
	use_own_queue(&w[1]);
	MUST(pthread_join(t, NULL) == 0);
	device_close(w[0].d);
}

MODE_TEST(a_bounce_buffer_is_mapped_late_and_replaced_by_a_bigger_one)
{
	struct device *d = device_open_rw(mode);
	struct blkio_mem_region r;

	for (size_t size = 32768; size <= 1 << 19; size *= 2) {
		EXPECT_INT(blkio_alloc_mem_region(d->b, &r, size), 0);
		EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
		fill(r.addr, size, (uint32_t)size);
		EXPECT_INT(io_write(d, 0, r.addr, size, 0), 0);
		memset(r.addr, 0, size);
		EXPECT_INT(io_read(d, 0, r.addr, size), 0);
		EXPECT_FILLED(r.addr, size, (uint32_t)size);
		blkio_unmap_mem_region(d->b, &r);
		blkio_free_mem_region(d->b, &r);
	}
	device_close(d);
}

MODE_TEST(a_region_is_unmapped_and_mapped_again)
{
	struct device *d = device_open_rw(mode);

	for (uint32_t i = 0; i < 10; i++) {
		fill(d->buf, block(), i);
		EXPECT_INT(io_write(d, 0, d->buf, block(), 0), 0);
		blkio_unmap_mem_region(d->b, &d->region);
		EXPECT_INT(blkio_map_mem_region(d->b, &d->region), 0);
		memset(d->buf, 0, block());
		EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
		EXPECT_FILLED(d->buf, block(), i);
	}
	device_close(d);
}

/* Guest memory: part of a memfd that the application made. */
static struct blkio_mem_region make_guest_memory(size_t len, int64_t offset)
{
	struct blkio_mem_region r = { .len = len, .fd_offset = offset };

	r.fd = memfd_create("guest", MFD_CLOEXEC);
	MUST(r.fd >= 0 && ftruncate(r.fd, offset + (off_t)len) == 0);
	r.addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, offset);
	MUST(r.addr != MAP_FAILED);
	return r;
}

MODE_TEST(guest_memory_is_a_memfd_with_an_offset)
{
	struct device *d = device_open_rw(mode);
	struct blkio_mem_region r = make_guest_memory(4 << 20, 2 << 20);
	uint8_t *seen;

	EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
	fill(r.addr, block(), 40);
	EXPECT_INT(io_write(d, 0, r.addr, block(), 0), 0);
	EXPECT_INT(io_read(d, 0, (uint8_t *)r.addr + 65536, block()), 0);
	seen = mmap(NULL, block(), PROT_READ, MAP_SHARED, r.fd, r.fd_offset + 65536);
	MUST(seen != MAP_FAILED);
	EXPECT_FILLED(seen, block(), 40);
	blkio_unmap_mem_region(d->b, &r);
	device_close(d);
	munmap(seen, block());
	munmap(r.addr, r.len);
	close(r.fd);
}

MODE_TEST(pages_of_mapped_guest_memory_may_be_given_back)
{
	struct device *d = device_open_rw(mode);
	struct blkio_mem_region r = make_guest_memory(1 << 20, 0);

	if (get_bool(d->b, "may-pin-mem-regions"))
		SKIP("the library may pin the pages");
	EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
	fill(d->buf, block(), 41);
	EXPECT_INT(io_write(d, 0, d->buf, block(), 0), 0);
	EXPECT_INT(io_read(d, 0, r.addr, block()), 0);
	MUST(madvise(r.addr, r.len, MADV_REMOVE) == 0);
	EXPECT_BYTES(r.addr, block(), 0);
	EXPECT_INT(io_read(d, 0, r.addr, block()), 0);
	EXPECT_FILLED(r.addr, block(), 41); /* not in pages that are gone */
	device_close(d);
	munmap(r.addr, r.len);
	close(r.fd);
}

TEST(a_region_of_64_mib_stays_mapped_until_destroy)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_mem_region r;

	EXPECT_INT(blkio_alloc_mem_region(d->b, &r, 64 << 20), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
	EXPECT_INT(io_read(d, 0, (uint8_t *)r.addr + (32 << 20), block()), 0);
	EXPECT_INT(io_read(d, 0, (uint8_t *)r.addr + (64 << 20) - block(), block()), 0);
	device_close(d);
}

ALONE_TEST(hundreds_of_instances_one_after_another_leak_no_fd)
{
	struct rlimit few = { 64, 64 };
	int rounds = traits->kind == KIND_VIRTIO ? 50 : 300;

	MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
	for (int i = 0; i < rounds; i++) {
		struct device *d = device_open(MODE_BLOCKING);

		EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
		device_close(d);
	}
}

ALONE_TEST(failed_connects_leak_no_fd)
{
	struct rlimit few = { 64, 64 };
	struct blkio *b;

	MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_INT(blkio_set_str(b, "path", "/dev/null"), 0);
	for (int i = 0; i < 300; i++)
		EXPECT(blkio_connect(b) < 0 && blkio_connect(b) != -EMFILE);
	blkio_destroy(&b);
}

MODE_TEST(a_depth_of_1024_over_128_entries)
{
	enum {
		DEPTH = 1024,
		TOTAL = 8192
	};
	static struct blkio_completion c[DEPTH];
	struct device *d;
	int queued = 0, done = 0;

	skip_backlog_of_reference(mode);
	d = device_open_with(mode, depth_property(), "128");
	while (done < TOTAL) {
		int n = done + DEPTH < TOTAL ? DEPTH / 2 : TOTAL - done;

		for (; queued < TOTAL && queued < done + DEPTH; queued++)
			blkioq_read(d->q, (uint64_t)(queued % 64) * block(), d->buf, block(), NULL,
				    0);
		reap(d, c, n);
		for (int i = 0; i < n; i++)
			EXPECT_INT(c[i].ret, 0);
		done += n;
	}
	EXPECT_ERROR(blkioq_do_io(d->q, c, 1, 1, NULL), -EINVAL);
	device_close(d);
}

MODE_TEST(completions_are_taken_one_by_one_until_there_is_none)
{
	struct device *d = device_open(mode);
	struct blkio_completion c;
	int done = 0;

	for (int i = 0; i < 20; i++)
		blkioq_read(d->q, 0, d->buf, block(), NULL, 0);
	EXPECT_INT(blkioq_do_io(d->q, NULL, 0, 0, NULL), 0);
	while (done < 20) {
		while (blkioq_do_io(d->q, &c, 0, 1, NULL) == 1) {
			EXPECT_INT(c.ret, 0);
			done++;
		}
	}
	EXPECT_INT(blkioq_do_io(d->q, &c, 0, 1, NULL), 0);
	device_close(d);
}

static void destroy_with(enum io_mode mode, int n, bool submit)
{
	struct device *d = device_open(mode);

	for (int i = 0; i < n; i++)
		blkioq_read(d->q, (uint64_t)i * block(), d->buf + (size_t)i * block(), block(),
			    NULL, 0);
	if (submit)
		EXPECT_INT(blkioq_do_io(d->q, NULL, 0, 0, NULL), 0);
	device_close(d);
}

MODE_TEST(destroy_with_requests_in_flight_or_never_submitted)
{
	destroy_with(mode, 64, true);
	destroy_with(mode, 64, false);
	destroy_with(mode, 1, true);
}

MODE_TEST(nothing_is_read_into_memory_after_destroy)
{
	enum {
		N = 64,
		LEN = LARGE_BUFFER / N
	};
	uint8_t *mem;

	DIFFERS_FROM_REFERENCE("its destroy does not wait for requests in flight");
	if (traits->needs_mem_regions)
		SKIP("the driver needs memory regions");
	mem = allocate_pages(LARGE_BUFFER);
	for (int round = 0; round < 20; round++) {
		struct device *d = device_open(mode);

		for (uint64_t i = 0; i < N; i++)
			blkioq_read(d->q, i * LEN, mem + i * LEN, LEN, NULL, 0);
		EXPECT_INT(blkioq_do_io(d->q, NULL, 0, 0, NULL), 0);
		device_close(d);
		memset(mem, 0x3c, LARGE_BUFFER);
		usleep(1000);
		EXPECT_BYTES(mem, LARGE_BUFFER, 0x3c);
	}
	free(mem);
}

TEST(a_writable_open_of_a_read_only_device_fails_in_start)
{
	struct blkio *b;
	int ret;

	if (traits->kind != KIND_VIRTIO || !traits->read_only)
		SKIP("for read-only virtio devices");
	b = instance_created();
	EXPECT_INT(blkio_set_bool(b, "read-only", false), 0);
	EXPECT_INT(blkio_connect(b), 0);
	set_late_props(b);
	ret = blkio_start(b);
	EXPECT(ret == 0 || ret == -EROFS); /* 0: the device can be written after all */
	blkio_destroy(&b);
}
