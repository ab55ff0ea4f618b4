// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory regions: allocate, map, unmap, free, and their mistakes.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"

/* A length that can be allocated and mapped. */
static size_t region_len(void)
{
	return traits->mem_region_alignment > 65536 ? traits->mem_region_alignment : 65536;
}

static size_t block(void)
{
	return (size_t)traits->block;
}

TEST(allocating_before_connect_is_enodev)
{
	struct blkio *b = instance_created();
	struct blkio_mem_region r;

	EXPECT_ERROR(blkio_alloc_mem_region(b, &r, 65536), -ENODEV);
	instance_discard(&b);
}

TEST(a_region_is_page_aligned_zeroed_shared_memory_of_the_asked_length)
{
	struct blkio *b = instance_connected();
	struct blkio_mem_region r;
	struct stat st;
	char first;

	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	EXPECT_U64((uintptr_t)r.addr % (uintptr_t)sysconf(_SC_PAGESIZE), 0);
	EXPECT_U64(r.len, region_len());
	EXPECT_U64(r.iova, 0);
	EXPECT_INT(r.fd_offset, 0);
	EXPECT_INT(r.flags, 0);
	EXPECT_INT(fstat(r.fd, &st), 0);
	EXPECT(st.st_size >= (off_t)r.len);
	EXPECT_BYTES(r.addr, r.len, 0);
	memset(r.addr, 'x', r.len);
	EXPECT(pread(r.fd, &first, 1, 0) == 1 && first == 'x');
	blkio_free_mem_region(b, &r);
	blkio_destroy(&b);
}

TEST(region_files_are_close_on_exec_and_sealed_against_shrinking)
{
	struct blkio *b = instance_connected();
	struct blkio_mem_region r;

	DIFFERS_FROM_REFERENCE("its region files survive exec and can be truncated");
	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	EXPECT(fcntl(r.fd, F_GETFD) & FD_CLOEXEC);
	EXPECT(fcntl(r.fd, F_GET_SEALS) & F_SEAL_SHRINK);
	EXPECT(ftruncate(r.fd, 0) < 0);
	blkio_free_mem_region(b, &r);
	blkio_destroy(&b);
}

TEST(lengths_that_cannot_be_allocated)
{
	struct blkio *b = instance_connected();
	struct blkio_mem_region r;

	EXPECT_ERROR(blkio_alloc_mem_region(b, &r, 0), -EINVAL);
	if (traits->mem_region_alignment > 1)
		EXPECT_ERROR(blkio_alloc_mem_region(b, &r, region_len() + 1), -EINVAL);
	EXPECT_ERROR(blkio_alloc_mem_region(b, &r, (size_t)1 << 60), -ENOMEM);
	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	blkio_free_mem_region(b, &r);
	blkio_destroy(&b);
}

TEST(a_region_of_one_byte_is_allowed_where_nothing_forbids_it)
{
	struct blkio *b = instance_connected();
	struct blkio_mem_region r;

	if (traits->mem_region_alignment > 1)
		SKIP("the alignment is %llu", (unsigned long long)traits->mem_region_alignment);
	EXPECT_INT(blkio_alloc_mem_region(b, &r, 1), 0);
	EXPECT_U64(r.len, 1);
	blkio_free_mem_region(b, &r);
	blkio_destroy(&b);
}

TEST(freeing_closes_the_file_and_unmaps_the_memory)
{
	struct blkio *b = instance_connected();
	struct blkio_mem_region r;
	unsigned char resident;

	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	blkio_free_mem_region(b, &r);
	EXPECT(fcntl(r.fd, F_GETFD) < 0);
	EXPECT(mincore(r.addr, 1, &resident) < 0 && errno == ENOMEM);
	blkio_destroy(&b);
}

TEST(destroy_frees_what_is_still_allocated_and_mapped)
{
	struct blkio *b = instance_started();
	struct blkio_mem_region r, mapped;

	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	EXPECT_INT(blkio_alloc_mem_region(b, &mapped, region_len()), 0);
	EXPECT_INT(blkio_map_mem_region(b, &mapped), 0);
	blkio_destroy(&b);
	EXPECT(fcntl(r.fd, F_GETFD) < 0);
	EXPECT(fcntl(mapped.fd, F_GETFD) < 0);
}

TEST(freeing_what_must_not_be_freed_is_ignored_and_leaves_a_text)
{
	struct blkio *b = instance_started();
	struct blkio_mem_region r, unknown;

	DIFFERS_FROM_REFERENCE("it aborts the process");
	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	unknown = r;
	unknown.addr = (uint8_t *)r.addr + region_len();
	blkio_free_mem_region(b, &unknown);
	EXPECT(blkio_get_error_msg()[0] != '\0');
	EXPECT_INT(blkio_map_mem_region(b, &r), 0);
	blkio_free_mem_region(b, &r); /* still mapped */
	memset(r.addr, 1, r.len);
	blkio_unmap_mem_region(b, &r);
	blkio_free_mem_region(b, &r);
	EXPECT(fcntl(r.fd, F_GETFD) < 0);
	blkio_free_mem_region(b, &r); /* twice */
	blkio_destroy(&b);
}

