/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For tests of registered buffers: an io_uring instance on a file, memory, and a kernel that
 * refuses what it is told to.
 */
#ifndef TESTS_UNIT_BUFS_FIXTURE_H
#define TESTS_UNIT_BUFS_FIXTURE_H

#include "tests/unit/iou_fixture.h"

#define PAGE     4096
#define FILE_LEN (256 * PAGE)

extern struct iou_fixture fixture;
extern int update_ret; /* what a registration returns; 0: what the kernel says */
extern bool refuse_removal;
extern int sparse_ret;
extern int nr_updates, nr_tables, nr_populated;

void bufs_single_issuer(struct blkio *b);
void bufs_pin_all(struct blkio *b);
/* False where there is no io_uring, or one without such tables: then the test is skipped. */
bool bufs_start(void (*configure)(struct blkio *b));
void bufs_tear_down(void);
struct blkio_mem_region alloc(size_t len);
struct blkio_mem_region alloc_and_map(size_t len);
/* Memory of the application's own, at this address unless it is NULL. */
struct blkio_mem_region own_memory(void *at, size_t len);
int find(const void *addr, size_t len);
/* Read len bytes from the file through this address; whether that used a registered buffer. */
bool read_registered(void *addr, size_t len, uint64_t offset);
/* The same for a write of a text, which is then in the file. */
bool write_registered(void *addr, const char *text);

#endif
