// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The yardstick: random reads through liburing alone, written for nothing but this one job.
 *
 * Everything that an expert would use is used: a registered file, registered buffers, the
 * registered ring descriptor, a batch per system call. ring=plain|coop|defer after the path
 * chooses the ring's flags: none, COOP_TASKRUN, or SINGLE_ISSUER with DEFER_TASKRUN;
 * buffers=plain|fixed whether the buffer is registered.
 */
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct uring_loop {
	struct loop l;
	struct io_uring ring;
	int fd;
	int eventfd;
	struct iovec buffer;
	int opcode; /* of reads into a buffer that is registered, or is not */
};

/* What is given for name= after the path, or what is usual. */
static const char *setting(const struct loop *l, const char *name, const char *usual)
{
	size_t len = strlen(name);

	for (char **prop = l->props; *prop; prop++) {
		if (!strncmp(*prop, name, len) && (*prop)[len] == '=')
			usual = *prop + len + 1;
		else if (strncmp(*prop, "ring=", 5) && strncmp(*prop, "buffers=", 8))
			loop_fail(l, "only ring=KIND and buffers=KIND can be set", 0);
	}
	return usual;
}

static int read_opcode(const struct loop *l)
{
	const char *kind = setting(l, "buffers", "fixed");

	if (!strcmp(kind, "plain"))
		return IORING_OP_READ;
	if (!strcmp(kind, "fixed"))
		return IORING_OP_READ_FIXED;
	loop_fail(l, "buffers must be plain or fixed", 0);
}

static unsigned int ring_flags(const struct loop *l)
{
	const char *kind = setting(l, "ring", "coop");

	if (!strcmp(kind, "plain"))
		return 0;
	if (!strcmp(kind, "coop"))
		return IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	if (!strcmp(kind, "defer"))
		return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		       IORING_SETUP_TASKRUN_FLAG;
	loop_fail(l, "ring must be plain, coop or defer", 0);
}

static void check(const struct uring_loop *u, const char *what, int ret)
{
	if (ret < 0)
		loop_fail(&u->l, what, -ret);
}

static void size_file(struct uring_loop *u)
{
	struct stat st;

	check(u, "size the file", fstat(u->fd, &st) < 0 ? -errno : 0);
	loop_set_size(&u->l, (uint64_t)st.st_size);
}

static void setup_buffer(struct uring_loop *u)
{
	u->buffer.iov_len = (size_t)u->l.depth * u->l.block_bytes;
	u->buffer.iov_base = mmap(NULL, u->buffer.iov_len, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (u->buffer.iov_base == MAP_FAILED)
		loop_fail(&u->l, "mmap", errno);
	loop_set_buffer(&u->l, u->buffer.iov_base);
	u->opcode = read_opcode(&u->l);
	if (u->opcode == IORING_OP_READ_FIXED)
		check(u, "register buffers", io_uring_register_buffers(&u->ring, &u->buffer, 1));
}

static void setup(struct uring_loop *u)
{
	struct io_uring_params params = { .flags = ring_flags(&u->l) };

	if (u->l.segments > 1)
		loop_fail(&u->l, "this loop has one buffer per read", 0);
	u->fd = open(u->l.path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0)
		loop_fail(&u->l, u->l.path, errno);
	size_file(u);
	check(u, "set up the ring", io_uring_queue_init_params(u->l.depth, &u->ring, &params));
	check(u, "register the ring", io_uring_register_ring_fd(&u->ring));
	check(u, "register the file", io_uring_register_files(&u->ring, &u->fd, 1));
	setup_buffer(u);
	u->eventfd = -1;
	if (u->l.mode == LOOP_EVENTFD) {
		u->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		check(u, "register the eventfd",
		      u->eventfd < 0 ? -errno : io_uring_register_eventfd(&u->ring, u->eventfd));
	}
}

static void teardown(struct uring_loop *u)
{
	io_uring_queue_exit(&u->ring);
	munmap(u->buffer.iov_base, u->buffer.iov_len);
	close(u->fd);
	if (u->eventfd >= 0)
		close(u->eventfd);
}

static void queue_reads(struct uring_loop *u)
{
	while (loop_has_next(&u->l)) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
		struct loop_slot *slot = loop_next(&u->l);

		io_uring_prep_rw(u->opcode, sqe, 0, slot->buf, u->l.block_bytes,
				 slot->offset_bytes);
		sqe->buf_index = 0;
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
		io_uring_sqe_set_data(sqe, slot);
	}
}

/* liburing's loop over the CQ looks at the ring's tail and format again for every entry. */
static unsigned int reap(struct uring_loop *u)
{
	unsigned int n = io_uring_cq_ready(&u->ring);
	unsigned int head = *u->ring.cq.khead;

	if (n > u->l.max_completions)
		n = u->l.max_completions;
	for (unsigned int i = 0; i < n; i++) {
		struct io_uring_cqe *cqe = &u->ring.cq.cqes[(head + i) & u->ring.cq.ring_mask];

		loop_complete(&u->l, io_uring_cqe_get_data(cqe), cqe->res == (int)u->l.block_bytes);
	}
	io_uring_cq_advance(&u->ring, n);
	return n;
}

static void run_blocking(struct uring_loop *u)
{
	while (loop_running(&u->l)) {
		queue_reads(u);
		check(u, "submit and wait", io_uring_submit_and_wait(&u->ring, loop_min(&u->l)));
		reap(u);
	}
}

static void run_eventfd(struct uring_loop *u)
{
	while (loop_running(&u->l)) {
		queue_reads(u);
		check(u, "submit", io_uring_submit(&u->ring));
		loop_wait_event(u->eventfd);
		while (reap(u) == u->l.max_completions && u->l.nfree < u->l.depth)
			;
	}
}

static void run_polling(struct uring_loop *u)
{
	while (loop_running(&u->l)) {
		struct io_uring_cqe *cqe;

		queue_reads(u);
		check(u, "submit", io_uring_submit(&u->ring));
		/* Peeking enters the kernel only if it has work that waits for us to come. */
		while (!reap(u))
			io_uring_peek_cqe(&u->ring, &cqe);
	}
}

int main(int argc, char **argv)
{
	static void (*const run[])(struct uring_loop *) = {
		[LOOP_BLOCKING] = run_blocking,
		[LOOP_EVENTFD] = run_eventfd,
		[LOOP_POLLING] = run_polling,
	};
	struct uring_loop u;
	int status;

	loop_init(&u.l, "uring", argc, argv);
	setup(&u);
	loop_start(&u.l);
	run[u.l.mode](&u);
	status = loop_report(&u.l);
	teardown(&u);
	loop_finish(&u.l);
	return status;
}
