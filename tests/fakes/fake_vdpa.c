// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_vdpa.h.
 */
#include "tests/fakes/fake_vdpa.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/vhost_vdpa/vdpa_abi.h"
#include "tests/fakes/must.h"

/* The driver has definitions of its own: they are the kernel's, as far as these headers go. */
_Static_assert(VDPA_GET_FEATURES == VHOST_GET_FEATURES, "");
_Static_assert(VDPA_SET_FEATURES == VHOST_SET_FEATURES, "");
_Static_assert(VDPA_SET_OWNER == VHOST_SET_OWNER, "");
_Static_assert(VDPA_SET_VRING_NUM == VHOST_SET_VRING_NUM, "");
_Static_assert(VDPA_SET_VRING_ADDR == VHOST_SET_VRING_ADDR, "");
_Static_assert(VDPA_SET_VRING_BASE == VHOST_SET_VRING_BASE, "");
_Static_assert(VDPA_SET_VRING_KICK == VHOST_SET_VRING_KICK, "");
_Static_assert(VDPA_SET_VRING_CALL == VHOST_SET_VRING_CALL, "");
_Static_assert(VDPA_SET_VRING_ERR == VHOST_SET_VRING_ERR, "");
_Static_assert(VDPA_SET_BACKEND_FEATURES == VHOST_SET_BACKEND_FEATURES, "");
_Static_assert(VDPA_GET_BACKEND_FEATURES == VHOST_GET_BACKEND_FEATURES, "");
_Static_assert(VDPA_GET_DEVICE_ID == VHOST_VDPA_GET_DEVICE_ID, "");
_Static_assert(VDPA_GET_STATUS == VHOST_VDPA_GET_STATUS, "");
_Static_assert(VDPA_SET_STATUS == VHOST_VDPA_SET_STATUS, "");
_Static_assert(VDPA_GET_CONFIG == VHOST_VDPA_GET_CONFIG, "");
_Static_assert(VDPA_SET_VRING_ENABLE == VHOST_VDPA_SET_VRING_ENABLE, "");
_Static_assert(VDPA_GET_VRING_NUM == VHOST_VDPA_GET_VRING_NUM, "");
_Static_assert(VDPA_SET_CONFIG_CALL == VHOST_VDPA_SET_CONFIG_CALL, "");
_Static_assert(VDPA_GET_IOVA_RANGE == VHOST_VDPA_GET_IOVA_RANGE, "");
_Static_assert(VDPA_SUSPEND == VHOST_VDPA_SUSPEND, "");
_Static_assert(VDPA_GET_VQS_COUNT == VHOST_VDPA_GET_VQS_COUNT, "");
_Static_assert(VDPA_BACKEND_F_IOTLB_MSG_V2 == VHOST_BACKEND_F_IOTLB_MSG_V2, "");
_Static_assert(VDPA_BACKEND_F_IOTLB_BATCH == VHOST_BACKEND_F_IOTLB_BATCH, "");
_Static_assert(VDPA_BACKEND_F_SUSPEND == VHOST_BACKEND_F_SUSPEND, "");
_Static_assert(VDPA_IOTLB_UPDATE == VHOST_IOTLB_UPDATE, "");
_Static_assert(VDPA_IOTLB_INVALIDATE == VHOST_IOTLB_INVALIDATE, "");
_Static_assert(VDPA_IOTLB_BATCH_BEGIN == VHOST_IOTLB_BATCH_BEGIN, "");
_Static_assert(VDPA_IOTLB_BATCH_END == VHOST_IOTLB_BATCH_END, "");
_Static_assert(VDPA_ACCESS_RW == VHOST_ACCESS_RW, "");
_Static_assert(VDPA_MSG_IOTLB_V2 == VHOST_IOTLB_MSG_V2, "");
_Static_assert(sizeof(struct vdpa_msg) == sizeof(struct vhost_msg_v2), "");
_Static_assert(offsetof(struct vdpa_msg, iotlb) == offsetof(struct vhost_msg_v2, iotlb), "");
_Static_assert(sizeof(struct vdpa_iotlb) == sizeof(struct vhost_iotlb_msg), "");
_Static_assert(offsetof(struct vdpa_iotlb, addr) == offsetof(struct vhost_iotlb_msg, uaddr), "");
_Static_assert(offsetof(struct vdpa_iotlb, access) == offsetof(struct vhost_iotlb_msg, perm), "");
_Static_assert(offsetof(struct vdpa_iotlb, type) == offsetof(struct vhost_iotlb_msg, type), "");
_Static_assert(sizeof(struct vdpa_vring_addr) == sizeof(struct vhost_vring_addr), "");
_Static_assert(offsetof(struct vdpa_vring_addr, desc) ==
		       offsetof(struct vhost_vring_addr, desc_user_addr),
	       "");
