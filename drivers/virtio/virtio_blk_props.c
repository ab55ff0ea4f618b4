// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See virtio_blk_props.h.
 */
#include "drivers/virtio/virtio_blk_props.h"

#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "lib/util/align.h"

int virtio_blk_check_queue_size(const struct blkio_prop *p, const union prop_value *v)
{
	if (v->i > 0 && v->i <= VRING_MAX_SIZE && is_power_of_two((uint64_t)v->i))
		return 0;
	return err_set(-EINVAL, "property %s must be a power of two up to %d, not %d", p->name,
		       VRING_MAX_SIZE, v->i);
}

int virtio_blk_check_packed(const struct blkio_prop *p, const union prop_value *v)
{
	if (!strcmp(v->str, "auto") || !strcmp(v->str, "on") || !strcmp(v->str, "off"))
		return 0;
	return err_set(-EINVAL, "property %s must be auto, on or off, not '%.32s'", p->name,
		       v->str);
}

int virtio_blk_get_packed(struct blkio *b, union prop_value *v)
{
	const struct virtio_blk *vb = to_vblk(b);

	v->str = vb->packed_choice ? vb->packed_choice : "auto";
	return 0;
}

int virtio_blk_get_serial(struct blkio *b, union prop_value *v)
{
	v->str = to_vblk(b)->serial;
	return 0;
}
