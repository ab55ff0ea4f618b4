// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See ring_fixture.h.
 */
#include "tests/unit/ring_fixture.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

const struct uring_config plain_config = { .num_entries = 8,
					   .sqpoll_cpu = -1,
					   .sqpoll_idle_ms = 1000 };

bool have_io_uring(void)
{
	struct io_uring ring;
	int ret = io_uring_queue_init(1, &ring, 0);

	if (ret < 0)
		test_skip("io_uring is refused: %s", strerror(-ret));
	else
		io_uring_queue_exit(&ring);
	return ret == 0;
}

void ring_open_files(struct ring_fixture *x)
{
	*x = (struct ring_fixture) { .config = plain_config, .file = temp_file(4096) };
	x->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert_int_ge(x->event_fd, 0);
	ck_assert_int_eq(pipe2(x->pipe, O_CLOEXEC), 0);
}

void ring_close(struct ring_fixture *x)
{
	uring_finish(&x->r);
	close(x->file);
	close(x->event_fd);
	close(x->pipe[0]);
	close(x->pipe[1]);
}

void ring_read(struct ring_fixture *x, int fd, uint64_t user_data)
{
	static char byte;

	ck_assert(!uring_is_full(&x->r));
	*uring_get_sqe(&x->r) = (struct io_uring_sqe) {
		.opcode = IORING_OP_READ,
		.fd = fd,
		.addr = (uint64_t)(uintptr_t)&byte,
		.len = 1,
		.user_data = user_data,
	};
}

void ring_reap(struct ring_fixture *x, unsigned int n, int res)
{
	struct blkio_wait wait = { .deadline = DEADLINE_NONE };

	ck_assert_int_eq(uring_enter(&x->r, n, &wait), 0);
	ck_assert_uint_eq(uring_cq_ready(&x->r), n);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int head = *x->r.cq_khead;

		ck_assert_int_eq(x->r.cqes[head & x->r.cq_mask].res, res);
		store_release(x->r.cq_khead, head + 1);
	}
}

void ring_works(struct ring_fixture *x)
{
	ring_read(x, x->file, 1);
	ring_reap(x, 1, 1);
}