_Static_assert(offsetof(struct vdpa_vring_addr, used) ==
		       offsetof(struct vhost_vring_addr, used_user_addr),
	       "");
_Static_assert(offsetof(struct vdpa_vring_addr, avail) ==
		       offsetof(struct vhost_vring_addr, avail_user_addr),
	       "");
_Static_assert(sizeof(struct vdpa_vring_state) == sizeof(struct vhost_vring_state), "");
_Static_assert(sizeof(struct vdpa_vring_file) == sizeof(struct vhost_vring_file), "");
_Static_assert(sizeof(struct vdpa_iova_range) == sizeof(struct vhost_vdpa_iova_range), "");
_Static_assert(offsetof(struct vdpa_config, buf) == offsetof(struct vhost_vdpa_config, buf), "");

/* Status bits and IDs of the specification. */
#define FEATURES_OK 8
#define DRIVER_OK   4
#define ID_BLOCK    2

struct fake_vdpa fake_vdpa;

/* A thread of the driver's own ends a device. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(unsigned long what)
{
	pthread_mutex_lock(&lock);
	if (fake_vdpa.nr < FAKE_VDPA_LOG)
		fake_vdpa.log[fake_vdpa.nr++] = what;
	pthread_mutex_unlock(&lock);
}

void fake_vdpa_fail(unsigned long request, int ret)
{
	for (int i = 0; i < FAKE_VDPA_FAILS; i++) {
		if (!fake_vdpa.fail[i].request || fake_vdpa.fail[i].request == request) {
			fake_vdpa.fail[i].request = request;
			fake_vdpa.fail[i].ret = ret;
			return;
		}
	}
	ck_abort_msg("too many calls that fail");
}

unsigned int fake_vdpa_count(unsigned long what)
{
	unsigned int n = 0;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < fake_vdpa.nr; i++)
		n += fake_vdpa.log[i] == what;
	pthread_mutex_unlock(&lock);
	return n;
}

int fake_vdpa_find(unsigned long what)
{
	int found = -1;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < fake_vdpa.nr && found < 0; i++)
		found = fake_vdpa.log[i] == what ? (int)i : -1;
	pthread_mutex_unlock(&lock);
	return found;
}

void *fake_vdpa_memory(uint64_t iova, uint64_t len)
{
	for (unsigned int i = 0; i < fake_vdpa.nr_maps; i++) {
		const struct fake_vdpa_map *m = &fake_vdpa.maps[i];

		if (iova >= m->iova && iova - m->iova <= m->len && len <= m->len - (iova - m->iova))
			return (void *)(uintptr_t)(m->addr + (iova - m->iova));
	}
	return NULL;
}

/* ---- open, close ---- */

int fake_vdpa_open(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	must_ge(fd, 0);
	__atomic_fetch_add(&fake_vdpa.open_fds, 1, __ATOMIC_SEQ_CST);
	return fd;
}

static int sys_open(const char *path)
{
	(void)path;
	return fake_vdpa.open_ret ? fake_vdpa.open_ret : fake_vdpa_open();
}

/* The kernel resets a device that nobody has open any more. */
static void sys_close(int fd)
{
	note(FAKE_VDPA_CLOSE);
	fake_vdpa.owned = false;
	fake_vdpa.status = 0;
	fake_vdpa.nr_maps = 0;
	must_eq(close(fd), 0);
	__atomic_fetch_sub(&fake_vdpa.open_fds, 1, __ATOMIC_SEQ_CST);
}

/* ---- ioctls ---- */

static void forget_queues(void)
{
	memset(fake_vdpa.queue, 0, sizeof(fake_vdpa.queue));
	for (int i = 0; i < FAKE_VDPA_QUEUES; i++)
		fake_vdpa.queue[i].kick = fake_vdpa.queue[i].call = fake_vdpa.queue[i].err = -1;
}

static int set_status(uint8_t status)
{
	if (!status) {
		if (fake_vdpa.status & DRIVER_OK && fake_vdpa.reset_ms)
			nanosleep(&(struct timespec) { fake_vdpa.reset_ms / 1000,
						       fake_vdpa.reset_ms % 1000 * 1000000L },
				  NULL);
		forget_queues();
		if (!(fake_vdpa.acked & UINT64_C(1) << VDPA_BACKEND_F_IOTLB_PERSIST))
			fake_vdpa.nr_maps = 0;
	}
	fake_vdpa.status = status;
	if (fake_vdpa.refuses_features)
		fake_vdpa.status &= (uint8_t)~FEATURES_OK;
	if (fake_vdpa.does_not_start)
		fake_vdpa.status &= (uint8_t)~DRIVER_OK;
	return 0;
}

