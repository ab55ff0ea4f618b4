// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See fake_kernel.h.
 */
#include "tests/fakes/fake_kernel.h"

#include "tests/support/test.h"

struct fake_kernel fake_kernel;

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);
int __real_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);

void fake_kernel_attach(struct uring *ring, int (*answer)(const struct io_uring_sqe *sqe))
{
	fake_kernel.ring = ring;
	fake_kernel.answer = answer;
	fake_kernel.nr = 0;
}

static void take_sqe(struct uring *r)
{
	unsigned int head = *r->sq_khead, tail = *r->cq_ktail;
	const struct io_uring_sqe *sqe = &r->sqes[(head & r->sq_mask) << r->big];
	struct io_uring_cqe *cqe = &r->cqes[(tail & r->cq_mask) << r->big];
	int res;

	fake_kernel.result = 0;
	res = fake_kernel.answer(sqe);

	ck_assert_uint_lt(fake_kernel.nr, FAKE_KERNEL_LOG);
	fake_kernel.log[fake_kernel.nr++] = *sqe;
	store_release(r->sq_khead, head + 1);
	ck_assert_uint_lt(tail - *r->cq_khead, r->cq_entries);
	*cqe = (struct io_uring_cqe) { .user_data = fake_kernel.log[fake_kernel.nr - 1].user_data,
				       .res = res };
	if (r->big)
		cqe->big_cqe[0] = fake_kernel.result;
	store_release(r->cq_ktail, tail + 1);
}

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size)
{
	struct uring *r = fake_kernel.ring;

	if (!r)
		return __real_io_uring_enter2(fd, to_submit, min_complete, flags, sig, size);
	ck_assert_uint_eq(fd, (unsigned int)r->enter_fd);
	ck_assert_uint_eq(to_submit, load_acquire(r->sq_ktail) - *r->sq_khead);
	for (unsigned int i = 0; i < to_submit; i++)
		take_sqe(r);
	ck_assert_uint_ge(*r->cq_ktail - *r->cq_khead, min_complete);
	return (int)to_submit;
}
