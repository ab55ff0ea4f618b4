// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See vdpa_dev.h.
 */
#include "drivers/vhost_vdpa/vdpa_dev.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/virtio_ring.h"
#include "lib/error.h"
#include "lib/util/align.h"
#include "lib/util/cleanup.h"
#include "lib/util/thread.h"

#define BIT(n) (UINT64_C(1) << (n))

#define WANTED_BACKEND_FEATURES                                               \
	(BIT(VDPA_BACKEND_F_IOTLB_MSG_V2) | BIT(VDPA_BACKEND_F_IOTLB_BATCH) | \
	 BIT(VDPA_BACKEND_F_SUSPEND) | BIT(VDPA_BACKEND_F_RESUME) |           \
	 BIT(VDPA_BACKEND_F_ENABLE_AFTER_DRIVER_OK) | BIT(VDPA_BACKEND_F_IOTLB_PERSIST))

static int call(struct vdpa_dev *d, unsigned long request, void *arg, const char *what)
{
	int ret = d->sys->ioctl(d->fd, request, arg);

	return ret < 0 ? err_os(ret, "%s", what) : 0;
}

/* ---- open ---- */

static int open_error(int ret, const char *path)
{
	switch (ret) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return err_os(
			ret,
			"cannot open '%s': is the module vhost_vdpa loaded, and a device bound "
			"to it (vdpa dev add name NAME mgmtdev PARENT)?",
			path);
	case -EBUSY:
		return err_os(ret, "'%s' is in use by another process", path);
	case -EACCES:
	case -EPERM:
		return err_os(ret, "no permission for '%s': change the node's owner or mode", path);
	default:
		return err_os(ret, "cannot open '%s'", path);
	}
}

static int check_device_id(struct vdpa_dev *d)
{
	uint32_t id = 0;
	int ret = d->sys->ioctl(d->fd, VDPA_GET_DEVICE_ID, &id);

	if (ret < 0)
		return err_os(-EINVAL, "this is not a vhost-vdpa device");
	if (id != VDPA_DEVICE_ID_BLOCK)
		return err_set(-EINVAL,
			       "this is a virtio device of type %u, not a block device (%d)", id,
			       VDPA_DEVICE_ID_BLOCK);
	return 0;
}

/* Older kernels have none of them, and what they have is all that is needed. */
static int take_backend_features(struct vdpa_dev *d)
{
	uint64_t features = 0;
	int ret = d->sys->ioctl(d->fd, VDPA_GET_BACKEND_FEATURES, &features);

	d->backend_features = ret < 0 ? 0 : features & WANTED_BACKEND_FEATURES;
	if (!vdpa_has(d, VDPA_BACKEND_F_IOTLB_MSG_V2))
		return err_set(-ENOTSUP,
			       "the kernel is too old: it has no IOTLB_MSG_V2 (its back-end "
			       "features are 0x%" PRIx64 "); Linux 5.13 is needed",
			       features);
	return call(d, VDPA_SET_BACKEND_FEATURES, &d->backend_features,
		    "VHOST_SET_BACKEND_FEATURES");
}

/* Address 0 is left out: a device may take it for none. */
static int read_iova_range(struct vdpa_dev *d)
{
	struct vdpa_iova_range range = { 0, UINT64_MAX };
	int ret = d->sys->ioctl(d->fd, VDPA_GET_IOVA_RANGE, &range);

	if (ret < 0)
		range = (struct vdpa_iova_range) { 0, UINT64_MAX };
	if (range.last <= range.first || range.last - range.first < UINT64_C(1) << 20)
		return err_set(-EPROTO,
			       "the device's range of addresses is too small: 0x%" PRIx64
			       " to 0x%" PRIx64,
			       (uint64_t)range.first, (uint64_t)range.last);
	d->iova_first = range.first ? range.first : 4096;
	d->iova_last = range.last;
	return 0;
}

