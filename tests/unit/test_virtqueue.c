// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Virtqueues with a device that keeps the rules, in every format. See test_virtqueue_hostile.c
 * for one that does not.
 */
#include "drivers/virtio/virtqueue.h"

#include <stdlib.h>

#include "tests/fakes/must.h"
#include "tests/unit/unit.h"
#include "tests/unit/vq_fixture.h"

#define MANY (3 * 65536 + 7) /* chains: every index wraps around some times */

/* Each test runs once per format; its name is in a failure's message. */
#define KIND (&fake_kinds[_i])

static struct vq_fixture f;

static void tear_down(void)
{
	vq_fixture_finish(&f);
}

static bool is_exact(const struct fake_kind *kind)
{
	/* Chains of several descriptors in a packed ring: the driver cannot tell the position. */
	return kind->event_idx && (!kind->packed || kind->indirect);
}

START_TEST(a_layout_has_room_for_its_parts)
{
	const uint16_t sizes[] = { 4, 8, 256, 32768 };

	vq_fixture_init(&f, KIND);
	for (size_t i = 0; i < array_len(sizes); i++) {
		size_t n = sizes[i];
		struct vq_layout l = vq_layout(sizes[i], KIND->packed);

		must_eq(l.desc, 0);
		must_ge(l.driver, n * 16);
		must_ge(l.device - l.driver, KIND->packed ? 4 : 6 + 2 * n);
		must_ge(l.bytes - l.device, KIND->packed ? 4 : 6 + 8 * n);
		must_eq((l.driver | l.device | l.bytes) % 64, 0);
	}
}
END_TEST

START_TEST(chains_arrive_complete_and_in_order)
{
	vq_fixture_init(&f, KIND);
	for (uint16_t id = 0; f.chains < MANY; id = (uint16_t)((id + 1) % VQ_SIZE))
		vq_fixture_round(&f, id, (uint16_t)(1 + f.chains % VQ_MAX_SEGS));
}
END_TEST

START_TEST(a_batch_is_seen_when_it_is_published_and_not_before)
{
	struct fake_chain chain;
	uint32_t len;

	vq_fixture_init(&f, KIND);
	for (int round = 0; round < 1000; round++) {
		for (uint16_t id = 0; id < 3; id++)
			vq_fixture_add(&f, id, 2);
		must(!fake_device_pop(&f.dev, &chain));
		vq_publish(&f.vq);
		for (uint16_t id = 0; id < 3; id++) {
			vq_fixture_expect(&f, id, &chain);
			fake_device_use(&f.dev, &chain, 0);
		}
		must(!fake_device_pop(&f.dev, &chain));
		for (int id = 0; id < 3; id++)
			must_eq(vq_fixture_take(&f, &len), id);
		must_eq(vq_fixture_take(&f, &len), VQ_NOTHING);
	}
}
END_TEST

START_TEST(chains_come_back_in_the_order_of_their_use)
{
	static const uint16_t order[4] = { 2, 0, 3, 1 };
	struct fake_chain chain[4];
	uint32_t len;

	vq_fixture_init(&f, KIND);
	for (int round = 0; round < 1000; round++) {
		for (uint16_t id = 0; id < 4; id++)
			vq_fixture_add(&f, id, (uint16_t)(id == 1 ? 4 : 1));
		vq_publish(&f.vq);
		for (uint16_t id = 0; id < 4; id++)
			vq_fixture_expect(&f, id, &chain[id]);
		for (int i = 0; i < 4; i++)
			fake_device_use(&f.dev, &chain[order[i]], order[i]);
		for (int i = 0; i < 4; i++) {
			must_eq(vq_fixture_take(&f, &len), order[i]);
			must_eq(len, order[i]);
		}
	}
}
END_TEST

START_TEST(a_full_ring_has_room_again_as_chains_come_back)
{
	struct fake_chain chain[VQ_SIZE];
	uint16_t n = KIND->indirect ? VQ_SIZE : VQ_SIZE / 4, segs = 4;
	uint32_t len;

	vq_fixture_init(&f, KIND);
	for (int round = 0; round < 100; round++) {
		for (uint16_t id = 0; id < n; id++)
			vq_fixture_add(&f, id, segs);
		must(!vq_has_room(&f.vq, 1));
		must_eq(vq_in_flight(&f.vq), n);
		vq_publish(&f.vq);
		for (uint16_t id = 0; id < n; id++)
			vq_fixture_expect(&f, id, &chain[id]);
		for (uint16_t id = n; id-- > 0;) {
			fake_device_use(&f.dev, &chain[id], 0);
			must_eq(vq_fixture_take(&f, &len), id);
			must(vq_has_room(&f.vq, segs));
		}
		must(vq_has_room(&f.vq, VQ_SIZE));
	}
}
END_TEST

