// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Make a ring: the best flags that the kernel knows, or a message that says what to change.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uring/props.h"
#include "drivers/uring/ring.h"
#include "lib/error.h"

#define URING_MAX_ENTRIES 32768

#define COOP  (IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG)
#define OWNED (IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER)
#define DEFER (IORING_SETUP_SUBMIT_ALL | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG)

/* From the newest kernel to the oldest; one that does not know a flag answers EINVAL. */
static const unsigned int flag_ladder[] = {
	OWNED | DEFER,           /* 6.1, with single-issuer only */
	OWNED | COOP,            /* 6.0, with single-issuer only */
	COOP,                    /* 5.19 */
	IORING_SETUP_SUBMIT_ALL, /* 5.18 */
	0,
};

/* The number in a file of /proc/sys, or -1. */
static long read_sysctl(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[16];
	long value = -1;

	if (!f)
		return -1;
	if (fgets(text, sizeof(text), f))
		value = strtol(text, NULL, 10);
	fclose(f);
	return value;
}

/* EPERM: the sysctl forbids io_uring, or a seccomp filter does. */
static int permission_error(void)
{
	long disabled = read_sysctl("/proc/sys/kernel/io_uring_disabled");

	if (disabled == 2)
		return err_set(-EPERM, "io_uring is switched off on this system: set the sysctl "
				       "kernel.io_uring_disabled to 0");
	if (disabled == 1)
		return err_set(-EPERM,
			       "io_uring is restricted on this system: join the group of the "
			       "sysctl kernel.io_uring_group, have CAP_SYS_ADMIN, or set "
			       "kernel.io_uring_disabled to 0");
	return err_set(-EPERM, "io_uring is forbidden, most likely by the seccomp filter of a "
			       "container: allow io_uring_setup, io_uring_enter and "
			       "io_uring_register in its profile");
}

int uring_init_error(int err, unsigned int num_entries, bool big)
{
	if (err == EINVAL && big && num_entries <= URING_MAX_ENTRIES)
		return err_set(-ENOSYS, "the io_uring of this kernel cannot pass commands through: "
					"Linux 5.19 or later is needed");
	switch (err) {
	case ENOSYS:
		return err_set(-ENOSYS,
			       "io_uring is not available: it needs Linux 5.6 or later with "
			       "CONFIG_IO_URING, and no seccomp filter that hides it");
	case EPERM:
	case EACCES:
		return permission_error();
	case EMFILE:
		return err_os(-err, "cannot make an io_uring: raise the limit of open files "
				    "(ulimit -n, RLIMIT_NOFILE)");
	case ENOMEM:
		return err_os(-err,
			      "cannot make an io_uring of %u entries: out of memory, or over "
			      "the limit of locked memory (ulimit -l, RLIMIT_MEMLOCK)",
			      num_entries);
	case EINVAL:
		return err_os(-err,
			      "cannot make an io_uring of %u entries: the kernel takes 1 to "
			      "32768 (num-entries)",
			      num_entries);
	default:
		return err_os(-err, "cannot make an io_uring");
	}
}

static int try_flags(struct uring *r, const struct uring_config *c, unsigned int flags)
{
	struct io_uring_params p = { .flags = flags };
	int ret;

	if (flags & IORING_SETUP_SQPOLL) {
		p.sq_thread_idle = (unsigned int)c->sqpoll_idle_ms;
		p.sq_thread_cpu = (unsigned int)c->sqpoll_cpu;
	}
	ret = io_uring_queue_init_params((unsigned int)c->num_entries, &r->io, &p);
	if (ret == 0)
		r->setup_flags = flags;
	return ret;
}

/* SQPOLL has a thread of the kernel's: flags about task work in ours do not go with it. */
static bool fits(const struct uring_config *c, unsigned int flags)
{
	if (c->sqpoll)
		return !(flags & ~(unsigned int)IORING_SETUP_SUBMIT_ALL);
	return c->single_issuer || !(flags & OWNED);
}

static int try_ladder(struct uring *r, const struct uring_config *c, unsigned int base)
{
	int ret = -EINVAL;

	for (size_t i = 0; i < array_len(flag_ladder) && ret == -EINVAL; i++) {
		if (fits(c, flag_ladder[i]))
			ret = try_flags(r, c, base | flag_ladder[i]);
	}
	return ret;
}