static int set_status(struct vdpa_dev *d, uint8_t status)
{
	return call(d, VDPA_SET_STATUS, &status,
		    status ? "the device's status cannot be set" : "the device cannot be reset");
}

/* It is owned for as long as it is open: one that was tried in vain before is ours already. */
static int own(struct vdpa_dev *d)
{
	int ret = d->sys->ioctl(d->fd, VDPA_SET_OWNER, NULL);

	if (ret < 0 && !(ret == -EBUSY && d->fd == d->tried_fd))
		return err_os(ret, "the device cannot be owned (is it used through this "
				   "descriptor already?)");
	return 0;
}

int vdpa_open(struct vdpa_dev *d, const char *path, int fd)
{
	int ret;

	d->fd = fd >= 0 ? fd : d->sys->open(path);
	if (d->fd < 0) {
		ret = d->fd;
		d->fd = -1;
		return open_error(ret, path);
	}
	ret = check_device_id(d);
	if (ret == 0)
		ret = own(d);
	d->owned = ret == 0;
	if (ret == 0)
		ret = take_backend_features(d);
	if (ret == 0)
		ret = read_iova_range(d);
	return ret < 0 ? ret : set_status(d, 0);
}

/* ---- close ---- */

/* What is left to do, for a thread that may outlive the device's struct. */
struct goodbye {
	const struct vdpa_sys *sys;
	int fd;
	bool suspends;
};

/* Suspended first, as then the reset comes when nothing is half done. */
static void *say_goodbye(void *arg)
{
	struct goodbye *g = arg;
	uint8_t status = 0;

	if (g->suspends)
		(void)g->sys->ioctl(g->fd, VDPA_SUSPEND, NULL);
	(void)g->sys->ioctl(g->fd, VDPA_SET_STATUS, &status);
	g->sys->close(g->fd);
	free(g);
	return NULL;
}

/*
 * The thread is one that gets no signals. It is left to itself after the deadline: it has all that
 * it needs, and the library stays loaded (-z nodelete).
 */
static void say_goodbye_in_time(struct goodbye *g)
{
	int64_t deadline = deadline_after_ns(VDPA_RESET_NS);
	sigset_t all, old;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, NULL, say_goodbye, g);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret) {
		say_goodbye(g);
		return;
	}
	thread_join_or_detach(thread, deadline);
}

void vdpa_give_back(struct vdpa_dev *d)
{
	struct err_text why;

	if (d->owned) {
		err_save(&why);
		(void)set_status(d, 0);
		err_restore(&why);
		d->tried_fd = d->fd;
	}
	d->fd = -1;
	d->owned = false;
}

void vdpa_close(struct vdpa_dev *d)
{
	struct goodbye *g = d->owned ? malloc(sizeof(*g)) : NULL;

	if (g) {
		*g = (struct goodbye) { d->sys, d->fd,
					d->running && vdpa_has(d, VDPA_BACKEND_F_SUSPEND) };
		say_goodbye_in_time(g);
	} else if (d->fd >= 0) {
		d->sys->close(d->fd); /* which resets it as well, in whatever time */
	}
	d->fd = -1;
	d->owned = false;
	d->running = false;
}

/* ---- features, status, configuration ---- */

int vdpa_get_features(struct vdpa_dev *d, uint64_t *features)
{
	return call(d, VDPA_GET_FEATURES, features, "the device's features cannot be read");
}

int vdpa_get_status(struct vdpa_dev *d, uint8_t *status)
{
	return call(d, VDPA_GET_STATUS, status, "the device's status cannot be read");
}

