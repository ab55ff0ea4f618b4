// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Mapped memory regions as registered buffers: found where they are, gone when they are unmapped,
 * and never needed.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/iou_fixture.h"

#define PAGE     4096
#define FILE_LEN (256 * PAGE)
#define GIB      ((size_t)1 << 30)

static struct iou_fixture x;
static int update_ret; /* what a registration returns; 0: what the kernel says */
static bool refuse_removal;
static int sparse_ret;
static int nr_updates, nr_tables;

int __wrap_io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
						const struct iovec *iov, const __u64 *tags,
						unsigned int nr);
int __real_io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
						const struct iovec *iov, const __u64 *tags,
						unsigned int nr);
int __wrap_madvise(void *addr, size_t len, int advice);
int __real_madvise(void *addr, size_t len, int advice);
int __wrap_io_uring_register_buffers_sparse(struct io_uring *ring, unsigned int nr);
int __real_io_uring_register_buffers_sparse(struct io_uring *ring, unsigned int nr);

int __wrap_io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
						const struct iovec *iov, const __u64 *tags,
						unsigned int nr)
{
	nr_updates++;
	if (update_ret)
		return update_ret;
	if (refuse_removal && !iov->iov_len)
		return -ENOMEM;
	return __real_io_uring_register_buffers_update_tag(ring, off, iov, tags, nr);
}

int __wrap_io_uring_register_buffers_sparse(struct io_uring *ring, unsigned int nr)
{
	nr_tables++;
	return sparse_ret ? sparse_ret : __real_io_uring_register_buffers_sparse(ring, nr);
}

/* Memory that is not really registered need not really be there. */
int __wrap_madvise(void *addr, size_t len, int advice)
{
	return update_ret ? 0 : __real_madvise(addr, len, advice);
}

static void single_issuer(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_bool(b, "single-issuer", true), 0);
}

static void pin_all(struct blkio *b)
{
	ck_assert_int_eq(blkio_set_bool(b, "pin-mem-regions", true), 0);
}

static void (*configure_more)(struct blkio *b);

/* As far as the driver knows: odd addresses and lengths work all the same. */
static void configure_direct(struct blkio *b)
{
	to_iou(b)->file.direct = true;
	if (configure_more)
		configure_more(b);
}

/* False where there is no io_uring, or one without such tables: then the test is skipped. */
static bool start(void (*configure)(struct blkio *b))
{
	struct io_uring ring;
	int ret;

	configure_more = configure;
	if (!iou_start(&x, FILE_LEN, configure_direct))
		return false;
	write_pattern(x.file, FILE_LEN, 3);
	ck_assert_int_eq(io_uring_queue_init(1, &ring, 0), 0);
	ret = __real_io_uring_register_buffers_sparse(&ring, 1);
	io_uring_queue_exit(&ring);
	if (ret < 0)
		test_skip("this kernel has no sparse tables of buffers: %s", strerror(-ret));
	return ret == 0;
}

static void tear_down(void)
{
	if (x.b)
		iou_finish(&x);
}

static struct blkio_mem_region alloc(size_t len)
{
	struct blkio_mem_region r;

	ck_assert_int_eq(blkio_alloc_mem_region(x.b, &r, len), 0);
	return r;
}

static struct blkio_mem_region alloc_and_map(size_t len)
{
	struct blkio_mem_region r = alloc(len);

	ck_assert_int_eq(blkio_map_mem_region(x.b, &r), 0);
	return r;
}

/* Memory of the application's own, at this address unless it is NULL. */
static struct blkio_mem_region own_memory(void *at, size_t len)
{
	void *addr =
		mmap(at, len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);

	ck_assert_ptr_ne(addr, MAP_FAILED);
	return (struct blkio_mem_region) { .addr = addr, .len = len, .fd = -1 };
}

static int find(const void *addr, size_t len)
{
	return uring_bufs_find(&x.iou_q->u.bufs, addr, len);
}