TEST(mapping_before_start_is_refused)
{
	struct blkio *b = instance_created();
	struct blkio_mem_region r = { .addr = NULL, .len = 65536, .fd = -1 };

	EXPECT_ERROR(blkio_map_mem_region(b, &r), traits->codes.map_created);
	EXPECT_INT(blkio_connect(b), 0);
	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	EXPECT_ERROR(blkio_map_mem_region(b, &r), -EBUSY);
	blkio_unmap_mem_region(b, &r);
	blkio_free_mem_region(b, &r);
	blkio_destroy(&b);
}

TEST(unmapping_what_is_not_mapped_does_nothing_in_any_state)
{
	struct blkio *b = instance_created();
	struct blkio_mem_region r = { .addr = &r, .len = 65536, .fd = -1 };

	blkio_unmap_mem_region(b, &r);
	EXPECT_INT(blkio_connect(b), 0);
	blkio_unmap_mem_region(b, &r);
	EXPECT_INT(blkio_start(b), 0);
	blkio_unmap_mem_region(b, &r);
	EXPECT_INT(blkio_alloc_mem_region(b, &r, region_len()), 0);
	EXPECT_INT(blkio_map_mem_region(b, &r), 0);
	blkio_unmap_mem_region(b, &r);
	blkio_unmap_mem_region(b, &r);
	blkio_free_mem_region(b, &r);
	blkio_destroy(&b);
}

TEST(unmapping_needs_all_six_fields)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_mem_region other = d->region;

	other.len /= 2;
	blkio_unmap_mem_region(d->b, &other);
	other = d->region;
	other.flags = 1;
	blkio_unmap_mem_region(d->b, &other);
	other = d->region;
	other.fd = -1;
	blkio_unmap_mem_region(d->b, &other);
	EXPECT_ERROR(blkio_map_mem_region(d->b, &d->region), -EINVAL); /* it is still there */
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	device_close(d);
}

TEST(mapping_a_region_twice_is_einval)
{
	struct device *d = device_open(MODE_BLOCKING);

	EXPECT_ERROR(blkio_map_mem_region(d->b, &d->region), -EINVAL);
	blkio_unmap_mem_region(d->b, &d->region);
	EXPECT_INT(blkio_map_mem_region(d->b, &d->region), 0);
	device_close(d);
}

TEST(mapping_over_a_mapped_region_is_einval)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_mem_region inner = d->region, after = d->region;

	DIFFERS_FROM_REFERENCE("it does not look for overlaps");
	inner.addr = (uint8_t *)inner.addr + region_len();
	inner.fd_offset += (int64_t)region_len();
	inner.len = region_len();
	EXPECT_ERROR(blkio_map_mem_region(d->b, &inner), -EINVAL);
	blkio_unmap_mem_region(d->b, &d->region);
	after = inner;
	after.addr = (uint8_t *)inner.addr + inner.len;
	after.fd_offset = inner.fd_offset + (int64_t)inner.len;
	EXPECT_INT(blkio_map_mem_region(d->b, &inner), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &after), 0); /* neighbours do not overlap */
	EXPECT_ERROR(blkio_map_mem_region(d->b, &d->region), -EINVAL);
	blkio_unmap_mem_region(d->b, &inner);
	blkio_unmap_mem_region(d->b, &after);
	device_close(d);
}

TEST(misaligned_regions_are_einval)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_mem_region r = d->region;

	if (traits->mem_region_alignment == 1)
		SKIP("every address is aligned to 1");
	blkio_unmap_mem_region(d->b, &d->region);
	r.addr = (uint8_t *)r.addr + 1;
	r.len = region_len();
	EXPECT_ERROR(blkio_map_mem_region(d->b, &r), -EINVAL);
	r = d->region;
	r.len = region_len() + 1;
	EXPECT_ERROR(blkio_map_mem_region(d->b, &r), -EINVAL);
	device_close(d);
}

TEST(unusual_regions_are_accepted_where_regions_are_not_needed)
{
	struct blkio_mem_region r;
	size_t len = region_len();
	struct blkio *b;
	void *mem;

	if (traits->needs_mem_regions)
		SKIP("the driver needs them to be right");
	b = instance_started();
	mem = allocate_pages(len);
	r = (struct blkio_mem_region) {
		.addr = mem, .len = len, .iova = 4096, .fd = -1, .flags = 7
	};
	EXPECT_INT(blkio_map_mem_region(b, &r), 0);
	blkio_unmap_mem_region(b, &r);
	r = (struct blkio_mem_region) { .addr = mem, .len = 0, .fd = -1 };
	EXPECT_INT(blkio_map_mem_region(b, &r), 0);
	blkio_unmap_mem_region(b, &r);
	r = (struct blkio_mem_region) { .addr = NULL, .len = len, .fd = -1 };
	EXPECT_INT(blkio_map_mem_region(b, &r), 0);
	blkio_unmap_mem_region(b, &r);
	blkio_destroy(&b);
	free(mem);
}

