// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory of a vhost-user back-end: it is told of one region after the other, or of all of them
 * again with each change. Its addresses are ours to choose, and are no addresses of this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/vhost_user/vhost_user.h"
#include "lib/error.h"

/*
 * Memory must be known to the back-end before a request that uses it, which takes another way.
 * Without REPLY_ACK, the answer to a question behind the message says that it was handled.
 */
static int send_and_wait(struct vhost_user *vu, enum vhost_user_request request,
			 const void *payload, size_t bytes, const int *fds, unsigned int nr_fds)
{
	int ret = vhost_user_send(&vu->conn, request, payload, bytes, fds, nr_fds);
	uint64_t features;

	if (ret < 0 || vu->conn.reply_ack)
		return ret;
	return vhost_user_ask(&vu->conn, VHOST_USER_GET_FEATURES, NULL, 0, &features,
			      sizeof(features));
}

static bool has_slots(const struct vhost_user *vu)
{
	return vhost_user_has(vu, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);
}

/* REM_MEM_REG carries no descriptor: some back-ends refuse one. */
static int send_slot(struct vhost_user *vu, enum vhost_user_request request,
		     const struct vhost_user_slot *slot)
{
	const struct vhost_user_one_region m = { .region = slot->region };

	return send_and_wait(vu, request, &m, sizeof(m), &slot->fd,
			     request == VHOST_USER_ADD_MEM_REG ? 1 : 0);
}

static int send_table(struct vhost_user *vu)
{
	struct vhost_user_mem_table m = { .nr_regions = vu->nr_slots };
	size_t bytes = vu->nr_slots * sizeof(m.regions[0]);
	int fds[VHOST_USER_MAX_TABLE];

	if (vu->nr_slots > VHOST_USER_MAX_TABLE)
		return err_set(-ENOSPC, "the back-end has no more than %d memory regions",
			       VHOST_USER_MAX_TABLE);
	for (unsigned int i = 0; i < vu->nr_slots; i++) {
		m.regions[i] = vu->slots[i].region;
		fds[i] = vu->slots[i].fd;
	}
	return send_and_wait(vu, VHOST_USER_SET_MEM_TABLE, &m,
			     offsetof(struct vhost_user_mem_table, regions) + bytes, fds,
			     vu->nr_slots);
}

static struct vhost_user_slot *add_slot(struct vhost_user *vu)
{
	if (vu->nr_slots == vu->cap_slots) {
		unsigned int cap = vu->cap_slots ? 2 * vu->cap_slots : VHOST_USER_MAX_TABLE;
		struct vhost_user_slot *slots = reallocarray(vu->slots, cap, sizeof(*slots));

		if (!slots)
			return NULL;
		vu->slots = slots;
		vu->cap_slots = cap;
	}
	return &vu->slots[vu->nr_slots++];
}

static void drop_slot(struct vhost_user *vu, struct vhost_user_slot *slot)
{
	close(slot->fd);
	*slot = vu->slots[--vu->nr_slots];
}

static int check_region(const struct blkio_mem_region *r)
{
	if (r->fd < 0)
		return err_set(-EINVAL, "the memory region needs a file descriptor "
					"(needs-mem-region-fd)");
	if (r->fd_offset < 0)
		return err_set(-EIO, "the fd_offset of the memory region is negative");
	if (fcntl(r->fd, F_GETFD) < 0)
		return err_os(-EIO, "the file descriptor of the memory region is not open");
	if (!r->len)
		return err_set(-EINVAL, "the memory region is empty");
	return 0;
}

/* While the back-end is away there is nobody to tell; it will be when it is back. */
static int tell_of_new_slot(struct vhost_user *vu, const struct vhost_user_slot *slot)
{
	if (vu->give_up_at)
		return 0;
	return has_slots(vu) ? send_slot(vu, VHOST_USER_ADD_MEM_REG, slot) : send_table(vu);
}

static int map_at(struct vhost_user *vu, const struct blkio_mem_region *r, iova_t iova)
{
	struct vhost_user_slot *slot;
	int fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return err_os(-errno, "cannot duplicate the memory region's fd (see ulimit -n)");
	slot = add_slot(vu);
	if (!slot) {
		close(fd);
		return err_os(-ENOMEM, "cannot map the memory region");
	}
	*slot = (struct vhost_user_slot) { { iova, r->len, iova, (uint64_t)r->fd_offset }, fd };
	ret = tell_of_new_slot(vu, slot);
	if (ret < 0)
		drop_slot(vu, slot);
	return ret;
}

int vhost_user_map(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t *iova)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int ret = check_region(r);

	if (ret < 0)
		return ret;
	ret = iova_alloc(&vu->iovas, r->len, iova);
	if (ret < 0)
		return err_os(ret, "no address range of %zu bytes is left for the device", r->len);
	ret = map_at(vu, r, *iova);
	if (ret < 0)
		iova_free(&vu->iovas, *iova);
	return ret;
}

/*
 * The range is used again only when the back-end has confirmed that it let go of it. One that is
 * dead will not see what has a place there next: its successor gets rings of its own.
 */
void vhost_user_unmap(struct virtio_blk *vb, const struct blkio_mem_region *r, iova_t iova)
{
	struct vhost_user *vu = to_vhost_user(vb);
	struct vhost_user_slot gone = { .fd = -1 };
	int ret = 0;

	(void)r;
	for (unsigned int i = 0; i < vu->nr_slots && gone.fd < 0; i++) {
		if (vu->slots[i].region.guest_addr == iova) {
			gone = vu->slots[i];
			drop_slot(vu, &vu->slots[i]);
		}
	}
	if (gone.fd < 0)
		return;
	if (!vu->give_up_at)
		ret = has_slots(vu) ? send_slot(vu, VHOST_USER_REM_MEM_REG, &gone) : send_table(vu);
	if (ret == 0)
		iova_free(&vu->iovas, iova);
}

int vhost_user_restore_memory(struct virtio_blk *vb)
{
	struct vhost_user *vu = to_vhost_user(vb);
	int ret = 0;

	if (!has_slots(vu))
		return vu->nr_slots ? send_table(vu) : 0;
	for (unsigned int i = 0; i < vu->nr_slots && ret == 0; i++)
		ret = send_slot(vu, VHOST_USER_ADD_MEM_REG, &vu->slots[i]);
	return ret;
}

void vhost_user_forget_memory(struct vhost_user *vu)
{
	while (vu->nr_slots)
		drop_slot(vu, &vu->slots[vu->nr_slots - 1]);
	free(vu->slots);
	vu->slots = NULL;
	vu->cap_slots = 0;
	iova_finish(&vu->iovas);
}