/* Read len bytes from the file through this address; whether that used a registered buffer. */
static bool read_registered(void *addr, size_t len, uint64_t offset)
{
	struct uring *r = &x.iou_q->u.ring;
	char expected[PAGE];
	uint8_t opcode;

	ck_assert_uint_le(len, PAGE);
	memset(addr, 0, len);
	blkioq_read(x.q, offset, addr, len, NULL, 0);
	opcode = r->sqes[(r->sq_tail - 1) & r->sq_mask].opcode;
	ck_assert_int_eq(iou_wait(&x).ret, 0);
	fill_pattern(expected, len, offset, 3);
	ck_assert_mem_eq(addr, expected, len);
	return opcode == IORING_OP_READ_FIXED;
}

/* The same for a write of a text, which is then in the file. */
static bool write_registered(void *addr, const char *text)
{
	struct uring *r = &x.iou_q->u.ring;
	size_t len = strlen(text);
	char found[64];
	uint8_t opcode;

	memcpy(addr, text, len);
	blkioq_write(x.q, 0, addr, len, NULL, 0);
	opcode = r->sqes[(r->sq_tail - 1) & r->sq_mask].opcode;
	ck_assert_int_eq(iou_wait(&x).ret, 0);
	ck_assert_int_eq(pread(x.file, found, len, 0), (ssize_t)len);
	ck_assert_mem_eq(found, text, len);
	return opcode == IORING_OP_WRITE_FIXED;
}

/* ---- look-up ---- */

START_TEST(a_buffer_is_found_from_its_first_byte_to_its_last)
{
	struct blkio_mem_region r;
	char *addr;

	if (!start(NULL))
		return;
	r = alloc_and_map(2 * PAGE);
	addr = r.addr;
	ck_assert_int_eq(find(addr, 2 * PAGE), 0);
	ck_assert_int_eq(find(addr + 2 * PAGE - 1, 1), 0);
	ck_assert_int_eq(find(addr, 1), 0);
	ck_assert_int_eq(find(addr, 2 * PAGE + 1), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr - 1, 1), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr - 1, 2 * PAGE), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr + 2 * PAGE - 1, 2), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr + 2 * PAGE, 1), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr + 1, SIZE_MAX), URING_BUFS_NONE);
	ck_assert_int_eq(find(NULL, 1), URING_BUFS_NONE);
}
END_TEST

START_TEST(each_region_has_an_index_of_its_own)
{
	struct blkio_mem_region r[10];

	if (!start(NULL))
		return;
	for (int i = 0; i < 10; i++)
		r[i] = alloc_and_map(PAGE);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(find(r[i].addr, PAGE), i);
	}
}
END_TEST

START_TEST(requests_in_a_region_use_it)
{
	struct blkio_mem_region a, b;

	if (!start(NULL))
		return;
	a = alloc_and_map(PAGE);
	b = alloc_and_map(PAGE);
	for (uint64_t i = 0; i < 20; i++) {
		ck_assert(read_registered(a.addr, PAGE, i * PAGE));
		ck_assert(read_registered((char *)b.addr + 100, 1000, i * 777));
	}
	ck_assert(write_registered((char *)b.addr + 7, "through a registered buffer"));
}
END_TEST

/* The page cache is copied faster without, unless somebody asks for it. */
START_TEST(without_direct_only_who_asks_has_them)
{
	struct blkio_mem_region r;

	if (!iou_start(&x, FILE_LEN, NULL))
		return;
	write_pattern(x.file, FILE_LEN, 3);
	r = alloc_and_map(PAGE);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	iou_finish(&x);
	if (!iou_start(&x, FILE_LEN, pin_all))
		return;
	write_pattern(x.file, FILE_LEN, 3);
	r = alloc_and_map(PAGE);
	ck_assert(read_registered(r.addr, PAGE, 0));
}
END_TEST

START_TEST(requests_anywhere_else_do_without)
{
	struct blkio_mem_region r;
	char other[PAGE];

	if (!start(NULL))
		return;
	ck_assert(!read_registered(other, PAGE, PAGE));
	r = alloc_and_map(PAGE);
	ck_assert(!read_registered(other, PAGE, PAGE));
	ck_assert(!write_registered(other, "from the stack"));
	ck_assert(read_registered(r.addr, PAGE, PAGE));
}
END_TEST

