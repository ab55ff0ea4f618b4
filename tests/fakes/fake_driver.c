// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_driver.h.
 */
#include "tests/fakes/fake_driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/error.h"
#include "lib/util/compiler.h"
#include "tests/support/test.h"

const char fake_refusal[] = "the fake does not like this start";
struct fake_count fake_count;

/* Makes the core find us besides the drivers that are compiled in. */
const struct blkio_driver *__wrap_driver_find(const char *name);
const struct blkio_driver *__real_driver_find(const char *name);

const struct blkio_driver *__wrap_driver_find(const char *name)
{
	return strcmp(name, fake_driver.name) == 0 ? &fake_driver : __real_driver_find(name);
}

static struct fake *to_fake(struct blkio *b)
{
	return container_of(b, struct fake, b);
}

struct fake_queue *to_fake_queue(struct blkioq *q)
{
	return container_of(q, struct fake_queue, q);
}

/* ---- properties ---- */

static int get_failing(struct blkio *b, union prop_value *v)
{
	(void)b;
	v->i = 99;
	return err_set(-EIO, "the fake cannot tell");
}

static const struct blkio_prop fake_props[] = {
	{ "a-bool", BLKIO_PROP_BOOL, offsetof(struct fake, a_bool), .def.b = true,
	  .set_until = BLKIO_CREATED, .summary = "a bool" },
	{ "an-int", BLKIO_PROP_INT, offsetof(struct fake, an_int), .def.i = 5,
	  .set_from = BLKIO_CONNECTED, .set_until = BLKIO_CONNECTED, .check = prop_check_positive,
	  .summary = "an int" },
	{ "a-late-int", BLKIO_PROP_INT, offsetof(struct fake, a_late_int),
	  .get_from = BLKIO_CONNECTED, .set_until = BLKIO_STARTED, .check = prop_check_not_negative,
	  .summary = "an int that can be set at any time" },
	{ "a-uint64", BLKIO_PROP_UINT64, offsetof(struct fake, a_uint64), .def.u64 = UINT64_MAX,
	  .set_until = BLKIO_STARTED, .summary = "a uint64" },
	{ "a-str", BLKIO_PROP_STR, offsetof(struct fake, a_str), .set_until = BLKIO_CREATED,
	  .summary = "a str" },
	{ "a-constant", BLKIO_PROP_INT, .def.i = -42, .summary = "never anything else" },
	{ "a-stranger", BLKIO_PROP_INT, .def.i = -1, .set_errno = ENOENT,
	  .summary = "as if it were not there, to those who set it" },
	{ "failing", BLKIO_PROP_INT, .get = get_failing, .summary = "cannot be read" },
	{ "can-grow", BLKIO_PROP_BOOL, .def.b = true, .get_from = BLKIO_STARTED,
	  .summary = "in place of the common one" },
	{ 0 },
};

/* ---- queues ---- */

static int fake_submit(struct blkioq *q, const struct blkio_req *r)
{
	struct fake_queue *fq = to_fake_queue(q);

	if (fq->nr_seen - fq->entered >= fq->entries || fq->nr_seen - fq->reaped >= fq->depth)
		return SUBMIT_FULL;
	if (r->start == FAKE_BAD_START) {
		q->refusal = fake_refusal;
		return -EDOM;
	}
	ck_assert_uint_lt(fq->nr_seen, FAKE_MAX_SEEN);
	fq->seen[fq->nr_seen++] = *r;
	return 0;
}

/* Every second request takes the way of a driver that is not sure. */
static void fake_submit_rw(struct blkioq *q, uint64_t start, void *buf, size_t len, void *user_data,
			   uint32_t op_flags)
{
	struct blkio_req r = {
		BLKIO_OP_OF(op_flags), BLKIO_FLAGS_OF(op_flags), start, { buf }, len, user_data
	};

	if (start == FAKE_BAD_START || to_fake_queue(q)->nr_seen % 2 || fake_submit(q, &r) != 0)
		queue_submit_slowly(q, start, buf, len, user_data, op_flags);
	else
		q->in_flight++;
}