static struct fake_vdpa_queue *queue_of(const void *arg)
{
	unsigned int index = *(const unsigned int *)arg;

	must(index < fake_vdpa.nr_queues && index < FAKE_VDPA_QUEUES);
	return &fake_vdpa.queue[index];
}

static int get_config(struct vhost_vdpa_config *c)
{
	must(c->off + c->len <= 4096);
	memset(c->buf, 0, c->len);
	if (c->off < sizeof(fake_vdpa.blk))
		memcpy(c->buf, fake_vdpa.blk + c->off,
		       c->len < sizeof(fake_vdpa.blk) - c->off ? c->len
							       : sizeof(fake_vdpa.blk) - c->off);
	return 0;
}

static int set_address(const struct vhost_vring_addr *a)
{
	struct fake_vdpa_queue *q = queue_of(a);

	q->desc = a->desc_user_addr;
	q->driver = a->avail_user_addr;
	q->device = a->used_user_addr;
	return 0;
}

static int set_owner(void)
{
	if (fake_vdpa.owned)
		return -EBUSY;
	fake_vdpa.owned = true;
	return 0;
}

static int queue_size(struct vhost_vring_state *s)
{
	if (!fake_vdpa.second_size)
		return -ENOTTY;
	s->num = s->index == 1 ? fake_vdpa.second_size : fake_vdpa.max_size;
	return 0;
}

static int queue_ioctl(unsigned long request, void *arg)
{
	const struct vhost_vring_state *state = arg;
	const struct vhost_vring_file *file = arg;
	struct fake_vdpa_queue *q = queue_of(arg);

	switch (request) {
	case VHOST_SET_VRING_NUM:
		q->size = state->num;
		return 0;
	case VHOST_SET_VRING_BASE:
		q->base = state->num;
		return 0;
	case VHOST_VDPA_SET_VRING_ENABLE:
		q->enabled = state->num;
		return 0;
	case VHOST_SET_VRING_KICK:
		q->kick = file->fd;
		return 0;
	case VHOST_SET_VRING_CALL:
		q->call = file->fd;
		return 0;
	case VHOST_SET_VRING_ERR:
		q->err = file->fd;
		return 0;
	case VHOST_SET_VRING_ADDR:
		return set_address(arg);
	case VDPA_GET_VRING_SIZE:
		return queue_size(arg);
	default:
		return -ENOTTY;
	}
}

static int device_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case VHOST_VDPA_GET_DEVICE_ID:
		*(uint32_t *)arg = fake_vdpa.device_id;
		return 0;
	case VHOST_SET_OWNER:
		return set_owner();
	case VHOST_GET_BACKEND_FEATURES:
		*(uint64_t *)arg = fake_vdpa.backend_features;
		return 0;
	case VHOST_SET_BACKEND_FEATURES:
		fake_vdpa.acked = *(const uint64_t *)arg;
		must(!(fake_vdpa.acked & ~fake_vdpa.backend_features));
		return 0;
	case VHOST_VDPA_GET_IOVA_RANGE:
		*(struct vhost_vdpa_iova_range *)arg =
			(struct vhost_vdpa_iova_range) { fake_vdpa.iova_first,
							 fake_vdpa.iova_last };
		return 0;
	case VHOST_GET_FEATURES:
		*(uint64_t *)arg = fake_vdpa.features;
		return 0;
	case VHOST_SET_FEATURES:
		fake_vdpa.driver_features = *(const uint64_t *)arg;
		return fake_vdpa.driver_features & ~fake_vdpa.features ? -EINVAL : 0;
	case VHOST_VDPA_GET_STATUS:
		*(uint8_t *)arg = fake_vdpa.status;
		return 0;
	case VHOST_VDPA_SET_STATUS:
		return set_status(*(const uint8_t *)arg);
	case VHOST_VDPA_GET_CONFIG:
		return get_config(arg);
	case VHOST_VDPA_SET_CONFIG_CALL:
		fake_vdpa.config_call = *(const int *)arg;
		return 0;
	case VHOST_VDPA_GET_VRING_NUM:
		*(uint16_t *)arg = fake_vdpa.max_size;
		return 0;
	case VHOST_VDPA_GET_VQS_COUNT:
		*(uint32_t *)arg = fake_vdpa.nr_queues;
		return 0;
	case VHOST_VDPA_SUSPEND:
	case VDPA_RESUME:
		return 0;
	default:
		return queue_ioctl(request, arg);
	}
}