TEST(regions_without_a_file_are_refused_where_one_is_needed)
{
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_mem_region r = d->region;

	if (!traits->needs_mem_region_fd)
		SKIP("the driver needs no file");
	blkio_unmap_mem_region(d->b, &d->region);
	r.fd = -1;
	EXPECT(blkio_map_mem_region(d->b, &r) < 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &d->region), 0);
	device_close(d);
}

static void expect_same_block(struct device *d, void *buf)
{
	memset(buf, 0x11, block());
	EXPECT_INT(io_read(d, 0, buf, block()), 0);
	EXPECT(memcmp(buf, d->buf, block()) == 0);
}

TEST(many_regions_can_be_mapped_and_used)
{
	enum {
		MOST = 300
	};
	struct device *d = device_open(MODE_BLOCKING);
	struct blkio_mem_region r[MOST];
	int n = traits->max_mem_regions > MOST ? MOST : (int)traits->max_mem_regions - 2;

	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	for (int i = 0; i < n; i++) {
		EXPECT_INT(blkio_alloc_mem_region(d->b, &r[i], region_len()), 0);
		EXPECT_INT(blkio_map_mem_region(d->b, &r[i]), 0);
		expect_same_block(d, r[i].addr);
	}
	for (int i = 1; i < n; i += 2)
		blkio_unmap_mem_region(d->b, &r[i]);
	for (int i = 0; i < n; i += 2)
		expect_same_block(d, r[i].addr);
	for (int i = 1; i < n; i += 2) {
		EXPECT_INT(blkio_map_mem_region(d->b, &r[i]), 0); /* into the holes */
		expect_same_block(d, r[i].addr);
	}
	for (int i = n - 1; i >= 0; i--)
		blkio_unmap_mem_region(d->b, &r[i]);
	device_close(d);
}

MODE_TEST(a_request_may_span_two_neighbouring_regions)
{
	struct device *d = device_open_rw(mode);
	struct blkio_mem_region low = d->region, high = d->region;
	uint8_t *buf = d->buf + region_len() - block();

	blkio_unmap_mem_region(d->b, &d->region);
	low.len = region_len();
	high.addr = d->buf + low.len;
	high.len = region_len();
	high.fd_offset += (int64_t)low.len;
	EXPECT_INT(blkio_map_mem_region(d->b, &low), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &high), 0);
	fill(buf, 2 * block(), 50);
	EXPECT_INT(io_write(d, 0, buf, 2 * block(), 0), 0);
	memset(buf, 0, 2 * block());
	EXPECT_INT(io_read(d, 0, buf, 2 * block()), 0);
	EXPECT_FILLED(buf, 2 * block(), 50);
	device_close(d);
}

/* Mapped over the old memory in one step, so that nobody else gets the address in between. */
MODE_TEST(new_memory_at_the_address_of_an_unmapped_region_is_read_into)
{
	struct device *d = device_open(mode);
	struct blkio_mem_region r;

	if (traits->needs_mem_regions)
		SKIP("the driver needs memory regions");
	EXPECT_INT(io_read(d, 0, d->buf, block()), 0);
	EXPECT_INT(blkio_alloc_mem_region(d->b, &r, region_len()), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &r), 0);
	expect_same_block(d, r.addr);
	blkio_unmap_mem_region(d->b, &r);
	MUST(mmap(r.addr, r.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == r.addr);
	expect_same_block(d, r.addr);
	blkio_free_mem_region(d->b, &r);
	device_close(d);
}

MODE_TEST(memory_that_was_never_mapped_works_where_regions_are_not_needed)
{
	size_t len = block();
	struct device *d;
	void *mem;

	if (traits->needs_mem_regions)
		SKIP("the driver needs memory regions");
	d = device_open(mode);
	mem = allocate_pages(65536);
	EXPECT_INT(io_read(d, 0, d->buf, len), 0);
	memset(mem, 0xa5, 65536);
	EXPECT_INT(io_read(d, 0, mem, len), 0);
	EXPECT(memcmp(mem, d->buf, len) == 0);
	device_close(d);
	free(mem);
}

MODE_TEST(requests_in_two_regions_at_once)
{
	struct device *d = device_open_rw(mode);
	struct blkio_mem_region other;
	size_t len = block();
	struct iovec iov[2];

	EXPECT_INT(blkio_alloc_mem_region(d->b, &other, region_len()), 0);
	EXPECT_INT(blkio_map_mem_region(d->b, &other), 0);
	fill(d->buf, len, 1);
	fill(other.addr, len, 2);
	iov[0] = (struct iovec) { other.addr, len };
	iov[1] = (struct iovec) { d->buf, len };
	EXPECT_INT(io_writev(d, 0, iov, 2, 0), 0);
	memset(d->buf, 0, 2 * len);
	EXPECT_INT(io_read(d, 0, d->buf, 2 * len), 0);
	EXPECT_FILLED(d->buf, len, 2);
	EXPECT_FILLED(d->buf + len, len, 1);
	device_close(d);
}
