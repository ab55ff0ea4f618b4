// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk-vfio-pci on a fake device: finding it, the two ways into VFIO, what is set up and
 * taken down, and what errors of the system become.
 */
#include "tests/unit/pci_fixture.h"
#include <linux/vfio.h>
#include <unistd.h>

#define RING_RESET  (UINT64_C(1) << 40)
#define RING_PACKED (UINT64_C(1) << 34)
#define IOAS_MAP    _IO(';', 0x85)
#define CDEV_BIND   _IO(';', 118)

static uint64_t get_u64(const char *name)
{
	uint64_t value = 0;

	ck_assert_int_eq(blkio_get_uint64(b, name, &value), 0);
	return value;
}

static bool get_bool(const char *name)
{
	bool value = false;

	ck_assert_int_eq(blkio_get_bool(b, name, &value), 0);
	return value;
}

/* ---- finding the function ---- */

START_TEST(without_a_path_connect_says_what_it_is)
{
	pci_set_path("");
	assert_connect_fails(-EINVAL, "/sys/bus/pci/devices/");
}
END_TEST

START_TEST(a_path_that_does_not_exist_is_enoent)
{
	pci_set_path("/sys/bus/pci/devices/none");
	assert_connect_fails(-ENOENT, "cannot find the PCI function '/sys/bus/pci/devices/none'");
}
END_TEST

START_TEST(a_path_that_is_no_directory_is_refused)
{
	pci_set_path("/dev/null");
	assert_connect_fails(-EINVAL, "'/dev/null' is no directory of a PCI function");
}
END_TEST

START_TEST(a_directory_of_something_else_is_refused)
{
	pci_set_path("/dev");
	assert_connect_fails(-EINVAL, "'/dev' is not named like a PCI function");
}
END_TEST

START_TEST(another_driver_is_named_with_what_to_do)
{
	pci_set_path(fake_pci_sysfs("virtio-pci", "7", false));
	assert_connect_fails(-EBUSY, "0000:00:01.0 has driver virtio-pci");
	ck_assert_ptr_nonnull(strstr(blkio_get_error_msg(), "echo vfio-pci >driver_override"));
	ck_assert_ptr_nonnull(strstr(blkio_get_error_msg(), "echo 0000:00:01.0 >driver/unbind"));
	ck_assert_ptr_nonnull(strstr(blkio_get_error_msg(), ">/sys/bus/pci/drivers_probe"));
}
END_TEST

START_TEST(no_driver_is_told_with_what_to_do)
{
	pci_set_path(fake_pci_sysfs(NULL, "7", false));
	assert_connect_fails(-ENXIO, "0000:00:01.0 has no driver");
	ck_assert_ptr_nonnull(strstr(blkio_get_error_msg(), ">/sys/bus/pci/drivers_probe"));
}
END_TEST

START_TEST(a_variant_of_the_vfio_driver_will_do)
{
	pci_set_path(fake_pci_sysfs("virtio_vfio_pci", "7", false));
	pci_connect();
}
END_TEST

START_TEST(a_function_without_an_iommu_is_told_what_to_switch_on)
{
	pci_set_path(fake_pci_sysfs("vfio-pci", NULL, false));
	assert_connect_fails(-ENODEV, "is in no IOMMU group");
}
END_TEST

START_TEST(another_kind_of_device_is_refused)
{
	fake_pci.config[2] = 0x41;
	assert_connect_fails(-EINVAL, "is 1af4:1041, but a virtio block device is 1af4:1042");
}
END_TEST

START_TEST(a_device_that_goes_past_its_iommu_is_refused)
{
	fake_pci.features &= ~(UINT64_C(1) << 33);
	assert_connect_fails(-ENOTSUP, "ACCESS_PLATFORM (QEMU: iommu_platform=on)");
}
END_TEST

/* ---- the two ways in ---- */

