// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One piece at a time on its way.
 */
#include "slot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static size_t round_up(size_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

static void read_source(struct job *j, struct slot *s)
{
	const struct end *end = &j->p->e->source;

	s->pending++;
	blkioq_read(j->source, end->offset + s->at, s->buf, round_up(s->bytes, end->alignment), s,
		    0);
}

static void read_target(struct job *j, struct slot *s)
{
	const struct end *end = &j->p->e->target;

	s->pending++;
	blkioq_read(j->target, end->offset + s->at, s->other, round_up(s->bytes, end->alignment), s,
		    0);
}

void slot_begin(struct job *j, struct slot *s)
{
	const struct ends *e = j->p->e;
	uint64_t at = atomic_fetch_add(&j->p->next, e->o->bs);

	if (at >= e->bytes)
		return;
	j->active++;
	*s = (struct slot) { .at = at, .buf = s->buf, .other = s->other };
	s->bytes = (size_t)(e->bytes - at < e->o->bs ? e->bytes - at : e->o->bs);
	s->padded = round_up(s->bytes, e->target.alignment);
	read_source(j, s);
	if (j->p->kind == PASS_COMPARE)
		read_target(j, s);
}

static void end_piece(struct job *j, struct slot *s)
{
	atomic_fetch_add(&j->p->done, s->bytes);
	s->bytes = 0;
	j->active--;
}

/* ---- comparing ---- */

static void compare(struct job *j, struct slot *s)
{
	const struct ends *e = j->p->e;
	size_t at = 0;

	if (memcmp(s->buf, s->other, s->bytes) == 0) {
		end_piece(j, s);
		return;
	}
	while (s->buf[at] == s->other[at])
		at++;
	pass_fail(j->p,
		  "source and target differ: byte %" PRIu64
		  " of the source is 0x%02x, byte %" PRIu64 " of the target 0x%02x",
		  e->source.offset + s->at + at, (unsigned char)s->buf[at],
		  e->target.offset + s->at + at, (unsigned char)s->other[at]);
}

/* ---- writing ---- */

static bool is_zero(const char *buf, size_t n)
{
	return !buf[0] && memcmp(buf, buf + 1, n - 1) == 0;
}

static size_t grain_at(const struct job *j, const struct slot *s, size_t pos)
{
	return s->padded - pos < j->p->grain ? s->padded - pos : (size_t)j->p->grain;
}

/*
 * The end of a file that grows is written as data: zeroes that are made do not make it longer.
 */
static bool can_be_made(const struct job *j, const struct slot *s, size_t pos, size_t n)
{
	const struct ends *e = j->p->e;

	if (!e->o->sparse || s->as_data || (e->target.can_grow && s->at + pos + n >= e->bytes))
		return false;
	return e->blank || !atomic_load(&j->p->no_zeroes);
}

/* From pos on: how much is of one kind. */
static void find_run(const struct job *j, struct slot *s)
{
	size_t n = grain_at(j, s, s->pos);

	s->run = n;
	s->run_is_zero = can_be_made(j, s, s->pos, n) && is_zero(s->buf + s->pos, n);
	while (s->pos + s->run < s->padded) {
		size_t pos = s->pos + s->run;
		bool zero;

		n = grain_at(j, s, pos);
		zero = can_be_made(j, s, pos, n) && is_zero(s->buf + pos, n);
		if (zero != s->run_is_zero)
			return;
		s->run += n;
	}
}

static void write_run(struct job *j, struct slot *s)
{
	uint64_t at = j->p->e->target.offset + s->at + s->pos;

	s->pending++;
	if (s->run_is_zero)
		blkioq_write_zeroes(j->target, at, s->run, s, BLKIO_REQ_NO_FALLBACK);
	else
		blkioq_write(j->target, at, s->buf + s->pos, s->run, s, 0);
}

/* Go on with what is left of the piece; nothing need be done for zeroes where all is zero. */
static void write_on(struct job *j, struct slot *s)
{
	while (s->pos < s->padded) {
		find_run(j, s);
		if (s->run_is_zero)
			atomic_fetch_add(&j->p->zeroes, s->run);
		if (!s->run_is_zero || !j->p->e->blank) {
			write_run(j, s);
			return;
		}
		s->pos += s->run;
	}
	end_piece(j, s);
}

static bool is_unsupported(int ret)
{
	return ret == -ENOTSUP || ret == -EOPNOTSUPP;
}

static void written(struct job *j, struct slot *s)
{
	s->pos += s->run;
	s->as_data = false;
	write_on(j, s);
}

/* The target cannot make zeroes, or not there: some want whole blocks. */
static void write_after_all(struct job *j, struct slot *s, int ret)
{
	if (is_unsupported(ret))
		atomic_store(&j->p->no_zeroes, true);
	s->as_data = true;
	atomic_fetch_sub(&j->p->zeroes, s->run);
	write_on(j, s);
}

/* ---- completions ---- */

static void fail(struct job *j, const struct slot *s, bool at_source,
		 const struct blkio_completion *c)
{
	const struct end *end = at_source ? &j->p->e->source : &j->p->e->target;
	uint64_t at = end->offset + s->at + (at_source ? 0 : s->pos);

	pass_fail(j->p, "%s (%s): %s at byte %" PRIu64 ": %s", end->what, end->in.driver,
		  at_source || j->p->kind == PASS_COMPARE ? "read" : "write", at,
		  c->error_msg ? c->error_msg : strerror(-c->ret));
}

void slot_completed(struct job *j, struct slot *s, bool at_source, const struct blkio_completion *c)
{
	s->pending--;
	if (atomic_load(&j->p->failed))
		return;
	if (!at_source && s->run_is_zero && (is_unsupported(c->ret) || c->ret == -EINVAL)) {
		write_after_all(j, s, c->ret);
	} else if (c->ret < 0) {
		fail(j, s, at_source, c);
	} else if (j->p->kind == PASS_COMPARE) {
		if (!s->pending)
			compare(j, s);
	} else if (at_source) {
		memset(s->buf + s->bytes, 0, s->padded - s->bytes);
		write_on(j, s);
	} else {
		written(j, s);
	}
}
