// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * virtio-blk over a vhost-user socket: the transport, and the driver's properties.
 *
 * The messages are in vhost_user_conn.c, virtio-blk and its rings in drivers/virtio/. Nothing here
 * locks: the caller serializes control calls (blkio(7), THREADS).
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user.h"
#include "drivers/vhost_user/vhost_user_socket.h"
#include "drivers/virtio/virtio_blk_props.h"
#include "lib/error.h"
#include "lib/util/deadline.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Of protocol features; CONFIG is the only one that we cannot do without. */
#define WANTED_PROTOCOL                                                               \
	(BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |       \
	 BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ) | BIT(VHOST_USER_PROTOCOL_F_CONFIG) | \
	 BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD) |                                  \
	 BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))

/* Where our addresses for the back-end begin and end: far from 0, within what all can map. */
#define IOVA_FIRST (UINT64_C(1) << 32)
#define IOVA_LAST  ((UINT64_C(1) << 46) - 1)
#define IOVA_ALIGN 4096

/* ---- connect ---- */

static int ask_u64(struct vhost_user *vu, enum vhost_user_request request, uint64_t *value)
{
	return vhost_user_ask(&vu->conn, request, NULL, 0, value, sizeof(*value));
}

static int send_u64(struct vhost_user *vu, enum vhost_user_request request, uint64_t value)
{
	return vhost_user_send(&vu->conn, request, &value, sizeof(value), NULL, 0);
}

static int open_socket(struct vhost_user *vu)
{
	const char *path = vu->vb.path;
	int fd = vu->socket_fd;
	int ret;

	if (fd < 0 && (!path || !*path))
		return err_set(-EINVAL, "path must be set to the back-end's socket");
	if (fd < 0)
		return vhost_user_socket_open(path, vu->connect_timeout_ms);
	if (path && *path)
		return err_set(-EINVAL, "path and socket-fd cannot be set both");
	if (vu->reconnect_timeout_ms)
		return err_set(-EINVAL, "reconnect-timeout-ms needs a path: where to connect to is "
					"not known from socket-fd");
	ret = vhost_user_socket_check(fd);
	return ret < 0 ? ret : fd;
}

/* A socket-fd becomes ours when the connect succeeds; until then it is the caller's to close. */
static int vu_connect(struct virtio_blk *vb)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int fd = open_socket(vu);
	int ret;

	if (fd < 0)
		return fd;
	vhost_user_conn_init(&vu->conn, fd, vu->connect_timeout_ms);
	vb->may_come_back = vu->reconnect_timeout_ms > 0;
	iova_init(&vu->iovas, IOVA_FIRST, IOVA_LAST, IOVA_ALIGN);
	ret = vhost_user_watch_open(&vu->watch, fd);
	return ret < 0 ? ret : vhost_user_send(&vu->conn, VHOST_USER_SET_OWNER, NULL, 0, NULL, 0);
}

static int vu_get_features(struct virtio_blk *vb, uint64_t *features)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int ret = ask_u64(vu, VHOST_USER_GET_FEATURES, features);

	if (ret == 0 && !(*features & BIT(VHOST_USER_F_PROTOCOL_FEATURES)))
		return err_set(-ENOTSUP,
			       "the back-end has no protocol features (bit %d of its "
			       "features 0x%" PRIx64 "), so no configuration space",
			       VHOST_USER_F_PROTOCOL_FEATURES, *features);
	return ret;
}

/* So that the back-end can say that its configuration has changed. */
static int open_backend_channel(struct vhost_user *vu)
{
	int fd = vhost_user_backend_open(&vu->conn.backend, vu->watch.news_fd);
	int ret;

	if (fd < 0)
		return fd;
	ret = vhost_user_send(&vu->conn, VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, &fd, 1);
	close(fd);
	return ret;
}