static const struct {
	const char *node;
	int ret;
	const char *text;
} nodes[] = {
	{ "/dev/vfio/vfio", -ENOENT, "is the module loaded (modprobe vfio-pci)?" },
	{ "/dev/vfio/7", -EACCES, "cannot open /dev/vfio/7: give this user access" },
	{ "/dev/vfio/7", -EBUSY, "cannot open /dev/vfio/7: another program uses the device" },
	{ "/dev/vfio/7", -EMFILE, "ulimit -n" },
};

START_TEST(a_node_that_cannot_be_opened_says_why)
{
	fake_pci_fail_open(nodes[_i].node, nodes[_i].ret);
	assert_connect_fails(nodes[_i].ret, nodes[_i].text);
}
END_TEST

static const struct {
	unsigned long request;
	int ret;
	const char *text;
} calls[] = {
	{ VFIO_GROUP_GET_STATUS, -EIO, "cannot ask for the state of IOMMU group 7" },
	{ VFIO_GROUP_SET_CONTAINER, -EINVAL, "cannot use IOMMU group 7" },
	{ VFIO_SET_IOMMU, -EPERM, "allow_unsafe_interrupts" },
	{ VFIO_SET_IOMMU, -ENODEV, "cannot set up the IOMMU for group 7" },
	{ VFIO_GROUP_GET_DEVICE_FD, -ENODEV, "cannot open 0000:00:01.0 in IOMMU group 7" },
	{ VFIO_IOMMU_GET_INFO, -EINVAL, "cannot ask what the IOMMU of 0000:00:01.0 can do" },
	{ VFIO_DEVICE_GET_INFO, -EIO, "cannot ask what 0000:00:01.0 is" },
	{ VFIO_DEVICE_SET_IRQS, -EINVAL, "cannot set interrupt vector" },
};

START_TEST(a_call_that_fails_fails_connect)
{
	fake_pci_fail(calls[_i].request, calls[_i].ret);
	assert_connect_fails(calls[_i].ret, calls[_i].text);
	/* And connect can be tried again. */
	memset(fake_pci.fail, 0, sizeof(fake_pci.fail));
	pci_connect();
}
END_TEST

START_TEST(a_group_that_others_use_is_named)
{
	fake_pci.viable = 0;
	assert_connect_fails(-EBUSY, "/sys/kernel/iommu_groups/7/devices");
}
END_TEST

static void use_iommufd(void)
{
	fake_pci.has_iommufd = true;
	pci_set_path(fake_pci_sysfs("vfio-pci", "7", true));
}

START_TEST(iommufd_is_used_where_the_kernel_has_it)
{
	use_iommufd();
	fake_pci_fail_open("/dev/vfio/7", -EACCES);
	pci_start(2, 0);
	ck_assert_uint_eq(fake_pci.nr_maps, 1); /* the rings */
}
END_TEST

START_TEST(without_the_right_to_use_iommufd_the_group_will_do)
{
	use_iommufd();
	fake_pci_fail_open("/dev/vfio/devices/vfio3", -EACCES);
	pci_start(1, 0);
}
END_TEST

START_TEST(a_device_that_is_in_use_is_told_by_iommufd_too)
{
	use_iommufd();
	fake_pci_fail_open("/dev/vfio/devices/vfio3", -EBUSY);
	assert_connect_fails(-EBUSY, "another program uses the device");
}
END_TEST

START_TEST(a_bind_to_iommufd_that_fails_says_so)
{
	use_iommufd();
	fake_pci_fail(CDEV_BIND, -EPERM);
	assert_connect_fails(-EPERM, "cannot bind 0000:00:01.0 to iommufd");
}
END_TEST

/* ---- properties ---- */

START_TEST(regions_need_no_file)
{
	ck_assert(get_bool("needs-mem-region-fd"));
	pci_connect();
	ck_assert(!get_bool("needs-mem-region-fd"));
	ck_assert(get_bool("needs-mem-regions"));
	ck_assert(get_bool("may-pin-mem-regions"));
}
END_TEST

START_TEST(the_fd_property_is_enoent)
{
	ck_assert_int_eq(blkio_set_int(b, "fd", -1), -ENOENT);
}
END_TEST

