// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Mapped memory regions as registered buffers: found where they are, gone when they are unmapped,
 * and never needed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/bufs_fixture.h"

#define GIB ((size_t)1 << 30)

/* ---- look-up ---- */

START_TEST(a_buffer_is_found_from_its_first_byte_to_its_last)
{
	struct blkio_mem_region r;
	char *addr;

	if (!bufs_start(NULL))
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

	if (!bufs_start(NULL))
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

	if (!bufs_start(NULL))
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

static void no_registration(struct blkio *b)
{
	bufs_pin_all(b);
	ck_assert_int_eq(blkio_set_bool(b, "register-mem-regions", false), 0);
}

START_TEST(nothing_is_registered_if_nobody_wants_that)
{
	struct blkio_mem_region r;

	if (!bufs_start(no_registration))
		return;
	r = alloc_and_map(PAGE);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	ck_assert_int_eq(nr_tables, 0);
	ck_assert_int_eq(nr_populated, 0); /* nor made resident */
}
END_TEST

/* As the kernel tells it. Other processors than those of x86 know no difference. */
static bool copies_fast_within_kernel(void)
{
	char line[4096];
	bool x86 = false, fsrm = false;
	FILE *cpus = fopen("/proc/cpuinfo", "r");

	ck_assert_ptr_nonnull(cpus);
	while (!x86 && fgets(line, sizeof(line), cpus)) {
		x86 = !strncmp(line, "flags", 5);
		fsrm = x86 && strstr(line, " fsrm");
	}
	fclose(cpus);
	return fsrm || !x86;
}

static bool registers_by_default(int fd)
{
	struct blkio *b;
	bool value;

	ck_assert_int_eq(blkio_create("io_uring", &b), 0);
	ck_assert_int_eq(blkio_set_int(b, "fd", fd), 0);
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(blkio_get_bool(b, "register-mem-regions", &value), 0);
	blkio_destroy(&b);
	return value;
}

START_TEST(the_page_cache_is_for_processors_that_copy_fast)
{
	ck_assert(registers_by_default(temp_file(FILE_LEN)) == copies_fast_within_kernel());
}
END_TEST

START_TEST(direct_io_always_gains)
{
	int fd = temp_file(FILE_LEN);

	if (fcntl(fd, F_SETFL, O_DIRECT) < 0) {
		close(fd);
		test_skip("there is no O_DIRECT for temporary files here");
		return;
	}
	ck_assert(registers_by_default(fd));
}
END_TEST

START_TEST(requests_anywhere_else_do_without)
{
	struct blkio_mem_region r;
	char other[PAGE];

	if (!bufs_start(NULL))
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

	if (!bufs_start(NULL))
		return;
	r = alloc_and_map(PAGE);
	ring = &fixture.iou_q->u.ring;
	iov = (struct iovec) { r.addr, PAGE };
	blkioq_readv(fixture.q, 0, &iov, 1, NULL, 0);
	ck_assert_int_eq(ring->sqes[(ring->sq_tail - 1) & ring->sq_mask].opcode,
			 IORING_OP_READ_FIXED);
	ck_assert_int_eq(iou_wait(&fixture).ret, 0);
}
END_TEST

/* ---- what comes and goes ---- */

START_TEST(an_unmapped_region_is_not_found)
{
	struct blkio_mem_region a, b;

	if (!bufs_start(NULL))
		return;
	a = alloc_and_map(PAGE);
	b = alloc_and_map(PAGE);
	ck_assert_int_eq(find(a.addr, PAGE), 0);
	blkio_unmap_mem_region(fixture.b, &a);
	ck_assert_int_eq(find(a.addr, PAGE), URING_BUFS_NONE);
	ck_assert_int_eq(find(b.addr, PAGE), 1);
	ck_assert(!read_registered(a.addr, PAGE, 0));
	ck_assert_int_eq(blkio_map_mem_region(fixture.b, &a), 0);
	ck_assert_int_eq(find(a.addr, PAGE), 0);
	ck_assert(read_registered(a.addr, PAGE, 0));
}
END_TEST

/* Other memory at the same address: what is read and written must be the new memory. */
static void assert_remapped_memory_is_used(void (*configure)(struct blkio *b))
{
	struct blkio_mem_region r;

	if (!bufs_start(configure))
		return;
	r = own_memory(NULL, PAGE);
	for (int round = 0; round < 5; round++) {
		char text[32];

		ck_assert_int_eq(blkio_map_mem_region(fixture.b, &r), 0);
		ck_assert_int_eq(snprintf(text, sizeof(text), "memory number %d", round), 15);
		ck_assert(write_registered(r.addr, text));
		ck_assert(read_registered(r.addr, PAGE, 16 * PAGE));
		blkio_unmap_mem_region(fixture.b, &r);
		r = own_memory(r.addr, PAGE);
	}
	munmap(r.addr, PAGE);
}

START_TEST(other_memory_at_the_same_address_is_registered_anew)
{
	assert_remapped_memory_is_used(bufs_pin_all);
}
END_TEST

static void pin_all_single_issuer(struct blkio *b)
{
	bufs_pin_all(b);
	bufs_single_issuer(b);
}

START_TEST(other_memory_at_the_same_address_is_registered_anew_by_a_single_issuer)
{
	assert_remapped_memory_is_used(pin_all_single_issuer);
}
END_TEST

START_TEST(freed_and_allocated_again_it_is_other_memory)
{
	if (!bufs_start(NULL))
		return;
	for (int round = 0; round < 20; round++) {
		struct blkio_mem_region r = alloc_and_map(PAGE);
		char text[32];

		ck_assert_int_gt(snprintf(text, sizeof(text), "round %d", round), 0);
		ck_assert(write_registered(r.addr, text));
		blkio_unmap_mem_region(fixture.b, &r);
		blkio_free_mem_region(fixture.b, &r);
	}
}
END_TEST

START_TEST(a_queue_that_is_added_later_has_the_regions_too)
{
	struct blkio_mem_region r;

	if (!bufs_start(NULL))
		return;
	r = alloc_and_map(PAGE);
	ck_assert_int_eq(blkio_add_queue(fixture.b), 1);
	fixture.q = blkio_get_queue(fixture.b, 1);
	fixture.iou_q = to_iou_queue(fixture.q);
	ck_assert(read_registered(r.addr, PAGE, 0));
	blkio_unmap_mem_region(fixture.b, &r);
	ck_assert(!read_registered(r.addr, PAGE, 0));
}
END_TEST

START_TEST(regions_beyond_the_table_are_not_registered_until_there_is_room)
{
	struct blkio_mem_region r[URING_MAX_BUFS + 6];
	int registered = 0;

	if (!bufs_start(NULL))
		return;
	for (size_t i = 0; i < array_len(r); i++)
		r[i] = alloc_and_map(PAGE);
	for (size_t i = 0; i < array_len(r); i++)
		registered += read_registered(r[i].addr, PAGE, i * PAGE);
	ck_assert_int_eq(registered, URING_MAX_BUFS);
	ck_assert(!read_registered(r[URING_MAX_BUFS].addr, PAGE, 0));
	for (int i = 0; i < 6; i++)
		blkio_unmap_mem_region(fixture.b, &r[i]);
	for (size_t i = 6; i < array_len(r); i++)
		ck_assert(read_registered(r[i].addr, PAGE, i * PAGE));
}
END_TEST

START_TEST(a_region_of_several_gib_is_registered_in_pieces)
{
	struct blkio_mem_region r;
	char *addr;

	if (!bufs_start(bufs_pin_all))
		return;
	update_ret = 1; /* as if: the memory is not really there */
	r = own_memory(NULL, 2 * GIB + PAGE);
	addr = r.addr;
	ck_assert_int_eq(blkio_map_mem_region(fixture.b, &r), 0);
	ck_assert_int_eq(nr_updates, 3);
	ck_assert_int_eq(find(addr, GIB), 0);
	ck_assert_int_eq(find(addr + GIB, GIB), 1);
	ck_assert_int_eq(find(addr + 2 * GIB, PAGE), 2);
	ck_assert_int_eq(find(addr + GIB - 1, 2), URING_BUFS_NONE);
	ck_assert_int_eq(find(addr + 2 * GIB, PAGE + 1), URING_BUFS_NONE);
	blkio_unmap_mem_region(fixture.b, &r);
	ck_assert_int_eq(nr_updates, 6);
	ck_assert_int_eq(find(addr, PAGE), URING_BUFS_NONE);
	munmap(r.addr, r.len);
}
END_TEST

/* ---- whose memory ---- */

START_TEST(memory_of_the_application_is_only_pinned_if_it_says_so)
{
	struct blkio_mem_region r;

	if (!bufs_start(NULL))
		return;
	r = own_memory(NULL, PAGE);
	ck_assert_int_eq(blkio_map_mem_region(fixture.b, &r), 0);
	ck_assert_int_eq(nr_updates, 0);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	munmap(r.addr, PAGE);
}
END_TEST

START_TEST(with_pin_mem_regions_memory_of_the_application_is_pinned)
{
	struct blkio_mem_region r;

	if (!bufs_start(bufs_pin_all))
		return;
	r = own_memory(NULL, PAGE);
	ck_assert_int_eq(blkio_map_mem_region(fixture.b, &r), 0);
	ck_assert(read_registered(r.addr, PAGE, 0));
	munmap(r.addr, PAGE);
}
END_TEST

START_TEST(memory_that_is_allocated_but_not_mapped_is_not_pinned)
{
	struct blkio_mem_region r;

	if (!bufs_start(NULL))
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

	if (!bufs_start(bufs_single_issuer))
		return;
	if (!(fixture.iou_q->u.ring.setup_flags & IORING_SETUP_SINGLE_ISSUER))
		SKIP("this kernel has no single issuer");
	r = alloc_and_map(PAGE);
	ck_assert_int_eq(nr_updates, 0);
	ck_assert(read_registered(r.addr, PAGE, 0));
	ck_assert_int_eq(nr_updates, 1);
	blkio_unmap_mem_region(fixture.b, &r);
	ck_assert_int_eq(nr_updates, 1);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	ck_assert_int_eq(nr_updates, 2);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(what_cannot_be_registered_is_used_without)
{
	struct blkio_mem_region r;

	if (!bufs_start(NULL))
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

	if (!bufs_start(NULL))
		return;
	sparse_ret = -EINVAL;
	r = alloc_and_map(PAGE);
	alloc_and_map(PAGE);
	ck_assert_int_eq(nr_tables, 1);
	ck_assert_int_eq(nr_updates, 0);
	ck_assert_int_eq(nr_populated, 0);
	ck_assert(!read_registered(r.addr, PAGE, 0));
}
END_TEST

START_TEST(what_the_kernel_does_not_let_go_of_is_not_used)
{
	struct blkio_mem_region r;

	if (!bufs_start(NULL))
		return;
	r = alloc_and_map(PAGE);
	refuse_removal = true;
	blkio_unmap_mem_region(fixture.b, &r);
	ck_assert_int_eq(find(r.addr, PAGE), URING_BUFS_NONE);
	ck_assert(!read_registered(r.addr, PAGE, 0));
	refuse_removal = false;
	ck_assert_int_eq(blkio_map_mem_region(fixture.b, &r), 0);
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
	if (!bufs_start(NULL))
		return;
	small = alloc_and_map(PAGE);
	big = alloc_and_map(256 * PAGE);
	ck_assert(read_registered(small.addr, PAGE, 0));
	ck_assert(!read_registered(big.addr, PAGE, 0));
	ck_assert(!read_registered((char *)big.addr + 255 * PAGE, PAGE, 0));
	ck_assert_int_eq(nr_populated, 1);
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
			blkio_unmap_mem_region(fixture.b, &r[i]);
			blkio_free_mem_region(fixture.b, &r[i]);
		}
	}
	return nothing;
}

static void read_while_others_map(void (*configure)(struct blkio *b))
{
	struct blkio_mem_region mine;
	pthread_t thread;
	int hits = 0;

	if (!bufs_start(configure))
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
	read_while_others_map(bufs_single_issuer);
}
END_TEST

static Suite *bufs_suite(void)
{
	const TTest *const tests[] = {
		a_buffer_is_found_from_its_first_byte_to_its_last,
		each_region_has_an_index_of_its_own,
		requests_in_a_region_use_it,
		nothing_is_registered_if_nobody_wants_that,
		the_page_cache_is_for_processors_that_copy_fast,
		direct_io_always_gains,
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

	return SUITE_WITH("registered buffers", tests, NULL, bufs_tear_down);
}

Suite *(*const test_suites[])(void) = { bufs_suite, NULL };
