// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The server's answers to messages: right ones, wrong ones, and garbage.
 */
#include <dirent.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/server/server_test.h"
#include "tests/server/vu_client.h"

static const char *const plain[] = { "--memory=1m", NULL };

static struct vu_client *start_negotiated(const char *const *args)
{
	struct vu_client *c = vu_start(args);

	vu_negotiate(c, 0);
	return c;
}

static int make_memory(off_t bytes)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, bytes), 0);
	return fd;
}

static uint64_t add_region(struct vu_client *c, struct mem_desc desc, int fd)
{
	struct vu_mem_reg reg = { .region = desc };

	return vu_ack(c, VU_ADD_MEM_REG, &reg, sizeof(reg), &fd, 1);
}

static uint64_t remove_region(struct vu_client *c, struct mem_desc desc)
{
	struct vu_mem_reg reg = { .region = desc };

	return vu_ack(c, VU_REM_MEM_REG, &reg, sizeof(reg), NULL, 0);
}

static struct blk_config get_config(struct vu_client *c)
{
	struct vu_config request = { .size = sizeof(struct blk_config) };
	struct blk_config config;
	struct vu_msg m;

	vu_send(c, VU_GET_CONFIG, 0, &request, 12 + request.size, NULL, 0);
	vu_receive(c, VU_GET_CONFIG, &m);
	ck_assert_uint_eq(m.h.size, 12 + sizeof(config));
	memcpy(&config, m.p.config.data, sizeof(config));
	return config;
}

START_TEST(the_configuration_is_that_of_the_options)
{
	static const char *const args[] = {
		"--memory=1m",    "--block-size=4096",   "--size-max=64k",           "--seg-max=17",
		"--num-queues=3", "--max-discard-seg=5", "--max-discard-sectors=77", NULL
	};
	struct vu_client *c = start_negotiated(args);
	struct blk_config config = get_config(c);

	ck_assert_uint_eq(le64toh(config.capacity), 2048);
	ck_assert_uint_eq(le32toh(config.blk_size), 4096);
	ck_assert_uint_eq(le32toh(config.size_max), 65536);
	ck_assert_uint_eq(le32toh(config.seg_max), 17);
	ck_assert_uint_eq(le16toh(config.num_queues), 3);
	ck_assert_uint_eq(le32toh(config.max_discard_seg), 5);
	ck_assert_uint_eq(le32toh(config.max_discard_sectors), 77);
	ck_assert_uint_eq(config.writeback, 1);
	ck_assert_uint_eq(vu_get_u64(c, VU_GET_QUEUE_NUM), 3);
	vu_stop(c);
}
END_TEST

START_TEST(the_zones_are_in_the_configuration)
{
	static const char *const args[] = { "--memory=16m",       "--zone-size=1m",
					    "--max-open-zones=3", "--max-active-zones=5",
					    "--max-append=8k",    NULL };
	struct vu_client *c = start_negotiated(args);
	struct blk_config config = get_config(c);

	ck_assert_uint_eq(config.model, ZONED_HOST_MANAGED);
	ck_assert_uint_eq(le32toh(config.zone_sectors), 2048);
	ck_assert_uint_eq(le32toh(config.max_open_zones), 3);
	ck_assert_uint_eq(le32toh(config.max_active_zones), 5);
	ck_assert_uint_eq(le32toh(config.max_append_sectors), 16);
	ck_assert_uint_eq(le32toh(config.write_granularity), 512);
	ck_assert(!(vu_get_u64(c, VU_GET_FEATURES) & BIT(BLK_F_DISCARD)));
	vu_stop(c);
}
END_TEST

START_TEST(a_part_of_the_configuration)
{
	static const struct {
		uint32_t offset, size, payload, wanted;
	} cases[] = {
		{ 0, 8, 20, 20 },         { 32, 1, 13, 13 },        { 0, 256, 268, 268 },
		{ 256, 0, 12, 12 },       { 1, 256, 268, 0 },       { 0, 9, 20, 0 },
		{ 0xffffffff, 1, 13, 0 }, { 0, 0xfffffff4, 12, 0 },
	};
	struct vu_client *c = start_negotiated(plain);
	struct vu_config request = { 0 };
	struct vu_msg m;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		request.offset = cases[i].offset;
		request.size = cases[i].size;
		vu_send(c, VU_GET_CONFIG, 0, &request, cases[i].payload, NULL, 0);
		vu_receive(c, VU_GET_CONFIG, &m);
		ck_assert_uint_eq(m.h.size, cases[i].wanted);
	}
	vu_stop(c);
}
END_TEST