static int negotiate_protocol(struct vhost_user *vu)
{
	uint64_t offered;
	int ret = ask_u64(vu, VHOST_USER_GET_PROTOCOL_FEATURES, &offered);

	if (ret < 0)
		return ret;
	if (!(offered & BIT(VHOST_USER_PROTOCOL_F_CONFIG)))
		return err_set(-ENOTSUP,
			       "the back-end cannot tell its configuration (protocol "
			       "feature CONFIG is not in 0x%" PRIx64 ")",
			       offered);
	vu->protocol = offered & WANTED_PROTOCOL;
	ret = send_u64(vu, VHOST_USER_SET_PROTOCOL_FEATURES, vu->protocol);
	vu->conn.reply_ack = vhost_user_has(vu, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	if (ret == 0 && vhost_user_has(vu, VHOST_USER_PROTOCOL_F_BACKEND_REQ))
		ret = open_backend_channel(vu);
	return ret;
}

static int vu_set_features(struct virtio_blk *vb, uint64_t features)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int ret = send_u64(vu, VHOST_USER_SET_FEATURES,
			   features | BIT(VHOST_USER_F_PROTOCOL_FEATURES));

	return ret == 0 && !vu->protocol ? negotiate_protocol(vu) : ret;
}

static int vu_read_config(struct virtio_blk *vb, void *config, size_t len)
{
	struct vhost_user *vu = to_vhost_user(vb);
	struct vhost_user_config c = { .bytes = (uint32_t)len };
	size_t bytes = offsetof(struct vhost_user_config, data) + len;
	int ret = vhost_user_ask(&vu->conn, VHOST_USER_GET_CONFIG, &c, bytes, &c, bytes);

	if (ret < 0)
		return ret;
	if (c.offset != 0 || c.bytes != len)
		return err_set(-EPROTO,
			       "the back-end's configuration is %u bytes at %u, where %zu "
			       "at 0 were asked for",
			       c.bytes, c.offset, len);
	memcpy(config, c.data, len);
	return 0;
}

/* The rings take one region, or one slot. */
static int read_mem_slots(struct vhost_user *vu)
{
	uint64_t slots = VHOST_USER_MAX_TABLE;
	int ret = 0;

	if (vhost_user_has(vu, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))
		ret = ask_u64(vu, VHOST_USER_GET_MAX_MEM_SLOTS, &slots);
	if (ret < 0)
		return ret;
	if (slots < 2)
		return err_set(-EPROTO,
			       "the back-end has %" PRIu64 " memory slots, but 2 are the "
			       "least",
			       slots);
	vu->vb.b.limits.max_mem_regions = slots - 1;
	return 0;
}

static int vu_get_queue_limits(struct virtio_blk *vb, int *max_queues, int *max_queue_size)
{
	struct vhost_user *vu = to_vhost_user(vb);
	uint64_t n = 1;
	int ret = read_mem_slots(vu);

	if (ret == 0 && vhost_user_has(vu, VHOST_USER_PROTOCOL_F_MQ))
		ret = ask_u64(vu, VHOST_USER_GET_QUEUE_NUM, &n);
	if (ret < 0)
		return ret;
	if (!n)
		return err_set(-EPROTO, "the back-end has 0 queues");
	/* The index of a queue has 8 bits in some messages. */
	*max_queues = n > VHOST_USER_VRING_INDEX_MASK ? VHOST_USER_VRING_INDEX_MASK : (int)n;
	*max_queue_size = VRING_MAX_SIZE; /* the protocol has no way to ask */
	return 0;
}

/* ---- the connection ---- */

static int vu_run(struct virtio_blk *vb)
{
	(void)vb; /* each queue was enabled as it was set up */
	return 0;
}

static int vu_watch_fd(struct virtio_blk *vb)
{
	return to_vhost_user(vb)->watch.epoll_fd;
}

static void vu_watch(struct virtio_blk *vb, int completion_fd)
{
	hangup_notify(&to_vhost_user(vb)->watch.hangup, completion_fd);
}

static bool vu_is_alive(struct virtio_blk *vb)
{
	return !vhost_user_watch_is_over(&to_vhost_user(vb)->watch);
}

static const char *vu_why_gone(struct virtio_blk *vb, int *ret)
{
	struct vhost_user *vu = to_vhost_user(vb);

	if (vhost_user_watch_has_error(&vu->watch)) {
		*ret = -EIO;
		return "the back-end reported an error of a queue";
	}
	*ret = -ENOTCONN;
	return vu->give_up_at ? "the connection to the device is lost, and did not come back in "
				"time (reconnect-timeout-ms)"
			      : "the connection to the device is lost";
}

