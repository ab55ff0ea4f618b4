// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The completion path of a virtqueue, split and packed, whose memory the device scribbles on: a
 * chain comes back only if it was in flight, once, and with a length that is possible.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/vq_fixture.h"

static void add(struct vq_fixture *f, unsigned int n)
{
	for (uint16_t id = 0; id < VQ_SIZE; id++) {
		if (f->n[id])
			continue;
		if (vq_has_room(&f->vq, n))
			vq_fixture_add(f, id, (uint16_t)n);
		return;
	}
}

static void scribble(struct vq_fixture *f, struct fuzz_input *in)
{
	size_t at = fuzz_u16(in) % f->mem_bytes;
	size_t n = fuzz_u8(in) % 32;

	fuzz_bytes(in, f->mem + at, n < f->mem_bytes - at ? n : f->mem_bytes - at);
}

/* As a device should; one that has written over the rings can no longer read them. */
static void serve(struct vq_fixture *f, uint32_t len)
{
	struct fake_chain chain;

	if (fake_device_pop(&f->dev, &chain))
		fake_device_use(&f->dev, &chain, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct vq_fixture f;
	bool honest = true;
	uint32_t len;
	int ret = 0;

	vq_fixture_init(&f, &fake_kinds[fuzz_u8(&in) % FAKE_KINDS]);
	while (in.size && ret != -EPROTO) {
		uint8_t op = fuzz_u8(&in);

		switch (op % 8) {
		case 0:
		case 1:
			add(&f, 1 + (op >> 3) % VQ_MAX_SEGS);
			break;
		case 2:
			vq_publish(&f.vq);
			break;
		case 3:
			if (honest)
				serve(&f, op >> 3);
			break;
		case 4:
			scribble(&f, &in);
			honest = false;
			break;
		case 5:
			do
				ret = vq_fixture_take(&f, &len);
			while (ret >= 0);
			break;
		case 6:
			vq_enable_events(&f.vq, (uint16_t)(1 + (op >> 3)));
			break;
		default:
			vq_disable_events(&f.vq);
		}
	}
	/* One that keeps to the rules is never said not to. */
	fuzz_must(!honest || ret != -EPROTO);
	vq_fixture_finish(&f);
	return 0;
}