START_TEST(a_vectored_request_of_one_buffer_uses_it_too)
{
	struct blkio_mem_region r;
	struct iovec iov;
	struct uring *ring;

	if (!start(NULL))
		return;
	r = alloc_and_map(PAGE);
	ring = &x.iou_q->u.ring;
	iov = (struct iovec) { r.addr, PAGE };
	blkioq_readv(x.q, 0, &iov, 1, NULL, 0);
	ck_assert_int_eq(ring->sqes[(ring->sq_tail - 1) & ring->sq_mask].opcode,
			 IORING_OP_READ_FIXED);
	ck_assert_int_eq(iou_wait(&x).ret, 0);
}
END_TEST

/* ---- what comes and goes ---- */

START_TEST(an_unmapped_region_is_not_found)
{
	struct blkio_mem_region a, b;

	if (!start(NULL))
		return;
	a = alloc_and_map(PAGE);
	b = alloc_and_map(PAGE);
	ck_assert_int_eq(find(a.addr, PAGE), 0);
	blkio_unmap_mem_region(x.b, &a);
	ck_assert_int_eq(find(a.addr, PAGE), URING_BUFS_NONE);
	ck_assert_int_eq(find(b.addr, PAGE), 1);
	ck_assert(!read_registered(a.addr, PAGE, 0));
	ck_assert_int_eq(blkio_map_mem_region(x.b, &a), 0);
	ck_assert_int_eq(find(a.addr, PAGE), 0);
	ck_assert(read_registered(a.addr, PAGE, 0));
}
END_TEST

/* Other memory at the same address: what is read and written must be the new memory. */
static void assert_remapped_memory_is_used(void (*configure)(struct blkio *b))
{
	struct blkio_mem_region r;

	if (!start(configure))
		return;
	r = own_memory(NULL, PAGE);
	for (int round = 0; round < 5; round++) {
		char text[32];

		ck_assert_int_eq(blkio_map_mem_region(x.b, &r), 0);
		ck_assert_int_eq(snprintf(text, sizeof(text), "memory number %d", round), 15);
		ck_assert(write_registered(r.addr, text));
		ck_assert(read_registered(r.addr, PAGE, 16 * PAGE));
		blkio_unmap_mem_region(x.b, &r);
		r = own_memory(r.addr, PAGE);
	}
	munmap(r.addr, PAGE);
}

START_TEST(other_memory_at_the_same_address_is_registered_anew)
{
	assert_remapped_memory_is_used(pin_all);
}
END_TEST

static void pin_all_single_issuer(struct blkio *b)
{
	pin_all(b);
	single_issuer(b);
}

START_TEST(other_memory_at_the_same_address_is_registered_anew_by_a_single_issuer)
{
	assert_remapped_memory_is_used(pin_all_single_issuer);
}
END_TEST

START_TEST(freed_and_allocated_again_it_is_other_memory)
{
	if (!start(NULL))
		return;
	for (int round = 0; round < 20; round++) {
		struct blkio_mem_region r = alloc_and_map(PAGE);
		char text[32];

		ck_assert_int_gt(snprintf(text, sizeof(text), "round %d", round), 0);
		ck_assert(write_registered(r.addr, text));
		blkio_unmap_mem_region(x.b, &r);
		blkio_free_mem_region(x.b, &r);
	}
}
END_TEST

START_TEST(a_queue_that_is_added_later_has_the_regions_too)
{
	struct blkio_mem_region r;

	if (!start(NULL))
		return;
	r = alloc_and_map(PAGE);
	ck_assert_int_eq(blkio_add_queue(x.b), 1);
	x.q = blkio_get_queue(x.b, 1);
	x.iou_q = to_iou_queue(x.q);
	ck_assert(read_registered(r.addr, PAGE, 0));
	blkio_unmap_mem_region(x.b, &r);
	ck_assert(!read_registered(r.addr, PAGE, 0));
}
END_TEST

START_TEST(regions_beyond_the_table_are_not_registered_until_there_is_room)
{
	struct blkio_mem_region r[URING_MAX_BUFS + 6];
	int registered = 0;

	if (!start(NULL))
		return;
	for (size_t i = 0; i < array_len(r); i++)
		r[i] = alloc_and_map(PAGE);
	for (size_t i = 0; i < array_len(r); i++)
		registered += read_registered(r[i].addr, PAGE, i * PAGE);
	ck_assert_int_eq(registered, URING_MAX_BUFS);
	ck_assert(!read_registered(r[URING_MAX_BUFS].addr, PAGE, 0));
	for (int i = 0; i < 6; i++)
		blkio_unmap_mem_region(x.b, &r[i]);
	for (size_t i = 6; i < array_len(r); i++)
		ck_assert(read_registered(r[i].addr, PAGE, i * PAGE));
}
END_TEST