/* Copy out of liburing's struct what the fast path uses. */
static void adopt(struct uring *r)
{
	const struct io_uring_sq *sq = &r->io.sq;
	const struct io_uring_cq *cq = &r->io.cq;

	r->sqes = sq->sqes;
	r->sq_khead = sq->khead;
	r->sq_ktail = sq->ktail;
	r->sq_kflags = sq->kflags;
	r->sq_entries = sq->ring_entries;
	r->sq_mask = sq->ring_mask;
	r->cqes = cq->cqes;
	r->cq_khead = cq->khead;
	r->cq_ktail = cq->ktail;
	r->cq_kflags = cq->kflags;
	r->cq_entries = cq->ring_entries;
	r->cq_mask = cq->ring_mask;
	r->features = r->io.features;
	r->enter_fd = r->io.ring_fd;
	r->first_enter = r->setup_flags & IORING_SETUP_SINGLE_ISSUER;
	uring_update_limit(r);
	/* SQEs are always used in order; some liburing ask for a ring without this array. */
	for (unsigned int i = 0; sq->array && i < r->sq_entries; i++)
		sq->array[i] = i;
}

void uring_preset(struct uring *r, const struct io_uring_sqe *sqe)
{
	for (unsigned int i = 0; i < r->sq_entries << r->big; i++)
		r->sqes[i] = sqe[i & r->big];
}

static int set_event_fd(struct uring *r, int event_fd)
{
	int ret = event_fd >= 0 ? io_uring_register_eventfd(&r->io, event_fd) : 0;

	if (ret < 0)
		return err_os(ret, "cannot register the completion fd with io_uring");
	r->event_fd = event_fd;
	if (event_fd >= 0)
		uring_set_notify(r, false);
	return 0;
}

int uring_init(struct uring *r, const struct uring_config *c, int file, int event_fd)
{
	unsigned int base = event_fd < 0 ? IORING_SETUP_IOPOLL : 0;
	int ret;

	r->big = c->big;
	if (c->big)
		base |= IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
	if (c->sqpoll)
		base |= IORING_SETUP_SQPOLL | (c->sqpoll_cpu >= 0 ? IORING_SETUP_SQ_AFF : 0);
	ret = try_ladder(r, c, base);
	if (ret == -EINVAL && c->sqpoll && c->sqpoll_cpu >= 0)
		return err_os(ret,
			      "cannot make an io_uring: check sqpoll-cpu (%d) and num-entries "
			      "(%d, at most 32768)",
			      c->sqpoll_cpu, c->num_entries);
	if (ret < 0)
		return uring_init_error(-ret, (unsigned int)c->num_entries, c->big);
	adopt(r);
	r->fixed_file = io_uring_register_files(&r->io, &file, 1) == 0;
	ret = set_event_fd(r, event_fd);
	if (ret < 0)
		uring_finish(r);
	return ret;
}

void uring_finish(struct uring *r)
{
	if (!r->sqes)
		return;
	uring_unregister_ring_fd(r);
	io_uring_queue_exit(&r->io);
	r->sqes = NULL;
}

int64_t uring_known_ops(struct uring *r, const uint8_t *opcodes, unsigned int n)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(&r->io);
	int64_t known = 0;

	if (!probe)
		return err_os(-ENOMEM, "cannot ask the kernel what its io_uring can do");
	for (unsigned int i = 0; i < n; i++)
		known |= (int64_t) !!io_uring_opcode_supported(probe, opcodes[i]) << i;
	io_uring_free_probe(probe);
	return known;
}

bool uring_can_poll(int file, const struct io_uring_sqe *sqe, bool big)
{
	struct uring_config config = { .num_entries = 1, .sqpoll_cpu = -1, .big = big };
	struct blkio_wait wait = { .deadline = deadline_after_ns(NS_PER_S) };
	struct uring ring = { 0 };
	bool works = false;

	if (uring_init(&ring, &config, file, -1) < 0)
		return false;
	uring_preset(&ring, sqe);
	ring.sq_tail++;
	if (uring_enter(&ring, 1, &wait) == 0)
		works = ring.cqes[*ring.cq_khead & ring.cq_mask].res == 0;
	uring_finish(&ring);
	return works;
}

int uring_check_cpu(const struct blkio_prop *p, const union prop_value *v)
{
	if (v->i >= -1)
		return 0;
	return err_set(-EINVAL, "property %s must be a processor's number, or -1, not %d", p->name,
		       v->i);
}
