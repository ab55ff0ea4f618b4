// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See buffers.h. A region is registered in pieces of at most 1 GiB, the kernel's limit for a
 * buffer; a request that crosses from one to the next is carried out without.
 */
#include "drivers/uring/buffers.h"

#include <linux/capability.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define MAX_BUF_BYTES ((size_t)1 << 30)

/* The buffers that a ring should have. */
struct wanted {
	struct uring_buf bufs[URING_MAX_BUFS];
	unsigned int len;
};

static void add_pieces(struct wanted *w, const struct mem_entry *e)
{
	for (size_t offset = 0; offset < e->region.len; offset += MAX_BUF_BYTES) {
		size_t left = e->region.len - offset;

		if (w->len == URING_MAX_BUFS)
			return;
		w->bufs[w->len++] = (struct uring_buf) {
			.addr = (uintptr_t)e->region.addr + offset,
			.len = left < MAX_BUF_BYTES ? left : MAX_BUF_BYTES,
			.map_id = e->map_id,
		};
	}
}

static bool shall_register(const struct uring_bufs *t, const struct mem_entry *e)
{
	return e->allocated || t->pin_all;
}

/* Those of all mapped regions but one, which may be NULL. */
static void collect(const struct uring_bufs *t, struct wanted *w, const struct mem_entry *but)
{
	w->len = 0;
	for (unsigned int i = 0; i < t->mem->len; i++) {
		const struct mem_entry *e = &t->mem->entries[i];

		if (e->mapped && e != but && shall_register(t, e))
			add_pieces(w, e);
	}
}

static bool same_buf(const struct uring_buf *a, const struct uring_buf *b)
{
	return a->len && b->len && a->map_id == b->map_id && a->addr == b->addr;
}

/* ---- how much may be pinned ---- */

static bool has_cap_ipc_lock(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective & (1u << CAP_IPC_LOCK);
}