int vdpa_negotiate(struct vdpa_dev *d, uint64_t features)
{
	uint8_t status = 0;
	int ret = set_status(d, 0);

	if (ret == 0)
		ret = set_status(d, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	if (ret == 0)
		ret = call(d, VDPA_SET_FEATURES, &features, "the device refuses its features");
	if (ret == 0)
		ret = set_status(d, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
					    VIRTIO_STATUS_FEATURES_OK);
	if (ret == 0)
		ret = vdpa_get_status(d, &status);
	if (ret < 0)
		return ret;
	if (!(status & VIRTIO_STATUS_FEATURES_OK))
		return err_set(-ENOTSUP,
			       "the device does not accept the features 0x%" PRIx64
			       " (its status is 0x%02x)",
			       features, status);
	return 0;
}

int vdpa_run(struct vdpa_dev *d)
{
	uint8_t status = 0;
	int ret = set_status(d, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
					VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);

	if (ret == 0)
		ret = vdpa_get_status(d, &status);
	if (ret < 0)
		return ret;
	if (!(status & VIRTIO_STATUS_DRIVER_OK) ||
	    status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED))
		return err_set(-EIO, "the device does not start (its status is 0x%02x)", status);
	d->running = true;
	return 0;
}

int vdpa_read_config(struct vdpa_dev *d, void *config, size_t len)
{
	autofree struct vdpa_config *c = calloc(1, sizeof(*c) + len);
	int ret;

	if (!c)
		return err_os(-ENOMEM, "cannot read the device's configuration");
	c->len = (uint32_t)len;
	ret = call(d, VDPA_GET_CONFIG, c, "the device's configuration cannot be read");
	if (ret == 0)
		memcpy(config, c->buf, len);
	return ret;
}

int vdpa_get_queue_limits(struct vdpa_dev *d, int *max_queues, int *max_size)
{
	uint16_t size = 0;
	uint32_t n = 0;
	int ret = call(d, VDPA_GET_VRING_NUM, &size,
		       "the size of the device's queues cannot be read");

	if (ret < 0)
		return ret;
	if (!size)
		return err_set(-EPROTO, "the device's queues have 0 descriptors");
	if (d->sys->ioctl(d->fd, VDPA_GET_VQS_COUNT, &n) < 0)
		n = INT_MAX; /* before Linux 5.18: the configuration says it */
	if (!n)
		return err_set(-EPROTO, "the device has 0 queues");
	*max_queues = int_at_most(n);
	*max_size = size;
	return 0;
}

int vdpa_set_config_call(struct vdpa_dev *d, int eventfd)
{
	return call(d, VDPA_SET_CONFIG_CALL, &eventfd,
		    "the device cannot tell of its configuration");
}

/* ---- queues ---- */

static int queue_call(struct vdpa_dev *d, unsigned long request, void *arg, unsigned int index,
		      const char *what)
{
	int ret = d->sys->ioctl(d->fd, request, arg);

	return ret < 0 ? err_os(ret, "%s of queue %u", what, index) : 0;
}

static int set_state(struct vdpa_dev *d, unsigned long request, unsigned int index,
		     unsigned int num, const char *what)
{
	struct vdpa_vring_state s = { index, num };

	return queue_call(d, request, &s, index, what);
}

static int set_fd(struct vdpa_dev *d, unsigned long request, unsigned int index, int fd,
		  const char *what)
{
	struct vdpa_vring_file f = { index, fd };

	return queue_call(d, request, &f, index, what);
}

/* Queues need not be of one size, and newer kernels tell that of each. */
static int check_size(struct vdpa_dev *d, const struct vdpa_queue *q)
{
	struct vdpa_vring_state s = { .index = q->index };

	if (d->sys->ioctl(d->fd, VDPA_GET_VRING_SIZE, &s) < 0 || s.num >= q->size)
		return 0;
	return err_set(-EINVAL,
		       "queue-size is %u, but queue %u of the device takes at most %u descriptors",
		       q->size, q->index, s.num);
}

