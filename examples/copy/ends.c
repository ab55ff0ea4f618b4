// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Source and target of a copy.
 */
#include "ends.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/mounted.h"
#include "../common/msg.h"

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

/* ---- one end ---- */

static int get_alignment(struct end *end)
{
	int value;

	if (blkio_get_int(end->in.b, "request-alignment", &value) < 0)
		return msg_blkio("%s: cannot read request-alignment", end->in.driver);
	end->alignment = value > 1 ? (uint64_t)value : 1;
	return STATUS_OK;
}

static int set_queues(struct end *end, uint64_t numjobs)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, numjobs);
	return instance_has_arg(&end->in, "num-queues")
		       ? STATUS_OK
		       : instance_set(&end->in, "num-queues", text);
}

/* Each pass has threads of its own, and the flush is done by another one. */
static int refuse_single_issuer(const struct end *end)
{
	bool single = false;

	if (instance_prop(&end->in, "single-issuer"))
		(void)blkio_get_bool(end->in.b, "single-issuer", &single);
	return single ? msg_usage("single-issuer=true is not possible here: several threads use a "
				  "queue, one after the other")
		      : STATUS_OK;
}

static int open_end(struct end *end, const struct copy_options *o)
{
	int status = instance_connect(&end->in);

	if (status == STATUS_OK)
		status = refuse_single_issuer(end);
	if (status == STATUS_OK)
		status = get_alignment(end);
	if (status == STATUS_OK)
		status = set_queues(end, o->numjobs);
	if (status != STATUS_OK)
		return status;
	if (blkio_get_uint64(end->in.b, "capacity", &end->capacity) < 0)
		return msg_blkio("%s: cannot read capacity", end->in.driver);
	if (blkio_get_bool(end->in.b, "can-grow", &end->can_grow) < 0)
		return msg_blkio("%s: cannot read can-grow", end->in.driver);
	return instance_start(&end->in);
}

static int open_source(struct ends *e)
{
	struct end *end = &e->source;
	int status;

	end->what = "source";
	end->offset = e->o->source_offset;
	status = instance_create(&end->in, e->o->source.word[0], e->o->source.word + 1,
				 e->o->source.count - 1);
	if (status == STATUS_OK && !instance_has_arg(&end->in, "read-only"))
		status = instance_set(&end->in, "read-only", "true");
	return status == STATUS_OK ? open_end(end, e->o) : status;
}

/* Only a path can be made; a file that is there stays as it is. */
static int create_file(const struct copy_options *o)
{
	for (int i = 1; i < o->target.count; i++) {
		const char *word = o->target.word[i];
		int fd;

		if (strncmp(word, "path=", 5) != 0)
			continue;
		fd = open(word + 5, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST)
			return msg_failed("cannot make %s: %s", word + 5, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return STATUS_OK;
}

static int open_target(struct ends *e)
{
	const struct copy_options *o = e->o;
	struct end *end = &e->target;
	int status = o->create ? create_file(o) : STATUS_OK;

	end->what = "target";
	end->offset = o->target_offset;
	if (status == STATUS_OK)
		status = instance_create(&end->in, o->target.word[0], o->target.word + 1,
					 o->target.count - 1);
	if (status == STATUS_OK && o->verify_only && !instance_has_arg(&end->in, "read-only"))
		status = instance_set(&end->in, "read-only", "true");
	if (status == STATUS_OK && !o->verify_only && !o->allow_mounted_write)
		status = mounted_refuse_instance(&end->in);
	if (status == STATUS_OK)
		status = open_end(end, o);
	e->blank = end->can_grow && !end->capacity;
	return status;
}

/* ---- both ---- */

static int check_alignment(const struct ends *e, const struct end *end)
{
	const struct copy_options *o = e->o;

	if (o->bs % end->alignment)
		return msg_usage("--bs must be a multiple of the request-alignment of the %s, "
				 "%" PRIu64,
				 end->what, end->alignment);
	if (end->offset % end->alignment)
		return msg_usage("--%s_offset must be a multiple of its request-alignment, "
				 "%" PRIu64,
				 end->what, end->alignment);
	if (o->size % end->alignment)
		return msg_usage("--size must be a multiple of the request-alignment of the %s, "
				 "%" PRIu64,
				 end->what, end->alignment);
	return STATUS_OK;
}

static int check_size(struct ends *e)
{
	const struct end *s = &e->source, *t = &e->target;
	uint64_t most = s->offset < s->capacity ? s->capacity - s->offset : 0;

	e->bytes = e->o->size ? e->o->size : most;
	if (!e->bytes)
		return msg_failed("there is nothing to copy: the source has %" PRIu64 " bytes",
				  s->capacity);
	if (e->bytes > most)
		return msg_failed("the source has only %" PRIu64 " bytes", s->capacity);
	if (t->can_grow && !e->o->verify_only)
		return STATUS_OK;
	if (t->offset > t->capacity || e->bytes > t->capacity - t->offset)
		return msg_failed("%" PRIu64
				  " bytes do not fit into the target, which has %" PRIu64,
				  e->bytes, t->capacity);
	return STATUS_OK;
}

static int map_buffers(struct ends *e)
{
	const struct end *const both[] = { &e->source, &e->target };
	uint64_t align = 4096, n = 2 * e->o->iodepth * e->o->numjobs, bytes;

	for (int i = 0; i < 2; i++) {
		uint64_t own;

		if (blkio_get_uint64(both[i]->in.b, "mem-region-alignment", &own) < 0)
			return msg_blkio("%s: cannot read mem-region-alignment",
					 both[i]->in.driver);
		if (own > align)
			align = own; /* powers of two */
	}
	e->buffer_bytes = round_up(e->o->bs, 4096);
	if (__builtin_mul_overflow(n, e->buffer_bytes, &bytes) || bytes > SIZE_MAX / 2)
		return msg_usage("the buffers are too large");
	bytes = round_up(bytes, align);
	if (blkio_alloc_mem_region(e->source.in.b, &e->region, bytes) < 0)
		return msg_blkio("%s: cannot allocate buffers of %" PRIu64 " bytes",
				 e->source.in.driver, bytes);
	for (int i = 0; i < 2; i++) {
		if (blkio_map_mem_region(both[i]->in.b, &e->region) < 0)
			return msg_blkio("%s: cannot map buffers of %" PRIu64 " bytes",
					 both[i]->in.driver, bytes);
	}
	return STATUS_OK;
}

int ends_init(struct ends *e, const struct copy_options *o)
{
	int status;

	*e = (struct ends) { .o = o };
	status = open_source(e);
	if (status == STATUS_OK)
		status = open_target(e);
	if (status == STATUS_OK)
		status = check_alignment(e, &e->source);
	if (status == STATUS_OK)
		status = check_alignment(e, &e->target);
	if (status == STATUS_OK)
		status = check_size(e);
	return status == STATUS_OK ? map_buffers(e) : status;
}

/* The source last: it has the memory. */
void ends_finish(struct ends *e)
{
	instance_finish(&e->target.in);
	instance_finish(&e->source.in);
}

char *ends_buffer(const struct ends *e, uint64_t job, uint64_t slot, int which)
{
	uint64_t n = (job * e->o->iodepth + slot) * 2 + (uint64_t)which;

	return (char *)e->region.addr + n * e->buffer_bytes;
}
