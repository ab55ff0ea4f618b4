// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk-vfio-pci on a fake device: interrupt vectors, the end of a device, doorbells, a
 * request.
 */
#include <linux/vfio.h>
#include <poll.h>
#include <unistd.h>

#include "drivers/vfio_pci/interrupts.h"
#include "tests/fakes/fake_device.h"
#include "tests/unit/pci_fixture.h"

#define RING_PACKED (UINT64_C(1) << 34)

static void signal_fd(int fd)
{
	uint64_t one = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
}

/* ---- interrupts ---- */

static void change_config(void)
{
	signal_fd(fake_pci.irq_fd[VFIO_PCI_MSIX_IRQ_INDEX][0]);
}

START_TEST(each_queue_has_a_vector_and_the_configuration_has_one)
{
	const int *fd = fake_pci.irq_fd[VFIO_PCI_MSIX_IRQ_INDEX];

	pci_start(2, 2);
	ck_assert_uint_eq(fake_pci.config_vector, 0);
	ck_assert_int_ge(fd[0], 0);
	for (int i = 0; i < 2; i++) {
		struct blkioq *q = blkio_get_queue(b, i);

		ck_assert_uint_eq(fake_pci.queue[i].vector, i + 1);
		ck_assert_int_eq(fd[i + 1], blkioq_get_completion_fd(q));
	}
	/* Nobody sleeps on poll queues. */
	ck_assert_uint_eq(fake_pci.queue[2].vector, 0xffff);
	ck_assert_uint_eq(fake_pci.queue[3].vector, 0xffff);
	ck_assert_uint_eq(fake_pci.irq_allocated, 3);
}
END_TEST

START_TEST(queues_come_before_the_configuration_when_vectors_are_few)
{
	fake_pci.msix_vectors = 2;
	pci_start(2, 0);
	ck_assert_uint_eq(fake_pci.queue[0].vector, 0);
	ck_assert_uint_eq(fake_pci.queue[1].vector, 1);
	ck_assert_uint_eq(fake_pci.config_vector, 0xffff);
}
END_TEST

START_TEST(the_last_queues_share_a_vector_when_there_are_not_enough)
{
	fake_pci.msix_vectors = 2;
	pci_start(3, 1);
	ck_assert_uint_eq(fake_pci.config_vector, 0);
	ck_assert_uint_eq(fake_pci.queue[0].vector, 1);
	ck_assert_uint_eq(fake_pci.queue[1].vector, 0);
	ck_assert_uint_eq(fake_pci.queue[2].vector, 0);
	ck_assert_uint_eq(fake_pci.queue[3].vector, 0xffff);
}
END_TEST

/* Two queues on one vector, each with a request in flight. */
static void start_sharers(struct pollfd pfd[2])
{
	struct blkio_mem_region r;

	fake_pci.msix_vectors = 1;
	pci_start(2, 0);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 4096), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	for (int i = 0; i < 2; i++) {
		struct blkioq *q = blkio_get_queue(b, i);

		pfd[i] = (struct pollfd) { .fd = blkioq_get_completion_fd(q), .events = POLLIN };
		blkioq_read(q, 0, r.addr, 512, NULL, 0);
		ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	}
}

START_TEST(a_shared_vector_wakes_all_its_queues_each_time)
{
	struct pollfd pfd[2];
	struct blkio_completion c;

	start_sharers(pfd);
	/* As an application would: sleep, take the event, look. */
	for (int n = 0; n < 1000; n++) {
		change_config();
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(poll(&pfd[i], 1, 5000), 1);
			(void)count_events(pfd[i].fd);
			ck_assert_int_eq(blkioq_do_io(blkio_get_queue(b, i), &c, 0, 1, NULL), 0);
		}
	}
}
END_TEST

START_TEST(a_sharer_that_has_not_looked_yet_is_woken_by_the_one_who_looks)
{
	struct pollfd pfd[2];
	struct blkio_completion c;

	start_sharers(pfd);
	change_config();
	ck_assert_int_eq(poll(&pfd[1], 1, 5000), 1);
	(void)count_events(pfd[1].fd);
	/* This one could be for the second queue, whose watch is used up; the first one takes it.
	 */
	change_config();
	ck_assert_int_eq(blkioq_do_io(blkio_get_queue(b, 0), &c, 0, 1, NULL), 0);
	ck_assert_int_eq(poll(&pfd[1], 1, 5000), 1);
}
END_TEST