static void note_enter(struct fake_queue *fq, unsigned int want, const struct blkio_wait *wait)
{
	ck_assert_uint_le(want, fq->q.in_flight);
	ck_assert(wait || !want);
	ck_assert_uint_lt(fq->nr_enters, FAKE_MAX_ENTERS);
	fq->enters[fq->nr_enters++] = (struct fake_enter) {
		.want = want,
		.submitted = fq->nr_seen - fq->entered,
		.has_wait = wait,
		.interruptible = wait && wait->interruptible,
		.sig = wait ? wait->sig : NULL,
		.deadline = wait ? wait->deadline : 0,
	};
}

static int fake_enter(struct blkioq *q, unsigned int want, struct blkio_wait *wait)
{
	struct fake_queue *fq = to_fake_queue(q);
	struct fake_step step = { .completes = want };

	note_enter(fq, want, wait);
	if (fq->next_step < fq->nr_steps)
		step = fq->steps[fq->next_step++];
	fq->entered = fq->nr_seen;
	fq->done += step.completes;
	if (fq->done > fq->entered)
		fq->done = fq->entered;
	if (step.sleep_ns)
		nanosleep(&(struct timespec) { step.sleep_ns / NS_PER_S, step.sleep_ns % NS_PER_S },
			  NULL);
	if (step.waits)
		wait->waited = true;
	return step.ret < 0 ? err_set(step.ret, "the fake was told to fail") : 0;
}

static int fake_reap(struct blkioq *q, struct blkio_completion *completions, int max)
{
	struct fake_queue *fq = to_fake_queue(q);
	int n = 0;

	fq->reap_max = max;
	for (; n < max && fq->reaped < fq->done; n++, fq->reaped++) {
		if (fq->steps_left[fq->reaped]) {
			fq->steps_left[fq->reaped]--;
			fq->done = fq->reaped; /* back to the device, with those behind it */
			q->resubmit = true;
			break;
		}
		completions[n] = (struct blkio_completion) {
			.user_data = fq->seen[fq->reaped].user_data,
			.ret = fq->result[fq->reaped],
		};
	}
	return n;
}

static bool fake_ready(struct blkioq *q)
{
	return to_fake_queue(q)->done > to_fake_queue(q)->reaped;
}

static void fake_set_notify(struct blkioq *q, bool enable)
{
	to_fake_queue(q)->notify = enable;
	to_fake_queue(q)->notify_calls++;
}

static void fake_destroy_queue(struct blkioq *q, int64_t deadline)
{
	fake_count.queues--;
	fake_count.destroy_left_ns = deadline_left_ns(deadline);
	queue_finish(q);
	free(to_fake_queue(q));
}

static const struct blkioq_ops fake_queue_ops = {
	.submit_rw = fake_submit_rw,
	.submit = fake_submit,
	.enter = fake_enter,
	.reap = fake_reap,
	.ready = fake_ready,
	.set_notify = fake_set_notify,
	.destroy = fake_destroy_queue,
};

void fake_script(struct fake_queue *fq, struct fake_step step)
{
	ck_assert_uint_lt(fq->nr_steps, FAKE_MAX_STEPS);
	fq->steps[fq->nr_steps++] = step;
}

/* ---- the instance ---- */

static void fake_init(struct blkio *b)
{
	fake_count.instances++;
	b->limits = (struct blkio_limits) {
		.max_queues = 8,
		.max_mem_regions = 4,
		.mem_region_alignment = 4096,
		.supports_poll_queues = true,
		.can_add_queues = true,
	};
	to_fake(b)->queues_until_failure = -1;
	to_fake(b)->supported = BLKIO_ALL_OPS;
}

static int fake_connect(struct blkio *b)
{
	struct fake *f = to_fake(b);

	f->connects++;
	return f->connect_ret < 0 ? err_set(f->connect_ret, "the fake does not connect") : 0;
}