int vdpa_setup_queue(struct vdpa_dev *d, const struct vdpa_queue *q)
{
	struct vdpa_vring_addr addr = {
		.index = q->index,
		.desc = q->desc,
		.used = q->device,
		.avail = q->driver,
	};
	int ret = check_size(d, q);

	if (ret == 0)
		ret = set_state(d, VDPA_SET_VRING_NUM, q->index, q->size, "VHOST_SET_VRING_NUM");
	if (ret == 0)
		ret = queue_call(d, VDPA_SET_VRING_ADDR, &addr, q->index, "VHOST_SET_VRING_ADDR");
	if (ret == 0)
		ret = set_state(d, VDPA_SET_VRING_BASE, q->index, q->base, "VHOST_SET_VRING_BASE");
	if (ret == 0)
		ret = set_fd(d, VDPA_SET_VRING_KICK, q->index, q->kick_fd, "VHOST_SET_VRING_KICK");
	if (ret == 0)
		ret = set_fd(d, VDPA_SET_VRING_CALL, q->index, q->call_fd, "VHOST_SET_VRING_CALL");
	if (ret == 0)
		ret = set_fd(d, VDPA_SET_VRING_ERR, q->index, q->err_fd, "VHOST_SET_VRING_ERR");
	if (ret == 0)
		ret = set_state(d, VDPA_SET_VRING_ENABLE, q->index, 1,
				"VHOST_VDPA_SET_VRING_ENABLE");
	return ret;
}

void vdpa_stop_queue(struct vdpa_dev *d, unsigned int index)
{
	struct vdpa_vring_state s = { .index = index };

	if (!vdpa_has(d, VDPA_BACKEND_F_SUSPEND) || !vdpa_has(d, VDPA_BACKEND_F_RESUME) ||
	    d->sys->ioctl(d->fd, VDPA_SUSPEND, NULL) < 0)
		return;
	(void)d->sys->ioctl(d->fd, VDPA_SET_VRING_ENABLE, &s);
	(void)d->sys->ioctl(d->fd, VDPA_RESUME, NULL);
}

/* ---- memory ---- */

static int send_iotlb(struct vdpa_dev *d, const struct vdpa_iotlb *m)
{
	struct vdpa_msg msg = { .type = VDPA_MSG_IOTLB_V2, .iotlb = *m };
	ssize_t n = d->sys->write(d->fd, &msg, sizeof(msg));

	if (n < 0)
		return (int)n;
	return n == sizeof(msg) ? 0 : -EIO;
}

/* A batch tells a parent that nothing but this is to come: one flush of its tables, not two. */
static int send_batch(struct vdpa_dev *d, const struct vdpa_iotlb *m)
{
	const struct vdpa_iotlb begin = { .type = VDPA_IOTLB_BATCH_BEGIN };
	const struct vdpa_iotlb end = { .type = VDPA_IOTLB_BATCH_END };
	int ret, ended;

	if (!vdpa_has(d, VDPA_BACKEND_F_IOTLB_BATCH))
		return send_iotlb(d, m);
	ret = send_iotlb(d, &begin);
	if (ret < 0)
		return ret;
	ret = send_iotlb(d, m);
	ended = send_iotlb(d, &end);
	return ret < 0 ? ret : ended;
}

int vdpa_map(struct vdpa_dev *d, uint64_t iova, void *addr, uint64_t len)
{
	const struct vdpa_iotlb m = {
		.iova = iova,
		.size = len,
		.addr = (uintptr_t)addr,
		.access = VDPA_ACCESS_RW,
		.type = VDPA_IOTLB_UPDATE,
	};
	int ret = send_batch(d, &m);

	if (ret == -ENOMEM || ret == -EPERM)
		return err_os(ret,
			      "cannot map %" PRIu64 " bytes for the device (RLIMIT_MEMLOCK, "
			      "ulimit -l)",
			      len);
	return ret < 0 ? err_os(ret, "cannot map %" PRIu64 " bytes for the device", len) : 0;
}

int vdpa_unmap(struct vdpa_dev *d, uint64_t iova, uint64_t len)
{
	const struct vdpa_iotlb m = {
		.iova = iova,
		.size = len,
		.type = VDPA_IOTLB_INVALIDATE,
	};

	return send_batch(d, &m);
}
