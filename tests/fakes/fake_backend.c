// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_backend.h. The control channel; the requests are in fake_backend_rings.c.
 */
#include "tests/fakes/fake_backend.h"

#include <check.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user_proto.h"
#include "tests/fakes/fake_backend_rings.h"
#include "tests/fakes/fake_backend_voice.h"

#define BIT(n) (UINT64_C(1) << (n))

struct message {
	struct vhost_user_header h;
	uint8_t payload[512];
	int fds[8];
	unsigned int nr_fds;
};

struct connection {
	struct fake_script script;
	struct fake_stats *stats;
	struct fake_rings_state rings;
	unsigned int messages;
	int fd;
	struct fake_voice voice;
	int inflight_fd;
	bool over;
};

struct fake_script fake_script_for(const struct fake_kind *kind)
{
	return (struct fake_script) {
		.kind = *kind,
		.rings = RINGS_SERVE,
		.id = "fake",
		.config = {
			.capacity = htole64(65536),
			.size_max = htole32(1 << 20),
			.seg_max = htole32(4),
			.blk_size = htole32(512),
			.writeback = 1,
			.num_queues = htole16(2),
			.max_discard_sectors = htole32(1 << 20),
			.max_discard_seg = htole32(1),
			.max_write_zeroes_sectors = htole32(1 << 20),
			.max_write_zeroes_seg = htole32(1),
			.max_secure_erase_sectors = htole32(1 << 20),
			.max_secure_erase_seg = htole32(1),
		},
	};
}

/* ---- answers ---- */

static void send_bytes(struct connection *c, const void *buf, size_t bytes, int pause_us)
{
	size_t step = pause_us ? 1 : bytes;

	for (size_t i = 0; i < bytes && !c->over; i += step) {
		if (send(c->fd, (const char *)buf + i, step, MSG_NOSIGNAL) < 0)
			c->over = true;
		if (pause_us)
			usleep((useconds_t)pause_us);
	}
}

static void send_spoilt(struct connection *c, struct vhost_user_header *h, uint8_t *buf,
			size_t bytes)
{
	switch (c->script.spoil) {
	case SPOIL_NO_REPLY_FLAG:
		h->flags &= ~(uint32_t)VHOST_USER_REPLY;
		break;
	case SPOIL_VERSION:
		h->flags = VHOST_USER_REPLY | 2;
		break;
	case SPOIL_REQUEST:
		h->request++;
		break;
	case SPOIL_SHORT:
		h->size--;
		break;
	case SPOIL_LONG:
		h->size++;
		break;
	case SPOIL_HUGE:
		h->size = UINT32_MAX;
		break;
	case SPOIL_VALUE:
		memcpy(buf + sizeof(*h), &c->script.value, sizeof(c->script.value));
		break;
	default:
		break;
	}
	memcpy(buf, h, sizeof(*h));
	switch (c->script.spoil) {
	case SPOIL_SILENCE:
		break;
	case SPOIL_CLOSE:
		c->over = true;
		break;
	case SPOIL_DRIP:
		send_bytes(c, buf, bytes, 300);
		break;
	case SPOIL_SLOW_DRIP:
		send_bytes(c, buf, bytes, 80000);
		break;
	case SPOIL_HALF:
	case SPOIL_HALF_SILENCE:
		send_bytes(c, buf, bytes / 2, 0);
		c->over = c->script.spoil == SPOIL_HALF;
		break;
	case SPOIL_FDS:
		c->over = !fake_send_fds(c->fd, buf, bytes, (const int[]) { 0, 1, 2 }, 3);
		break;
	default:
		send_bytes(c, buf, bytes, 0);
	}
}

static void answer(struct connection *c, uint32_t request, const void *payload, uint32_t bytes)
{
	struct vhost_user_header h = { request, VHOST_USER_VERSION | VHOST_USER_REPLY, bytes };
	uint8_t buf[600];

	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), payload, bytes);
	if (c->script.spoil && c->script.spoilt == request)
		send_spoilt(c, &h, buf, sizeof(h) + bytes);
	else
		send_bytes(c, buf, sizeof(h) + bytes, 0);
}

static void answer_u64(struct connection *c, uint32_t request, uint64_t value)
{
	answer(c, request, &value, sizeof(value));
}

/* ---- requests ---- */

static uint64_t features(const struct fake_script *s)
{
	uint64_t f = BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_USER_F_PROTOCOL_FEATURES) |
		     BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_MQ) |
		     BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_SIZE_MAX) |
		     BIT(VIRTIO_BLK_F_DISCARD) | BIT(VIRTIO_BLK_F_WRITE_ZEROES);

	f |= s->kind.packed ? BIT(VIRTIO_F_RING_PACKED) : 0;
	f |= s->kind.indirect ? BIT(VIRTIO_F_INDIRECT_DESC) : 0;
	f |= s->kind.event_idx ? BIT(VIRTIO_F_EVENT_IDX) : 0;
	return (f | s->extra_features) & ~s->hidden_features;
}

