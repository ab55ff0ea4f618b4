// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A section in execution.
 */
#include "task.h"

#include <inttypes.h>
#include <stdlib.h>

#include "../common/msg.h"
#include "../common/number.h"

static int check_alignment(struct task *task)
{
	const struct bench_options *o = task->o;
	int status, alignment;

	status = device_get_int(task->dev, "request-alignment", &alignment);
	if (status != STATUS_OK || alignment <= 1)
		return status;
	if (o->bs % (uint64_t)alignment || o->offset % (uint64_t)alignment)
		return msg_usage("--bs and --offset must be multiples of the device's "
				 "request-alignment, %d",
				 alignment);
	return STATUS_OK;
}

/*
 * Which part of the device is used. Only writes to what can grow may go beyond its end; what such
 * writes should have left there is looked for, and fails to be read if it is not there.
 */
static int choose_area(struct task *task)
{
	const struct bench_options *o = task->o;
	uint64_t capacity, rest;
	bool can_grow = false;
	int status = device_get_uint64(task->dev, "capacity", &capacity);

	if (status != STATUS_OK)
		return status;
	if (options_does(o, OP_WRITE) && options_writes(o) && o->size)
		blkio_get_bool(task->dev->in.b, "can-grow", &can_grow);
	rest = capacity - (o->offset < capacity ? o->offset : capacity);
	task->area_bytes = o->size ? o->size : rest;
	task->area_bytes -= task->area_bytes % o->bs;
	if (task->area_bytes == 0)
		return msg_failed("a device of %" PRIu64
				  " bytes has no room for a request of %" PRIu64
				  " bytes at offset %" PRIu64,
				  capacity, o->bs, o->offset);
	if (!can_grow && !o->verify_only && (o->offset > capacity || task->area_bytes > rest))
		return msg_failed("--offset and --size reach beyond the device, which has %" PRIu64
				  " bytes",
				  capacity);
	return STATUS_OK;
}

static int check_vector(struct task *task)
{
	int status, max;

	if (!task->o->vectored)
		return STATUS_OK;
	status = device_get_int(task->dev, "max-segments", &max);
	if (status == STATUS_OK && task->o->vectored > (uint64_t)max)
		return msg_usage("--vectored: the device takes at most %d buffers in a request",
				 max);
	return status;
}

static size_t round_up(size_t value, size_t step)
{
	return (value + step - 1) / step * step;
}

static int map_buffers(struct task *task)
{
	const struct bench_options *o = task->o;
	struct blkio *b = task->dev->in.b;
	int status, buf_alignment;
	uint64_t region_alignment;
	size_t bytes;

	status = device_get_int(task->dev, "buf-alignment", &buf_alignment);
	if (status == STATUS_OK)
		status = device_get_uint64(task->dev, "mem-region-alignment", &region_alignment);
	if (status != STATUS_OK)
		return status;
	task->buffer_bytes = round_up(o->bs, buf_alignment > 64 ? (size_t)buf_alignment : 64);
	task->job_bytes = round_up(task->buffer_bytes * o->iodepth, 4096);
	if (__builtin_mul_overflow(task->job_bytes, o->numjobs, &bytes))
		return msg_usage("the buffers are too large");
	bytes = round_up(bytes, region_alignment ? region_alignment : 1);
	if (blkio_alloc_mem_region(b, &task->region, bytes) < 0)
		return msg_blkio("%s: cannot allocate buffers of %zu bytes", task->driver, bytes);
	if (blkio_map_mem_region(b, &task->region) < 0)
		return msg_blkio("%s: cannot map buffers of %zu bytes", task->driver, bytes);
	return STATUS_OK;
}

static int make_jobs(struct task *task)
{
	int count = (int)task->o->numjobs;
	int status = STATUS_OK;

	task->jobs = aligned_alloc(CACHE_LINE_BYTES, (size_t)count * sizeof(*task->jobs));
	if (!task->jobs)
		return msg_failed("out of memory");
	for (; task->job_count < count && status == STATUS_OK; task->job_count++) {
		struct job *job = &task->jobs[task->job_count];

		status = job_init(job, task, task->job_count);
		task->total += job->limit == UINT64_MAX ? 0 : job->limit;
	}
	return status;
}

int task_init(struct task *task)
{
	static int (*const step[])(struct task *) = {
		check_alignment, choose_area, check_vector, map_buffers, make_jobs,
	};
	int status = STATUS_OK;

	task->driver = task->dev->in.driver;
	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]) && status == STATUS_OK; i++)
		status = step[i](task);
	return status;
}

void task_finish(struct task *task)
{
	for (int i = 0; i < task->job_count; i++)
		job_finish(&task->jobs[i]);
	free(task->jobs);
}

void task_start(struct task *task, uint64_t now_ns)
{
	uint64_t runtime = task->o->runtime_ns;

	task->begun = !task_aborted(task);
	task->start_ns = now_ns + task->o->ramp_ns;
	task->end_ns = runtime ? task->start_ns + runtime : UINT64_MAX;
}

bool task_aborted(const struct task *task)
{
	return atomic_load_explicit(&task->control.phase, memory_order_relaxed) == PHASE_ABORT;
}

void task_enter(struct task *task, enum phase phase)
{
	if (atomic_load_explicit(&task->control.phase, memory_order_relaxed) < (int)phase)
		atomic_store_explicit(&task->control.phase, (int)phase, memory_order_relaxed);
}

uint64_t task_tick(struct task *task, uint64_t now_ns)
{
	if (now_ns >= task->end_ns) {
		task_enter(task, PHASE_STOP);
		return UINT64_MAX;
	}
	if (now_ns >= task->start_ns) {
		task_enter(task, PHASE_MEASURE);
		return task->end_ns;
	}
	return task->start_ns;
}

uint64_t task_done(const struct task *task, enum op op)
{
	uint64_t done = 0;

	for (int i = 0; i < task->job_count; i++)
		done += job_done(&task->jobs[i], op);
	return done;
}

struct blkioq *task_queue(const struct task *task, int job)
{
	if (task->o->wait == WAIT_POLLQUEUE)
		return blkio_get_poll_queue(task->dev->in.b, task->first_queue + job);
	return blkio_get_queue(task->dev->in.b, task->first_queue + job);
}

void *task_buffer(const struct task *task, int job, int index)
{
	size_t at = (size_t)job * task->job_bytes + (size_t)index * task->buffer_bytes;

	return (char *)task->region.addr + at;
}
