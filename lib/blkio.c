// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The life of an instance: created -> connected -> started, never back, and its queues.
 */
#include <blkio.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/driver.h"
#include "lib/error.h"
#include "lib/util/utf8.h"

#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

BLKIO_PUBLIC const char *blkio_version(void)
{
	return STRINGIFY(BLKIO_VERSION_MAJOR) "." STRINGIFY(BLKIO_VERSION_MINOR) "." STRINGIFY(
		BLKIO_VERSION_MICRO);
}

BLKIO_PUBLIC int blkio_create(const char *name, struct blkio **bp)
{
	const struct blkio_driver *driver;
	struct blkio *b;

	if (!bp)
		return err_set(-EINVAL, "bp must not be NULL");
	*bp = NULL;
	if (!name)
		return err_set(-EINVAL, "driver must not be NULL");
	if (!utf8_valid(name))
		return err_set(-EINVAL, "the driver name is not valid UTF-8");
	driver = driver_find(name);
	if (!driver)
		return err_set(-ENOENT, "no driver is called '%s'", name);

	b = calloc(1, driver->size);
	if (!b)
		return err_os(-ENOMEM, "cannot create an instance");
	b->driver = driver;
	b->state = BLKIO_CREATED;
	b->event_fd = -1;
	mem_table_init(&b->mem);
	driver->init(b);
	prop_init(b);
	*bp = b;
	return 0;
}

BLKIO_PUBLIC int blkio_connect(struct blkio *b)
{
	int ret;

	if (b->state == BLKIO_STARTED)
		return err_set(-EBUSY, "the device is already started");
	if (b->state == BLKIO_CONNECTED)
		return 0;
	ret = b->driver->connect(b);
	if (ret < 0)
		return ret;
	b->state = BLKIO_CONNECTED;
	return 0;
}

static struct queue_set *set_of(struct blkio *b, bool poll)
{
	return poll ? &b->poll_queues : &b->queues;
}

/* How long the end of queues may wait for requests in flight. */
#define DRAIN_NS (2 * NS_PER_S)

static void queue_set_finish(struct queue_set *set, int64_t deadline)
{
	for (int i = 0; i < set->len; i++) {
		if (set->queues[i])
			set->queues[i]->ops->destroy(set->queues[i], deadline);
	}
	free(set->queues);
	*set = (struct queue_set) { 0 };
}

/* The lowest index without a queue, with room in the set for it. */
static int queue_set_hole(struct queue_set *set)
{
	struct blkioq **queues;
	int i;

	for (i = 0; i < set->len; i++) {
		if (!set->queues[i])
			return i;
	}
	if (i == INT_MAX)
		return err_set(-ENOSPC, "there are too many queues");
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers it is */
	queues = reallocarray(set->queues, (size_t)i + 1, sizeof(*queues));
	if (!queues)
		return err_os(-ENOMEM, "cannot add queue %d", i);
	queues[i] = NULL;
	set->queues = queues;
	set->len = i + 1;
	return i;
}

/* One deadline for all queues together. */
static void finish_queues(struct blkio *b)
{
	int64_t deadline = deadline_after_ns(DRAIN_NS);

	queue_set_finish(&b->queues, deadline);
	queue_set_finish(&b->poll_queues, deadline);
}

static int create_queue(struct blkio *b, bool poll)
{
	struct queue_set *set = set_of(b, poll);
	int index = queue_set_hole(set);
	int ret;

	if (index < 0)
		return index;
	ret = b->driver->create_queue(b, poll, index, &set->queues[index]);
	return ret < 0 ? ret : index;
}

