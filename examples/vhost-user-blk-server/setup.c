// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * From options to a server that is ready to run, and back to nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../common/msg.h"
#include "control.h"
#include "fault.h"
#include "feature_list.h"
#include "server.h"
#include "socket.h"

#define NULL_SIZE (1ULL << 40)

static int open_backend(struct server *s)
{
	const struct options *o = s->options;
	const char *name = options_last(&o->blk_file);
	int ret;

	if (o->null) {
		name = "null";
		ret = backend_open_null(&s->backend, o->size ? o->size : NULL_SIZE);
	} else if (o->memory) {
		name = "memory";
		ret = backend_open_memory(&s->backend, o->memory);
	} else {
		ret = backend_open_file(&s->backend, name, o->read_only);
	}
	return ret < 0 ? msg_failed("cannot export '%s': %s", name, strerror(-ret)) : STATUS_OK;
}

static struct blk_limits limits(const struct options *o)
{
	return (struct blk_limits) {
		.block_size = (uint32_t)o->block_size,
		.physical_block =
			(uint32_t)(o->physical_block_size ? o->physical_block_size : o->block_size),
		.size_max = (uint32_t)o->size_max,
		.seg_max = (uint32_t)o->seg_max,
		.max_discard_sectors = (uint32_t)o->max_discard_sectors,
		.max_discard_seg = (uint32_t)o->max_discard_seg,
		.max_write_zeroes_sectors = (uint32_t)o->max_write_zeroes_sectors,
		.max_write_zeroes_seg = (uint32_t)o->max_write_zeroes_seg,
		.max_secure_erase_sectors = (uint32_t)o->max_secure_erase_sectors,
		.max_secure_erase_seg = (uint32_t)o->max_secure_erase_seg,
		.num_queues = (uint16_t)o->num_queues,
	};
}

static int make_zones(struct server *s)
{
	const struct options *o = s->options;
	struct zoned_params params = {
		.zone_sectors = o->zone_size / SECTOR,
		.cap_sectors = (o->zone_capacity ? o->zone_capacity : o->zone_size) / SECTOR,
		.conventional = o->conventional_zones,
		.max_open = (uint32_t)o->max_open_zones,
		.max_active = (uint32_t)o->max_active_zones,
		.max_append_sectors = (uint32_t)(o->max_append / SECTOR),
	};

	if (!options_zoned(o))
		return STATUS_OK;
	s->blk.zoned = zoned_create(&params, s->blk.sectors);
	return s->blk.zoned ? STATUS_OK : msg_failed("out of memory");
}

static int make_blk(struct server *s)
{
	const struct options *o = s->options;
	const char *serial = options_last(&o->serial_words);

	s->blk = (struct blk) {
		.backend = &s->backend,
		.block_mask = o->block_size / SECTOR - 1,
		.read_only = o->read_only,
		.limits = limits(o),
		.delay_ns = o->delay_ns,
		.exit_after = o->exit_after,
	};
	if (!serial)
		serial = "vhost-user-blk";
	memcpy(s->blk.serial, serial, strlen(serial));
	blk_size_changed(&s->blk);
	return options_get_fails(o, &s->blk);
}

/* The threads are held from the start, until everything they look at is there. */
static int start_workers(struct server *s)
{
	struct worker_config config = {
		.poll = s->options->poll,
		.poll_ns = s->options->poll_ns,
		.fault_fd = s->fault_fd,
	};
	unsigned int n =
		(unsigned int)(s->options->threads ? s->options->threads : s->options->num_queues);

	s->workers = calloc(n, sizeof(*s->workers));
	if (!s->workers)
		return msg_failed("out of memory");
	for (s->n_workers = 0; s->n_workers < n; s->n_workers++) {
		int ret = worker_start(&s->workers[s->n_workers], &config);

		if (ret < 0)
			return msg_failed("cannot start a thread: %s", strerror(-ret));
	}
	return STATUS_OK;
}

static void share_rings(struct server *s)
{
	for (unsigned int i = 0; i < s->conn->config.num_queues; i++) {
		struct worker *w = &s->workers[i % s->n_workers];

		w->ring[w->n_rings++] = &s->conn->vring[i];
	}
}

static int make_conn(struct server *s)
{
	const struct options *o = s->options;
	struct conn_config config = {
		.num_queues = (unsigned int)o->num_queues,
		.queue_size_max = (unsigned int)o->queue_size_max,
		.mem_slots = (unsigned int)o->mem_slots,
		.exit_after_messages = o->exit_after_messages,
	};
	int status = features_offered(o, &config.features, &config.protocol_features);

	if (status != STATUS_OK)
		return status;
	s->conn = malloc(sizeof(*s->conn));
	if (!s->conn)
		return msg_failed("out of memory");
	conn_init(s->conn, &config, &s->blk, s->workers, s->n_workers);
	share_rings(s);
	conn_resume(s->conn);
	return STATUS_OK;
}

/* Blocked in all threads: signals are read from an fd. */
static int make_events(struct server *s)
{
	sigset_t set;

	fault_init();
	signal(SIGPIPE, SIG_IGN); /* an eventfd of the front-end may be a pipe */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->fault_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->signal_fd < 0 || s->fault_fd < 0)
		return msg_failed("cannot make an event fd: %s", strerror(errno));
	return STATUS_OK;
}

static int use_fd(struct server *s, int fd)
{
	int listening = socket_is_listening(fd);

	if (listening < 0)
		return STATUS_FAILED;
	if (listening) {
		s->listen_fd = fd;
	} else {
		socket_set_deadlines(fd);
		conn_open(s->conn, fd);
	}
	return STATUS_OK;
}

static int open_sockets(struct server *s)
{
	const struct options *o = s->options;
	const char *path = options_last(&o->socket_path);

	if (options_last(&o->control)) {
		s->control = control_create(options_last(&o->control), s);
		if (!s->control)
			return STATUS_FAILED;
	}
	if (!path)
		return use_fd(s, (int)o->fd);
	s->listen_fd = socket_listen(path);
	s->unlink_socket = s->listen_fd >= 0;
	return s->listen_fd < 0 ? STATUS_FAILED : STATUS_OK;
}

int server_init(struct server *s, const struct options *o)
{
	static int (*const steps[])(struct server * s) = {
		open_backend,  make_blk,  make_zones,   make_events,
		start_workers, make_conn, open_sockets,
	};
	int status = STATUS_OK;

	*s = (struct server) { .options = o, .listen_fd = -1, .signal_fd = -1, .fault_fd = -1 };
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(*steps) && status == STATUS_OK; i++)
		status = steps[i](s);
	return status;
}

void server_finish(struct server *s)
{
	if (s->conn)
		conn_close(s->conn);
	for (unsigned int i = 0; i < s->n_workers; i++)
		worker_finish(&s->workers[i]);
	free(s->workers);
	free(s->conn);
	control_destroy(s->control);
	if (s->unlink_socket)
		unlink(options_last(&s->options->socket_path));
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	if (s->fault_fd >= 0)
		close(s->fault_fd);
	zoned_destroy(s->blk.zoned);
	if (s->backend.ops)
		s->backend.ops->close(&s->backend);
}