START_TEST(a_device_may_write_all_that_it_was_given)
{
	struct fake_chain chain;
	uint32_t len;

	vq_fixture_init(&f, KIND);
	vq_fixture_add(&f, 5, 4);
	vq_publish(&f.vq);
	vq_fixture_expect(&f, 5, &chain);
	fake_device_use(&f.dev, &chain, vq_fixture_writable(&f, 5));
	must_eq(vq_fixture_take(&f, &len), 5);
	must_eq(len, 3 * 512 + 4 * 512 + 2 * 5);
}
END_TEST

/* ---- kicks ---- */

START_TEST(no_kick_when_the_device_asked_for_none)
{
	struct fake_chain chain;
	uint32_t len;

	vq_fixture_init(&f, KIND);
	for (int i = 0; i < MANY; i++) {
		fake_device_want_no_kick(&f.dev);
		vq_fixture_add(&f, 0, (uint16_t)(1 + i % VQ_MAX_SEGS));
		must(!vq_publish(&f.vq));
		vq_fixture_expect(&f, 0, &chain);
		fake_device_use(&f.dev, &chain, 0);
		must_eq(vq_fixture_take(&f, &len), 0);
	}
}
END_TEST

START_TEST(a_kick_for_the_next_chain_wherever_the_ring_stands)
{
	vq_fixture_init(&f, KIND);
	for (int i = 0; i < MANY; i++) {
		struct fake_chain chain;
		uint32_t len;

		fake_device_want_kick(&f.dev, 1);
		vq_fixture_add(&f, 0, (uint16_t)(1 + i % VQ_MAX_SEGS));
		must(vq_publish(&f.vq));
		must(!vq_publish(&f.vq)); /* nothing new */
		vq_fixture_expect(&f, 0, &chain);
		fake_device_use(&f.dev, &chain, 0);
		must_eq(vq_fixture_take(&f, &len), 0);
	}
}
END_TEST

START_TEST(one_kick_with_the_chain_that_the_device_named)
{
	vq_fixture_init(&f, KIND);
	for (int start = 0; start < 3 * VQ_SIZE; start++) {
		struct fake_chain chain;
		uint32_t len;

		fake_device_want_kick(&f.dev, 3);
		for (uint16_t id = 0; id < 5; id++) {
			bool kick;

			vq_fixture_add(&f, id, 1);
			kick = vq_publish(&f.vq);
			must_eq(kick, !KIND->event_idx || id == 2);
		}
		for (uint16_t id = 0; id < 5; id++) {
			vq_fixture_expect(&f, id, &chain);
			fake_device_use(&f.dev, &chain, 0);
			must_eq(vq_fixture_take(&f, &len), id);
		}
		vq_fixture_round(&f, 7, 1);
	}
}
END_TEST

START_TEST(a_batch_that_passes_the_named_chain_is_kicked_for)
{
	vq_fixture_init(&f, KIND);
	for (int start = 0; start < 3 * VQ_SIZE; start++) {
		struct fake_chain chain;
		uint32_t len;

		fake_device_want_kick(&f.dev, 2);
		for (uint16_t id = 0; id < 5; id++)
			vq_fixture_add(&f, id, 1);
		must(vq_publish(&f.vq));
		for (uint16_t id = 0; id < 5; id++) {
			vq_fixture_expect(&f, id, &chain);
			fake_device_use(&f.dev, &chain, 0);
			must_eq(vq_fixture_take(&f, &len), id);
		}
	}
}
END_TEST

/* ---- events ---- */

START_TEST(a_new_queue_asks_for_no_events)
{
	vq_fixture_init(&f, KIND);
	vq_fixture_round(&f, 0, 1);
	must(!fake_device_event(&f.dev));
}
END_TEST

START_TEST(no_event_while_they_are_off_however_long)
{
	vq_fixture_init(&f, KIND);
	for (int i = 0; i < MANY; i++) {
		vq_disable_events(&f.vq);
		vq_fixture_round(&f, 0, (uint16_t)(1 + i % VQ_MAX_SEGS));
		must(!fake_device_event(&f.dev));
	}
}
END_TEST

START_TEST(an_event_for_the_next_chain_wherever_the_ring_stands)
{
	vq_fixture_init(&f, KIND);
	for (int i = 0; i < MANY; i++) {
		vq_enable_events(&f.vq, 1);
		vq_fixture_round(&f, 0, (uint16_t)(1 + i % VQ_MAX_SEGS));
		must(fake_device_event(&f.dev));
		vq_disable_events(&f.vq);
		vq_fixture_round(&f, 1, 1);
		must(!fake_device_event(&f.dev));
	}
}
END_TEST