static void vu_disconnect(struct virtio_blk *vb)
{
	struct vhost_user *vu = to_vhost_user(vb);

	vhost_user_watch_close(&vu->watch);
	if (vb->b.state == BLKIO_CREATED && vu->conn.fd == vu->socket_fd)
		vu->conn.fd = -1; /* the connect failed */
	vhost_user_conn_close(&vu->conn);
	vhost_user_forget_inflight(vu);
	vhost_user_forget_memory(vu);
	vu->protocol = 0;
	vu->give_up_at = 0;
}

/* ---- an outage ---- */

static int give_up(struct vhost_user *vu)
{
	if (!vu->give_up_at) /* else it has been told */
		vu->vb.news |= VIRTIO_NEWS_LOST;
	store_once(&vu->watch.over, true);
	vhost_user_watch_tell(&vu->watch);
	return -ENOTCONN;
}

static void close_connection(struct vhost_user *vu)
{
	vhost_user_conn_close(&vu->conn);
	vu->conn.dead = true;
	vhost_user_forget_inflight(vu);
	vu->protocol = 0;
}

static void begin_outage(struct vhost_user *vu)
{
	vhost_user_watch_outage(&vu->watch, vu->conn.fd);
	close_connection(vu);
	vu->give_up_at = deadline_after_ns((int64_t)vu->reconnect_timeout_ms * 1000000);
	vu->vb.news |= VIRTIO_NEWS_LOST;
	vhost_user_watch_tell(&vu->watch);
}

/* Not more often than the timer ticks. */
static int vu_reconnect(struct virtio_blk *vb)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int64_t left_ms;
	int fd;

	if (vu->watch.over)
		return -ENOTCONN;
	if (!vhost_user_watch_is_over(&vu->watch))
		return 0;
	if (!vu->reconnect_timeout_ms || vhost_user_watch_has_error(&vu->watch))
		return give_up(vu);
	if (!vu->give_up_at)
		begin_outage(vu);
	left_ms = deadline_left_ns(vu->give_up_at) / 1000000;
	if (!left_ms)
		return give_up(vu);
	vhost_user_watch_rearm(&vu->watch);
	fd = vhost_user_socket_try(vb->path);
	if (fd < 0)
		return 0;
	vhost_user_conn_init(&vu->conn, fd,
			     left_ms < vu->connect_timeout_ms ? (int)left_ms
							      : vu->connect_timeout_ms);
	if (vhost_user_send(&vu->conn, VHOST_USER_SET_OWNER, NULL, 0, NULL, 0) == 0)
		return 1;
	close_connection(vu);
	return 0;
}

/* It may be gone again already, which the watch will tell. */
static void vu_reconnected(struct virtio_blk *vb, bool ok)
{
	struct vhost_user *vu = to_vhost_user(vb);

	if (ok && vhost_user_watch_socket(&vu->watch, vu->conn.fd) < 0)
		ok = false;
	if (!ok) {
		close_connection(vu);
		return;
	}
	vu->conn.timeout_ms = vu->connect_timeout_ms;
	vu->give_up_at = 0;
	vb->news |= VIRTIO_NEWS_RESTORED | VIRTIO_NEWS_CONFIG;
	if (vb->b.event_fd >= 0 && vu->conn.backend.fd >= 0)
		(void)virtio_blk_add_to_epoll(vb->b.event_fd, vu->conn.backend.fd, EPOLLIN);
	vhost_user_watch_tell(&vu->watch);
	vhost_user_watch_wake(&vu->watch);
}

/* ---- news ---- */

/* What is to be done when the back-end goes is done in next_event, so that wakes, too. */
static int vu_watch_news(struct virtio_blk *vb, int epoll_fd)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int ret = virtio_blk_add_to_epoll(epoll_fd, vu->watch.news_fd, EPOLLIN);

	if (ret == 0 && !vu->watch.over)
		ret = virtio_blk_add_to_epoll(epoll_fd, vu->watch.epoll_fd, EPOLLIN);
	if (ret == 0 && vu->conn.backend.fd >= 0)
		ret = virtio_blk_add_to_epoll(epoll_fd, vu->conn.backend.fd, EPOLLIN);
	return ret;
}