START_TEST(a_region_of_several_gib_is_registered_in_pieces)
{
	struct blkio_mem_region r;
	char *addr;

	if (!start(pin_all))
		return;
	update_ret = 1; /* as if: the memory is not really there */
	r = own_memory(NULL, 2 * GIB + PAGE);
	addr = r.addr;
	ck_assert_int_eq(blkio_map_mem_region(x.b, &r), 0);
	ck_assert_int_eq(nr_updates, 3);
	ck_assert_int_eq(find(addr, GIB), 0);
	ck_assert_int_eq(find(addr + GIB, GIB), 1);
	ck_assert_int_eq(find(addr + 2 * GIB, PAGE), 2);
	ck_assert_int_eq(find(addr + GIB - 1, 2), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr + 2 * GIB, PAGE + 1), URING_BUFS_NONE);
	blkio_unmap_mem_region(x.b, &r);
	ck_assert_int_eq(nr_updates, 6);
	ck_assert_int_eq(find(addr, PAGE), URING_BUFS_NONE);
	munmap(r.addr, r.len);
}
END_TEST

/* ---- whose memory ---- */

START_TEST(memory_of_the_application_is_only_pinned_if_it_says_so)
{
	struct blkio_mem_region r;

	if (!start(NULL))
		return;
	r = own_memory(NULL, PAGE);
	ck_assert_int_eq(blkio_map_mem_region(x.b, &r), 0);
	ck_assert_int_eq(nr_updates, 0);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	munmap(r.addr, PAGE);
}
END_TEST

START_TEST(with_pin_mem_regions_memory_of_the_application_is_pinned)
{
	struct blkio_mem_region r;

	if (!start(pin_all))
		return;
	r = own_memory(NULL, PAGE);
	ck_assert_int_eq(blkio_map_mem_region(x.b, &r), 0);
	ck_assert(read_registered(r.addr, PAGE, 0));
	munmap(r.addr, PAGE);
}
END_TEST

START_TEST(memory_that_is_allocated_but_not_mapped_is_not_pinned)
{
	struct blkio_mem_region r;

	if (!start(NULL))
		return;
	r = alloc(PAGE);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	ck_assert_int_eq(nr_updates, 0);
	ck_assert_int_eq(nr_tables, 0);
}
END_TEST

