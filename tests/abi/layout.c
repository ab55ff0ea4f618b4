// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The binary interface of blkio.h, frozen: sizes, offsets, values, signatures.
 *
 * Programs that were linked to libblkio 1.5 have these numbers compiled in. None of them may
 * change while the soname is libblkio.so.1; additions get rows of their own. The compiler checks
 * every row; running the program counts them, for the summary of the tests.
 */
#include <blkio.h>
#include <stdio.h>

#if __SIZEOF_POINTER__ != 8
#error "the frozen numbers are those of 64-bit systems"
#endif

/* ROW(expression, frozen value) */
#define LAYOUT(ROW)                                               \
	ROW(sizeof(struct blkio_mem_region), 40)                  \
	ROW(offsetof(struct blkio_mem_region, addr), 0)           \
	ROW(offsetof(struct blkio_mem_region, len), 8)            \
	ROW(offsetof(struct blkio_mem_region, iova), 16)          \
	ROW(offsetof(struct blkio_mem_region, fd_offset), 24)     \
	ROW(offsetof(struct blkio_mem_region, fd), 32)            \
	ROW(offsetof(struct blkio_mem_region, flags), 36)         \
	ROW(sizeof(struct blkio_completion), 32)                  \
	ROW(offsetof(struct blkio_completion, user_data), 0)      \
	ROW(offsetof(struct blkio_completion, error_msg), 8)      \
	ROW(offsetof(struct blkio_completion, ret), 16)           \
	ROW(offsetof(struct blkio_completion, append_offset), 24) \
	ROW(sizeof(struct blkio_event), 32)                       \
	ROW(offsetof(struct blkio_event, type), 0)                \
	ROW(offsetof(struct blkio_event, capacity), 8)            \
	ROW(sizeof(struct blkio_zone), 64)                        \
	ROW(offsetof(struct blkio_zone, start), 0)                \
	ROW(offsetof(struct blkio_zone, len), 8)                  \
	ROW(offsetof(struct blkio_zone, capacity), 16)            \
	ROW(offsetof(struct blkio_zone, write_pointer), 24)       \
	ROW(offsetof(struct blkio_zone, zone_type), 32)           \
	ROW(offsetof(struct blkio_zone, zone_state), 33)          \
	ROW(offsetof(struct blkio_zone, reset), 34)               \
	ROW(sizeof(struct blkio_prop_info), 64)                   \
	ROW(offsetof(struct blkio_prop_info, name), 0)            \
	ROW(offsetof(struct blkio_prop_info, summary), 8)         \
	ROW(offsetof(struct blkio_prop_info, type), 16)           \
	ROW(offsetof(struct blkio_prop_info, readable), 20)       \
	ROW(offsetof(struct blkio_prop_info, writable), 24)       \
	ROW(BLKIO_REQ_FUA, 1)                                     \
	ROW(BLKIO_REQ_NO_UNMAP, 2)                                \
	ROW(BLKIO_REQ_NO_FALLBACK, 4)                             \
	ROW(BLKIO_ZONE_TYPE_CONVENTIONAL, 1)                      \
	ROW(BLKIO_ZONE_TYPE_SEQWRITE_REQ, 2)                      \
	ROW(BLKIO_ZONE_TYPE_SEQWRITE_PREF, 3)                     \
	ROW(BLKIO_ZONE_STATE_EMPTY, 1)                            \
	ROW(BLKIO_ZONE_STATE_IMP_OPEN, 2)                         \
	ROW(BLKIO_ZONE_STATE_EXP_OPEN, 3)                         \
	ROW(BLKIO_ZONE_STATE_CLOSED, 4)                           \
	ROW(BLKIO_ZONE_STATE_READONLY, 13)                        \
	ROW(BLKIO_ZONE_STATE_FULL, 14)                            \
	ROW(BLKIO_ZONE_STATE_OFFLINE, 15)                         \
	ROW(BLKIO_PROP_BOOL, 1)                                   \
	ROW(BLKIO_PROP_INT, 2)                                    \
	ROW(BLKIO_PROP_UINT64, 3)                                 \
	ROW(BLKIO_PROP_STR, 4)                                    \
	ROW(BLKIO_STATE_CREATED, 1)                               \
	ROW(BLKIO_STATE_CONNECTED, 2)                             \
	ROW(BLKIO_STATE_STARTED, 4)

/* Request calls that share a signature. */
#define READ_OF(buf)  void(struct blkioq *, uint64_t, buf, size_t, void *, uint32_t)
#define READV_OF(vec) void(struct blkioq *, uint64_t, vec, int, void *, uint32_t)
#define RANGE_CALL    void(struct blkioq *, uint64_t, uint64_t, void *, uint32_t)
#define ZONE_CALL     void(struct blkioq *, uint64_t, void *, uint32_t)
#define QUEUE_CALL    void(struct blkioq *, void *, uint32_t)