START_TEST(a_change_of_the_configuration_is_told_once)
{
	struct vfio_dev d;
	struct virtio_pci pci;
	struct interrupts irq;

	vfio_init(&d, &fake_pci_sys);
	interrupts_init(&irq);
	ck_assert_int_eq(vfio_open(&d, fake_pci_sysfs("vfio-pci", "7", false)), 0);
	ck_assert_int_eq(virtio_pci_open(&pci, &d, 1000000), 0);
	ck_assert_int_eq(interrupts_open(&irq, &d, &pci, FAKE_PCI_VECTORS, 1), 0);
	ck_assert_int_eq(interrupts_start(&irq, 1), 0);
	ck_assert(!interrupts_take_changed(&irq));
	change_config();
	ck_assert(interrupts_is_alive(&irq)); /* whoever sees it first, it is not lost */
	ck_assert(interrupts_take_changed(&irq));
	ck_assert(!interrupts_take_changed(&irq));
	change_config();
	ck_assert(interrupts_take_changed(&irq));
	interrupts_close(&irq);
	virtio_pci_close(&pci);
	vfio_close(&d);
}
END_TEST

START_TEST(without_any_vector_only_poll_queues_are_possible)
{
	fake_pci.msix_vectors = 0;
	pci_connect();
	assert_start_fails(-ENOTSUP, "has no MSI-X vectors: set num-queues to 0");
}
END_TEST

START_TEST(poll_queues_need_no_vector_at_all)
{
	fake_pci.msix_vectors = 0;
	pci_start(0, 4);
}
END_TEST

/* What a request in flight becomes when something comes; the buffer is one block. */
static struct blkio_completion complete_after(void (*event)(void))
{
	struct blkio_completion c = { .ret = 1 };
	struct blkioq *q = blkio_get_queue(b, 0);
	struct blkio_mem_region r;
	struct timespec second = { .tv_sec = 5 };

	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 4096), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	blkioq_read(q, 0, r.addr, 512, NULL, 0);
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	event();
	ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, &second), 1);
	return c;
}

static void remove_device(void)
{
	signal_fd(fake_pci.irq_fd[VFIO_PCI_REQ_IRQ_INDEX][0]);
}

static void report_bus_error(void)
{
	signal_fd(fake_pci.irq_fd[VFIO_PCI_ERR_IRQ_INDEX][0]);
}

static void need_reset(void)
{
	fake_pci.status |= 64;
	signal_fd(fake_pci.irq_fd[VFIO_PCI_MSIX_IRQ_INDEX][0]);
}

static void pull_out(void)
{
	fake_pci.pulled_out = true;
	signal_fd(fake_pci.irq_fd[VFIO_PCI_MSIX_IRQ_INDEX][0]);
}

static void (*const ends[])(void) = { remove_device, report_bus_error, need_reset, pull_out };

START_TEST(when_the_device_ends_requests_in_flight_end_with_an_error)
{
	struct blkio_completion c;

	pci_start(1, 0);
	c = complete_after(ends[_i]);
	ck_assert_int_eq(c.ret, -ENOTCONN);
	ck_assert_str_eq(c.error_msg, "the connection to the device is lost");
}
END_TEST

START_TEST(those_who_sleep_on_a_completion_fd_hear_of_the_end)
{
	struct pollfd pfd = { .events = POLLIN };

	pci_start(2, 0);
	pfd.fd = blkioq_get_completion_fd(blkio_get_queue(b, 1));
	(void)count_events(pfd.fd);
	ends[_i]();
	ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
}
END_TEST

START_TEST(changes_of_the_configuration_are_no_end_however_many)
{
	struct pollfd pfd = { .events = POLLIN };
	struct blkio_mem_region r;
	struct blkio_completion c;

	pci_start(2, 0);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 4096), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	/* Who has nothing in flight does not look. */
	for (int i = 0; i < 2; i++)
		blkioq_read(blkio_get_queue(b, i), 0, r.addr, 512, NULL, 0);
	for (int i = 0; i < 1000; i++) {
		change_config();
		ck_assert_int_eq(blkioq_do_io(blkio_get_queue(b, i % 2), &c, 0, 1, NULL), 0);
	}
	/* And the end is still noticed, by those who sleep after they have looked, too. */
	pfd.fd = blkioq_get_completion_fd(blkio_get_queue(b, 1));
	(void)count_events(pfd.fd);
	ck_assert_int_eq(blkioq_do_io(blkio_get_queue(b, 1), &c, 0, 1, NULL), 0);
	remove_device();
	ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
	ck_assert_int_eq(blkioq_do_io(blkio_get_queue(b, 1), &c, 1, 1, NULL), 1);
	ck_assert_int_eq(c.ret, -ENOTCONN);
}
END_TEST