START_TEST(only_the_cache_mode_can_be_set)
{
	struct vu_config wce = { .offset = offsetof(struct blk_config, writeback), .size = 1 };
	struct vu_config other = { .offset = 0, .size = 8 };
	struct vu_client *c = start_negotiated(plain);

	ck_assert_uint_eq(vu_ack(c, VU_SET_CONFIG, &wce, 13, NULL, 0), 0);
	ck_assert_uint_eq(get_config(c).writeback, 0);
	wce.data[0] = 2;
	ck_assert_uint_eq(vu_ack(c, VU_SET_CONFIG, &wce, 13, NULL, 0), 1);
	ck_assert_uint_eq(vu_ack(c, VU_SET_CONFIG, &other, 20, NULL, 0), 1);
	ck_assert_uint_eq(le64toh(get_config(c).capacity), 2048);
	vu_stop(c);
}
END_TEST

START_TEST(a_resize_is_announced)
{
	int pair[2];
	struct vu_header h;
	struct vu_client *c = start_negotiated(plain);
	struct pollfd fd = { .events = POLLIN };

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_BACKEND_REQ_FD, NULL, 0, &pair[1], 1), 0);
	close(pair[1]);
	ck_assert_int_eq(server_resize(&c->server, 2 << 20), 0);
	fd.fd = pair[0];
	ck_assert_int_eq(poll(&fd, 1, 5000), 1);
	ck_assert_int_eq(recv(pair[0], &h, sizeof(h), 0), sizeof(h));
	ck_assert_uint_eq(h.request, VU_BACKEND_CONFIG_CHANGE);
	ck_assert_uint_eq(h.flags, VU_VERSION);
	ck_assert_uint_eq(h.size, 0);
	ck_assert_uint_eq(le64toh(get_config(c).capacity), 4096);
	close(pair[0]);
	vu_stop(c);
}
END_TEST

START_TEST(each_feature_can_be_left_out)
{
	static const struct {
		const char *option;
		int bit;
		bool protocol;
	} cases[] = {
		{ "--no=seg-max", BLK_F_SEG_MAX, false },
		{ "--no=blk-size", BLK_F_BLK_SIZE, false },
		{ "--no=flush", BLK_F_FLUSH, false },
		{ "--no=flush", BLK_F_CONFIG_WCE, false },
		{ "--no=topology", BLK_F_TOPOLOGY, false },
		{ "--no=config-wce", BLK_F_CONFIG_WCE, false },
		{ "--no=mq", BLK_F_MQ, false },
		{ "--no=discard", BLK_F_DISCARD, false },
		{ "--no=write-zeroes", BLK_F_WRITE_ZEROES, false },
		{ "--no=secure-erase", BLK_F_SECURE_ERASE, false },
		{ "--no=indirect", F_INDIRECT_DESC, false },
		{ "--no=event-idx", F_EVENT_IDX, false },
		{ "--no=packed", F_RING_PACKED, false },
		{ "--no=version-1", F_VERSION_1, false },
		{ "--no=protocol-features", F_PROTOCOL_FEATURES, false },
		{ "--no=mq,protocol-mq", VU_F_MQ, true },
		{ "--no=reply-ack", VU_F_REPLY_ACK, true },
		{ "--no=backend-req", VU_F_BACKEND_REQ, true },
		{ "--no=config", VU_F_CONFIG, true },
		{ "--no=inflight", VU_F_INFLIGHT_SHMFD, true },
		{ "--no=reset-device,status", VU_F_RESET_DEVICE, true },
		{ "--no=configure-mem-slots", VU_F_CONFIGURE_MEM_SLOTS, true },
		{ "--no=status", VU_F_STATUS, true },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const args[] = { "--memory=1m", cases[i].option, NULL };
		uint32_t request = cases[i].protocol ? VU_GET_PROTOCOL_FEATURES : VU_GET_FEATURES;
		struct vu_client *with = vu_start(plain), *without;

		ck_assert(vu_get_u64(with, request) & BIT(cases[i].bit));
		vu_stop(with);
		without = vu_start(args);
		ck_assert(!(vu_get_u64(without, request) & BIT(cases[i].bit)));
		vu_stop(without);
	}
}
END_TEST