/* ROW(function, its type) */
#define SIGNATURES(ROW)                                                                           \
	ROW(blkio_get_error_msg, const char *(void))                                              \
	ROW(blkio_create, int(const char *, struct blkio **))                                     \
	ROW(blkio_connect, int(struct blkio *))                                                   \
	ROW(blkio_start, int(struct blkio *))                                                     \
	ROW(blkio_destroy, void(struct blkio **))                                                 \
	ROW(blkio_get_bool, int(struct blkio *, const char *, bool *))                            \
	ROW(blkio_get_int, int(struct blkio *, const char *, int *))                              \
	ROW(blkio_get_uint64, int(struct blkio *, const char *, uint64_t *))                      \
	ROW(blkio_get_str, int(struct blkio *, const char *, char **))                            \
	ROW(blkio_set_bool, int(struct blkio *, const char *, bool))                              \
	ROW(blkio_set_int, int(struct blkio *, const char *, int))                                \
	ROW(blkio_set_uint64, int(struct blkio *, const char *, uint64_t))                        \
	ROW(blkio_set_str, int(struct blkio *, const char *, const char *))                       \
	ROW(blkio_alloc_mem_region, int(struct blkio *, struct blkio_mem_region *, size_t))       \
	ROW(blkio_free_mem_region, void(struct blkio *, const struct blkio_mem_region *))         \
	ROW(blkio_map_mem_region, int(struct blkio *, const struct blkio_mem_region *))           \
	ROW(blkio_unmap_mem_region, void(struct blkio *, const struct blkio_mem_region *))        \
	ROW(blkio_get_queue, struct blkioq *(struct blkio *, int))                                \
	ROW(blkio_get_poll_queue, struct blkioq *(struct blkio *, int))                           \
	ROW(blkio_add_queue, int(struct blkio *))                                                 \
	ROW(blkio_add_poll_queue, int(struct blkio *))                                            \
	ROW(blkio_remove_queue, int(struct blkio *, int))                                         \
	ROW(blkio_remove_poll_queue, int(struct blkio *, int))                                    \
	ROW(blkioq_read, READ_OF(void *))                                                         \
	ROW(blkioq_write, READ_OF(const void *))                                                  \
	ROW(blkioq_readv, READV_OF(const struct iovec *))                                         \
	ROW(blkioq_writev, READV_OF(struct iovec *))                                              \
	ROW(blkioq_write_zeroes, RANGE_CALL)                                                      \
	ROW(blkioq_discard, RANGE_CALL)                                                           \
	ROW(blkioq_flush, QUEUE_CALL)                                                             \
	ROW(blkioq_report_zones,                                                                  \
	    void(struct blkioq *, uint64_t, struct blkio_zone *, uint32_t, void *, uint32_t))     \
	ROW(blkioq_close_zone, ZONE_CALL)                                                         \
	ROW(blkioq_finish_zone, ZONE_CALL)                                                        \
	ROW(blkioq_open_zone, ZONE_CALL)                                                          \
	ROW(blkioq_reset_zone, ZONE_CALL)                                                         \
	ROW(blkioq_close_all_zones, QUEUE_CALL)                                                   \
	ROW(blkioq_finish_all_zones, QUEUE_CALL)                                                  \
	ROW(blkioq_open_all_zones, QUEUE_CALL)                                                    \
	ROW(blkioq_reset_all_zones, QUEUE_CALL)                                                   \
	ROW(blkioq_do_io,                                                                         \
	    int(struct blkioq *, struct blkio_completion *, int, int, struct timespec *))         \
	ROW(blkioq_do_io_interruptible, int(struct blkioq *, struct blkio_completion *, int, int, \
					    struct timespec *, const sigset_t *))                 \
	ROW(blkioq_get_completion_fd, int(struct blkioq *))                                       \
	ROW(blkioq_set_completion_fd_enabled, void(struct blkioq *, bool))                        \
	ROW(blkio_version, const char *(void))                                                    \
	ROW(blkio_driver_names, const char *const *(void))                                        \
	ROW(blkio_get_prop_info, int(const char *, int, struct blkio_prop_info *))                \
	ROW(blkioq_secure_erase, RANGE_CALL)                                                      \
	ROW(blkio_get_event_fd, int(struct blkio *))                                              \
	ROW(blkio_next_event, int(struct blkio *, struct blkio_event *))                          \
	ROW(blkioq_append_zone, READ_OF(const void *))                                            \
	ROW(blkioq_appendv_zone, READV_OF(const struct iovec *))

#define ASSERT_VALUE(expression, want) _Static_assert((expression) == (want), #expression);
LAYOUT(ASSERT_VALUE)

#define ASSERT_TYPE(function, ...) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(function), __VA_ARGS__), #function);
SIGNATURES(ASSERT_TYPE)

struct row {
	const char *what;
	unsigned long value;
	unsigned long want;
};

#define VALUE_ROW(expression, want) { #expression, (unsigned long)(expression), want },

static const struct row rows[] = { LAYOUT(VALUE_ROW) };

int main(void)
{
	unsigned int failed = 0;
	unsigned int n = sizeof(rows) / sizeof(rows[0]);

	for (unsigned int i = 0; i < n; i++) {
		if (rows[i].value == rows[i].want)
			continue;
		printf("FAIL %s: %lu, not %lu\n", rows[i].what, rows[i].value, rows[i].want);
		failed++;
	}
	printf("abi-layout: %u passed, %u failed, 0 skipped\n", n - failed, failed);
	return failed ? 1 : 0;
}