START_TEST(the_limits_of_regions_are_those_of_the_iommu)
{
	fake_pci.page_sizes = 0x400 | 0x200000;
	fake_pci.dma_avail = 17;
	pci_connect();
	ck_assert_uint_eq(get_u64("mem-region-alignment"), sysconf(_SC_PAGESIZE));
	ck_assert_uint_eq(get_u64("max-mem-regions"), 16);
}
END_TEST

START_TEST(an_iommu_with_pages_that_are_too_large_is_refused)
{
	fake_pci.page_sizes = 0x200000;
	assert_connect_fails(-ENOTSUP, "has pages of 2097152 bytes or more");
}
END_TEST

START_TEST(an_iommu_without_room_for_mappings_is_refused)
{
	fake_pci.dma_avail = 1;
	assert_connect_fails(-ENOSPC, "dma_entry_limit");
}
END_TEST

START_TEST(a_failed_connect_leaves_the_limits_as_they_were)
{
	fake_pci.features &= ~(UINT64_C(1) << 33);
	assert_connect_fails(-ENOTSUP, "ACCESS_PLATFORM");
	ck_assert(get_bool("needs-mem-region-fd"));
}
END_TEST

/* ---- memory ---- */

START_TEST(addresses_keep_to_what_the_iommu_can_use)
{
	struct blkio_mem_region r;

	fake_pci.iova_first = UINT64_C(0x40000000);
	fake_pci.iova_last = UINT64_C(0x400fffff);
	pci_start(1, 0);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 65536), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), 0);
	ck_assert_uint_ge(fake_pci.maps[1].iova, fake_pci.iova_first);
	blkio_unmap_mem_region(b, &r);
	ck_assert_uint_eq(fake_pci.nr_maps, 1);
	blkio_free_mem_region(b, &r);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 0x100000), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(blkio_get_error_msg(), "no address range of 1048576 bytes"));
}
END_TEST

static const struct {
	int ret;
	const char *text;
} map_errors[] = {
	{ -ENOMEM, "ulimit -l" },
	{ -ENOSPC, "dma_entry_limit" },
	{ -EFAULT, "cannot map 4096 bytes for the device" },
};

START_TEST(a_region_that_cannot_be_mapped_says_why)
{
	struct blkio_mem_region r;

	if (_i % 2)
		use_iommufd();
	pci_start(1, 0);
	fake_pci_fail(_i % 2 ? IOAS_MAP : VFIO_IOMMU_MAP_DMA, map_errors[_i].ret);
	ck_assert_int_eq(blkio_alloc_mem_region(b, &r, 4096), 0);
	ck_assert_int_eq(blkio_map_mem_region(b, &r), map_errors[_i].ret);
	ck_assert_ptr_nonnull(strstr(blkio_get_error_msg(), map_errors[_i].text));
}
END_TEST

/* ---- life ---- */

START_TEST(the_function_is_reset_and_then_may_write_memory)
{
	pci_connect();
	ck_assert_uint_eq(fake_pci.function_resets, 1);
	ck_assert(fake_pci.master);
	ck_assert_uint_eq(fake_pci.status, 1 | 2 | 8);
}
END_TEST

START_TEST(destroy_resets_first_and_lets_the_device_write_no_more)
{
	pci_start(2, 2);
	ck_assert_uint_eq(fake_pci.status, 1 | 2 | 4 | 8);
	blkio_destroy(&b);
	ck_assert_uint_eq(fake_pci.status, 0);
	ck_assert(!fake_pci.master);
	/* The mappings outlived the right to use them. */
	ck_assert_uint_eq(fake_pci.maps_while_mastering, 1);
}
END_TEST

START_TEST(start_can_be_tried_again_with_other_queues)
{
	pci_connect();
	fake_pci.does_not_start = true;
	ck_assert_int_eq(blkio_set_int(b, "num-queues", 1), 0);
	assert_start_fails(-EIO, "does not start");
	fake_pci.does_not_start = false;
	ck_assert_int_eq(blkio_set_int(b, "num-queues", 4), 0);
	ck_assert_msg(blkio_start(b) == 0, "%s", blkio_get_error_msg());
	ck_assert_uint_eq(fake_pci.nr_maps, 1);
}
END_TEST