START_TEST(features_that_were_not_offered)
{
	struct vu_client *c = start_negotiated(plain);

	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_FEATURES, BIT(63)), 1);
	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_PROTOCOL_FEATURES, BIT(63)), 1);
	vu_stop(c);
}
END_TEST

START_TEST(messages_of_features_that_were_not_negotiated)
{
	struct vu_client *c = vu_start(plain);

	vu_send(c, VU_GET_STATUS, 0, NULL, 0, NULL, 0);
	vu_expect_hangup(c);
	vu_stop(c);
}
END_TEST

START_TEST(rings_that_cannot_be)
{
	struct vu_vring_addr addr = { .index = 0, .desc = 1 };
	struct vu_client *c = start_negotiated(plain);
	uint64_t kick = 0 | VU_NO_FD, beyond = 77 | VU_NO_FD;
	int fd = eventfd(0, 0);

	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_NUM, 4, 8), 1);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_NUM, UINT32_MAX, 8), 1);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_NUM, 0, 0), 1);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_NUM, 0, 32769), 1);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_ENABLE, 0, 2), 1);
	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_VRING_KICK, beyond), 1);
	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_VRING_KICK, 0), 1);            /* an fd is missing */
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_CALL, &kick, 8, &fd, 1), 1); /* one too many */
	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_VRING_KICK, kick), 0);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_ENABLE, 0, 1), 0);
	/* Now it would start, but it has no size, and then a wrong address. */
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0), 1);
	ck_assert_uint_eq(vu_ack_state(c, VU_SET_VRING_NUM, 0, 8), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0), 1);
	close(fd);
	vu_stop(c);
}
END_TEST

START_TEST(memory_regions_that_cannot_be)
{
	static const char *const args[] = { "--memory=1m", "--mem-slots=3", NULL };
	struct vu_client *c = start_negotiated(args);
	int fd = make_memory(65536), pipe_fds[2];

	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_uint_eq(vu_get_u64(c, VU_GET_MAX_MEM_SLOTS), 3);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0, 65537, 0, 0 }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0, 4096, 0, 65536 }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0, 0, 0, 0 }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { UINT64_MAX, 2, 0, 0 }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0, 2, 0, UINT64_MAX }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0, 4096, 0, 0 }, pipe_fds[0]), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x1000, 8192, 0x1000, 0 }, fd), 0);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x2000, 4096, 0x9000, 0 }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x9000, 4096, 0x2000, 0 }, fd), 1);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x3000, 4096, 0x3000, 0 }, fd), 0);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x5000, 4096, 0x5000, 0 }, fd), 0);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x7000, 4096, 0x7000, 0 }, fd), 1);
	ck_assert_uint_eq(remove_region(c, (struct mem_desc) { 0x3000, 4095, 0x3000, 0 }), 1);
	ck_assert_uint_eq(remove_region(c, (struct mem_desc) { 0x3000, 4096, 0x3000, 5 }), 0);
	ck_assert_uint_eq(add_region(c, (struct mem_desc) { 0x7000, 4096, 0x7000, 0 }, fd), 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(fd);
	vu_stop(c);
}
END_TEST

START_TEST(a_memory_table)
{
	struct vu_mem_table t = {
		.n = 2, .region = { { 0x1000, 4096, 0x1000, 0 }, { 0x8000, 4096, 0x8000, 4096 } }
	};
	struct vu_client *c = start_negotiated(plain);
	int fd = make_memory(8192);
	int fds[] = { fd, fd };

	ck_assert_uint_eq(vu_ack(c, VU_SET_MEM_TABLE, &t, sizeof(t), fds, 2), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_MEM_TABLE, &t, 8 + 64, fds, 2), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_MEM_TABLE, &t, 8 + 63, fds, 2), 1);
	ck_assert_uint_eq(vu_ack(c, VU_SET_MEM_TABLE, &t, sizeof(t), fds, 1), 1);
	t.n = 9;
	ck_assert_uint_eq(vu_ack(c, VU_SET_MEM_TABLE, &t, sizeof(t), fds, 2), 1);
	t.n = UINT32_MAX;
	ck_assert_uint_eq(vu_ack(c, VU_SET_MEM_TABLE, &t, sizeof(t), fds, 2), 1);
	close(fd);
	vu_stop(c);
}
END_TEST