START_TEST(a_single_issuer_registers_in_its_own_thread)
{
	struct blkio_mem_region r;

	if (!start(single_issuer))
		return;
	if (!(x.iou_q->u.ring.setup_flags & IORING_SETUP_SINGLE_ISSUER))
		SKIP("this kernel has no single issuer");
	r = alloc_and_map(PAGE);
	ck_assert_int_eq(nr_updates, 0);
	ck_assert(read_registered(r.addr, PAGE, 0));
	ck_assert_int_eq(nr_updates, 1);
	blkio_unmap_mem_region(x.b, &r);
	ck_assert_int_eq(nr_updates, 1);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	ck_assert_int_eq(nr_updates, 2);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(what_cannot_be_registered_is_used_without)
{
	struct blkio_mem_region r;

	if (!start(NULL))
		return;
	update_ret = -ENOMEM;
	r = alloc_and_map(PAGE);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	ck_assert(!write_registered(r.addr, "without"));
	update_ret = 0;
	alloc_and_map(PAGE);
	ck_assert(read_registered(r.addr, PAGE, PAGE)); /* tried again */
}
END_TEST

START_TEST(a_kernel_without_such_tables_is_asked_once)
{
	struct blkio_mem_region r;

	if (!start(NULL))
		return;
	sparse_ret = -EINVAL;
	r = alloc_and_map(PAGE);
	alloc_and_map(PAGE);
	ck_assert_int_eq(nr_tables, 1);
	ck_assert_int_eq(nr_updates, 0);
	ck_assert(!read_registered(r.addr, PAGE, 0));
}
END_TEST

START_TEST(what_the_kernel_does_not_let_go_of_is_not_used)
{
	struct blkio_mem_region r;

	if (!start(NULL))
		return;
	r = alloc_and_map(PAGE);
	refuse_removal = true;
	blkio_unmap_mem_region(x.b, &r);
	ck_assert_int_eq(find(r.addr, PAGE), URING_BUFS_NONE);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	refuse_removal = false;
	ck_assert_int_eq(blkio_map_mem_region(x.b, &r), 0);
	ck_assert(read_registered(r.addr, PAGE, 0));
}
END_TEST

START_TEST(over_the_limit_of_locked_memory_requests_go_on_without)
{
	const struct rlimit limit = { 16 * PAGE, 16 * PAGE };
	struct blkio_mem_region small, big;

	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		SKIP("cannot become an ordinary user: %s", strerror(errno));
	if (!start(NULL))
		return;
	small = alloc_and_map(PAGE);
	big = alloc_and_map(256 * PAGE);
	ck_assert(read_registered(small.addr, PAGE, 0));
	ck_assert(!read_registered(big.addr, PAGE, 0));
	ck_assert(!read_registered((char *)big.addr + 255 * PAGE, PAGE, 0));
}
END_TEST

/* ---- threads ---- */

static _Atomic bool stop;

static void *map_and_unmap(void *nothing)
{
	for (int round = 0; !stop; round++) {
		struct blkio_mem_region r[3];

		for (int i = 0; i < 3; i++)
			r[i] = alloc_and_map((size_t)(1 + (round + i) % 4) * PAGE);
		for (int i = 0; i < 3; i++) {
			blkio_unmap_mem_region(x.b, &r[i]);
			blkio_free_mem_region(x.b, &r[i]);
		}
	}
	return nothing;
}

static void read_while_others_map(void (*configure)(struct blkio *b))
{
	struct blkio_mem_region mine;
	pthread_t thread;
	int hits = 0;

	if (!start(configure))
		return;
	mine = alloc_and_map(4 * PAGE);
	stop = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, map_and_unmap, NULL), 0);
	for (uint64_t i = 0; i < 2000; i++)
		hits += read_registered((char *)mine.addr + i % 4 * PAGE, PAGE, i % 200 * PAGE);
	stop = true;
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(hits, 2000);
}

START_TEST(one_thread_maps_while_another_does_io)
{
	read_while_others_map(NULL);
}
END_TEST

START_TEST(one_thread_maps_while_a_single_issuer_does_io)
{
	read_while_others_map(single_issuer);
}
END_TEST

static Suite *bufs_suite(void)
{
	const TTest *const tests[] = {
		a_buffer_is_found_from_its_first_byte_to_its_last,
		each_region_has_an_index_of_its_own,
		requests_in_a_region_use_it,
		without_direct_only_who_asks_has_them,
		requests_anywhere_else_do_without,
		a_vectored_request_of_one_buffer_uses_it_too,
		an_unmapped_region_is_not_found,
		other_memory_at_the_same_address_is_registered_anew,
		other_memory_at_the_same_address_is_registered_anew_by_a_single_issuer,
		freed_and_allocated_again_it_is_other_memory,
		a_queue_that_is_added_later_has_the_regions_too,
		regions_beyond_the_table_are_not_registered_until_there_is_room,
		a_region_of_several_gib_is_registered_in_pieces,
		memory_of_the_application_is_only_pinned_if_it_says_so,
		with_pin_mem_regions_memory_of_the_application_is_pinned,
		memory_that_is_allocated_but_not_mapped_is_not_pinned,
		a_single_issuer_registers_in_its_own_thread,
		what_cannot_be_registered_is_used_without,
		a_kernel_without_such_tables_is_asked_once,
		what_the_kernel_does_not_let_go_of_is_not_used,
		over_the_limit_of_locked_memory_requests_go_on_without,
		one_thread_maps_while_another_does_io,
		one_thread_maps_while_a_single_issuer_does_io,
	};

	return SUITE_WITH("registered buffers", tests, NULL, tear_down);
}

Suite *(*const test_suites[])(void) = { bufs_suite, NULL };
