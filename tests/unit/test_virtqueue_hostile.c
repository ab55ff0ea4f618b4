// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Virtqueues with a device that breaks the rules (HARDENING 1 and 2), in every format: it is told
 * so, or ignored, and nothing else changes.
 */
#include "drivers/virtio/virtqueue.h"

#include <stdlib.h>

#include "tests/fakes/must.h"
#include "tests/unit/unit.h"
#include "tests/unit/vq_fixture.h"

#define KIND (&fake_kinds[_i])

static struct vq_fixture f;
static struct fake_chain chain[VQ_SIZE];

/* Chains 0, 2 and 4 are with the device. */
static void start(const struct fake_kind *kind)
{
	vq_fixture_init(&f, kind);
	for (uint16_t id = 0; id < 6; id += 2)
		vq_fixture_add(&f, id, 2);
	vq_publish(&f.vq);
	for (uint16_t id = 0; id < 6; id += 2)
		vq_fixture_expect(&f, id, &chain[id]);
}

static void tear_down(void)
{
	vq_fixture_finish(&f);
}

static int take(void)
{
	uint32_t len;

	return vq_fixture_take(&f, &len);
}

START_TEST(an_id_that_does_not_exist)
{
	static const uint32_t ids[] = { VQ_SIZE, 0x7fff, 0xffff };

	for (size_t i = 0; i < array_len(ids); i++) {
		start(KIND);
		fake_device_use_raw(&f.dev, ids[i], 0, 1);
		must_eq(take(), -EPROTO);
		must_eq(vq_in_flight(&f.vq), 3);
		if (i + 1 < array_len(ids))
			vq_fixture_finish(&f);
	}
}
END_TEST

/* In a split ring an id has 32 bits: the upper ones count. */
START_TEST(an_id_that_is_right_but_for_its_upper_bits)
{
	start(KIND);
	if (KIND->packed)
		return;
	fake_device_use_raw(&f.dev, 0x10000u | chain[2].id, 0, 1);
	must_eq(take(), -EPROTO);
	must_eq(vq_in_flight(&f.vq), 3);
}
END_TEST

START_TEST(an_id_that_is_not_in_flight)
{
	start(KIND);
	/* Without indirect in a split ring this is the second descriptor of a chain. */
	fake_device_use_raw(&f.dev, 1, 0, 1);
	must_eq(take(), -EPROTO);
	must_eq(vq_in_flight(&f.vq), 3);
}
END_TEST

START_TEST(the_same_id_twice)
{
	start(KIND);
	fake_device_use(&f.dev, &chain[2], 0);
	fake_device_use(&f.dev, &chain[2], 0);
	must_eq(take(), 2);
	must_eq(take(), -EPROTO);
	must_eq(vq_in_flight(&f.vq), 2);
}
END_TEST

START_TEST(more_written_than_there_was_room_for)
{
	const uint32_t excess[] = { 1, 512, UINT32_MAX - 2000 };

	for (size_t i = 0; i < array_len(excess); i++) {
		start(KIND);
		fake_device_use(&f.dev, &chain[4], vq_fixture_writable(&f, 4) + excess[i]);
		must_eq(take(), -EPROTO);
		must_eq(vq_in_flight(&f.vq), 3);
		if (i + 1 < array_len(excess))
			vq_fixture_finish(&f);
	}
}
END_TEST

START_TEST(anything_written_into_a_chain_that_is_only_read)
{
	start(KIND);
	vq_fixture_add(&f, 7, 1);
	f.vq.chains[7].len_limit = 1;
	vq_publish(&f.vq);
	vq_fixture_expect(&f, 7, &chain[7]);
	fake_device_use(&f.dev, &chain[7], 1);
	must_eq(take(), -EPROTO);
}
END_TEST

/* A used index that goes back is one that is 65535 ahead. */
START_TEST(a_used_index_too_far)
{
	static const uint16_t steps[] = { 4, 5, 100, 32768, 65535 };

	start(KIND);
	if (KIND->packed)
		return;
	for (size_t i = 0; i < array_len(steps); i++) {
		f.vq.used->idx = htole16(steps[i]);
		must_eq(take(), -EPROTO);
		must(vq_has_used(&f.vq));
	}
	f.vq.used->idx = htole16(3);
	must_eq(vq_nr_used_split(&f.vq), 3);
}
END_TEST

START_TEST(wrap_bits_that_are_not_those_of_this_round)
{
	static const uint16_t flags[] = { 0, VRING_DESC_AVAIL, VRING_DESC_USED };

	start(KIND);
	if (!KIND->packed)
		return;
	for (size_t i = 0; i < array_len(flags); i++) {
		f.vq.pdesc[0].flags = htole16(flags[i]);
		must_eq(take(), VQ_NOTHING);
		must(!vq_has_used(&f.vq));
	}
	f.vq.pdesc[0].flags = htole16(VRING_DESC_AVAIL | VRING_DESC_USED);
	must(vq_has_used(&f.vq));
}
END_TEST