/* The memory of a ring that runs is taken away: that is the end. */
START_TEST(the_memory_of_a_ring_is_removed)
{
	struct ring_driver *rd = rd_create_alone(&rd_kinds[0]);
	struct vu_client *c = vu_start(plain);

	vu_negotiate(c, BIT(F_RING_PACKED) | BIT(F_EVENT_IDX));
	vu_add_memory(c, rd);
	vu_start_ring(c, rd, 0, -1);
	ck_assert_uint_eq(remove_region(c, (struct mem_desc) { RD_GUEST, RD_BYTES, RD_USER, 0 }),
			  1);
	vu_expect_hangup(c);
	vu_stop(c);
	rd_destroy(rd);
}
END_TEST

START_TEST(a_broken_ring_ends_the_connection_and_tells_the_error_fd)
{
	struct ring_driver *rd = rd_create_alone(&rd_kinds[0]);
	struct vu_client *c = vu_start(plain);
	int err_fd = eventfd(0, EFD_NONBLOCK);
	uint64_t index = 0;

	vu_negotiate(c, BIT(F_RING_PACKED) | BIT(F_EVENT_IDX));
	vu_add_memory(c, rd);
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_ERR, &index, 8, &err_fd, 1), 0);
	vu_start_ring(c, rd, 0, -1);
	__atomic_store_n(&rd_avail(rd)->idx, 100, __ATOMIC_RELEASE);
	vu_expect_hangup(c);
	ck_assert_int_eq(read(err_fd, &index, 8), 8);
	vu_connect(c);
	vu_negotiate(c, 0);
	vu_stop(c);
	close(err_fd);
	rd_destroy(rd);
}
END_TEST

/* A front-end that makes its file shorter while the server looks at it. */
START_TEST(memory_that_shrinks_ends_the_connection)
{
	struct ring_driver *rd = rd_create_alone(&rd_kinds[0]);
	struct vu_client *c = vu_start(plain);

	vu_negotiate(c, BIT(F_RING_PACKED) | BIT(F_EVENT_IDX));
	vu_add_memory(c, rd);
	vu_start_ring(c, rd, 0, -1);
	ck_assert_int_eq(ftruncate(rd->memory_fd, 0), 0);
	vu_expect_hangup(c);
	vu_connect(c);
	ck_assert_uint_ne(vu_get_u64(c, VU_GET_FEATURES), 0);
	vu_stop(c);
	rd_destroy(rd);
}
END_TEST

START_TEST(status_and_reset)
{
	struct vu_client *c = start_negotiated(plain);

	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_STATUS, 1 | 2 | 8), 0);
	ck_assert_uint_eq(vu_get_u64(c, VU_GET_STATUS), 11);
	ck_assert_uint_eq(vu_ack(c, VU_RESET_DEVICE, NULL, 0, NULL, 0), 0);
	ck_assert_uint_eq(vu_get_u64(c, VU_GET_STATUS), 0);
	vu_stop(c);
}
END_TEST

START_TEST(a_driver_without_zones_is_not_accepted_by_a_zoned_device)
{
	static const char *const args[] = { "--memory=4m", "--zone-size=1m", NULL };
	struct vu_client *c = vu_start(args);

	vu_negotiate(c, BIT(BLK_F_ZONED));
	ck_assert_uint_eq(vu_ack_u64(c, VU_SET_STATUS, 1 | 2 | 8), 0);
	ck_assert_uint_eq(vu_get_u64(c, VU_GET_STATUS), 3);
	vu_stop(c);
}
END_TEST

