// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a vhost-user back-end answers: the input is all that comes from its socket, and then its
 * end. Connecting and starting end, with an error text if they fail.
 */
#include <blkio.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define MOST_BYTES 16384 /* fit into the buffer of a socket */

long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

/* Contexts of asynchronous I/O take 25 ms to end, so here the library does without. */
long __wrap_syscall(long number, ...)
{
	va_list args;
	long a[6];

	if (number == SYS_io_setup) {
		errno = ENOSYS;
		return -1;
	}
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void use(struct blkio *b)
{
	struct blkio_mem_region region;
	struct blkio_completion c;
	struct timespec no_time = { 0 };
	char *text = NULL;

	if (blkio_connect(b) < 0) {
		fuzz_must(*blkio_get_error_msg());
		return;
	}
	if (blkio_get_str(b, "capacity", &text) == 0)
		free(text);
	if (blkio_start(b) < 0) {
		fuzz_must(*blkio_get_error_msg());
		return;
	}
	if (blkio_alloc_mem_region(b, &region, 4096) < 0)
		return;
	if (blkio_map_mem_region(b, &region) < 0)
		return;
	blkioq_read(blkio_get_queue(b, 0), 0, region.addr, 512, NULL, 0);
	(void)blkioq_do_io(blkio_get_queue(b, 0), &c, 1, 1, &no_time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blkio *b;
	int fds[2];

	if (size > MOST_BYTES)
		return -1;
	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	fuzz_must(write(fds[1], data, size) == (ssize_t)size);
	fuzz_must(shutdown(fds[1], SHUT_WR) == 0);
	fuzz_must(blkio_create("virtio-blk-vhost-user", &b) == 0);
	fuzz_must(blkio_set_int(b, "socket-fd", fds[0]) == 0);
	fuzz_must(blkio_set_int(b, "connect-timeout-ms", 50) == 0);
	use(b);
	if (blkio_get_int(b, "max-queues", &(int) { 0 }) == -ENODEV)
		close(fds[0]); /* the caller's as long as it was not connected */
	blkio_destroy(&b);
	close(fds[1]);
	return 0;
}