START_TEST(packed_off_after_connect_is_negotiated_anew)
{
	fake_pci.features |= RING_PACKED;
	pci_connect();
	ck_assert(fake_pci.driver_features & RING_PACKED);
	ck_assert_int_eq(blkio_set_str(b, "packed", "off"), 0);
	ck_assert_int_eq(blkio_start(b), 0);
	ck_assert(!(fake_pci.driver_features & RING_PACKED));
}
END_TEST

START_TEST(a_removed_queue_is_reset_where_the_device_can)
{
	fake_pci.features |= RING_RESET;
	pci_start(2, 0);
	ck_assert_uint_eq(fake_pci.queue[1].enabled, 1);
	ck_assert_int_eq(blkio_remove_queue(b, 1), 0);
	ck_assert_uint_eq(fake_pci.queue[1].enabled, 0);
	ck_assert_uint_eq(fake_pci.queue[0].enabled, 1);
	ck_assert_int_eq(fake_pci.irq_fd[VFIO_PCI_MSIX_IRQ_INDEX][2], -1);
}
END_TEST

START_TEST(nothing_stays_open_after_many_rounds)
{
	int before = 0;

	for (int i = 0; i < 20; i++) {
		pci_start(2, 1);
		pci_tear_down();
		if (i == 0)
			before = count_open_fds();
		pci_set_up();
	}
	ck_assert_int_eq(count_open_fds(), before);
}
END_TEST

static Suite *life_suite(void)
{
	const TTest *const tests[] = {
		without_a_path_connect_says_what_it_is,
		a_path_that_does_not_exist_is_enoent,
		a_path_that_is_no_directory_is_refused,
		a_directory_of_something_else_is_refused,
		another_driver_is_named_with_what_to_do,
		no_driver_is_told_with_what_to_do,
		a_variant_of_the_vfio_driver_will_do,
		a_function_without_an_iommu_is_told_what_to_switch_on,
		another_kind_of_device_is_refused,
		a_device_that_goes_past_its_iommu_is_refused,
		a_group_that_others_use_is_named,
		iommufd_is_used_where_the_kernel_has_it,
		without_the_right_to_use_iommufd_the_group_will_do,
		a_device_that_is_in_use_is_told_by_iommufd_too,
		a_bind_to_iommufd_that_fails_says_so,
		regions_need_no_file,
		the_fd_property_is_enoent,
		the_limits_of_regions_are_those_of_the_iommu,
		an_iommu_with_pages_that_are_too_large_is_refused,
		an_iommu_without_room_for_mappings_is_refused,
		a_failed_connect_leaves_the_limits_as_they_were,
		addresses_keep_to_what_the_iommu_can_use,
		the_function_is_reset_and_then_may_write_memory,
		destroy_resets_first_and_lets_the_device_write_no_more,
		start_can_be_tried_again_with_other_queues,
		packed_off_after_connect_is_negotiated_anew,
		a_removed_queue_is_reset_where_the_device_can,
		nothing_stays_open_after_many_rounds,
	};

	return SUITE_WITH("vfio-pci", tests, pci_set_up, pci_tear_down);
}

#define LOOP_SUITE(name, test, n)                                                    \
	static Suite *name(void)                                                     \
	{                                                                            \
		const TTest *const tests[] = { test };                               \
                                                                                     \
		return suite_of_loops("vfio-pci, " #name, tests, 1, (n), pci_set_up, \
				      pci_tear_down);                                \
	}

LOOP_SUITE(nodes_suite, a_node_that_cannot_be_opened_says_why, array_len(nodes))
LOOP_SUITE(calls_suite, a_call_that_fails_fails_connect, array_len(calls))
LOOP_SUITE(map_suite, a_region_that_cannot_be_mapped_says_why, array_len(map_errors))

Suite *(*const test_suites[])(void) = { life_suite, nodes_suite, calls_suite, map_suite, NULL };