/* What comes on the socket is no message. The next front-end must not notice. */
START_TEST(garbage)
{
	static const struct vu_header headers[] = {
		{ VU_GET_FEATURES, 0, 0 },
		{ VU_GET_FEATURES, VU_VERSION | VU_REPLY, 0 },
		{ VU_GET_FEATURES, VU_VERSION, 8 },
		{ VU_SET_FEATURES, VU_VERSION, 7 },
		{ VU_SET_FEATURES, VU_VERSION, 0xffffffff },
		{ 0, VU_VERSION, 0 },
		{ VU_N_REQUESTS, VU_VERSION, 0 },
		{ UINT32_MAX, VU_VERSION, 0 },
	};
	struct vu_client *c = vu_start(plain);
	char bytes[sizeof(struct vu_header) + 8] = { 0 };

	for (unsigned int i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		memcpy(bytes, &headers[i], sizeof(headers[i]));
		ck_assert_int_eq(send(c->fd, bytes, sizeof(bytes), 0), sizeof(bytes));
		vu_expect_hangup(c);
		vu_connect(c);
	}
	ck_assert_int_eq(send(c->fd, headers, 5, 0), 5);
	vu_connect(c);
	ck_assert_uint_ne(vu_get_u64(c, VU_GET_FEATURES), 0);
	vu_stop(c);
}
END_TEST

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "memfd:") != NULL;
	fclose(maps);
	return n;
}

/* With everything that a front-end can hand over, and fds where none belong. */
static void use_everything(struct vu_client *c, const struct ring_driver *rd)
{
	uint64_t index = 0;
	int fds[] = { rd->memory_fd, rd->memory_fd, rd->memory_fd };
	int pair[2];
	struct vu_inflight inflight = { .num_queues = 4, .queue_size = 8 };
	struct vu_msg m;

	vu_negotiate(c, BIT(F_RING_PACKED) | BIT(F_EVENT_IDX));
	vu_add_memory(c, rd);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_BACKEND_REQ_FD, NULL, 0, pair, 1), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_BACKEND_REQ_FD, NULL, 0, pair + 1, 1), 0);
	close(pair[0]);
	close(pair[1]);
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_ERR, &index, 8, fds, 1), 0);
	vu_start_ring(c, rd, 0, rd->call_fd);
	ck_assert_uint_eq(vu_ack(c, VU_SET_VRING_CALL, &index, 8, &rd->call_fd, 1), 0);
	ck_assert_uint_eq(vu_ack(c, VU_SET_OWNER, NULL, 0, fds, 3), 1);
	ck_assert_uint_eq(vu_ack(c, VU_ADD_MEM_REG, NULL, 0, fds, 3), 1);
	vu_send(c, VU_GET_INFLIGHT_FD, 0, &inflight, 24, NULL, 0);
	vu_receive(c, VU_GET_INFLIGHT_FD, &m); /* the fd is dropped: no room was given for it */
}

START_TEST(nothing_is_left_of_a_front_end)
{
	struct ring_driver *rd = rd_create_alone(&rd_kinds[0]);
	struct vu_client *c = vu_start(plain);
	int fds, maps;

	ck_assert_uint_ne(vu_get_u64(c, VU_GET_FEATURES), 0);
	fds = count_fds();
	maps = count_maps();
	for (int i = 0; i < 50; i++) {
		use_everything(c, rd);
		vu_connect(c);
		ck_assert_uint_ne(vu_get_u64(c, VU_GET_FEATURES), 0); /* the first one is gone */
		ck_assert_int_eq(count_fds(), fds);
		ck_assert_int_eq(count_maps(), maps);
	}
	vu_stop(c);
	rd_destroy(rd);
}
END_TEST

static Suite *suite(void)
{
	const TTest *const tests[] = {
		the_configuration_is_that_of_the_options,
		the_zones_are_in_the_configuration,
		a_part_of_the_configuration,
		only_the_cache_mode_can_be_set,
		a_resize_is_announced,
		each_feature_can_be_left_out,
		features_that_were_not_offered,
		messages_of_features_that_were_not_negotiated,
		rings_that_cannot_be,
		memory_regions_that_cannot_be,
		a_memory_table,
		the_memory_of_a_ring_is_removed,
		a_broken_ring_ends_the_connection_and_tells_the_error_fd,
		memory_that_shrinks_ends_the_connection,
		status_and_reset,
		a_driver_without_zones_is_not_accepted_by_a_zoned_device,
		garbage,
		nothing_is_left_of_a_front_end,
	};

	return SUITE_LOOPS("server messages", tests, 1);
}

Suite *(*const test_suites[])(void) = { suite, NULL };
