// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_backend_voice.h.
 */
#include "tests/fakes/fake_backend_voice.h"

#include <endian.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user_proto.h"

bool fake_send_fds(int to, const void *buf, size_t bytes, const int *fds, unsigned int n)
{
	union {
		char buf[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)buf, bytes };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	return sendmsg(to, &msg, MSG_NOSIGNAL) >= 0;
}

static void say(struct fake_voice *v, uint32_t request, uint32_t flags)
{
	const struct vhost_user_header h = { request, VHOST_USER_VERSION | flags, 0 };

	(void)!send(v->backend_fd, &h, sizeof(h), MSG_NOSIGNAL);
}

static void say_bytes(struct fake_voice *v, const void *bytes, size_t n)
{
	(void)!send(v->backend_fd, bytes, n, MSG_NOSIGNAL);
}

/* Nothing else is done meanwhile. */
static void await_answer(struct fake_voice *v, struct fake_stats *stats)
{
	struct {
		struct vhost_user_header h;
		uint64_t value;
	} __attribute__((packed)) a;

	if (recv(v->backend_fd, &a, sizeof(a), MSG_WAITALL) == sizeof(a))
		stats->answer = a.value;
}

static void grow(struct virtio_blk_config *config)
{
	config->capacity = htole64(2 * le64toh(config->capacity));
}

static void flood(struct fake_voice *v)
{
	for (int i = 0; i < 100; i++)
		say(v, VHOST_USER_BACKEND_CONFIG_CHANGE, 0);
}

static void obey(struct fake_voice *v, struct virtio_blk_config *config, enum fake_command command)
{
	const struct vhost_user_header huge = { VHOST_USER_BACKEND_CONFIG_CHANGE,
						VHOST_USER_VERSION, UINT32_MAX };
	const struct vhost_user_header strange = { 77, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY,
						   0 };

	switch (command) {
	case COMMAND_GROW:
		grow(config);
		say(v, VHOST_USER_BACKEND_CONFIG_CHANGE, 0);
		break;
	case COMMAND_GROW_ASK:
		grow(config);
		say(v, VHOST_USER_BACKEND_CONFIG_CHANGE, VHOST_USER_NEED_REPLY);
		break;
	case COMMAND_SAME:
		say(v, VHOST_USER_BACKEND_CONFIG_CHANGE, 0);
		break;
	case COMMAND_FLOOD:
		flood(v);
		break;
	case COMMAND_STRANGE:
		fake_send_fds(v->backend_fd, &strange, sizeof(strange), (const int[]) { 0, 1, 2 },
			      3);
		break;
	case COMMAND_GARBAGE:
		say_bytes(v, "no message at all", 17);
		break;
	case COMMAND_HALF:
		say_bytes(v, &huge, sizeof(huge) / 2);
		break;
	case COMMAND_HUGE:
		say_bytes(v, &huge, sizeof(huge));
		break;
	case COMMAND_HANG_UP:
		close(v->backend_fd);
		v->backend_fd = -1;
		break;
	case COMMAND_ERROR:
		(void)!write(v->err_fd, &(uint64_t) { 1 }, sizeof(uint64_t));
		break;
	default:
		break;
	}
}

void fake_voice_obey(struct fake_voice *v, struct virtio_blk_config *config,
		     struct fake_stats *stats)
{
	enum fake_command command = (enum fake_command)stats->command;

	if (command == COMMAND_NONE)
		return;
	obey(v, config, command);
	stats->command = COMMAND_NONE;
	if (command == COMMAND_GROW_ASK || command == COMMAND_STRANGE)
		await_answer(v, stats);
}