/* The end for good stays readable: it must not wake the application any more. */
static uint32_t vu_read_news(struct virtio_blk *vb)
{
	struct vhost_user *vu = to_vhost_user(vb);
	bool changed;

	vhost_user_conn_serve(&vu->conn);
	vhost_user_watch_told(&vu->watch);
	changed = vu->conn.backend.changed;
	vu->conn.backend.changed = false;
	if (vu->watch.over && vb->b.event_fd >= 0)
		(void)epoll_ctl(vb->b.event_fd, EPOLL_CTL_DEL, vu->watch.epoll_fd, NULL);
	return changed ? VIRTIO_NEWS_CONFIG : 0;
}

static const struct virtio_transport vhost_user_transport = {
	.connect = vu_connect,
	.get_features = vu_get_features,
	.set_features = vu_set_features,
	.read_config = vu_read_config,
	.get_queue_limits = vu_get_queue_limits,
	.map = vhost_user_map,
	.unmap = vhost_user_unmap,
	.setup_queue = vhost_user_setup_queue,
	.stop_queue = vhost_user_stop_queue,
	.run = vu_run,
	.kick = virtio_blk_kick_fd,
	.gone_events = POLLIN,
	.watch_fd = vu_watch_fd,
	.watch = vu_watch,
	.is_alive = vu_is_alive,
	.why_gone = vu_why_gone,
	.reconnect = vu_reconnect,
	.restore_memory = vhost_user_restore_memory,
	.reconnected = vu_reconnected,
	.watch_news = vu_watch_news,
	.read_news = vu_read_news,
	.disconnect = vu_disconnect,
};

/* ---- the driver ---- */

/* Clients find out whether a driver takes an fd by setting it: ENOENT says no. */
static const struct blkio_prop vhost_user_props[] = {
	VIRTIO_BLK_PROPS,
	{ "fd", BLKIO_PROP_INT, .def.i = -1, .set_errno = ENOENT,
	  .summary = "always -1: the driver takes no file descriptor here" },
	{ "socket-fd", BLKIO_PROP_INT, offsetof(struct vhost_user, socket_fd), .def.i = -1,
	  .set_until = BLKIO_CREATED,
	  .summary = "a socket that is connected to the back-end, instead of path" },
	{ "connect-timeout-ms", BLKIO_PROP_INT, offsetof(struct vhost_user, connect_timeout_ms),
	  .def.i = 10000, .set_until = BLKIO_CREATED, .check = prop_check_positive,
	  .summary = "milliseconds that connect and each message to the back-end may take" },
	{ "reconnect-timeout-ms", BLKIO_PROP_INT, offsetof(struct vhost_user, reconnect_timeout_ms),
	  .set_until = BLKIO_CREATED, .check = prop_check_not_negative,
	  .summary = "milliseconds to look for a back-end that is gone before requests fail; 0: "
		     "none" },
	{ 0 },
};

static void vu_init(struct blkio *b)
{
	struct vhost_user *vu = to_vhost_user(to_vblk(b));

	virtio_blk_init(b, &vhost_user_transport);
	vhost_user_conn_init(&vu->conn, -1, 0);
	vhost_user_watch_init(&vu->watch);
	vu->inflight_fd = -1;
}

const struct blkio_driver vhost_user_driver;
const struct blkio_driver vhost_user_driver = {
	.name = "virtio-blk-vhost-user",
	.size = sizeof(struct vhost_user),
	.props = vhost_user_props,
	.init = vu_init,
	.connect = virtio_blk_connect,
	.get_capacity = virtio_blk_get_capacity,
	.start = virtio_blk_start,
	.create_queue = virtio_blk_create_queue,
	.run = virtio_blk_run,
	.map = virtio_blk_map,
	.unmap = virtio_blk_unmap,
	.watch_events = virtio_blk_watch_events,
	.next_event = virtio_blk_next_event,
	.destroy = virtio_blk_destroy,
};
