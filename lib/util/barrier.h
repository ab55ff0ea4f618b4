/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ordered access to memory that somebody else reads and writes at the same time: the kernel, or a
 * device. Each use says what must not pass what.
 */
#ifndef LIB_UTIL_BARRIER_H
#define LIB_UTIL_BARRIER_H

#include <stdint.h>

/* What is read after this was written before the value was stored there. */
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)

/* One read, neither split nor repeated; in no order. */
#define load_once(p) __atomic_load_n((p), __ATOMIC_RELAXED)

/* Who sees this value also sees all that was written before it. */
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#define store_once(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/* All stores before are visible before any load after: for "I told you; did you tell me?". */
static inline void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * The same for a device that may be no processor but hardware. On x86-64 that makes no difference:
 * DMA takes part in the same order of all stores. On arm64 a processor's own barriers, and acquire
 * and release, reach only as far as the inner shareable domain, which a device need not be in; the
 * outer shareable one has it (VIRTIO 1.2, 6.1, ORDER_PLATFORM).
 */
#if defined(__aarch64__)
#define dma_load_acquire(p)                                 \
	({                                                  \
		__typeof__(*(p)) dma_v_ = load_once(p);     \
		__asm__ volatile("dmb oshld" ::: "memory"); \
		dma_v_;                                     \
	})
#define dma_store_release(p, v)                           \
	do {                                              \
		__asm__ volatile("dmb osh" ::: "memory"); \
		store_once(p, v);                         \
	} while (0)
static inline void dma_full_barrier(void)
{
	__asm__ volatile("dmb osh" ::: "memory");
}
#else
#define dma_load_acquire(p)     load_acquire(p)
#define dma_store_release(p, v) store_release(p, v)
static inline void dma_full_barrier(void)
{
	full_barrier();
}
#endif

/*
 * Write to a device's register after what was stored in memory: the device reads that memory when
 * it sees the write. x86-64 keeps the order by itself, as registers are mapped uncached and no
 * store passes an earlier one, so only the compiler must be told. arm64 orders an access to Device
 * memory behind one to Normal memory only with a barrier. Anything else gets the full one.
 */
static inline void mmio_write16_after(volatile uint16_t *reg, uint16_t value)
{
#if defined(__x86_64__)
	__asm__ volatile("" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("dmb oshst" ::: "memory");
#else
	full_barrier();
#endif
	*reg = value;
}

#endif