static int sys_ioctl(int fd, unsigned long request, void *arg)
{
	must_ge(fcntl(fd, F_GETFD), 0);
	note(request);
	if (fake_vdpa.fail_nth && !--fake_vdpa.fail_nth)
		return -EIO;
	for (int i = 0; i < FAKE_VDPA_FAILS; i++) {
		if (fake_vdpa.fail[i].request == request && fake_vdpa.fail[i].ret)
			return fake_vdpa.fail[i].ret;
	}
	return device_ioctl(request, arg);
}

/* ---- memory ---- */

static int map(const struct vhost_iotlb_msg *m)
{
	note(FAKE_VDPA_MAP);
	if (fake_vdpa.fail_map && !--fake_vdpa.fail_map)
		return -ENOMEM;
	must(m->iova >= fake_vdpa.iova_first && m->iova + m->size - 1 <= fake_vdpa.iova_last);
	must_eq(m->perm, VHOST_ACCESS_RW);
	must_eq(m->iova % 4096 | m->size % 4096 | m->uaddr % 4096, 0);
	for (unsigned int i = 0; i < fake_vdpa.nr_maps; i++)
		must(m->iova + m->size <= fake_vdpa.maps[i].iova ||
		     m->iova >= fake_vdpa.maps[i].iova + fake_vdpa.maps[i].len);
	must(fake_vdpa.nr_maps < FAKE_VDPA_MAPS);
	fake_vdpa.maps[fake_vdpa.nr_maps++] = (struct fake_vdpa_map) { m->iova, m->uaddr, m->size };
	return 0;
}

static int unmap(const struct vhost_iotlb_msg *m)
{
	note(FAKE_VDPA_UNMAP);
	for (unsigned int i = 0; i < fake_vdpa.nr_maps; i++) {
		if (fake_vdpa.maps[i].iova == m->iova && fake_vdpa.maps[i].len == m->size) {
			fake_vdpa.maps[i] = fake_vdpa.maps[--fake_vdpa.nr_maps];
			return 0;
		}
	}
	return 0; /* as the kernel has it */
}

static ssize_t sys_write(int fd, const void *buf, size_t len)
{
	const struct vhost_msg_v2 *msg = buf;
	int ret = 0;

	must_ge(fcntl(fd, F_GETFD), 0);
	must_eq(len, sizeof(*msg));
	must_eq(msg->type, VHOST_IOTLB_MSG_V2);
	must(fake_vdpa.owned);
	switch (msg->iotlb.type) {
	case VHOST_IOTLB_UPDATE:
		ret = map(&msg->iotlb);
		break;
	case VHOST_IOTLB_INVALIDATE:
		ret = unmap(&msg->iotlb);
		break;
	case VHOST_IOTLB_BATCH_BEGIN:
		note(FAKE_VDPA_BATCH_BEGIN);
		break;
	case VHOST_IOTLB_BATCH_END:
		note(FAKE_VDPA_BATCH_END);
		break;
	default:
		ck_abort_msg("an unknown message: %u", msg->iotlb.type);
	}
	return ret < 0 ? ret : (ssize_t)len;
}

const struct vdpa_sys fake_vdpa_sys = {
	.open = sys_open,
	.close = sys_close,
	.ioctl = sys_ioctl,
	.write = sys_write,
};

void fake_vdpa_reset(void)
{
	const uint64_t sectors = htole64(32768);
	const uint32_t seg_max = htole32(126);
	const uint16_t num_queues = htole16(4);

	memset(&fake_vdpa, 0, sizeof(fake_vdpa));
	fake_vdpa.device_id = ID_BLOCK;
	/* VERSION_1, ACCESS_PLATFORM, INDIRECT_DESC, EVENT_IDX, SEG_MAX, FLUSH, MQ */
	fake_vdpa.features = UINT64_C(1) << 32 | UINT64_C(1) << 33 | 1 << 28 | 1 << 29 | 1 << 2 |
			     1 << 9 | 1 << 12;
	fake_vdpa.backend_features = 1 << VDPA_BACKEND_F_IOTLB_MSG_V2 |
				     1 << VDPA_BACKEND_F_IOTLB_BATCH | 1 << VDPA_BACKEND_F_SUSPEND |
				     1 << VDPA_BACKEND_F_RESUME |
				     1 << VDPA_BACKEND_F_ENABLE_AFTER_DRIVER_OK;
	memcpy(fake_vdpa.blk, &sectors, sizeof(sectors));
	memcpy(fake_vdpa.blk + 12, &seg_max, sizeof(seg_max));
	memcpy(fake_vdpa.blk + 34, &num_queues, sizeof(num_queues));
	fake_vdpa.nr_queues = 4;
	fake_vdpa.max_size = 256;
	fake_vdpa.iova_last = UINT64_MAX;
	fake_vdpa.config_call = -1;
	forget_queues();
}