static uint64_t protocol(const struct fake_script *s)
{
	return (BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |
		BIT(VHOST_USER_PROTOCOL_F_CONFIG) | BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ) |
		BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD) |
		BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)) &
	       ~s->hidden_protocol;
}

static uint64_t payload_u64(const struct message *m)
{
	uint64_t value;

	memcpy(&value, m->payload, sizeof(value));
	return value;
}

static void answer_config(struct connection *c, const struct message *m)
{
	struct vhost_user_config config;

	memcpy(&config, m->payload, sizeof(config));
	memcpy(config.data, &c->script.config, sizeof(c->script.config));
	answer(c, m->h.request, &config, m->h.size);
}

/* An answer with a descriptor, unless there is nothing to be noted. */
static void answer_inflight(struct connection *c, const struct message *m)
{
	struct {
		struct vhost_user_header h;
		struct vhost_user_inflight i;
	} __attribute__((packed))
	a = { .h = { m->h.request, VHOST_USER_VERSION | VHOST_USER_REPLY, sizeof(a.i) } };

	a.i.mmap_size = c->script.inflight_bytes;
	if (!a.i.mmap_size || c->script.inflight_without_fd) {
		answer(c, m->h.request, &a.i, sizeof(a.i));
		return;
	}
	c->inflight_fd = memfd_create("inflight", MFD_CLOEXEC);
	c->over = !fake_send_fds(c->fd, &a, sizeof(a), &c->inflight_fd, 1);
}

static bool is_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_ino == sb.st_ino;
}

/* What has an answer of its own. */
static bool handle_query(struct connection *c, const struct message *m)
{
	struct vhost_user_vring_state state;

	switch (m->h.request) {
	case VHOST_USER_GET_FEATURES:
		answer_u64(c, m->h.request, features(&c->script));
		return true;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		answer_u64(c, m->h.request, protocol(&c->script));
		return true;
	case VHOST_USER_GET_QUEUE_NUM:
		answer_u64(c, m->h.request, 2);
		return true;
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		answer_u64(c, m->h.request, 8);
		return true;
	case VHOST_USER_GET_CONFIG:
		answer_config(c, m);
		return true;
	case VHOST_USER_GET_INFLIGHT_FD:
		answer_inflight(c, m);
		return true;
	case VHOST_USER_GET_VRING_BASE:
		memcpy(&state, m->payload, sizeof(state));
		fake_rings_disable(&c->rings);
		answer(c, m->h.request, &state, sizeof(state));
		return true;
	default:
		return false;
	}
}

/* A memory file that another process can shorten kills whoever touches it then. */
static void note_region(struct connection *c, const uint8_t *payload, int fd)
{
	struct vhost_user_region region;

	memcpy(&region, payload, sizeof(region));
	c->stats->regions++;
	c->stats->user_addr = region.user_addr;
	c->stats->truncated += fd >= 0 && ftruncate(fd, 0) == 0;
	fake_rings_map(&c->rings, payload, fd);
}

static void note_table(struct connection *c, const struct message *m)
{
	c->stats->wrong_sizes += m->h.size != 8 + m->payload[0] * sizeof(struct vhost_user_region);
	for (unsigned int i = 0; i < m->payload[0] && i < m->nr_fds; i++)
		note_region(c, m->payload + 8 + i * sizeof(struct vhost_user_region), m->fds[i]);
}

static void note(struct connection *c, const struct message *m)
{
	switch (m->h.request) {
	case VHOST_USER_SET_FEATURES:
		c->stats->features = payload_u64(m);
		c->rings.kind.packed = c->stats->features >> VIRTIO_F_RING_PACKED & 1;
		break;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		c->stats->protocol = payload_u64(m);
		break;
	case VHOST_USER_SET_MEM_TABLE:
		note_table(c, m);
		break;
	case VHOST_USER_ADD_MEM_REG:
		note_region(c, m->payload + 8, m->fds[0]);
		break;
	case VHOST_USER_SET_BACKEND_REQ_FD:
		c->voice.backend_fd = dup(m->fds[0]);
		break;
	case VHOST_USER_SET_VRING_ERR:
		close(c->voice.err_fd);
		c->voice.err_fd = dup(m->fds[0]);
		break;
	case VHOST_USER_SET_INFLIGHT_FD:
		c->stats->inflight += is_same_file(m->fds[0], c->inflight_fd);
		break;
	case VHOST_USER_SET_VRING_NUM:
		fake_rings_set_size(&c->rings, m->payload);
		break;
	case VHOST_USER_SET_VRING_ADDR:
		fake_rings_set_addr(&c->rings, m->payload);
		break;
	case VHOST_USER_SET_VRING_CALL:
		if (!m->payload[0])
			fake_rings_set_call(&c->rings, dup(m->fds[0]));
		break;
	case VHOST_USER_SET_VRING_KICK:
		if (!m->payload[0])
			fake_rings_set_kick(&c->rings, dup(m->fds[0]));
		break;
	case VHOST_USER_SET_VRING_ENABLE:
		if (!m->payload[0])
			c->rings.enabled = m->payload[4] && c->rings.mem;
		break;
	default:
		break;
	}
}

