// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reads of 4 KiB through a driver on io_uring whose kernel is a fake one, for nvme-instructions.sh:
 * what the library does is the same with and without a device, and there is no NVMe device here.
 *
 * Usage: loop_fake --requests=N DRIVER, which is io_uring or nvme-io_uring
 *
 * The fake is not counted: callgrind's collection is off while it runs.
 */
#include <blkio.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT
#endif

#include "drivers/nvme/nvme.h"

#define DEPTH      32
#define BYTES      4096
#define FILE_BYTES (16u << 20)

static struct uring *ring;

int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size);

/* All that was submitted is done, and well: each SQE's result is 0 for a command, else its length.
 */
int __wrap_io_uring_enter2(unsigned int fd, unsigned int to_submit, unsigned int min_complete,
			   unsigned int flags, sigset_t *sig, size_t size)
{
	(void)fd;
	(void)min_complete;
	(void)flags;
	(void)sig;
	(void)size;
	CALLGRIND_TOGGLE_COLLECT;
	for (unsigned int i = 0; i < to_submit; i++) {
		unsigned int head = *ring->sq_khead, tail = *ring->cq_ktail;
		const struct io_uring_sqe *sqe = &ring->sqes[(head & ring->sq_mask) << ring->big];
		struct io_uring_cqe *cqe = &ring->cqes[(tail & ring->cq_mask) << ring->big];

		cqe->user_data = sqe->user_data;
		cqe->res = sqe->opcode == IORING_OP_URING_CMD ? 0 : (int)sqe->len;
		*ring->sq_khead = head + 1;
		*ring->cq_ktail = tail + 1;
	}
	CALLGRIND_TOGGLE_COLLECT;
	return (int)to_submit;
}

static int get_nsid(int fd, uint32_t *nsid)
{
	(void)fd;
	*nsid = 1;
	return 0;
}

/* A plain namespace of blocks of 512 bytes. */
static int identify(int fd, const struct nvu_identify_cmd *cmd, void *data)
{
	struct nvme_id_ns *ns = data;

	(void)fd;
	if (cmd->cns == NVME_IDENTIFY_CNS_NS) {
		ns->nsze = htole64(FILE_BYTES / 512);
		ns->lbaf[0].ds = 9;
	} else if (cmd->cns != NVME_IDENTIFY_CNS_CTRL) {
		return NVME_SC_INVALID_FIELD;
	}
	return 0;
}

static int open_queue_dir(int fd)
{
	(void)fd;
	return -1;
}

static const struct nvu_sys plain_namespace = { get_nsid, identify, open_queue_dir };

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "loop_fake: %s: %s\n", what, blkio_get_error_msg());
	exit(EXIT_FAILURE);
}

static struct blkio *connected(const char *driver)
{
	struct blkio *b;

	must(blkio_create(driver, &b), "create");
	if (strcmp(driver, "nvme-io_uring") == 0) {
		to_nvu(b)->sys = &plain_namespace;
		must(blkio_set_str(b, "path", "/dev/null"), "path");
	} else {
		int fd = memfd_create("loop_fake", MFD_CLOEXEC);

		must(ftruncate(fd, FILE_BYTES), "ftruncate");
		must(blkio_set_int(b, "fd", fd), "fd");
	}
	must(blkio_connect(b), "connect");
	return b;
}

static void run(struct blkioq *q, char *buf, long requests)
{
	struct blkio_completion done[DEPTH];
	uint64_t random = 1;

	for (; requests > 0; requests -= DEPTH) {
		for (size_t i = 0; i < DEPTH; i++) {
			random = random * 6364136223846793005u + 1;
			blkioq_read(q, (random >> 40) % (FILE_BYTES / BYTES) * BYTES,
				    buf + i * BYTES, BYTES, NULL, 0);
		}
		must(blkioq_do_io(q, done, DEPTH, DEPTH, NULL), "do_io");
		for (size_t i = 0; i < DEPTH; i++)
			must(done[i].ret, "read");
	}
}

int main(int argc, char **argv)
{
	struct blkio_mem_region region;
	long requests = 0;
	struct blkio *b;
	struct blkioq *q;

	if (argc != 3 || sscanf(argv[1], "--requests=%ld", &requests) != 1) {
		fprintf(stderr, "usage: loop_fake --requests=N DRIVER\n");
		return 2;
	}
	b = connected(argv[2]);
	must(blkio_start(b), "start");
	must(blkio_alloc_mem_region(b, &region, DEPTH * BYTES), "alloc");
	must(blkio_map_mem_region(b, &region), "map");
	q = blkio_get_queue(b, 0);
	ring = &to_uring_queue(q)->ring;
	run(q, region.addr, requests);
	blkio_destroy(&b);
	return 0;
}
