// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A PCI function that breaks the rules: what it says is checked, nothing it does makes us wait for
 * ever, and the text names what was wrong.
 */
#include <time.h>

#include "tests/unit/pci_fixture.h"

static uint8_t *cap(uint8_t at)
{
	return fake_pci.config + at;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* ---- the list of capabilities ---- */

START_TEST(a_list_with_a_cycle_ends)
{
	cap(FAKE_PCI_CAP_DEVICE)[1] = FAKE_PCI_CAP_MSIX;
	assert_connect_fails(-EPROTO, "has a cycle at 0x40");
}
END_TEST

START_TEST(a_capability_that_follows_itself_is_a_cycle)
{
	cap(FAKE_PCI_CAP_MSIX)[1] = FAKE_PCI_CAP_MSIX;
	assert_connect_fails(-EPROTO, "has a cycle at 0x40");
}
END_TEST

START_TEST(a_link_into_the_header_is_refused)
{
	cap(FAKE_PCI_CAP_NOTIFY)[1] = 0x10;
	assert_connect_fails(-EPROTO, "leaves its part of the configuration space at 0x10");
}
END_TEST

START_TEST(a_list_as_long_as_there_is_room_is_walked)
{
	/* All other places are links, and the real list is at the end of them. */
	for (unsigned int at = 0xa0; at < 0xfc; at += 4) {
		fake_pci.config[at] = 0x05;
		fake_pci.config[at + 1] = (uint8_t)(at + 4);
	}
	fake_pci.config[0xfc] = 0x05;
	fake_pci.config[0xfd] = FAKE_PCI_CAP_MSIX;
	fake_pci.config[0x34] = 0xa0;
	pci_connect();
}
END_TEST

START_TEST(the_low_bits_of_links_mean_nothing)
{
	fake_pci.config[0x34] |= 3;
	cap(FAKE_PCI_CAP_MSIX)[1] |= 1;
	pci_connect();
}
END_TEST

START_TEST(a_function_without_a_list_is_a_legacy_device)
{
	fake_pci.config[6] = 0;
	assert_connect_fails(-ENOTSUP, "no common configuration structure: it is a legacy device");
}
END_TEST

START_TEST(a_capability_at_the_very_end_is_not_read_beyond_it)
{
	cap(FAKE_PCI_CAP_DEVICE)[1] = 0xfc;
	fake_pci.config[0xfc] = 9; /* vendor, but without room for one of virtio's */
	pci_connect();
}
END_TEST

START_TEST(a_capability_longer_than_what_is_left_is_refused)
{
	memcpy(cap(0xf0), cap(FAKE_PCI_CAP_DEVICE), 16);
	cap(FAKE_PCI_CAP_DEVICE)[1] = 0xf0;
	cap(0xf0)[2] = 17;
	assert_connect_fails(-EPROTO, "at 0xf0 has 17 bytes: more than are left");
}
END_TEST

/* ---- virtio structures ---- */

static const struct {
	uint8_t at;
	const char *missing;
} parts[] = {
	{ FAKE_PCI_CAP_COMMON, "common configuration" },
	{ FAKE_PCI_CAP_NOTIFY, "notify" },
	{ FAKE_PCI_CAP_DEVICE, "device configuration" },
};

START_TEST(each_structure_is_needed)
{
	cap(parts[_i].at)[3] = 99;
	assert_connect_fails(-ENOTSUP, parts[_i].missing);
}
END_TEST

START_TEST(a_structure_in_a_reserved_bar_is_none)
{
	cap(parts[_i].at)[4] = 6;
	assert_connect_fails(-ENOTSUP, parts[_i].missing);
}
END_TEST

START_TEST(a_structure_that_leaves_its_bar_is_refused)
{
	put32(cap(parts[_i].at) + 8, FAKE_PCI_BAR_BYTES - 16);
	put32(cap(parts[_i].at) + 12, 0x40);
	assert_connect_fails(-EPROTO, "64 bytes at 0x3ff0 of BAR 4, which has 16384");
}
END_TEST

START_TEST(an_offset_that_overflows_is_refused)
{
	put32(cap(parts[_i].at) + 8, 0xffffffc0);
	put32(cap(parts[_i].at) + 12, 0x80);
	assert_connect_fails(-EPROTO, "is invalid: 128 bytes at 0xffffffc0");
}
END_TEST

START_TEST(a_structure_that_is_too_small_is_refused)
{
	put32(cap(parts[_i].at) + 12, 1);
	assert_connect_fails(-EPROTO, "is invalid: 1 bytes");
}
END_TEST

START_TEST(a_structure_in_a_bar_that_does_not_exist_is_refused)
{
	cap(parts[_i].at)[4] = 3;
	assert_connect_fails(-EPROTO, "of BAR 3, which has 0");
}
END_TEST

START_TEST(the_first_of_two_structures_counts)
{
	memcpy(cap(0xa0), cap(FAKE_PCI_CAP_COMMON), 16);
	put32(cap(0xa0) + 8, 0x2000);
	cap(0xa0)[1] = 0;
	cap(FAKE_PCI_CAP_DEVICE)[1] = 0xa0;
	pci_connect();
}
END_TEST

START_TEST(a_notify_capability_without_a_multiplier_is_refused)
{
	cap(FAKE_PCI_CAP_NOTIFY)[2] = 16;
	assert_connect_fails(-EPROTO, "the notify capability of 0000:00:01.0 has only 16 bytes");
}
END_TEST

/* ---- MSI-X ---- */

START_TEST(an_msix_table_that_leaves_its_bar_is_refused)
{
	put32(cap(FAKE_PCI_CAP_MSIX) + 4, 0xff8 | FAKE_PCI_MSIX_BAR);
	assert_connect_fails(-EPROTO, "the MSI-X table of 0000:00:01.0 is invalid: 128 bytes");
}
END_TEST

START_TEST(an_msix_pba_that_leaves_its_bar_is_refused)
{
	put32(cap(FAKE_PCI_CAP_MSIX) + 8, 0x1000 | FAKE_PCI_MSIX_BAR);
	assert_connect_fails(-EPROTO, "the MSI-X PBA");
}
END_TEST

START_TEST(an_msix_table_in_a_reserved_bar_is_refused)
{
	put32(cap(FAKE_PCI_CAP_MSIX) + 4, 7);
	assert_connect_fails(-EPROTO, "at 0x0 of BAR 7");
}
END_TEST

START_TEST(a_vector_that_the_device_does_not_take_fails_start)
{
	fake_pci.takes_no_vector = true;
	pci_connect();
	assert_start_fails(-EIO, "does not take interrupt vector");
}
END_TEST

/* ---- life ---- */

START_TEST(a_reset_that_never_ends_fails_in_time)
{
	fake_pci.status = 15;
	fake_pci.reset_never_ends = true;
	assert_connect_fails(-ETIMEDOUT, "does not finish its reset");
	/* The last resort was the kernel's reset of the function. */
	ck_assert_uint_eq(fake_pci.function_resets, 2);
}
END_TEST

START_TEST(destroy_ends_although_a_reset_does_not)
{
	pci_start(2, 1);
	fake_pci.reset_never_ends = true;
	blkio_destroy(&b);
	ck_assert_uint_eq(fake_pci.function_resets, 2);
	ck_assert(!fake_pci.master);
}
END_TEST

START_TEST(a_device_that_was_pulled_out_is_not_waited_for)
{
	time_t start = time(NULL);

	ck_assert_int_eq(blkio_set_int(b, "connect-timeout-ms", 20000), 0);
	pci_start(1, 0);
	fake_pci.pulled_out = true;
	blkio_destroy(&b);
	ck_assert_int_lt(time(NULL) - start, 10);
}
END_TEST

START_TEST(queue_reset_is_not_used_where_it_has_no_register)
{
	fake_pci.features |= UINT64_C(1) << 40;
	put32(cap(FAKE_PCI_CAP_COMMON) + 12, 0x38);
	pci_connect();
	ck_assert(!(fake_pci.driver_features >> 40 & 1));
}
END_TEST

START_TEST(a_queue_reset_that_never_ends_is_given_up)
{
	fake_pci.features |= UINT64_C(1) << 40;
	fake_pci.queue_reset_never_ends = true;
	pci_start(2, 0);
	ck_assert_int_eq(blkio_remove_queue(b, 1), 0);
}
END_TEST

START_TEST(features_that_the_device_takes_back_fail_connect)
{
	fake_pci.refuses_features = true;
	assert_connect_fails(-ENOTSUP, "does not accept the features 0x");
}
END_TEST

START_TEST(a_device_that_needs_a_reset_at_once_fails_start)
{
	fake_pci.does_not_start = true;
	pci_connect();
	assert_start_fails(-EIO, "does not start (its status is 0x4f)");
}
END_TEST

START_TEST(a_configuration_that_changes_all_the_time_is_refused)
{
	fake_pci.always_changes = true;
	assert_connect_fails(-EPROTO, "changes all the time");
}
END_TEST

/* ---- queues ---- */

START_TEST(a_device_without_queues_is_refused)
{
	fake_pci.nr_queues = 0;
	assert_connect_fails(-EPROTO, "0000:00:01.0 has 0 queues");
}
END_TEST

START_TEST(a_queue_size_of_0_is_refused)
{
	fake_pci.queue[0].size = 0;
	fake_pci.nr_queues = FAKE_PCI_QUEUES;
	pci_connect(); /* the reset brought the size back */
	fake_pci.queue[1].size = 0;
	ck_assert_int_eq(blkio_set_int(b, "num-queues", 2), 0);
	assert_start_fails(-EINVAL, "queue 1 of 0000:00:01.0 has at most 0 descriptors, not 256");
}
END_TEST

START_TEST(a_queue_size_that_is_no_power_of_two_is_rounded_down)
{
	pci_connect();
	fake_pci.queue[0].size = 255;
	assert_start_fails(-EINVAL, "at most 128 descriptors, not 256");
}
END_TEST

START_TEST(a_queue_size_beyond_the_largest_is_refused)
{
	pci_connect();
	fake_pci.queue[0].size = 65535;
	assert_start_fails(-EPROTO, "queue 0 of 0000:00:01.0 has 65535 descriptors, more than");
}
END_TEST

START_TEST(a_queue_that_is_enabled_before_its_time_is_refused)
{
	pci_connect();
	fake_pci.queue[0].enabled = 1;
	assert_start_fails(-EPROTO, "queue 0 of 0000:00:01.0 is enabled after a reset");
}
END_TEST

START_TEST(a_doorbell_outside_the_notify_structure_is_refused)
{
	pci_connect();
	fake_pci.queue[0].notify_off = 0x400;
	assert_start_fails(-EPROTO, "the doorbell of queue 0 of 0000:00:01.0 is at 0x1000");
}
END_TEST

START_TEST(an_odd_doorbell_is_refused)
{
	put32(cap(FAKE_PCI_CAP_NOTIFY) + 16, 1);
	pci_connect();
	fake_pci.queue[0].notify_off = 3;
	assert_start_fails(-EPROTO, "the doorbell of queue 0 of 0000:00:01.0 is at 0x3");
}
END_TEST

START_TEST(a_multiplier_that_overflows_is_refused)
{
	put32(cap(FAKE_PCI_CAP_NOTIFY) + 16, 0xffffffff);
	pci_connect();
	fake_pci.queue[0].notify_off = 0xffff;
	assert_start_fails(-EPROTO, "outside its 4096 bytes for doorbells");
}
END_TEST

static Suite *rules_suite(void)
{
	const TTest *const tests[] = {
		a_list_with_a_cycle_ends,
		a_capability_that_follows_itself_is_a_cycle,
		a_link_into_the_header_is_refused,
		a_list_as_long_as_there_is_room_is_walked,
		the_low_bits_of_links_mean_nothing,
		a_function_without_a_list_is_a_legacy_device,
		a_capability_at_the_very_end_is_not_read_beyond_it,
		a_capability_longer_than_what_is_left_is_refused,
		the_first_of_two_structures_counts,
		a_notify_capability_without_a_multiplier_is_refused,
		an_msix_table_that_leaves_its_bar_is_refused,
		an_msix_pba_that_leaves_its_bar_is_refused,
		an_msix_table_in_a_reserved_bar_is_refused,
		a_vector_that_the_device_does_not_take_fails_start,
		a_reset_that_never_ends_fails_in_time,
		destroy_ends_although_a_reset_does_not,
		a_device_that_was_pulled_out_is_not_waited_for,
		queue_reset_is_not_used_where_it_has_no_register,
		a_queue_reset_that_never_ends_is_given_up,
		features_that_the_device_takes_back_fail_connect,
		a_device_that_needs_a_reset_at_once_fails_start,
		a_configuration_that_changes_all_the_time_is_refused,
		a_device_without_queues_is_refused,
		a_queue_size_of_0_is_refused,
		a_queue_size_that_is_no_power_of_two_is_rounded_down,
		a_queue_size_beyond_the_largest_is_refused,
		a_queue_that_is_enabled_before_its_time_is_refused,
		a_doorbell_outside_the_notify_structure_is_refused,
		an_odd_doorbell_is_refused,
		a_multiplier_that_overflows_is_refused,
	};

	return SUITE_WITH("vfio-pci, hostile", tests, pci_set_up, pci_tear_down);
}

static Suite *parts_suite(void)
{
	const TTest *const tests[] = {
		each_structure_is_needed,
		a_structure_in_a_reserved_bar_is_none,
		a_structure_that_leaves_its_bar_is_refused,
		an_offset_that_overflows_is_refused,
		a_structure_that_is_too_small_is_refused,
		a_structure_in_a_bar_that_does_not_exist_is_refused,
	};

	return suite_of_loops("vfio-pci, structures", tests, array_len(tests), array_len(parts),
			      pci_set_up, pci_tear_down);
}

Suite *(*const test_suites[])(void) = { rules_suite, parts_suite, NULL };