static bool receive(int fd, struct message *m)
{
	union {
		char buf[CMSG_SPACE(sizeof(m->fds))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { &m->h, sizeof(m->h) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cmsg;

	*m = (struct message) { .fds = { -1 } };
	if (recvmsg(fd, &msg, MSG_WAITALL) != sizeof(m->h) || m->h.size > sizeof(m->payload))
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg) {
		m->nr_fds = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(m->fds, CMSG_DATA(cmsg), m->nr_fds * sizeof(int));
	}
	return !m->h.size || recv(fd, m->payload, m->h.size, MSG_WAITALL) == (ssize_t)m->h.size;
}

static void handle(struct connection *c)
{
	struct message m;

	if (!receive(c->fd, &m)) {
		c->over = true;
		return;
	}
	c->messages++;
	if (c->messages == c->script.close_at) {
		c->over = true;
	} else if (!handle_query(c, &m)) {
		note(c, &m);
		if (m.h.flags & VHOST_USER_NEED_REPLY)
			answer_u64(c, m.h.request, 0);
	}
	for (unsigned int i = 0; i < m.nr_fds; i++)
		close(m.fds[i]);
}

static void serve(struct connection *c)
{
	while (!c->over) {
		struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
		bool busy = c->rings.enabled && c->script.rings == RINGS_SCRIBBLE;

		if (poll(&pfd, 1, busy ? 0 : 1) > 0)
			handle(c);
		fake_rings_work(&c->rings, c->script.rings, c->stats);
		fake_voice_obey(&c->voice, &c->script.config, c->stats);
	}
	fake_rings_finish(&c->rings);
	close(c->fd);
	close(c->voice.backend_fd);
	close(c->voice.err_fd);
	close(c->inflight_fd);
}

static void run(int listen_fd, const struct fake_script *script, struct fake_stats *stats)
{
	for (bool first = true;; first = false) {
		struct connection c = { .script = first || script->stays
							  ? *script
							  : fake_script_for(&script->kind),
					.stats = stats,
					.voice = { -1, -1 },
					.inflight_fd = -1 };

		c.rings.kind = script->kind;
		c.rings.no_id = c.script.no_id;
		c.rings.zones = c.script.zones;
		memcpy(c.rings.id, c.script.id, sizeof(c.rings.id));
		c.fd = accept(listen_fd, NULL, NULL);
		if (c.fd < 0)
			_exit(1);
		serve(&c);
		if (first)
			stats->messages = c.messages;
	}
}

/* ---- the process ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

static void start_process(struct fake_backend *fb, const struct fake_script *script)
{
	int fd = listen_at(fb->path);

	fb->pid = fork();
	ck_assert_int_ge(fb->pid, 0);
	if (!fb->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(fd, script, fb->stats);
	}
	close(fd);
}

void fake_backend_start(struct fake_backend *fb, const struct fake_script *script)
{
	snprintf(fb->dir, sizeof(fb->dir), "%s/blkio-hostile-XXXXXX", P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(fb->dir));
	snprintf(fb->path, sizeof(fb->path), "%s/s", fb->dir);
	fb->stats = mmap(NULL, sizeof(*fb->stats), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(fb->stats, MAP_FAILED);
	start_process(fb, script);
}

void fake_backend_again(struct fake_backend *fb, const struct fake_script *script)
{
	ck_assert_int_eq(fb->pid, 0);
	unlink(fb->path);
	memset((void *)fb->stats, 0, sizeof(*fb->stats));
	start_process(fb, script);
}

void fake_backend_do(struct fake_backend *fb, enum fake_command command)
{
	fb->stats->command = command;
	for (int i = 0; i < 5000 && fb->stats->command != COMMAND_NONE; i++)
		usleep(1000);
	ck_assert_int_eq(fb->stats->command, COMMAND_NONE);
}

void fake_backend_kill(struct fake_backend *fb)
{
	if (fb->pid > 0) {
		kill(fb->pid, SIGKILL);
		waitpid(fb->pid, NULL, 0);
	}
	fb->pid = 0;
}

void fake_backend_stop(struct fake_backend *fb)
{
	fake_backend_kill(fb);
	unlink(fb->path);
	rmdir(fb->dir);
	munmap(fb->stats, sizeof(*fb->stats));
}
