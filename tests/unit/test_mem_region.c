// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lib/mem_region.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/fake_driver.h"
#include "tests/unit/unit.h"

#define PAGE 4096

static struct fake *f;
static struct blkio *b;
static int fds_at_start;

static void set_up(void)
{
	fds_at_start = count_open_fds();
	f = fake_create();
	b = &f->b;
}

static void set_up_started(void)
{
	set_up();
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(blkio_start(b), 0);
}

/* Whatever a test leaves allocated or mapped, destroy frees. */
static void tear_down(void)
{
	fake_destroy(f);
	ck_assert_int_eq(count_open_fds(), fds_at_start);
}

static struct blkio_mem_region alloc(size_t len)
{
	struct blkio_mem_region r;

	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, len), 0);
	return r;
}

/* A region at an address that nobody looks at: the fake does not. */
static struct blkio_mem_region region_at(uintptr_t addr, size_t len)
{
	return (struct blkio_mem_region) { .addr = (void *)addr, .len = len, .fd = -1 };
}

static void map(const struct blkio_mem_region *r)
{
	ck_assert_int_eq(blkio_map_mem_region(b, r), 0);
	ck_assert_ptr_eq(f->last_region.addr, r->addr);
}

/* Whether there is memory of the library at an address; there may be other memory later. */
static bool is_memory(const void *addr)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t from, to, at = (uintptr_t)addr;
	bool found = false;
	char line[512];

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "memfd:blkio") &&
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2)
			found |= from <= at && at < to;
	}
	fclose(maps);
	return found;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- alloc and free ---- */

START_TEST(memory_is_allocated_from_connect_on)
{
	struct blkio_mem_region r;

	ck_assert_error(blkio_alloc_mem_region(b, &r, PAGE), -ENODEV, "must be connected");
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, PAGE), 0);
}
END_TEST

START_TEST(the_length_must_be_a_multiple_of_the_alignment_and_not_0)
{
	struct blkio_mem_region r;

	ck_assert_error(blkio_alloc_mem_region(b, &r, 0), -EINVAL, "must not be 0");
	ck_assert_error(blkio_alloc_mem_region(b, &r, PAGE + 1), -EINVAL, "mem-region-alignment");
	ck_assert_error(blkio_alloc_mem_region(b, &r, 1), -EINVAL, "mem-region-alignment (4096)");
}
END_TEST

START_TEST(an_allocated_region_is_shared_zeroed_memory_of_exactly_that_length)
{
	struct blkio_mem_region r = alloc(3 * PAGE);
	struct stat st;
	char *bytes = r.addr;
	char byte;

	ck_assert_uint_eq(r.len, 3 * PAGE);
	ck_assert_uint_eq(r.iova, 0);
	ck_assert_int_eq(r.fd_offset, 0);
	ck_assert_uint_eq(r.flags, 0);
	ck_assert_uint_eq((uintptr_t)r.addr % PAGE, 0);
	ck_assert_int_eq(fstat(r.fd, &st), 0);
	ck_assert_int_eq(st.st_size, 3 * PAGE);
	ck_assert_int_eq(bytes[2 * PAGE], 0);
	bytes[2 * PAGE] = 'x';
	ck_assert_int_eq(pread(r.fd, &byte, 1, 2 * PAGE), 1);
	ck_assert_int_eq(byte, 'x');
}
END_TEST

START_TEST(any_length_is_allocated_where_the_alignment_is_1)
{
	b->limits.mem_region_alignment = 1;
	ck_assert_uint_eq(alloc(1).len, 1);
	ck_assert_uint_eq(alloc(12345).len, 12345);
}
END_TEST

