// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a job has written where, and reading it back.
 */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/msg.h"
#include "task.h"

/* The blocks of the area are divided among the jobs. */
static int take_part(struct job *job)
{
	const struct bench_options *o = job->options;
	struct offsets *off = &job->offsets;

	off->blocks /= o->numjobs;
	if (!off->blocks)
		return msg_usage("--verify: the area has less blocks than --numjobs");
	off->base = o->offset + (uint64_t)job->index * off->blocks * o->bs;
	off->end = off->base + off->blocks * o->bs;
	off->next = off->base;
	return STATUS_OK;
}

int verify_init(struct job *job)
{
	struct verify *v = calloc(1, sizeof(*v));
	int status;

	if (!v)
		return msg_failed("out of memory");
	job->verify = v;
	v->reads = !options_does(job->options, OP_WRITE);
	if (v->reads)
		return STATUS_OK;
	status = take_part(job);
	if (status != STATUS_OK)
		return status;
	v->sequence = calloc(job->offsets.blocks, sizeof(*v->sequence));
	if (!v->sequence)
		return msg_failed("--verify: no memory to note %llu blocks; use a smaller --size",
				  (unsigned long long)job->offsets.blocks);
	return STATUS_OK;
}

void verify_finish(struct job *job)
{
	if (job->verify)
		free(job->verify->sequence);
	free(job->verify);
}

static void begin_pass(struct job *job)
{
	struct verify *v = job->verify;

	v->pass_left = job->offsets.blocks;
	shuffle_init(&v->shuffle, v->pass_left, job->seed + v->pass++);
}

int verify_allows(struct job *job, int want)
{
	struct verify *v = job->verify;

	if (v->reads)
		return want;
	if (!v->pass_left && !job->in_flight)
		begin_pass(job);
	return v->pass_left < (uint64_t)want ? (int)v->pass_left : want;
}

/* The block of the next request; a write gets a sequence there. */
static uint64_t next_block(struct job *job, enum op op)
{
	struct verify *v = job->verify;
	uint64_t block = job->offsets.blocks - v->pass_left--;

	if (options_random(job->options))
		block = shuffle_at(&v->shuffle, block);
	if (op == OP_WRITE)
		v->sequence[block] = ++v->last;
	return block;
}

static struct block_tag tag_of(const struct job *job, uint64_t block)
{
	return (struct block_tag) {
		.offset = job->offsets.base + block * job->bs,
		.sequence = job->verify->sequence[block],
		.seed = job->seed,
		.run = atomic_load_explicit(&job->control->run_id, memory_order_relaxed),
	};
}

void verify_prepare(struct job *job, struct slot *slot)
{
	uint64_t block = next_block(job, slot->op);
	struct block_tag tag = tag_of(job, block);

	slot->offset = tag.offset;
	if (slot->op == OP_WRITE)
		block_stamp(slot->buf, job->bs, &tag);
}

static void count_checked(struct verify *v)
{
	uint64_t checked = atomic_load_explicit(&v->checked, memory_order_relaxed);

	atomic_store_explicit(&v->checked, checked + 1, memory_order_relaxed);
}

/* The first block of a section that is right tells the run that all others must be from. */
static uint64_t agree_on_run(struct job *job, uint64_t run)
{
	uint64_t agreed = 0;

	atomic_compare_exchange_strong(&job->control->run_id, &agreed, run);
	return agreed ? agreed : run;
}

static bool is_right(struct job *job, const void *block, struct block_tag tag, char *text,
		     size_t text_bytes)
{
	if (!block_check(block, job->bs, &tag, text, text_bytes))
		return false;
	if (tag.sequence == 0 || tag.run)
		return true;
	tag.run = agree_on_run(job, block_run(block));
	return block_check(block, job->bs, &tag, text, text_bytes);
}

static bool check(struct job *job, const struct slot *slot, const struct block_tag *expected)
{
	char text[200];

	count_checked(job->verify);
	if (is_right(job, slot->buf, *expected, text, sizeof(text)))
		return true;
	job->verify->wrong++;
	job_note(job, EILSEQ, "verify: the block at offset %llu is wrong: %s",
		 (unsigned long long)expected->offset, text);
	return false;
}

void verify_read(struct job *job, const struct slot *slot)
{
	struct block_tag any = { .offset = slot->offset };

	if (!check(job, slot, &any))
		job_stop(job);
}

void verify_replay(struct job *job)
{
	while (job->left && !job_aborted(job)) {
		if (!job->verify->pass_left)
			begin_pass(job);
		next_block(job, worker_next_op(job));
		job->left--;
	}
}

/* The first block from *block on that was written, queued to be read. False if there is none. */
static bool queue_next(struct job *job, uint64_t *block)
{
	struct slot *slot;

	while (*block < job->offsets.blocks && !job->verify->sequence[*block])
		++*block;
	if (*block == job->offsets.blocks)
		return false;
	slot = job->free[--job->free_count];
	slot->op = OP_READ;
	slot->offset = job->offsets.base + *block * job->bs;
	blkioq_read(job->q, slot->offset, slot->buf, job->bs, slot, 0);
	job->in_flight++;
	++*block;
	return true;
}

static void take_block(struct job *job, const struct blkio_completion *c)
{
	struct slot *slot = c->user_data;
	struct block_tag tag = tag_of(job, (slot->offset - job->offsets.base) / job->bs);

	job->free[job->free_count++] = slot;
	job->in_flight--;
	if (c->ret == 0)
		check(job, slot, &tag);
	else
		job_fail(job, c->ret < 0 ? -c->ret : EIO,
			 "verify: read of %llu bytes at offset %llu: %s",
			 (unsigned long long)job->bs, (unsigned long long)slot->offset,
			 c->error_msg ? c->error_msg : strerror(-c->ret));
}

void verify_read_back(struct job *job)
{
	struct verify *v = job->verify;
	uint64_t block = 0;
	int count = 0;

	if (!v || v->reads || job->error[0])
		return;
	v->start_ns = clock_ns();
	do {
		while (!job_aborted(job) && job->free_count && queue_next(job, &block))
			continue;
		if (!job->in_flight)
			break;
		count = job->reap(job, UINT64_MAX);
		for (int i = 0; i < count; i++)
			take_block(job, &job->completions[i]);
	} while (count >= 0);
	if (count < 0)
		job_fail(job, -count, "verify: waiting for completions: %s", blkio_get_error_msg());
	v->complete = block == job->offsets.blocks && count >= 0;
	v->end_ns = clock_ns();
}