static int fake_get_capacity(struct blkio *b, uint64_t *bytes)
{
	struct fake *f = to_fake(b);

	*bytes = 12345;
	return f->capacity_ret < 0 ? err_set(f->capacity_ret, "the fake has no size") : 0;
}

static int fake_run(struct blkio *b)
{
	struct fake *f = to_fake(b);

	f->runs++;
	f->queues_at_run = fake_count.queues;
	return f->run_ret < 0 ? err_set(f->run_ret, "the fake does not run") : 0;
}

static int fake_start_op(struct blkio *b)
{
	struct fake *f = to_fake(b);

	f->starts++;
	return f->start_ret < 0 ? err_set(f->start_ret, "the fake does not start") : 0;
}

static int fake_create_queue(struct blkio *b, bool poll, int index, struct blkioq **qp)
{
	struct fake *f = to_fake(b);
	struct fake_queue *fq;
	int ret;

	if (f->queues_until_failure == 0)
		return err_set(-ENXIO, "the fake makes no %squeue %d", poll ? "poll " : "", index);
	if (f->queues_until_failure > 0)
		f->queues_until_failure--;
	fq = calloc(1, sizeof(*fq));
	if (!fq)
		return err_os(-ENOMEM, "cannot make a fake queue");
	ret = queue_init(&fq->q, b, &fake_queue_ops, poll);
	if (ret < 0) {
		queue_finish(&fq->q);
		free(fq);
		return ret;
	}
	queue_set_supported(&fq->q, f->supported);
	fq->entries = fq->depth = FAKE_MAX_SEEN;
	fq->reap_max = -1;
	fake_count.queues++;
	*qp = &fq->q;
	return 0;
}

/* Whether somebody holds the lock of the table of memory regions. */
static bool is_locked(struct blkio *b)
{
	int ret = pthread_mutex_trylock(&b->mem.lock);

	if (ret == 0)
		pthread_mutex_unlock(&b->mem.lock);
	return ret == EBUSY;
}

static int fake_map(struct blkio *b, struct mem_entry *entry)
{
	struct fake *f = to_fake(b);

	ck_assert(!is_locked(b));
	f->maps++;
	f->last_region = entry->region;
	return f->map_ret < 0 ? err_set(f->map_ret, "the fake does not map") : 0;
}

static void fake_unmap(struct blkio *b, const struct mem_entry *entry)
{
	ck_assert(!is_locked(b));
	to_fake(b)->unmaps++;
	to_fake(b)->last_region = entry->region;
}

static void fake_destroy_op(struct blkio *b)
{
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq((i ? b->queues : b->poll_queues).len, 0);
	fake_count.instances--;
}

const struct blkio_driver fake_driver = {
	.name = "fake",
	.size = sizeof(struct fake),
	.props = fake_props,
	.init = fake_init,
	.connect = fake_connect,
	.get_capacity = fake_get_capacity,
	.start = fake_start_op,
	.create_queue = fake_create_queue,
	.run = fake_run,
	.map = fake_map,
	.unmap = fake_unmap,
	.destroy = fake_destroy_op,
};

struct fake *fake_create(void)
{
	struct blkio *b;

	ck_assert_int_eq(blkio_create("fake", &b), 0);
	return to_fake(b);
}

struct fake *fake_start(struct fake_queue **fq)
{
	struct fake *f = fake_create();

	ck_assert_int_eq(blkio_connect(&f->b), 0);
	ck_assert_int_eq(blkio_start(&f->b), 0);
	if (fq)
		*fq = to_fake_queue(blkio_get_queue(&f->b, 0));
	return f;
}

void fake_destroy(struct fake *f)
{
	struct blkio *b = &f->b;

	blkio_destroy(&b);
	ck_assert_ptr_null(b);
	ck_assert_int_eq(fake_count.queues, 0);
	ck_assert_int_eq(fake_count.instances, 0);
}