/* Uses five chains one by one; which of them made events, as bits. */
static unsigned int events_of_five(uint16_t after, uint16_t segs)
{
	unsigned int events = 0;

	for (uint16_t id = 0; id < 5; id++) {
		struct fake_chain chain;
		uint32_t len;

		vq_fixture_add(&f, id, segs);
		vq_publish(&f.vq);
		vq_fixture_expect(&f, id, &chain);
		if (id == 0)
			vq_enable_events(&f.vq, after);
		fake_device_use(&f.dev, &chain, 0);
		events |= (unsigned int)fake_device_event(&f.dev) << id;
		must_eq(vq_fixture_take(&f, &len), id);
	}
	vq_disable_events(&f.vq);
	return events;
}

START_TEST(exactly_one_event_after_as_many_chains_as_asked)
{
	vq_fixture_init(&f, KIND);
	for (int start = 0; start < 5 * VQ_SIZE; start++) {
		unsigned int events = events_of_five(3, (uint16_t)(1 + start % 2));

		if (is_exact(KIND))
			must_eq(events, 1 << 2);
		else /* sooner, but not later */
			must_ne(events & 7, 0);
		vq_fixture_round(&f, 7, 1);
		must(!fake_device_event(&f.dev));
	}
}
END_TEST

START_TEST(exactly_one_event_for_one_batch)
{
	vq_fixture_init(&f, KIND);
	for (int start = 0; start < 5 * VQ_SIZE; start++) {
		struct fake_chain chain[4];
		uint32_t len;

		for (uint16_t id = 0; id < 4; id++)
			vq_fixture_add(&f, id, 1);
		vq_publish(&f.vq);
		vq_enable_events(&f.vq, KIND->event_idx ? 4 : 1);
		for (uint16_t id = 0; id < 4; id++)
			vq_fixture_expect(&f, id, &chain[id]);
		for (uint16_t id = 0; id < 4; id++)
			fake_device_use(&f.dev, &chain[id], 0);
		must(fake_device_event(&f.dev));
		must(!fake_device_event(&f.dev));
		for (int id = 0; id < 4; id++)
			must_eq(vq_fixture_take(&f, &len), id);
		vq_disable_events(&f.vq);
	}
}
END_TEST

/* ---- all of it at random ---- */

struct pending {
	struct fake_chain chains[VQ_SIZE];
	unsigned int n;
};

static void add_some(void)
{
	for (uint16_t id = 0; id < VQ_SIZE; id++) {
		uint16_t n = (uint16_t)(1 + rand() % VQ_MAX_SEGS);

		if (!f.n[id] && rand() % 2 && vq_has_room(&f.vq, n))
			vq_fixture_add(&f, id, n);
	}
	if (rand() % 4)
		vq_publish(&f.vq);
}

static void use_some(struct pending *p)
{
	while (rand() % 4 && fake_device_pop(&f.dev, &p->chains[p->n]))
		vq_fixture_identify(&f, &p->chains[p->n++]);
	while (p->n && rand() % 4) {
		unsigned int k = (unsigned int)rand() % p->n;

		fake_device_use(&f.dev, &p->chains[k], (uint32_t)rand() % 512);
		p->chains[k] = p->chains[--p->n];
	}
}

START_TEST(any_order_of_everything_keeps_the_chains_apart)
{
	struct pending p = { 0 };
	unsigned int taken = 0;
	uint32_t len;

	vq_fixture_init(&f, KIND);
	srand(3);
	while (taken < 100000) {
		int ret = 0;

		add_some();
		use_some(&p);
		while (rand() % 8 && (ret = vq_fixture_take(&f, &len)) >= 0)
			taken++;
		must_ne(ret, -EPROTO);
	}
}
END_TEST

static Suite *virtqueue_suite(void)
{
	const TTest *const tests[] = {
		a_layout_has_room_for_its_parts,
		chains_arrive_complete_and_in_order,
		a_batch_is_seen_when_it_is_published_and_not_before,
		chains_come_back_in_the_order_of_their_use,
		a_full_ring_has_room_again_as_chains_come_back,
		a_device_may_write_all_that_it_was_given,
		no_kick_when_the_device_asked_for_none,
		a_kick_for_the_next_chain_wherever_the_ring_stands,
		one_kick_with_the_chain_that_the_device_named,
		a_batch_that_passes_the_named_chain_is_kicked_for,
		a_new_queue_asks_for_no_events,
		no_event_while_they_are_off_however_long,
		an_event_for_the_next_chain_wherever_the_ring_stands,
		exactly_one_event_after_as_many_chains_as_asked,
		exactly_one_event_for_one_batch,
		any_order_of_everything_keeps_the_chains_apart,
	};

	return suite_of_loops("virtqueue", tests, array_len(tests), FAKE_KINDS, NULL, tear_down);
}

Suite *(*const test_suites[])(void) = { virtqueue_suite, NULL };