START_TEST(without_an_interrupt_the_need_of_a_reset_is_seen_by_polling)
{
	struct blkioq *q;
	struct blkio_completion c;
	struct blkio_mem_region r;
	int n = 0;

	fake_pci.msix_vectors = 1;
	pci_start(1, 0);
	q = blkio_get_queue(b, 0);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 4096), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	blkioq_read(q, 0, r.addr, 512, NULL, 0);
	fake_pci.status |= 64;
	for (int i = 0; i < 10000 && n == 0; i++)
		n = blkioq_do_io(q, &c, 0, 1, NULL);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(c.ret, -ENOTCONN);
}
END_TEST

/* ---- requests ---- */

static struct fake_device device_of(int queue, bool packed)
{
	const struct fake_pci_queue *q = &fake_pci.queue[queue];
	const struct fake_pci_map *rings = &fake_pci.maps[0];

	return (struct fake_device) {
		.kind = { .packed = packed, .indirect = true, .event_idx = true },
		.size = q->size,
		.desc = fake_pci_memory(q->desc, 16),
		.driver = fake_pci_memory(q->driver, 4),
		.device = fake_pci_memory(q->device, 4),
		.mem = (uint8_t *)(uintptr_t)rings->addr,
		.mem_iova = rings->iova,
		.mem_bytes = rings->len,
	};
}

static const struct {
	bool packed, mapped;
} doors[] = { { false, true }, { false, false }, { true, true }, { true, false } };

START_TEST(a_read_rings_the_doorbell_of_its_queue_and_completes)
{
	bool packed = doors[_i].packed;
	struct fake_chain chain;
	struct fake_device dev;
	struct blkio_completion c;
	struct blkio_mem_region r;
	struct blkioq *q;
	unsigned int kicks;

	fake_pci.cannot_mmap = !doors[_i].mapped;
	if (packed)
		fake_pci.features |= RING_PACKED;
	pci_start(4, 0);
	kicks = fake_pci.kicks_by_call;
	dev = device_of(3, packed);
	q = blkio_get_queue(b, 3);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 4096), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	blkioq_read(q, 512, r.addr, 512, tag(7), 0);
	ck_assert_uint_eq(fake_pci.doorbells[3 * 2], 0xffff); /* nothing before do_io */
	ck_assert_int_eq(blkioq_do_io(q, NULL, 0, 0, NULL), 0);
	ck_assert_uint_eq(fake_pci.doorbells[3 * 2], 3);
	ck_assert_uint_eq(fake_pci.kicks_by_call - kicks, doors[_i].mapped ? 0 : 1);

	ck_assert(fake_device_pop(&dev, &chain));
	ck_assert_uint_eq(chain.n, 3);
	ck_assert_ptr_eq(fake_pci_memory(chain.segs[1].addr, 512), r.addr);
	*(uint8_t *)fake_pci_memory(chain.segs[2].addr, 1) = 0;
	fake_device_use(&dev, &chain, 513);
	ck_assert_int_eq(blkioq_do_io(q, &c, 1, 1, NULL), 1);
	ck_assert_int_eq(c.ret, 0);
	ck_assert_ptr_eq(c.user_data, tag(7));
}
END_TEST

static Suite *interrupt_suite(void)
{
	const TTest *const tests[] = {
		each_queue_has_a_vector_and_the_configuration_has_one,
		queues_come_before_the_configuration_when_vectors_are_few,
		the_last_queues_share_a_vector_when_there_are_not_enough,
		a_shared_vector_wakes_all_its_queues_each_time,
		a_sharer_that_has_not_looked_yet_is_woken_by_the_one_who_looks,
		a_change_of_the_configuration_is_told_once,
		without_any_vector_only_poll_queues_are_possible,
		poll_queues_need_no_vector_at_all,
		changes_of_the_configuration_are_no_end_however_many,
		without_an_interrupt_the_need_of_a_reset_is_seen_by_polling,
	};

	return SUITE_WITH("vfio-pci, interrupts", tests, pci_set_up, pci_tear_down);
}

static Suite *ends_suite(void)
{
	const TTest *const tests[] = {
		when_the_device_ends_requests_in_flight_end_with_an_error,
		those_who_sleep_on_a_completion_fd_hear_of_the_end,
	};

	return suite_of_loops("vfio-pci, ends", tests, array_len(tests), array_len(ends),
			      pci_set_up, pci_tear_down);
}

static Suite *doors_suite(void)
{
	const TTest *const tests[] = { a_read_rings_the_doorbell_of_its_queue_and_completes };

	return suite_of_loops("vfio-pci, doorbells", tests, 1, array_len(doors), pci_set_up,
			      pci_tear_down);
}

Suite *(*const test_suites[])(void) = { interrupt_suite, ends_suite, doors_suite, NULL };