START_TEST(the_memfd_is_sealed_and_closed_on_exec)
{
	struct blkio_mem_region r = alloc(PAGE);
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

	ck_assert_int_eq(fcntl(r.fd, F_GET_SEALS) & seals, seals);
	ck_assert_int_eq(fcntl(r.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(ftruncate(r.fd, 0), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(more_memory_than_there_is_is_enomem)
{
	static const size_t lens[] = { (size_t)1 << 62, (size_t)1 << 63, SIZE_MAX - PAGE + 1 };
	struct blkio_mem_region r = region_at(PAGE, 7);

	for (size_t i = 0; i < array_len(lens); i++) {
		errno = EINTR; /* is of no importance: no call has failed with it */
		ck_assert_error(blkio_alloc_mem_region(b, &r, lens[i]), -ENOMEM, "cannot ");
		ck_assert_uint_eq(r.len, 7);
		ck_assert_int_eq(count_open_fds(), fds_at_start + 1);
	}
}
END_TEST

START_TEST(free_gives_memory_and_fd_back)
{
	struct blkio_mem_region r = alloc(PAGE);

	blkio_free_mem_region(b, &r);
	ck_assert(!is_memory(r.addr));
	ck_assert(!is_open(r.fd));
}
END_TEST

START_TEST(free_of_a_region_that_is_not_allocated_only_leaves_a_text)
{
	struct blkio_mem_region r = alloc(PAGE);
	struct blkio_mem_region wrong = r;

	wrong.len = 2 * PAGE;
	blkio_free_mem_region(b, &wrong);
	ck_assert(strstr(blkio_get_error_msg(), "not allocated: nothing was freed"));
	ck_assert(is_memory(r.addr));
	ck_assert(is_open(r.fd));
}
END_TEST

START_TEST(free_twice_only_leaves_a_text)
{
	struct blkio_mem_region r = alloc(PAGE);
	int other;

	blkio_free_mem_region(b, &r);
	other = dup(STDOUT_FILENO); /* may well be the number of the fd that was closed */
	blkio_free_mem_region(b, &r);
	ck_assert(strstr(blkio_get_error_msg(), "not allocated"));
	ck_assert(is_open(other));
	close(other);
}
END_TEST

START_TEST(free_of_a_mapped_region_only_leaves_a_text)
{
	struct blkio_mem_region r = alloc(PAGE);

	map(&r);
	blkio_free_mem_region(b, &r);
	ck_assert(strstr(blkio_get_error_msg(), "still mapped: nothing was freed"));
	ck_assert(is_memory(r.addr));
	ck_assert_int_eq(f->unmaps, 0);
	blkio_unmap_mem_region(b, &r);
	blkio_free_mem_region(b, &r);
	ck_assert(!is_memory(r.addr));
}
END_TEST

START_TEST(free_of_memory_that_the_application_mapped_only_leaves_a_text)
{
	struct blkio_mem_region r = region_at(0x10000, PAGE);

	map(&r);
	blkio_free_mem_region(b, &r);
	ck_assert(strstr(blkio_get_error_msg(), "not allocated"));
	blkio_unmap_mem_region(b, &r);
	ck_assert_int_eq(f->unmaps, 1);
}
END_TEST

START_TEST(destroy_frees_what_is_allocated_and_mapped)
{
	struct blkio_mem_region r[20];

	for (size_t i = 0; i < array_len(r); i++)
		r[i] = alloc(PAGE);
	map(&r[3]);
	fake_destroy(f);
	for (size_t i = 0; i < array_len(r); i++)
		ck_assert(!is_memory(r[i].addr));
	ck_assert_int_eq(count_open_fds(), fds_at_start);
	set_up();
}
END_TEST

/* ---- map and unmap ---- */

START_TEST(memory_is_mapped_once_started)
{
	struct blkio_mem_region r = region_at(PAGE, PAGE);

	ck_assert_error(blkio_map_mem_region(b, &r), -ENODEV, "must be started");
	ck_assert_int_eq(blkio_connect(b), 0);
	ck_assert_error(blkio_map_mem_region(b, &r), -EBUSY, "must be started");
	ck_assert_int_eq(blkio_start(b), 0);
	map(&r);
}
END_TEST

START_TEST(a_driver_that_needs_regions_says_ebusy_before_connect)
{
	struct blkio_mem_region r = region_at(PAGE, PAGE);

	b->limits.needs_mem_regions = true;
	ck_assert_error(blkio_map_mem_region(b, &r), -EBUSY, "must be started");
}
END_TEST

START_TEST(address_and_length_must_be_aligned)
{
	struct blkio_mem_region addr = region_at(PAGE + 512, PAGE), len = region_at(PAGE, 512);

	ck_assert_error(blkio_map_mem_region(b, &addr), -EINVAL, "mem-region-alignment (4096)");
	ck_assert_error(blkio_map_mem_region(b, &len), -EINVAL, "mem-region-alignment (4096)");
	ck_assert_int_eq(f->maps, 0);
}
END_TEST

START_TEST(a_region_that_wraps_around_is_refused)
{
	struct blkio_mem_region last = region_at((uintptr_t)0 - PAGE, 2 * PAGE);
	struct blkio_mem_region all = region_at(PAGE, (size_t)0 - PAGE);

	ck_assert_error(blkio_map_mem_region(b, &last), -EINVAL, "wraps around");
	ck_assert_error(blkio_map_mem_region(b, &all), -EINVAL, "wraps around");
}
END_TEST

START_TEST(a_region_is_mapped_once)
{
	struct blkio_mem_region r = alloc(PAGE);

	map(&r);
	ck_assert_error(blkio_map_mem_region(b, &r), -EINVAL, "already mapped");
	ck_assert_int_eq(f->maps, 1);
}
END_TEST

START_TEST(regions_must_not_overlap)
{
	struct blkio_mem_region r = region_at(4 * PAGE, 4 * PAGE);
	const struct blkio_mem_region bad[] = {
		region_at(3 * PAGE, 2 * PAGE), region_at(7 * PAGE, 2 * PAGE),
		region_at(5 * PAGE, PAGE),     region_at(3 * PAGE, 6 * PAGE),
		region_at(4 * PAGE, 3 * PAGE), region_at(5 * PAGE, 3 * PAGE),
	};
	struct blkio_mem_region same = r;

	same.iova = 1;
	map(&r);
	for (size_t i = 0; i < array_len(bad); i++)
		ck_assert_error(blkio_map_mem_region(b, &bad[i]), -EINVAL, "overlaps the one");
	ck_assert_error(blkio_map_mem_region(b, &same), -EINVAL, "overlaps the one");
	ck_assert_int_eq(f->maps, 1);
}
END_TEST

START_TEST(neighbours_do_not_overlap)
{
	struct blkio_mem_region r = region_at(4 * PAGE, 4 * PAGE);
	struct blkio_mem_region before = region_at(3 * PAGE, PAGE),
				behind = region_at(8 * PAGE, PAGE);

	map(&r);
	map(&before);
	map(&behind);
}
END_TEST

START_TEST(an_allocated_but_unmapped_region_is_no_obstacle)
{
	struct blkio_mem_region r = alloc(4 * PAGE);
	struct blkio_mem_region half = r;

	half.len = 2 * PAGE;
	map(&half);
	ck_assert_error(blkio_map_mem_region(b, &r), -EINVAL, "overlaps");
	blkio_unmap_mem_region(b, &half);
	map(&r);
}
END_TEST

START_TEST(no_more_than_max_mem_regions_are_mapped)
{
	struct blkio_mem_region fifth = region_at(5 * PAGE, PAGE), first = region_at(PAGE, PAGE);

	for (int i = 1; i <= 4; i++)
		map(&(struct blkio_mem_region) {
			.addr = tag((uintptr_t)i * PAGE), .len = PAGE, .fd = -1 });
	ck_assert_error(blkio_map_mem_region(b, &fifth), -EINVAL,
			"already 4 memory regions are mapped (max-mem-regions)");
	blkio_unmap_mem_region(b, &first);
	map(&fifth);
}
END_TEST

START_TEST(unmap_wants_all_six_fields_as_they_were)
{
	struct blkio_mem_region r = alloc(PAGE);
	struct blkio_mem_region bad[6] = { r, r, r, r, r, r };

	bad[0].addr = (char *)r.addr + PAGE;
	bad[1].len++;
	bad[2].iova++;
	bad[3].fd_offset++;
	bad[4].fd++;
	bad[5].flags++;
	map(&r);
	for (size_t i = 0; i < array_len(bad); i++)
		blkio_unmap_mem_region(b, &bad[i]);
	ck_assert_int_eq(f->unmaps, 0);
	blkio_unmap_mem_region(b, &r);
	ck_assert_int_eq(f->unmaps, 1);
}
END_TEST

START_TEST(unmap_of_what_is_not_mapped_does_nothing)
{
	struct blkio_mem_region r = alloc(PAGE);

	blkio_unmap_mem_region(b, &r);
	map(&r);
	blkio_unmap_mem_region(b, &r);
	blkio_unmap_mem_region(b, &r);
	ck_assert_int_eq(f->unmaps, 1);
	ck_assert(is_memory(r.addr));
}
END_TEST

START_TEST(when_the_driver_cannot_map_the_region_is_not_mapped)
{
	struct blkio_mem_region mine = region_at(PAGE, PAGE), ours = alloc(PAGE);
	unsigned int entries = b->mem.len;

	f->map_ret = -EIO;
	ck_assert_error(blkio_map_mem_region(b, &mine), -EIO, "the fake does not map");
	ck_assert_error(blkio_map_mem_region(b, &ours), -EIO, "the fake does not map");
	ck_assert_uint_eq(b->mem.len, entries);
	blkio_unmap_mem_region(b, &mine);
	ck_assert_int_eq(f->unmaps, 0);
	f->map_ret = 0;
	map(&mine);
	map(&ours);
}
END_TEST

START_TEST(each_change_of_what_is_mapped_is_another_generation)
{
	struct blkio_mem_region r = alloc(PAGE);
	unsigned int seen = atomic_load(&b->mem.generation);

	ck_assert(mem_table_unchanged(&b->mem, seen));
	map(&r);
	ck_assert(!mem_table_unchanged(&b->mem, seen));
	seen = atomic_load(&b->mem.generation);
	blkio_unmap_mem_region(b, &r);
	ck_assert(!mem_table_unchanged(&b->mem, seen));
}
END_TEST

START_TEST(each_mapping_has_an_id_of_its_own)
{
	struct blkio_mem_region r = region_at(PAGE, PAGE);
	uint64_t id;

	map(&r);
	id = b->mem.entries[0].map_id;
	blkio_unmap_mem_region(b, &r);
	map(&r);
	ck_assert_uint_ne(b->mem.entries[0].map_id, id);
}
END_TEST

START_TEST(hundreds_of_rounds_leave_nothing_behind)
{
	b->limits.max_mem_regions = UINT64_MAX;
	for (int round = 0; round < 300; round++) {
		struct blkio_mem_region r[3] = { alloc(PAGE), alloc(2 * PAGE), alloc(PAGE) };

		for (int i = 0; i < 3; i++)
			map(&r[i]);
		for (int i = 0; i < 3; i++)
			blkio_unmap_mem_region(b, &r[(i + round) % 3]);
		for (int i = 0; i < 3; i++)
			blkio_free_mem_region(b, &r[(i * 2 + round) % 3]);
	}
	ck_assert_uint_eq(b->mem.len, 0);
	ck_assert_uint_eq(b->mem.nr_mapped, 0);
}
END_TEST

static Suite *created_suite(void)
{
	const TTest *const tests[] = {
		memory_is_allocated_from_connect_on,
		memory_is_mapped_once_started,
		a_driver_that_needs_regions_says_ebusy_before_connect,
	};

	return SUITE_WITH("memory regions, by state", tests, set_up, tear_down);
}

static Suite *alloc_suite(void)
{
	const TTest *const tests[] = {
		the_length_must_be_a_multiple_of_the_alignment_and_not_0,
		an_allocated_region_is_shared_zeroed_memory_of_exactly_that_length,
		any_length_is_allocated_where_the_alignment_is_1,
		the_memfd_is_sealed_and_closed_on_exec,
		more_memory_than_there_is_is_enomem,
		free_gives_memory_and_fd_back,
		free_of_a_region_that_is_not_allocated_only_leaves_a_text,
		free_twice_only_leaves_a_text,
		free_of_a_mapped_region_only_leaves_a_text,
		free_of_memory_that_the_application_mapped_only_leaves_a_text,
		destroy_frees_what_is_allocated_and_mapped,
	};

	return SUITE_WITH("alloc and free", tests, set_up_started, tear_down);
}

static Suite *map_suite(void)
{
	const TTest *const tests[] = {
		address_and_length_must_be_aligned,
		a_region_that_wraps_around_is_refused,
		a_region_is_mapped_once,
		regions_must_not_overlap,
		neighbours_do_not_overlap,
		an_allocated_but_unmapped_region_is_no_obstacle,
		no_more_than_max_mem_regions_are_mapped,
		unmap_wants_all_six_fields_as_they_were,
		unmap_of_what_is_not_mapped_does_nothing,
		when_the_driver_cannot_map_the_region_is_not_mapped,
		each_change_of_what_is_mapped_is_another_generation,
		each_mapping_has_an_id_of_its_own,
		hundreds_of_rounds_leave_nothing_behind,
	};

	return SUITE_WITH("map and unmap", tests, set_up_started, tear_down);
}

Suite *(*const test_suites[])(void) = { created_suite, alloc_suite, map_suite, NULL };