void uring_pin_budget_init(struct uring_pin_budget *p)
{
	struct rlimit limit = { .rlim_cur = 0 };

	p->limit_bytes = UINT64_MAX;
	p->used_bytes = 0;
	if (has_cap_ipc_lock() || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return;
	p->limit_bytes = limit.rlim_cur / 2;
}

static bool take_budget(struct uring_pin_budget *p, uint64_t bytes)
{
	if (atomic_fetch_add(&p->used_bytes, bytes) + bytes <= p->limit_bytes)
		return true;
	atomic_fetch_sub(&p->used_bytes, bytes);
	return false;
}

/* ---- the kernel's table ---- */

static bool make_table(struct uring_bufs *t)
{
	if (!t->has_table && !t->unusable) {
		t->has_table = io_uring_register_buffers_sparse(&t->ring->io, URING_MAX_BUFS) == 0;
		t->unusable = !t->has_table;
	}
	return t->has_table;
}

static void note_slot(struct uring_bufs *t, unsigned int i, struct uring_buf buf)
{
	pthread_mutex_lock(&t->mem->lock);
	t->registered[i] = buf;
	pthread_mutex_unlock(&t->mem->lock);
}

static bool update_slot(struct uring_bufs *t, unsigned int i, const struct uring_buf *buf)
{
	struct iovec iov = { .iov_base = (void *)buf->addr, .iov_len = buf->len };
	const __u64 tag = 0;

	return io_uring_register_buffers_update_tag(&t->ring->io, i, &iov, &tag, 1) == 1;
}

static bool set_slot(struct uring_bufs *t, unsigned int i, const struct uring_buf *buf)
{
	if (!take_budget(t->budget, buf->len))
		return false;
	/* The ring is locked while the kernel pins: have the pages there before. */
	(void)madvise((void *)buf->addr, buf->len, MADV_POPULATE_WRITE);
	if (!update_slot(t, i, buf)) {
		atomic_fetch_sub(&t->budget->used_bytes, buf->len);
		return false;
	}
	note_slot(t, i, *buf);
	return true;
}

/* Should it fail, the kernel keeps the buffer until the ring ends; nobody uses it again. */
static void clear_slot(struct uring_bufs *t, unsigned int i)
{
	const struct uring_buf none = { 0 };

	if (update_slot(t, i, &none))
		atomic_fetch_sub(&t->budget->used_bytes, t->registered[i].len);
	note_slot(t, i, none);
}

static bool is_registered(const struct uring_bufs *t, const struct uring_buf *buf)
{
	for (unsigned int i = 0; i < URING_MAX_BUFS; i++) {
		if (same_buf(&t->registered[i], buf))
			return true;
	}
	return false;
}

/* False when it is of no use to try more of them. */
static bool register_buf(struct uring_bufs *t, const struct uring_buf *buf)
{
	if (is_registered(t, buf))
		return true;
	for (unsigned int i = 0; i < URING_MAX_BUFS; i++) {
		if (!t->registered[i].len)
			return make_table(t) && set_slot(t, i, buf);
	}
	return false;
}

static void register_all(struct uring_bufs *t, const struct wanted *w)
{
	for (unsigned int i = 0; i < w->len; i++) {
		if (!register_buf(t, &w->bufs[i]))
			return; /* over RLIMIT_MEMLOCK, most likely */
	}
}

static void unregister_unwanted(struct uring_bufs *t, const struct wanted *w)
{
	for (unsigned int i = 0; i < URING_MAX_BUFS; i++) {
		bool keep = !t->registered[i].len;

		for (unsigned int k = 0; k < w->len && !keep; k++)
			keep = same_buf(&t->registered[i], &w->bufs[k]);
		if (!keep)
			clear_slot(t, i);
	}
}

/* Make the kernel's table what it should be: what did not fit before may fit now. */
static void follow(struct uring_bufs *t, const struct wanted *w)
{
	unregister_unwanted(t, w);
	register_all(t, w);
}

/* ---- control threads: they read the table without the lock, since only they change it ---- */

void uring_bufs_init(struct uring_bufs *t, struct uring *ring, struct blkio *b,
		     struct uring_pin_budget *budget, bool pin_all)
{
	bool unusable = t->unusable; /* the driver may know that already */
	struct wanted w;

	memset(t, 0, sizeof(*t));
	t->unusable = unusable;
	t->mem = &b->mem;
	t->ring = ring;
	t->budget = budget;
	t->pin_all = pin_all;
	t->lazy = ring->setup_flags & IORING_SETUP_SINGLE_ISSUER;
	mem_view_init(&t->view, &b->mem);
	if (t->lazy)
		return;
	collect(t, &w, NULL);
	follow(t, &w);
}

void uring_bufs_finish(struct uring_bufs *t)
{
	/* At the end of a ring the kernel would unpin some time later. */
	if (t->has_table)
		io_uring_unregister_buffers(&t->ring->io);
	for (unsigned int i = 0; t->budget && i < URING_MAX_BUFS; i++)
		atomic_fetch_sub(&t->budget->used_bytes, t->registered[i].len);
	mem_view_finish(&t->view);
}

void uring_bufs_add(struct uring_bufs *t, const struct mem_entry *entry)
{
	struct wanted w;

	if (t->lazy)
		return;
	collect(t, &w, NULL);
	if (shall_register(t, entry))
		add_pieces(&w, entry);
	follow(t, &w);
}

void uring_bufs_remove(struct uring_bufs *t, const struct mem_entry *entry)
{
	struct wanted w;

	if (t->lazy)
		return;
	collect(t, &w, entry);
	follow(t, &w);
}

/* ---- the queue's thread ---- */

/* If memory runs out, the rest is as if it were not registered. */
static void fill_view(struct uring_bufs *t)
{
	mem_view_clear(&t->view);
	for (unsigned int i = 0; i < URING_MAX_BUFS && !t->hidden; i++) {
		const struct uring_buf *buf = &t->registered[i];

		if (buf->len && !mem_view_add(&t->view, buf->addr, buf->len, i))
			return;
	}
}

static cold void sync_view(struct uring_bufs *t)
{
	struct wanted w;

	pthread_mutex_lock(&t->mem->lock);
	if (t->lazy)
		collect(t, &w, NULL);
	else
		fill_view(t);
	mem_view_commit(&t->view);
	pthread_mutex_unlock(&t->mem->lock);
	if (!t->lazy)
		return;
	/* Without the lock: nobody else changes what this ring has registered. */
	follow(t, &w);
	fill_view(t);
}

void uring_bufs_hide(struct uring_bufs *t)
{
	t->hidden = true;
	mem_view_clear(&t->view);
}

int uring_bufs_search(struct uring_bufs *t, uintptr_t addr, size_t len)
{
	const struct mem_extent *x;

	if (!mem_view_is_current(&t->view))
		sync_view(t);
	x = mem_view_search(&t->view, addr, len);
	return x ? (int)x->value : URING_BUFS_NONE;
}