/* Takes back what is in flight, and sees that every descriptor is free. */
static void finish_all(void)
{
	for (uint16_t id = 4;; id -= 2) {
		fake_device_use(&f.dev, &chain[id], 0);
		must_eq(take(), id);
		if (!id)
			break;
	}
	must_eq(take(), VQ_NOTHING);
	must(vq_has_room(&f.vq, VQ_SIZE));
	must_eq(vq_in_flight(&f.vq), 0);
}

static void scribble(uint8_t *from, const uint8_t *to)
{
	while (from < to)
		*from++ = (uint8_t)rand();
}

START_TEST(descriptors_overwritten_after_they_were_published)
{
	start(KIND);
	srand(1);
	/* Those of the three chains: the bits of the next ones would say that they are used. */
	scribble(f.dev.desc, f.dev.desc + 16 * f.dev.avail);
	if (!KIND->packed)
		scribble(f.dev.driver + 4, f.dev.driver + 4 + 2 * VQ_SIZE);
	finish_all();
}
END_TEST

/* What the device wrote over was ours to write: the next chains are where they should be. */
START_TEST(chains_go_on_after_descriptors_were_overwritten)
{
	start(KIND);
	srand(2);
	for (int round = 0; round < 200; round++) {
		/* Descriptor i of a split ring with indirect is written once, at the start. */
		if (!KIND->packed && !KIND->indirect)
			scribble(f.dev.desc, f.dev.driver);
		if (!KIND->packed)
			scribble(f.dev.driver + 4, f.dev.driver + 4 + 2 * VQ_SIZE);
		finish_all();
		for (uint16_t id = 0; id < 6; id += 2)
			vq_fixture_add(&f, id, 2);
		vq_publish(&f.vq);
		for (uint16_t id = 0; id < 6; id += 2)
			vq_fixture_expect(&f, id, &chain[id]);
	}
}
END_TEST

START_TEST(suppression_fields_of_nonsense_are_only_a_matter_of_kicks)
{
	start(KIND);
	srand(4);
	for (int i = 0; i < 10000; i++) {
		scribble(f.dev.device, f.dev.device + 2);
		if (KIND->packed)
			scribble(f.dev.device, f.dev.device + 4);
		else
			scribble(f.dev.device + 4 + 8 * VQ_SIZE, f.dev.device + 6 + 8 * VQ_SIZE);
		vq_fixture_add(&f, 7, 1);
		vq_publish(&f.vq);
		vq_fixture_expect(&f, 7, &chain[7]);
		fake_device_use(&f.dev, &chain[7], 0);
		must_eq(take(), 7);
	}
}
END_TEST

/* One life: until the device is found out, or has had its chances. */
static void live_with_a_scribbler(const struct fake_kind *kind)
{
	start(kind);
	for (int i = 0; i < 200; i++) {
		uint16_t id = (uint16_t)(rand() % VQ_SIZE);
		int ret;

		scribble(f.mem + (size_t)rand() % (f.mem_bytes - 4), f.mem + f.mem_bytes);
		if (!kind->packed && rand() % 2)
			f.vq.used->idx = htole16((uint16_t)(f.vq.used_next + rand() % 4));
		while ((ret = take()) >= 0)
			;
		if (ret == -EPROTO)
			break;
		if (!f.n[id] && vq_has_room(&f.vq, 2))
			vq_fixture_add(&f, id, 2);
		vq_publish(&f.vq);
		vq_enable_events(&f.vq, 2);
		vq_disable_events(&f.vq);
	}
	vq_fixture_finish(&f);
}

/* vq_fixture_take() sees that no chain comes back that was not in flight. */
START_TEST(random_bytes_anywhere_never_bring_back_a_wrong_chain)
{
	srand(5);
	for (int i = 0; i < 2000; i++)
		live_with_a_scribbler(KIND);
	start(KIND);
}
END_TEST

static Suite *hostile_suite(void)
{
	const TTest *const tests[] = {
		an_id_that_does_not_exist,
		an_id_that_is_right_but_for_its_upper_bits,
		an_id_that_is_not_in_flight,
		the_same_id_twice,
		more_written_than_there_was_room_for,
		anything_written_into_a_chain_that_is_only_read,
		a_used_index_too_far,
		wrap_bits_that_are_not_those_of_this_round,
		descriptors_overwritten_after_they_were_published,
		chains_go_on_after_descriptors_were_overwritten,
		suppression_fields_of_nonsense_are_only_a_matter_of_kicks,
		random_bytes_anywhere_never_bring_back_a_wrong_chain,
	};

	return suite_of_loops("virtqueue, hostile device", tests, array_len(tests), FAKE_KINDS,
			      NULL, tear_down);
}

Suite *(*const test_suites[])(void) = { hostile_suite, NULL };