static int create_queues(struct blkio *b, bool poll, int n)
{
	for (int i = 0; i < n; i++) {
		int ret = create_queue(b, poll);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int check_num_queues(const struct blkio *b)
{
	const struct blkio_limits *l = &b->limits;

	if (b->num_poll_queues > 0 && !l->supports_poll_queues)
		return err_set(-EINVAL,
			       "num-poll-queues is %d, but poll queues are not supported "
			       "here (see supports-poll-queues)",
			       b->num_poll_queues);
	if (!l->can_add_queues && b->num_queues == 0 && b->num_poll_queues == 0)
		return err_set(-EINVAL, "num-queues and num-poll-queues are both 0");
	if (b->num_queues > l->max_queues - b->num_poll_queues)
		return err_set(-EINVAL,
			       "num-queues (%d) and num-poll-queues (%d) add up to more "
			       "than max-queues (%d)",
			       b->num_queues, b->num_poll_queues, l->max_queues);
	return 0;
}

static int start_queues(struct blkio *b)
{
	int ret = b->driver->start(b);

	if (ret == 0)
		ret = create_queues(b, false, b->num_queues);
	if (ret == 0)
		ret = create_queues(b, true, b->num_poll_queues);
	if (ret == 0)
		ret = b->driver->run(b);
	return ret;
}

BLKIO_PUBLIC int blkio_start(struct blkio *b)
{
	int ret;

	if (b->state == BLKIO_CREATED)
		return err_set(-ENODEV, "the device must be connected first");
	if (b->state == BLKIO_STARTED)
		return 0;
	ret = check_num_queues(b);
	if (ret == 0)
		ret = start_queues(b);
	if (ret < 0) {
		finish_queues(b);
		return ret;
	}
	b->state = BLKIO_STARTED;
	return 0;
}

BLKIO_PUBLIC void blkio_destroy(struct blkio **bp)
{
	struct blkio *b;

	if (!bp || !*bp)
		return;
	b = *bp;
	*bp = NULL;
	finish_queues(b);
	b->driver->destroy(b);
	if (b->event_fd >= 0)
		close(b->event_fd);
	mem_table_finish(&b->mem);
	prop_finish(b);
	free(b);
}

static struct blkioq *get_queue(const struct queue_set *set, int index)
{
	return index >= 0 && index < set->len ? set->queues[index] : NULL;
}

BLKIO_PUBLIC struct blkioq *blkio_get_queue(struct blkio *b, int index)
{
	return get_queue(&b->queues, index);
}

BLKIO_PUBLIC struct blkioq *blkio_get_poll_queue(struct blkio *b, int index)
{
	return get_queue(&b->poll_queues, index);
}

static int add_queue(struct blkio *b, bool poll)
{
	if (!b->limits.can_add_queues)
		return err_set(-ENOTSUP, "driver %s cannot add queues", b->driver->name);
	if (b->state != BLKIO_STARTED)
		return err_set(-EBUSY, "the device must be started first");
	if (poll && !b->limits.supports_poll_queues)
		return err_set(-EINVAL, "poll queues are not supported here "
					"(see supports-poll-queues)");
	return create_queue(b, poll);
}

BLKIO_PUBLIC int blkio_add_queue(struct blkio *b)
{
	return add_queue(b, false);
}

BLKIO_PUBLIC int blkio_add_poll_queue(struct blkio *b)
{
	return add_queue(b, true);
}

static int remove_queue(struct blkio *b, bool poll, int index)
{
	struct queue_set *set = set_of(b, poll);
	struct blkioq *q = get_queue(set, index);

	if (!q)
		return err_set(-ENOENT, "there is no %squeue %d", poll ? "poll " : "", index);
	set->queues[index] = NULL;
	q->ops->destroy(q, deadline_after_ns(DRAIN_NS));
	return 0;
}

BLKIO_PUBLIC int blkio_remove_queue(struct blkio *b, int index)
{
	return remove_queue(b, false, index);
}

BLKIO_PUBLIC int blkio_remove_poll_queue(struct blkio *b, int index)
{
	return remove_queue(b, true, index);
}

int driver_run_default(struct blkio *b)
{
	(void)b;
	return 0;
}
